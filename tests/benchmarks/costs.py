"""What a sync costs beside the least that it could: `sync daily` of a generated market, without quota and latency.

In turns, on each database: the command; the write path alone with the same frames; and a plain script that fetches the
same days one by one with the `tushare` package and appends them to DuckDB. Start-up is left out of all three. Prints
the ratios, the share of the ledger, and the peak memory of the command.
"""

import argparse
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

from tests.benchmarks.harness import ROOT, Installation, installation, postgresql, standin

PEER = """
import sys, time
import duckdb, tushare
url, folder, first, last = sys.argv[1:]
pro = tushare.pro_api("benchmark")
pro._DataApi__http_url = f"{url}/dataapi"
began = time.monotonic()
database = duckdb.connect(f"{folder}/peer.duckdb")
days = pro.trade_cal(exchange="SSE", start_date=first, end_date=last, is_open="1")["cal_date"]
rows = 0
for number, day in enumerate(sorted(days)):
    frame = pro.daily(trade_date=day)
    database.execute("CREATE TABLE IF NOT EXISTS daily AS SELECT * FROM frame WHERE false")
    database.execute("INSERT INTO daily SELECT * FROM frame")
    rows += len(frame)
database.close()
print(rows, time.monotonic() - began)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", nargs="+", default=["2000x250", "5400x500"], metavar="STOCKSxDAYS")
    parser.add_argument("--database", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--turns", type=int, default=1)
    options = parser.parse_args()
    for size in options.size:
        stocks, days = size.split("x")
        with standin("--stocks", stocks, "--days", days, "--seed", "1") as (url, _):
            for name in options.database:
                for _ in range(options.turns):
                    measure(url, name, size)


def measure(url: str, name: str, size: str) -> None:
    with (
        postgresql() if name == "postgresql" else nullcontext("") as database,
        postgresql() if name == "postgresql" else nullcontext("") as other,
        installation(url, database) as made,
        installation(url, other) as bare,
    ):
        made.run("sync", "suspend_d", "--json")
        made.run("sync", "stock_basic", "--json")
        ran = within(made, "sync")
        first, last = edges(made)
        alone = within(bare, "write", first, last)["seconds"]
        peer = plain_script(url, first, last)
        rows, ours, peak = ran["rows"], ran["seconds"], ran["megabytes"]
        print(
            f"{name}, {size}: {rows:,} rows in {ours:.1f} s ({rows / ours:,.0f} rows/s), "
            f"peak memory {peak:.0f} MB (bar 300)\n"
            f"  the write path alone takes {alone / ours:.2f} of that (bar 0.7)\n"
            f"  a plain script into DuckDB takes {peer:.1f} s: ours {ours / peer:.2f} x as long "
            f"(bar {1.3 if database else 1.0})\n"
            f"  the ledger takes {ran['ledger'] / ours:.3f} of the time (bar 0.05)",
            flush=True,
        )


def edges(made: Installation) -> tuple[str, str]:
    report = made.run("export", "daily", "--output", str(Path(made.environment["STOCKSYNC_VAR"]) / "x.parquet"))
    assert report.code == 0
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    days = pq.read_table(Path(made.environment["STOCKSYNC_VAR"]) / "x.parquet", columns=["trade_date"])
    bounds = pc.min_max(days["trade_date"]).as_py()
    return f"{bounds['min']:%Y%m%d}", f"{bounds['max']:%Y%m%d}"


def plain_script(url: str, first: str, last: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", PEER, url, folder, first, last]
        rows, seconds = subprocess.check_output(command, text=True, cwd=ROOT).split()
    assert int(rows)
    return float(seconds)


def within(made: Installation, what: str, *arguments: str) -> dict[str, Any]:
    """What a function of this file prints in a process of that installation."""
    call = f"from tests.benchmarks import costs; costs.{what}(*{arguments!r})"
    environment = {**os.environ, **made.environment, "DJANGO_SETTINGS_MODULE": "stocksync.settings"}
    output = subprocess.check_output([sys.executable, "-c", call], text=True, cwd=ROOT, env=environment)
    return dict(json.loads(output.splitlines()[-1]))


def sync() -> None:
    """`sync daily` with a watch at the ledger's doors: prints rows, seconds, those in the ledger, and peak memory."""
    import django

    django.setup()
    from django.core.management import call_command

    from market_data.engine.ledger import cells, coverage, gaps
    from market_data.engine.planner import planning
    from market_data.engine.running.asking import Asking

    spent: list[float] = []
    doors: list[tuple[Any, str]] = [(planning, "plan_for"), (Asking, "question"), (gaps, "count_open")]
    doors += [(coverage, n) for n in ("refresh", "ensure", "answered", "doubted", "count_answer_day", "asked_again")]
    doors += [(coverage, "mark"), (cells, "forget_stored"), (cells, "note_missing")]
    for room, name in doors:
        setattr(room, name, watched(getattr(room, name), spent))
    output = io.StringIO()
    began = time.monotonic()
    with suppress(SystemExit):
        call_command("sync", "daily", "--json", stdout=output)
    seconds = time.monotonic() - began
    report = json.loads(output.getvalue().splitlines()[-1])
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = {"rows": report["rows"], "seconds": seconds, "ledger": sum(spent), "megabytes": megabytes}
    print(json.dumps(told))


def watched(door: Callable[..., Any], spent: list[float]) -> Callable[..., Any]:
    """The same, noting the seconds of a call; of those made within another only the outer one counts."""

    def call(*arguments: Any, **named: Any) -> Any:
        began, before = time.monotonic(), len(spent)
        try:
            return door(*arguments, **named)
        finally:
            del spent[before:]
            spent.append(time.monotonic() - began)

    return call


def write(first: str, last: str) -> None:
    """Prints the seconds in which the write path stores each day's frame in a transaction of its own."""
    import django
    import pandas as pd

    django.setup()
    from django.db import transaction

    from market_data.datasets import DATASETS
    from market_data.engine import accounts
    from market_data.engine.ledger import clock
    from market_data.engine.running.calls import call_for, window_of
    from market_data.engine.storing.checks import check
    from market_data.engine.storing.writer import upsert
    from market_data.models import SyncRequest

    daily, provider, seconds = DATASETS["daily"], accounts.provider_named("tushare"), 0.0
    for day in pd.bdate_range(first, last).date:
        request = SyncRequest(shape="date", start_date=day, end_date=day)
        answer = provider.ask(call_for(daily, request), lambda answer: answer)
        if not answer.rows:
            continue
        table = check(daily, answer, window_of(daily, request)).table
        began = time.monotonic()
        with transaction.atomic():
            upsert(daily, table, clock.now())
        seconds += time.monotonic() - began
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main()
