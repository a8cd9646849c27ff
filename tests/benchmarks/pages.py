"""The pages of the control room over a large installation: 20 million bars, 5,000 jobs, 100,000 runs, on PostgreSQL.

Prints the slowest of some tries of each page beside its bar, and the size of the coverage map.
"""

import argparse
import logging
from datetime import date, timedelta
from functools import partial

from tests.benchmarks.harness import inserting_bars, installation, postgresql

STOCKS, YEARS = 5200, 15
INSIDE = "from tests.benchmarks import pages; pages.inside({stocks}, {years})"
PAGE_BAR, MAP_BAR = 300, 500


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stocks", type=int, default=STOCKS)
    parser.add_argument("--years", type=int, default=YEARS)
    options = parser.parse_args()
    with (
        postgresql() as database,
        installation("http://127.0.0.1:9", database, ALLOWED_HOSTS="testserver") as made,
    ):
        command = INSIDE.format(stocks=options.stocks, years=options.years)
        ran = made.run("shell", "--no-imports", "--command", command)
        print(ran.output, end="")
        assert ran.code == 0


def inside(stocks: int, years: int) -> None:
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.test import Client

    from market_data.engine.ledger import clock
    from tests.benchmarks import job_figures as figures

    logging.getLogger("scheduling").setLevel(logging.WARNING)
    figures.make_jobs()
    figures.make_runs()
    last = clock.today() - timedelta(days=1)
    first_day = date(last.year - years, 1, 1)
    make_market(stocks, first_day, last)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT count(*) FROM daily")
        print(f"  {cursor.fetchone()[0]:,} bars, {figures.JOBS:,} jobs, {figures.JOBS * figures.RUNS_EACH:,} runs")
    client = Client()
    client.force_login(get_user_model().objects.create_superuser("root"))
    for address, bar in addresses(last).items():
        figures.opened(client, address)
        figures.tell(address, bar, partial(figures.opened, client, address))
    whole = client.get(map_of(last, 10)).content
    print(f"  the map of ten years: {len(whole) / 1000:.0f} kB, bar 300 kB")


def make_market(stocks: int, first: date, last: date) -> None:
    from django.db import connection

    from market_data.datasets import WITH_LEDGER
    from market_data.models import Partition
    from tests.market_data.builders import add_calendar, add_securities

    days = add_calendar(first, last + timedelta(days=400))
    days = [day for day in days if day <= last]
    add_securities(*(f"{600000 + n}.SH" for n in range(stocks)), listed=first)
    grid = f"trade_cal JOIN generate_series(0, {stocks - 1}) n ON is_open AND trade_date <= '{last}'"
    price = "round((10 + 5 * abs(sin(n + extract(doy FROM trade_date) / 9.0)))::numeric, 2)"
    with connection.cursor() as cursor:
        cursor.execute(inserting_bars("n", "trade_date", price, f"{grid} ORDER BY trade_date, n"))
        cursor.execute(
            "INSERT INTO adj_factor (symbol, trade_date, adj_factor) SELECT symbol, trade_date, 1.5 FROM daily "
            f"WHERE trade_date > '{last - timedelta(days=800)}'"
        )
    others = [Partition.State.PARTIAL, Partition.State.SUSPECT, Partition.State.MISSING]
    states = [Partition.State.COMPLETE] * 97 + others
    Partition.objects.bulk_create(
        [
            Partition(
                dataset=name,
                trade_date=day,
                state=states[number * 7 % 100],
                expected=stocks,
                got=stocks if states[number * 7 % 100] == Partition.State.COMPLETE else stocks // 2,
            )
            for name in WITH_LEDGER
            for number, day in enumerate(days)
        ],
        batch_size=2000,
    )


def map_of(last: date, years: int) -> str:
    return f"/admin/coverage/?start={last.replace(year=last.year - years)}&end={last}"


def addresses(last: date) -> dict[str, int]:
    month = last - timedelta(days=31)
    return {
        "/admin/": PAGE_BAR,
        "/admin/coverage/": PAGE_BAR,
        f"/admin/coverage/?start={month}&end={last}": PAGE_BAR,
        map_of(last, 10): MAP_BAR,
        f"/admin/coverage/panel/?dataset=daily&start={month}&end={last}": PAGE_BAR,
        "/admin/backfill/": PAGE_BAR,
        "/admin/stocks/": PAGE_BAR,
        "/admin/stocks/?q=6001": PAGE_BAR,
        "/admin/stocks/600000.SH/": PAGE_BAR,
        "/admin/stocks/600000.SH/?adjust=qfq": PAGE_BAR,
        f"/admin/market_data/partition/day/{last}/": PAGE_BAR,
        "/admin/market_data/syncfailurerecord/": PAGE_BAR,
        "/admin/market_data/synctask/": PAGE_BAR,
        "/admin/scheduling/jobconfig/": PAGE_BAR,
        "/admin/scheduling/jobconfig/add/": PAGE_BAR,
        "/admin/scheduling/execution/": PAGE_BAR,
        "/admin/scheduling/incident/": PAGE_BAR,
    }


if __name__ == "__main__":
    main()
