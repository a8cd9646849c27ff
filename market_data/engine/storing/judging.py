"""Whether an answer may settle anything. Pure: dataset, question, rows and what is expected give a judgement.

The table of the rules is in docs/decisions/judging.md.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from market_data.datasets.base import Dataset, Parts

EVENTS_AT_LEAST = 6.0
"""With so many events expected, to see next to none is no chance."""
ROUND = 500
"""Row caps are round numbers."""
FEW = 20
"""Fewer rows than this are no cap."""


class Verdict(StrEnum):
    BELIEVED = "believed"
    ASK_DIFFERENTLY = "ask differently"
    SUSPECT = "suspect"


@dataclass(frozen=True)
class Question:
    """What was asked. `shape` is date, symbols, range or whole; `expected` the rows that are due.

    `usual` is how many events such days have; `least` and `before` are rows that a list must have, and had. `cap`:
    an answer has fewer rows. `is_paged`: an answer has no cap. `can_narrow`: there are smaller calls for the same.
    """

    shape: str
    cap: int
    expected: int = 0
    usual: float = 0.0
    least: int = 0
    before: int = 0
    is_paged: bool = False
    can_narrow: bool = True


@dataclass(frozen=True)
class Judgement:
    """`cap`: the answer was cut at so many rows, or looks as if it was."""

    verdict: Verdict
    reason: str = ""
    cap: int = 0


BELIEVED = Judgement(Verdict.BELIEVED)


@dataclass(frozen=True)
class Answered:
    """What came: `rows` in all, `due` of those that were expected; `seen_short` other answers of the run fell short
    with just as many."""

    rows: int
    due: int = 0
    has_more: bool = False
    seen_short: int = 0


def judge(dataset: Dataset, question: Question, answered: Answered) -> Judgement:
    """Whether this answer to this question may settle anything."""
    rows = answered.rows
    if not question.is_paged and (answered.has_more or rows >= question.cap):
        return Judgement(Verdict.ASK_DIFFERENTLY, f"The answer was cut at {rows} rows.", rows)
    if dataset.parts == Parts.WHOLE:
        return _judge_list(dataset, question, rows)
    if dataset.parts == Parts.EVENTS:
        return _judge_events(dataset, question, rows)
    return _judge_cells(dataset, question, answered)


def _judge_list(dataset: Dataset, question: Question, rows: int) -> Judgement:
    least = max(question.least, dataset.plausible.least(question.before))
    if rows >= least:
        return BELIEVED
    had = f"it had {question.before}" if question.before else f"at least {question.least} are expected"
    return Judgement(Verdict.SUSPECT, f"{rows} rows came where {had}.")


def _judge_events(dataset: Dataset, question: Question, rows: int) -> Judgement:
    if question.shape == "range" and rows and rows % ROUND == 0 and not question.is_paged:
        return Judgement(Verdict.ASK_DIFFERENTLY, f"{rows} rows look like a cut answer.", rows)
    if question.usual >= EVENTS_AT_LEAST and rows < dataset.plausible.least_share * question.usual:
        return Judgement(Verdict.SUSPECT, f"{rows} rows came where about {question.usual:.0f} are usual.")
    return BELIEVED


def _judge_cells(dataset: Dataset, question: Question, answered: Answered) -> Judgement:
    rows, due = answered.rows, answered.due
    is_plausible = due >= dataset.plausible.least(question.expected)
    is_round = rows > 0 and rows % ROUND == 0 and due < question.expected
    cut = Judgement(Verdict.ASK_DIFFERENTLY, f"{rows} rows came where {question.expected} are expected.", rows)
    if question.is_paged or not question.can_narrow:
        is_round = False
    if question.shape == "symbols":
        # Named symbols may have no rows; whether a day may lack that many, the day's count tells.
        alike = rows >= FEW and answered.seen_short > 0 and question.can_narrow
        return cut if is_round or (alike and not is_plausible) else BELIEVED
    if is_plausible and not is_round:
        return BELIEVED
    if rows and question.can_narrow and not question.is_paged:
        return cut
    return replace(cut, verdict=Verdict.SUSPECT, cap=0)
