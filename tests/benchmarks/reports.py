"""Financial indicators of 5,400 stocks, one call each, at 1 s latency under a scaled quota.

An account without the points for whole quarters: 195 calls a minute, scaled to 195 in so many seconds. The ideal is
(ceil(calls / limit) - 1) x window + latency. Prints the ratio, and the most calls that the server counted in a window.
"""

import argparse
import math

from tests.benchmarks.harness import calls_in, installation, most_in_a_window, postgresql, standin
from tests.benchmarks.quota import wait_for_an_idle_window

LIMIT, CONFIGURED, LATENCY = 200, 195, 1.0


def measure(stocks: int, window: float, database: str) -> None:
    market = ["--stocks", str(stocks), "--days", "20", "--seed", "1"]
    rules = ["--quota", f"{LIMIT}/{window:g}", "--latency", str(LATENCY)]
    quota = {"TUSHARE_RATE_LIMIT_MAX_CALLS": CONFIGURED, "TUSHARE_RATE_LIMIT_WINDOW_SECONDS": window}
    with standin(*market, *rules) as (url, log), installation(url, database, TUSHARE_POINTS=2000, **quota) as made:
        made.run("sync", "stock_basic", "--json")
        made.run("sync", "trade_cal", "--json")
        wait_for_an_idle_window()
        ran = made.run("sync", "fina_indicator", "--end", "20250930", "--json")
        times = [call["at"] for call in calls_in(log, "fina_indicator")]
    ideal = (math.ceil(len(times) / CONFIGURED) - 1) * window + LATENCY
    wall = times[-1] + LATENCY - times[0]
    kind = "PostgreSQL" if database else "SQLite"
    print(
        f"{kind}: {ran.report['rows']:,} rows, {len(times)} calls: {wall:.1f} s / ideal {ideal:.1f} s = "
        f"{wall / ideal:.3f}; exit code {ran.code}"
    )
    print(f"  most calls in any {window:g} s: {most_in_a_window(times, window)} of {LIMIT} allowed")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stocks", type=int, default=5400)
    parser.add_argument("--window", type=float, default=6.0, help="seconds that stand for a minute")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    options = parser.parse_args()
    if options.database == "sqlite":
        measure(options.stocks, options.window, "")
    else:
        with postgresql() as database:
            measure(options.stocks, options.window, database)


if __name__ == "__main__":
    main()
