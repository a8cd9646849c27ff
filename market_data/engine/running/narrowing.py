"""Smaller requests for what an answer was too short to hold."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from market_data.datasets import Dataset, Parts
from market_data.engine.planner.planning import list_request
from market_data.engine.running.fetching import Fetched
from market_data.engine.storing.judging import Verdict
from market_data.frames import pc
from market_data.models import SyncRequest

PROBED = 50


def rest_of(dataset: Dataset, request: SyncRequest, fetched: Fetched) -> list[SyncRequest]:
    """The requests that bring what is not in the answer; none where there are no smaller ones.

    `cut_at` in what a request is about: its answer tells whether the cap that its parent met is real.
    """
    if request.shape == "whole":
        narrower = dataset.as_list.narrower(request.params) if dataset.as_list and dataset.as_list.narrower else []
        return [list_request(part) for part in narrower]
    if request.shape == "date":
        return _probe(dataset, request, fetched)
    about = {"cut_at": fetched.judgement.cap}
    pieces = _older(dataset, request, fetched) if fetched.table.num_rows else []
    return [
        SyncRequest(shape=request.shape, expected_rows=request.expected_rows // 2, about=about, **piece)
        for piece in pieces or _halves(request)
    ]


def can_narrow(dataset: Dataset, request: SyncRequest) -> bool:
    """Whether there are smaller requests for the same."""
    if request.shape == "whole":
        return bool(dataset.as_list and dataset.as_list.narrower)
    if request.shape == "date":
        return dataset.parts == Parts.CELLS and dataset.by_symbol is not None
    if request.symbols and dataset.by_symbol and dataset.by_symbol.of_announcements:
        return False  # the days of such a call are not those of its rows
    return request.start_date < request.end_date or len(request.symbols) > 1


def _probe(dataset: Dataset, request: SyncRequest, fetched: Fetched) -> list[SyncRequest]:
    """A few of the symbols that a whole market's answer lacks. Where they have rows, it was cut; the next plan then
    asks for the others by lists."""
    missing = fetched.missing
    if missing is None or not missing.symbols or dataset.by_symbol is None:
        return []
    count = min(dataset.by_symbol.lists, PROBED, len(missing.symbols))
    step = max(1, len(missing.symbols) // count)
    return [
        SyncRequest(
            shape="symbols",
            symbols=missing.symbols[::step][:count],
            start_date=request.start_date,
            end_date=request.end_date,
            expected_rows=count,
            about={"cut_at": fetched.judgement.cap, "probes": _short_of(dataset, fetched)},
        )
    ]


def _short_of(dataset: Dataset, fetched: Fetched) -> dict[str, Any]:
    """What the answer that is probed came to, for the case that nothing else comes."""
    missing = fetched.missing
    due = missing.expected - missing.cells if missing else 0
    is_plausible = missing is None or due >= dataset.plausible.least(missing.expected)
    return {"is_plausible": is_plausible, "reason": fetched.judgement.reason}


def whole_from(dataset: Dataset, request: SyncRequest, fetched: Fetched) -> date | None:
    """From which day on the answer has all there is; None where that is not known of any day."""
    if fetched.judgement.verdict == Verdict.BELIEVED:
        return request.start_date
    if fetched.judgement.verdict == Verdict.SUSPECT or request.shape not in ("symbols", "range"):
        return None
    older = _older(dataset, request, fetched) if fetched.table.num_rows else []
    return older[0]["end_date"] + timedelta(days=1) if older else None


def _older(dataset: Dataset, request: SyncRequest, fetched: Fetched) -> list[dict[str, Any]]:
    """Answers come newest first: what a cut one lacks lies before its oldest day, or on it."""
    days = fetched.table[dataset.date_column]
    oldest: date = pc.min(days).as_py()
    whole_days_came = pc.count_distinct(days).as_py() > 1
    if not whole_days_came or not request.start_date <= oldest < request.end_date:
        return []
    return [{"symbols": request.symbols, "start_date": request.start_date, "end_date": oldest}]


def _halves(request: SyncRequest) -> list[dict[str, Any]]:
    """By days where there are several, else by symbols."""
    days = (request.end_date - request.start_date).days
    same = {"symbols": request.symbols, "start_date": request.start_date, "end_date": request.end_date}
    if request.shape == "range" and days == 1:
        return [{**same, "end_date": request.start_date}, {**same, "start_date": request.end_date}]
    if request.shape in ("symbols", "range") and days > 0:
        middle = request.start_date + (request.end_date - request.start_date) // 2
        return [{**same, "end_date": middle}, {**same, "start_date": date.fromordinal(middle.toordinal() + 1)}]
    if len(request.symbols) > 1:
        half = len(request.symbols) // 2
        return [{**same, "symbols": request.symbols[:half]}, {**same, "symbols": request.symbols[half:]}]
    return []
