"""Single cells: what was asked for, cleanly answered, and not there; and symbols that are in no list."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import Max, Min

from market_data.datasets import Dataset
from market_data.engine.ledger import clock, expectations
from market_data.frames import pa
from market_data.models import CoverageCell, Security

SESSIONS_UNTIL_GONE = 20
SYMBOLS_IN_A_QUERY = 500
_UPSERT = (
    "INSERT INTO coverage_cells "
    "(dataset, symbol, trade_date, absent, answers, rechecks, first_asked_at, asked_at, ask_after) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (dataset, symbol, trade_date) DO UPDATE SET "
    "absent = excluded.absent, answers = excluded.answers, rechecks = excluded.rechecks, "
    "asked_at = excluded.asked_at, ask_after = excluded.ask_after"
)
_DELETE = "DELETE FROM coverage_cells WHERE dataset = %s AND symbol = %s AND trade_date = %s"
Key = tuple[str, date]


def forget_stored(dataset: Dataset, table: pa.Table, start: date, end: date) -> None:
    """Drop the cells whose rows have come after all."""
    known = CoverageCell.objects.filter(dataset=dataset.name, trade_date__range=(start, end))
    symbols = table["symbol"].unique().to_pylist()
    if len(symbols) <= SYMBOLS_IN_A_QUERY:
        known = known.filter(symbol__in=symbols)
    keys = list(known.values_list("symbol", "trade_date"))
    if not keys:
        return
    stored = set(zip(table["symbol"].to_pylist(), table[dataset.date_column].to_pylist(), strict=True))
    gone = [(dataset.name, symbol, expectations.as_parameter(day)) for symbol, day in keys if (symbol, day) in stored]
    if gone:
        with connection.cursor() as cursor:
            cursor.executemany(_DELETE, gone)


def note_missing(
    dataset: Dataset, symbols: list[str], days: list[date], moment: datetime, *, except_for: Collection[Key] = ()
) -> None:
    """Count a clean answer for the expected cells of these symbols and days that have no row."""
    start, end, wanted = days[0], days[-1], set(days)
    missing = [
        (symbol, day)
        for symbol, day in expectations.missing_cells(dataset, start, end, symbols)
        if day in wanted and (symbol, day) not in except_for
    ]
    known = _known(dataset, start, end, symbols)
    recent = clock.recent_from(dataset, moment)
    _save([_after_answer(dataset, key, known.get(key), recent, moment) for key in missing])


def settle_day(dataset: Dataset, day: date, moment: datetime, *, counted_too: bool = False) -> None:
    """Every cell of a day that has no row and no record becomes absent: the day was answered often enough.

    `counted_too`: so do those whose own answers are being counted still.
    """
    again = clock.recheck_at(0, moment)
    if counted_too:
        open_ones = CoverageCell.objects.filter(dataset=dataset.name, trade_date=day, absent=False)
        open_ones.update(absent=True, ask_after=again)
    known = _known(dataset, day, day, None)
    missing = [key for key in expectations.missing_cells(dataset, day, day) if key not in known]
    _save(
        [
            CoverageCell(
                dataset=dataset.name,
                symbol=symbol,
                trade_date=day,
                absent=True,
                first_asked_at=moment,
                asked_at=moment,
                ask_after=again,
            )
            for symbol, day in missing
        ]
    )


def _known(dataset: Dataset, start: date, end: date, symbols: list[str] | None) -> dict[Key, CoverageCell]:
    found = CoverageCell.objects.filter(dataset=dataset.name, trade_date__range=(start, end))
    if symbols is not None:
        found = found.filter(symbol__in=symbols)
    return {(cell.symbol, cell.trade_date): cell for cell in found}


def _after_answer(
    dataset: Dataset, key: Key, cell: CoverageCell | None, recent: date, moment: datetime
) -> CoverageCell:
    symbol, day = key
    if cell is None:
        cell = CoverageCell(
            dataset=dataset.name, symbol=symbol, trade_date=day, answers=1, first_asked_at=moment, asked_at=moment
        )
    elif cell.absent:
        if cell.ask_after and cell.ask_after <= moment:
            cell.rechecks += 1
            cell.ask_after = clock.recheck_at(cell.rechecks, moment)
    elif moment - cell.asked_at >= clock.ANSWERS_APART:
        cell.answers += 1
        cell.asked_at = moment
    if not cell.absent and cell.answers >= clock.answers_needed(day, recent):
        cell.absent = True
        cell.ask_after = clock.recheck_at(cell.rechecks, moment)
    return cell


def _save(cells: list[CoverageCell]) -> None:
    adapt_day, adapt = connection.ops.adapt_datefield_value, connection.ops.adapt_datetimefield_value
    rows = [
        (
            cell.dataset,
            cell.symbol,
            adapt_day(cell.trade_date),
            cell.absent,
            cell.answers,
            cell.rechecks,
            adapt(cell.first_asked_at),
            adapt(cell.asked_at),
            adapt(cell.ask_after),
        )
        for cell in sorted(cells, key=lambda cell: (cell.symbol, cell.trade_date))
    ]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(_UPSERT, rows)


@contextmanager
def assumed_listed(dataset: Dataset, symbols: Collection[str], start: date) -> Iterator[None]:
    """Where no list names the market's stocks, expect the named ones from `start` on; forget who turns out to have
    no row."""
    new: list[str] = []
    if symbols and not Security.objects.filter(inferred=False).exists():
        known = set(Security.objects.filter(symbol__in=symbols).values_list("symbol", flat=True))
        new = [symbol for symbol in symbols if symbol not in known]
        Security.objects.bulk_create([Security(symbol=symbol, inferred=True, list_date=start) for symbol in new])
    try:
        yield
    finally:
        if new:
            seen = dataset.model._default_manager.filter(symbol__in=new).values("symbol")
            Security.objects.filter(symbol__in=new).exclude(symbol__in=seen).delete()


def infer_securities(dataset: Dataset, start: date, end: date) -> date | None:
    """Know the symbols that have rows and are in no list: from the first row until some sessions after the last.

    Returns the first day on which more is expected now, None where nothing changed.
    """
    listed = Security.objects.filter(inferred=False).values("symbol")
    found = (
        dataset.model._default_manager.filter(trade_date__range=(start, end))
        .exclude(symbol__in=listed)
        .values("symbol")
        .annotate(first=Min("trade_date"), last=Max("trade_date"))
    )
    known = {s.symbol: s for s in Security.objects.filter(inferred=True)}
    living = _last_rows_of_the_living(dataset, known.values(), start)
    sessions = expectations.open_days(min([start, *(row["last"] for row in living)]), clock.today())
    changed: list[Security] = []
    for row in living:
        security, gone = known[row["symbol"]], _gone_after(row["last"], sessions)
        if gone:
            security.delist_date = gone
            changed.append(security)
    for row in found:
        security = known.get(row["symbol"]) or Security(symbol=row["symbol"], inferred=True)
        if _stretch(security, row["first"], row["last"], sessions):
            changed.append(security)
    if not changed:
        return None
    Security.objects.bulk_create(
        changed,
        update_conflicts=True,
        unique_fields=["symbol"],
        update_fields=["list_date", "delist_date"],
        batch_size=1000,
    )
    return min(start, *(s.list_date for s in changed if s.list_date))


def _last_rows_of_the_living(dataset: Dataset, known: Iterable[Security], start: date) -> list[dict[str, Any]]:
    """The last rows of inferred stocks that are not known to be gone and have none since `start`."""
    living = [security.symbol for security in known if security.delist_date is None]
    rows = dataset.model._default_manager.filter(symbol__in=living).values("symbol")
    return list(rows.annotate(last=Max("trade_date")).filter(last__lt=start))


def _stretch(security: Security, first: date, last: date, sessions: list[date]) -> bool:
    """Widen an inferred life so that it holds both days. False where it did already."""
    before = (security.list_date, security.delist_date)
    gone = _gone_after(last, sessions)
    if before[0] is None:
        security.list_date, security.delist_date = first, gone
    else:
        security.list_date = min(first, before[0])
        security.delist_date = max(gone, before[1]) if gone and before[1] else None
    return before != (security.list_date, security.delist_date)


def _gone_after(last: date, sessions: list[date]) -> date | None:
    """The session by which a stock with this last row is gone; None while it is not reached."""
    at = bisect_right(sessions, last) + SESSIONS_UNTIL_GONE
    return sessions[at] if at < len(sessions) else None
