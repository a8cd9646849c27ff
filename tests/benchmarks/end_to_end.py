"""Daily bars of a generated market of 5,400 stocks x 500 days into PostgreSQL, without quota and latency.

Prints rows per second, the peak memory of the syncing process, the same for a history of half the length, and the
time of the same command once everything is there.
"""

import argparse

from tests.benchmarks.harness import installation, postgresql, standin

UNTIL = ("--end", "20251231")
"""The last day of the generated market."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stocks", type=int, default=5400)
    parser.add_argument("--days", type=int, nargs="+", default=[250, 500])
    options = parser.parse_args()
    for days in options.days:
        measure(options.stocks, days)


def measure(stocks: int, days: int) -> None:
    market = ("--stocks", str(stocks), "--days", str(days), "--seed", "1")
    with standin(*market) as (url, _), postgresql() as database, installation(url, database) as made:
        made.run("sync", "suspend_d", *UNTIL, "--json")
        made.run("sync", "stock_basic", "--json")
        ran = made.run("sync", "daily", *UNTIL, "--json")
        report = ran.report
        print(
            f"{stocks} stocks x {days} days: {report['rows']:,} rows in {ran.seconds:.1f} s, start-up included: "
            f"{report['rows'] / ran.seconds:,.0f} rows/s, {report['calls']} calls, exit code {ran.code}"
        )
        print(f"  peak memory of the syncing process: {ran.peak_megabytes:.0f} MB")
        again, nothing = made.run("sync", "daily", *UNTIL, "--json"), made.run("help", "sync")
        print(
            f"  the same command again: {again.report['calls']} calls, {again.seconds - nothing.seconds:.2f} s "
            f"besides a start-up of {nothing.seconds:.2f} s"
        )


if __name__ == "__main__":
    main()
