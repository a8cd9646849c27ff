"""The job type of watchlists: users make jobs of it through the API and the admin."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from market_data.demo import demo_yahoo
from market_data.engine.ledger import clock
from market_data.providers.yfinance_symbols import from_yahoo
from market_data.watchlists.watchlist import Fetched, Watchlist, fetch
from scheduling.context import Context, Outcome, Status
from scheduling.registry import JobKwargs, job

DEFAULT_DAYS = 30
EARLIEST_DAY = date(1900, 1, 1)
MOST_SYMBOLS = 5000
DEFAULT_PREFIX = "scheduled_stock_data"
_SYMBOL = re.compile(r"\^?[A-Z0-9][A-Z0-9.=&-]{0,14}")


def _symbol(text: str) -> str:
    symbol = text.strip().upper()
    if not _SYMBOL.fullmatch(symbol):
        raise ValueError(f"{text[:40]!r} is no symbol; symbols look like 600000.SH or AAPL")
    return from_yahoo(symbol)


def _some(symbols: list[str]) -> list[str]:
    if not 1 <= len(symbols) <= MOST_SYMBOLS:
        raise ValueError(f"A watchlist has from 1 to {MOST_SYMBOLS} symbols, not {len(symbols)}")
    return list(dict.fromkeys(symbols))


def _written_day(value: object) -> object:
    """Pydantic would take numbers and moments for days."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return value
    raise ValueError(f"{str(value)[:40]!r} is not a date; write YYYY-MM-DD, such as 2024-01-31")


def _plausible(day: date) -> date:
    if day < EARLIEST_DAY:
        raise ValueError(f"{day} lies before {EARLIEST_DAY}, from when on there may be prices")
    return day


def _first_day(before: Mapping[str, Any]) -> date:
    end: date = before["end_date"]
    return end - timedelta(days=DEFAULT_DAYS)


Symbol = Annotated[str, AfterValidator(_symbol)]
Symbols = Annotated[list[Symbol], AfterValidator(_some)]
Day = Annotated[date, BeforeValidator(_written_day), AfterValidator(_plausible)]


class WatchlistKwargs(JobKwargs):
    """What to fetch. Days that are left out move on with the calendar."""

    stock_ids: Symbols = Field(description="The symbols, such as 600000.SH or AAPL.")
    end_date: Day = Field(default_factory=clock.today, description="Last day; left out: the day of the run.")
    start_date: Day = Field(default_factory=_first_day, description=f"First day; left out: {DEFAULT_DAYS} days before.")
    prefix: str = Field(
        DEFAULT_PREFIX, pattern=r"^[\w.:-]{1,100}$", description="Of the keys under which the data is published."
    )

    @field_validator("start_date")
    @classmethod
    def _precedes_end(cls, start: date, info: ValidationInfo) -> date:
        end = info.data.get("end_date", start)
        if start > end:
            raise ValueError(f"{start} is after the end_date {end}")
        return start


@job(
    "watchlist",
    title="Watchlist",
    is_template=True,
    default_cron="0 17 * * *",
    kwargs_model=WatchlistKwargs,
)
def fetch_watchlist(context: Context, stock_ids: list[str], end_date: date, start_date: date, prefix: str) -> Outcome:
    """Fetch the daily bars of a list of symbols from Yahoo. A symbol that fails does not stop the others."""
    watchlist = Watchlist(tuple(stock_ids), start_date, end_date, prefix)

    def watch(got: Fetched) -> None:
        context.progress(len(got.fetched) + len(got.errors), len(stock_ids))
        context.set_result(_result(watchlist, got))
        context.checkpoint()

    came_before = [symbol for symbol in stock_ids if symbol in context.result.get("fetched", [])]
    with demo_yahoo(stock_ids, context.log):
        got = fetch(watchlist, came_before, watch)
    result, reasons = _result(watchlist, got), [got.unpublished] if got.unpublished else []
    if result["failed"]:
        reasons.insert(0, f"{len(result['failed'])} of {len(stock_ids)} symbols failed.")
    return Outcome(Status.PARTIAL if reasons else Status.SUCCESS, result, " ".join(reasons))


def _result(watchlist: Watchlist, got: Fetched) -> dict[str, Any]:
    """What the run's record shows; `unpublished` only where the copy in Redis is not complete."""
    failed = [symbol for symbol in watchlist.symbols if symbol in got.errors]
    result: dict[str, Any] = {
        "status": "partial_success" if failed or got.unpublished else "success",
        "fetched": list(got.fetched),
        "failed": failed,
        "errors": dict(got.errors),
    }
    return result | ({"unpublished": got.unpublished} if got.unpublished else {})
