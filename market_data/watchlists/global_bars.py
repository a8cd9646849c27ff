"""Bring the daily bars of a symbol of any market: ask, check, store, and record what was given up."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.db import transaction
from django.db.models import Min, Q
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from market_data.datasets.global_bars import GLOBAL_DAILY
from market_data.engine.ledger import clock
from market_data.engine.running import failures
from market_data.engine.storing import origin
from market_data.engine.storing.checks import Checked, Window, check
from market_data.engine.storing.writer import upsert
from market_data.exceptions import BadPayload, NoData, ProviderError, Transient
from market_data.frames import pa
from market_data.models import WHOLE, GlobalBar, SyncFailureRecord, SyncRequest
from market_data.providers.base import Answer, Call, Provider

ATTEMPTS = 3
SAME_WITHIN = 0.001


def bring(provider: Provider, symbol: str, start: date, end: date) -> None:
    """Store the symbol's bars from `start` to `end`. Raises a ProviderError, which is recorded as a failure.

    Rows that no market can have produced are refused, each with a record of its own; the others are stored.
    """
    try:
        answer, checked = _whole_answer(provider, symbol, start, end)
    except ProviderError as error:
        failures.give_up(GLOBAL_DAILY, GLOBAL_DAILY.job_type, SyncRequest(shape="symbols", symbols=[symbol]), error)
        raise
    with transaction.atomic():
        origin.claim(made_up=answer.made_up)
        upsert(GLOBAL_DAILY, checked.table, clock.now())
        for row in checked.refused:
            failures.refuse_row(GLOBAL_DAILY, GLOBAL_DAILY.job_type, row, (start, end))
    if checked.refused:
        raise BadPayload(f"{len(checked.refused)} of its days were refused: of the first, {checked.refused[0].reason}.")
    _resolve(symbol, start, end)


def _whole_answer(provider: Provider, symbol: str, start: date, end: date) -> tuple[Answer, Checked]:
    """The bars from the last stored day before `start` on, so that none is left out between.

    After a split Yahoo gives every earlier price anew: where the first stored day differs, all of them are asked for.
    """
    stored = GlobalBar.objects.filter(symbol=symbol)
    before = stored.filter(trade_date__lt=start).order_by("-trade_date").values_list("trade_date", flat=True).first()
    answer, checked = _ask(provider, symbol, before or start, end)
    if _is_rewritten(symbol, checked.table):
        first = stored.aggregate(first=Min("trade_date"))["first"]
        answer, checked = _ask(provider, symbol, min(first, start), end)
    if not any(day >= start for day in checked.table["trade_date"].to_pylist()) and not checked.refused:
        raise NoData(f"The provider has no prices of {symbol} from {start} to {end}.")
    return answer, checked


def _ask(provider: Provider, symbol: str, start: date, end: date) -> tuple[Answer, Checked]:
    """Ask, and ask again after an error that passes. Raises a ProviderError."""
    days = {"start_date": f"{start:%Y%m%d}", "end_date": f"{end:%Y%m%d}"}
    call = Call(GLOBAL_DAILY.api_name, {"ts_code": symbol, **days}, GLOBAL_DAILY.sources)
    window = Window(start, end, [symbol])
    attempts = Retrying(
        retry=retry_if_exception_type(Transient),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential(multiplier=settings.SYNC_RETRY_BASE_SECONDS),
        reraise=True,
    )
    found: tuple[Answer, Checked] = attempts(
        provider.ask, call, lambda answer: (answer, check(GLOBAL_DAILY, answer, window))
    )
    return found


def _is_rewritten(symbol: str, table: pa.Table) -> bool:
    """Whether the first day of the answer that is stored has another close by now."""
    now = dict(zip(table["trade_date"].to_pylist(), table["close"].to_pylist(), strict=True))
    known = GlobalBar.objects.filter(symbol=symbol, trade_date__gte=min(now, default=date.max), close__isnull=False)
    stored = known.order_by("trade_date").values_list("trade_date", "close").first()
    if stored is None or not now.get(stored[0]):
        return False
    return bool(abs(now[stored[0]] / stored[1] - 1) > SAME_WITHIN)


def _resolve(symbol: str, start: date, end: date) -> None:
    """Close the symbol's open failures: those of the symbol as a whole, and those of days in the span."""
    records = SyncFailureRecord.objects.filter(dataset=GLOBAL_DAILY.name, third_code=symbol)
    failures.close(records.filter(Q(start_date=WHOLE) | Q(start_date__gte=start, end_date__lte=end)))
