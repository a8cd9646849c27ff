"""What an assistant may ask, in plain functions; `server` makes tools of them.

Each is called with the user for whom it answers. What they return says up to which day the dataset is complete, and
which holes lie in what was asked, so that nobody takes a part for the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from market_data import background
from market_data.assistants.asking import Refused, ask
from market_data.datasets import DATASETS, WITH_LEDGER, dataset_named
from market_data.engine.orders import Order
from market_data.engine.pricing import price
from market_data.queries.companions import freshness, universe

FEW_ROWS = 200
MOST_ROWS = 10_000
HOLES_SHOWN = 20
RUN = "scheduling.add_execution"
CANCEL = "market_data.change_synctask"
READ = "market_data.view_partition"
Symbols = Sequence[str] | None
Tool = Callable[..., Any]


def datasets(user: Any) -> list[dict[str, Any]]:
    """The datasets: what each holds, its columns with units, and the last day up to which it is complete."""
    return list(ask(user, "/market-data/datasets").body)


def dataset(user: Any, name: str) -> dict[str, Any]:
    """One of them. Raises Refused where there is none of that name."""
    found = next((one for one in datasets(user) if one["name"] == name), None)
    if found is None:
        raise Refused(f"There is no dataset {name}; there are {', '.join(DATASETS)}.")
    return found


def rows(
    user: Any,
    dataset: str,
    start: date | None = None,
    end: date | None = None,
    symbols: Symbols = None,
    fields: Sequence[str] | None = None,
    limit: int = FEW_ROWS,
) -> dict[str, Any]:
    """Stored rows of any dataset, ascending by its key, in the units that `datasets` tells."""
    path = f"/market-data/datasets/{dataset}/rows"
    found = ask(user, path, start=start, end=end, symbols=symbols, fields=fields, limit=_bounded(limit))
    return {"rows": found.body, "is_cut": found.is_cut, **_completeness(user, dataset, start, end, symbols)}


def bars(
    user: Any,
    symbols: Symbols = None,
    start: date | None = None,
    end: date | None = None,
    freq: str = "daily",
    adjust: str = "none",
    limit: int = FEW_ROWS,
) -> dict[str, Any]:
    """Bars of stocks, or of the whole market where no symbols are named, ascending by symbol and day: prices and amount
    in yuan, volume in shares. `freq`: daily, weekly, monthly; `adjust`: none, qfq (forward), hfq (backward)."""
    given: dict[str, Any] = {"symbol": symbols, "start": start, "end": end, "freq": freq, "adjust": adjust}
    found = ask(user, "/market-data/bars", **given, limit=_bounded(limit))
    return {"bars": found.body, "is_cut": found.is_cut, **_completeness(user, "daily", start, end, symbols)}


def reports(
    user: Any,
    symbol: str,
    dataset: str = "fina_indicator",
    start: date | None = None,
    end: date | None = None,
    as_of: date | None = None,
) -> dict[str, Any]:
    """Financial reports of a stock by period: amounts in yuan, ratios in percent. `as_of`: what was known that day."""
    given: dict[str, Any] = {"symbol": symbol, "dataset": dataset, "start": start, "end": end, "as_of": as_of}
    found = ask(user, "/market-data/finance", **given, limit=FEW_ROWS)
    return {"reports": found.body, "is_cut": found.is_cut, **_completeness(user, dataset, start, end, [symbol])}


def stocks_on(user: Any, day: date, limit: int = MOST_ROWS) -> dict[str, Any]:
    """The universe: stocks that were listed and not suspended on a day, those that are gone since included."""
    _check(user, "market_data.view_security")
    found = universe(day)
    shown = found.slice(0, _bounded(limit)).to_pylist()
    is_cut = found.num_rows > len(shown)
    return {"stocks": shown, "is_cut": is_cut, **_completeness(user, "suspend_d", day, day, None)}


def coverage(
    user: Any, dataset: str, start: date | None = None, end: date | None = None, symbols: Symbols = None
) -> dict[str, Any]:
    """Whether a dataset is complete: its days by state, and those that are not complete, newest first."""
    given: dict[str, Any] = {"dataset": dataset, "start": start, "end": end, "symbols": symbols}
    return {**ask(user, "/market-data/coverage", **given, limit=FEW_ROWS).body, **_until(dataset)}


def price_of_sync(
    user: Any, dataset: str, start: date | None = None, end: date | None = None, symbols: Symbols = None
) -> dict[str, Any]:
    """What bringing the missing part of a dataset would cost: calls, rows, seconds at the account's quota."""
    _check(user, READ)
    return price(dataset_named(dataset).name, Order(start, end, tuple(symbols) if symbols else None))


def start_sync(
    user: Any, dataset: str, start: date | None = None, end: date | None = None, symbols: Symbols = None
) -> dict[str, Any]:
    """Have a worker bring what is missing of a dataset. Returns the id of the run."""
    _check(user, RUN)
    days = {name: day.isoformat() for name, day in (("start", start), ("end", end)) if day}
    names = [dataset_named(dataset).name]
    return {"execution_id": background.sync(datasets=names, symbols=list(symbols or []), **days)}


def sync_tasks(user: Any) -> list[dict[str, Any]]:
    """The latest syncs with their progress, the newest first."""
    return list(ask(user, "/market-data/sync-tasks", limit=HOLES_SHOWN).body)


def cancel_sync(user: Any, task_id: str) -> dict[str, Any]:
    """Have a sync stop after the requests in flight, and forget the rest of its plan."""
    return dict(ask(user, f"/market-data/sync-tasks/{task_id}/cancel", "POST").body)


READING: tuple[Tool, ...] = (datasets, rows, bars, reports, stocks_on, coverage, price_of_sync, sync_tasks)
ACTING: dict[Tool, str] = {start_sync: RUN, cancel_sync: CANCEL}
"""What changes something, and the permission that it takes."""


def _check(user: Any, permission: str) -> None:
    if not user.has_perm(permission):
        raise Refused("You do not have the permission that this needs.")


def _bounded(limit: int) -> int:
    if not 1 <= limit <= MOST_ROWS:
        raise Refused(f"limit: ask for 1 to {MOST_ROWS} rows.")
    return limit


def _until(dataset: str) -> dict[str, Any]:
    return {"complete_until": freshness()[dataset]["complete_until"]}


def _completeness(user: Any, dataset: str, start: date | None, end: date | None, symbols: Symbols) -> dict[str, Any]:
    """The last complete day, and the holes in a window: how many days by state, and the newest of them."""
    if dataset not in WITH_LEDGER or not user.has_perm(READ):
        return _until(dataset) | {"holes": None}
    given: dict[str, Any] = {"dataset": dataset, "start": start, "end": end, "symbols": symbols}
    found = ask(user, "/market-data/coverage", **given, limit=HOLES_SHOWN).body
    holes = {state: found[state] for state in ("missing", "partial", "suspect", "failed") if found[state]}
    days = [cell["trade_date"] for cell in found["cells"]]
    return _until(dataset) | {"holes": holes and {**holes, "newest": days}}
