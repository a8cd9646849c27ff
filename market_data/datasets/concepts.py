"""Concepts and who belongs to them, from three sources that each have their own."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from market_data.datasets.base import Dataset, Field, Parts, Plausible, texts
from market_data.datasets.shapes import Calls, WholeRequest
from market_data.models import ConceptBoard, ConceptMember, TradingDay

CONCEPTS_OF_THS = "N"
CONCEPTS_OF_DC = "概念板块"


def open_boards(source: str) -> list[str]:
    """The codes of the boards that a source lists now."""
    boards = ConceptBoard.objects.filter(source=source, to_date=None)
    return list(boards.order_by("code").values_list("code", flat=True))


def _boards(params: dict[str, Any]) -> WholeRequest:
    return WholeRequest("boards", params, least=1, like={"to_date": None})


def _members(board: str, params: dict[str, Any]) -> WholeRequest:
    return WholeRequest(board, params, like={"board": board, "to_date": None})


def of_each_board(source: str, parameter: str) -> Callable[[date], Sequence[WholeRequest]]:
    """One call for the members of each board."""
    return lambda today: [_members(code, {parameter: code}) for code in open_boards(source)]


def last_session(today: date) -> str:
    """The last trading day before today, in Tushare's words: the day's own boards come in the evening."""
    open_days = TradingDay.objects.filter(is_open=True, trade_date__lt=today)
    day = open_days.order_by("-trade_date").values_list("trade_date", flat=True).first() or today
    return f"{day:%Y%m%d}"


def dc_boards(today: date) -> Sequence[WholeRequest]:
    return [_boards({"trade_date": last_session(today), "idx_type": CONCEPTS_OF_DC})]


def dc_members(today: date) -> Sequence[WholeRequest]:
    day = last_session(today)
    return [_members(code, {"ts_code": code, "trade_date": day}) for code in open_boards("dc")]


THS_INDEX = Dataset(
    name="ths_index",
    title="Concepts of Tonghuashun",
    model=ConceptBoard,
    parts=Parts.WHOLE,
    fields=(Field("code", "ts_code", "text"), *texts("name")),
    constants={"source": "ths"},
    key=("source", "code"),
    grouped_by=("source",),
    job_type="CONCEPTS",
    row_cap=5000,
    fresh_hours=12,
    shapes=(Calls(lambda today: [_boards({"type": CONCEPTS_OF_THS})]),),
    plausible=Plausible(least_share=0.8),
)

THS_MEMBER = Dataset(
    name="ths_member",
    title="Concept members of Tonghuashun",
    model=ConceptMember,
    parts=Parts.WHOLE,
    fields=(
        Field("board", "ts_code", "text"),
        Field("symbol", "con_code", "text"),
        Field("name", "con_name", "text"),
    ),
    constants={"source": "ths"},
    key=("source", "board", "symbol"),
    grouped_by=("source", "board"),
    job_type="CONCEPTS",
    row_cap=5000,
    fresh_hours=12,
    depends_on=("ths_index",),
    shapes=(Calls(of_each_board("ths", "ts_code")),),
)

DC_INDEX = replace(
    THS_INDEX,
    name="dc_index",
    title="Concepts of Eastmoney",
    constants={"source": "dc"},
    depends_on=("trade_cal",),
    shapes=(Calls(dc_boards),),
)

DC_MEMBER = replace(
    THS_MEMBER,
    name="dc_member",
    title="Concept members of Eastmoney",
    fields=(Field("board", "ts_code", "text"), Field("symbol", "con_code", "text"), *texts("name")),
    constants={"source": "dc"},
    depends_on=("dc_index",),
    shapes=(Calls(dc_members),),
)

EM_CONCEPT = replace(
    THS_INDEX,
    name="em_concept",
    interface="concept_board",
    title="Concepts of Eastmoney, by AkShare",
    provider="akshare",
    fields=(Field("code", "board_code", "text"), *texts("name")),
    constants={"source": "em"},
    shapes=(Calls(lambda today: [_boards({})]),),
)

EM_CONCEPT_MEMBER = replace(
    THS_MEMBER,
    name="em_concept_member",
    interface="concept_board_member",
    title="Concept members of Eastmoney, by AkShare",
    provider="akshare",
    fields=(Field("board", "board_code", "text"), Field("symbol", "ts_code", "text"), *texts("name")),
    constants={"source": "em"},
    depends_on=("em_concept",),
    shapes=(Calls(of_each_board("em", "board_code")),),
)
