"""Reading from PostgreSQL, each figure beside what the bare database takes in the same run; prints the ratios.

Bars and factors of a made-up market are made by the database itself. `--stocks` and `--years` scale it down.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

COLUMNS = "symbol, trade_date, open, high, low, close, pre_close, change, pct_chg, volume, amount"
LAST_YEAR = 2024
START, END = date(LAST_YEAR, 1, 1), date(LAST_YEAR, 12, 31)
DAY = date(LAST_YEAR, 6, 3)
OF_YEAR = f"WHERE trade_date BETWEEN '{START}' AND '{END}'"
PORT = 18431


def main() -> None:
    from tests.benchmarks.harness import postgresql

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stocks", type=int, default=5200)
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--database", help="one that is filled and migrated already, and is kept")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.database:
            run(options.database, folder, options, fill=False)
            return
        with postgresql() as database:
            run(database, folder, options, fill=True)


def run(database: str, folder: str, options: argparse.Namespace, *, fill: bool) -> None:
    os.environ.update(
        DATABASE_URL=database, STOCKSYNC_VAR=folder, DJANGO_SETTINGS_MODULE="stocksync.settings", MIRROR_DIR="off"
    )
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    if fill:
        fill_market(options.stocks, options.years)
    measure_exports(folder, database, options.rounds)  # first: a child begins with the memory of its parent
    measure_small(options.rounds)
    measure_year(Path(folder) / "mirror", options.rounds)
    measure_served(folder, database)
    connection.close()


def fill_market(stocks: int, years: int) -> None:
    """Rows lie by day, as syncing leaves them."""
    from django.db import connection

    from tests.benchmarks.harness import inserting_bars

    grid = (
        f"(SELECT day::date, number FROM generate_series('{LAST_YEAR - years + 1}-01-05'::timestamp, '{END}', '1 day') "
        "day "
        f"CROSS JOIN generate_series(1, {stocks}) number WHERE extract(isodow FROM day) < 6 ORDER BY day, number) grid"
    )
    symbol = "lpad((600000 + number)::text, 6, '0') || '.SH'"
    price = "round((10 + 5 * abs(sin(number + extract(doy FROM day) / 9.0)))::numeric, 2)"
    with connection.cursor() as cursor:
        cursor.execute(inserting_bars("number", "day", price, grid))
        cursor.execute(
            f"INSERT INTO adj_factor SELECT {symbol}, day, 1 + 0.05 * (extract(year FROM day) - 2000) FROM {grid}"
        )
        cursor.execute("VACUUM ANALYZE daily")
        cursor.execute("VACUUM ANALYZE adj_factor")
        cursor.execute("SELECT count(*) FROM daily")
        print(f"{cursor.fetchone()[0]:,} bars", flush=True)


def timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def compare(what: str, bar: str, rounds: int, bare: Callable[[], Any], **ours: Callable[[], Any]) -> None:
    """In turns, so that whatever else the machine does meets both; the first round warms up."""
    works = {"bare": bare, **ours}
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds + 1):
        for name, work in works.items():
            taken[name].append(timed(work))
    base = statistics.median(taken["bare"][1:])
    for name in ours:
        median = statistics.median(taken[name][1:])
        print(f"{what}, {name}: {median:.3f} s, bare {base:.3f} s: {median / base:.2f} x the time ({bar})", flush=True)


def bare_rows(sql: str) -> Callable[[], Any]:
    import psycopg

    connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    return lambda: connection.execute(sql.encode()).fetchall()


def bare_copy(sql: str) -> Callable[[], Any]:
    import psycopg

    connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)

    def drain() -> None:
        with connection.cursor().copy(f"COPY ({sql}) TO STDOUT (FORMAT binary)".encode()) as copy:
            for _ in copy:
                pass

    return drain


def measure_small(rounds: int) -> None:
    from market_data.queries import bars_frame, bars_table

    symbol = "600777.SH"
    rows = bare_rows(f"SELECT {COLUMNS} FROM daily WHERE symbol = '{symbol}' ORDER BY trade_date")
    compare(
        "one symbol, all years, frame", "under 2 and 3", 10 * rounds, rows,
        none=lambda: bars_frame([symbol]), qfq=lambda: bars_frame([symbol], adjust="qfq"),
    )  # fmt: skip
    rows = bare_rows(f"SELECT {COLUMNS} FROM daily WHERE trade_date = '{DAY}'")
    compare(
        "one day of the market", "under 2 and 3", 10 * rounds, rows,
        none=lambda: bars_table(None, DAY, DAY), qfq=lambda: bars_table(None, DAY, DAY, "qfq"),
    )  # fmt: skip


def measure_year(mirror_folder: Path, rounds: int) -> None:
    from django.conf import settings

    from market_data.queries import bars_frame, bars_table

    copy = bare_copy(f"SELECT {COLUMNS} FROM daily {OF_YEAR}")
    compare("one year to Arrow", "1.25: rate 0.8", rounds, copy, without_mirror=lambda: bars_table(None, START, END))
    settings.MIRROR_DIR = mirror_folder
    compare("one year to Arrow", "0.5: rate 2", rounds, copy, with_mirror=lambda: bars_table(None, START, END))
    with duckdb_copy(mirror_folder) as (plain, adjusted):
        compare("one year, frame, DuckDB", "1.5", rounds, plain, none=lambda: bars_frame(None, START, END))
        compare("one year, frame, DuckDB", "2", rounds, adjusted, qfq=lambda: bars_frame(None, START, END, "qfq"))


@contextmanager
def duckdb_copy(mirror_folder: Path) -> Iterator[tuple[Callable[[], Any], Callable[[], Any]]]:
    """DuckDB with the same rows in its own tables."""
    import duckdb

    own = duckdb.connect(str(mirror_folder.parent / "copy.duckdb"))
    for name in ("daily", "adj_factor"):
        own.execute(f"CREATE TABLE {name} AS FROM read_parquet('{mirror_folder}/{name}/*.parquet')")
    plain = f"SELECT {COLUMNS} FROM daily {OF_YEAR} ORDER BY symbol, trade_date"
    prices = ", ".join(f"d.{n} * f.adj_factor / r.last AS {n}" for n in ("open", "high", "low", "close", "pre_close"))
    adjusted = (
        f"SELECT d.symbol, d.trade_date, {prices}, (d.close - d.pre_close) * f.adj_factor / r.last AS change, pct_chg, "
        f"volume, amount FROM daily d JOIN adj_factor f USING (symbol, trade_date) JOIN (SELECT symbol, "
        f"arg_max(adj_factor, trade_date) AS last FROM adj_factor GROUP BY symbol) r USING (symbol) "
        f"{OF_YEAR} ORDER BY d.symbol, d.trade_date"
    )
    yield lambda: own.execute(plain).df(), lambda: own.execute(adjusted).df()
    own.close()


def measure_exports(folder: str, database: str, rounds: int) -> None:
    from tests.benchmarks.harness import Installation

    copy = bare_copy(f"SELECT {COLUMNS} FROM daily {OF_YEAR}")
    base = statistics.median(timed(copy) for _ in range(rounds))
    for mirror_dir, state in (("off", "without mirror"), (str(Path(folder) / "mirror"), "with mirror")):
        made = Installation({"DATABASE_URL": database, "STOCKSYNC_VAR": folder, "MIRROR_DIR": mirror_dir})
        if mirror_dir != "off":
            print(f"the mirror of every dataset took {made.run('run_job', 'refresh_mirror').seconds:.1f} s", flush=True)
        start_up = made.run(
            "export", "daily", "--start", "19000101", "--end", "19000102", "--output", f"{folder}/x.parquet"
        )
        for adjust, bar in (("none", "1.67: rate 0.6"), ("qfq", "2.5: rate 0.4")):
            window = ("--start", f"{START:%Y%m%d}", "--end", f"{END:%Y%m%d}")
            ran = made.run("export", "daily", *window, "--adjust", adjust, "--output", f"{folder}/x.parquet", "--json")
            taken = ran.seconds - start_up.seconds
            print(
                f"one year to Parquet, {adjust}, {state}: {taken:.2f} s besides "
                f"start-up, bare {base:.2f} s: {taken / base:.2f} x ({bar}); peak {ran.peak_megabytes:.0f} MB",
                flush=True,
            )
        ran = made.run("export", "daily", "--adjust", "qfq", "--output", f"{folder}/x.parquet", "--json")
        print(
            f"all years to Parquet, qfq: {ran.seconds:.1f} s, peak {ran.peak_megabytes:.0f} MB (under 400)", flush=True
        )


def measure_served(folder: str, database: str) -> None:
    """Through gunicorn, as `start` serves it."""
    from django.contrib.auth import get_user_model
    from knox.models import AuthToken

    user, _ = get_user_model().objects.get_or_create(username="benchmark", is_superuser=True, is_staff=True)
    token = AuthToken.objects.create(user)[1]
    environment = {
        **os.environ,
        "STOCKSYNC_VAR": folder,
        "MIRROR_DIR": str(Path(folder) / "mirror"),
        "DATABASE_URL": database,
    }
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "stocksync.wsgi",
        "--bind",
        f"127.0.0.1:{PORT}",
        "--workers",
        "2",
        "--threads",
        "8",
    ]
    server = subprocess.Popen([*command, "--worker-class", "gthread", "--log-level", "error"], env=environment)
    address = f"http://127.0.0.1:{PORT}"
    try:
        wait_for(address)
        copy = bare_copy(f"SELECT {COLUMNS} FROM daily {OF_YEAR}")
        compare(
            "one year through REST as Arrow", "2: rate 0.5", 3, copy,
            rest=lambda: drain(f"{address}/market-data/bars?start={START}&end={END}&format=arrow", token),
        )  # fmt: skip
        measure_dataapi(f"{address}/dataapi/daily", token)
    finally:
        server.terminate()
        server.wait()


def wait_for(address: str) -> None:
    import requests

    for _ in range(100):
        try:
            requests.get(address, timeout=5)
        except requests.ConnectionError:
            time.sleep(0.2)
        else:
            return


def drain(url: str, token: str) -> None:
    import requests

    headers = {"Authorization": f"Token {token}", "Accept-Encoding": "identity"}
    with requests.get(url, headers=headers, stream=True, timeout=300) as answer:
        answer.raise_for_status()
        for _ in answer.iter_content(1 << 20):
            pass


def measure_dataapi(url: str, token: str) -> None:
    import requests

    body = json.dumps({"api_name": "daily", "token": token, "params": {"trade_date": f"{DAY:%Y%m%d}"}, "fields": ""})

    def ask() -> float:
        return timed(lambda: requests.post(url, data=body, timeout=60).raise_for_status())

    rows = bare_rows(f"SELECT {COLUMNS} FROM daily WHERE trade_date = '{DAY}' ORDER BY symbol")
    for _ in range(20):
        ask()
    alone = statistics.median(ask() for _ in range(20))
    base = statistics.median(timed(rows) for _ in range(20))
    more = 1000 * (alone - base)
    print(f"pro.daily(trade_date): {1000 * alone:.0f} ms, bare {1000 * base:.0f} ms: {more:.0f} ms more (60)")
    taken: list[float] = []
    clients = [threading.Thread(target=lambda: taken.append(ask())) for _ in range(50)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    print(f"50 clients at once: the slowest waited {max(taken):.2f} s (2)", flush=True)


if __name__ == "__main__":
    main()
