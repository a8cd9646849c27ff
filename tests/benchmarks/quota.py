"""How well the quota is used: 600 calls under a limit of 60 per 10 s, of which 58 are configured, at 1 s latency.

The ideal is (ceil(calls / limit) - 1) x window + latency. Prints the ratio for one process and for two at once, and
the most calls that the server counted in any window.
"""

import argparse
import math

from tests.benchmarks.harness import calls_in, installation, most_in_a_window, postgresql, standin

LIMIT, CONFIGURED, WINDOW, LATENCY = 60, 58, 10.0, 1.0


def measure(names: list[str], calls_each: int, database: str) -> None:
    market = ["--stocks", str(calls_each), "--days", str(calls_each), "--seed", "1"]
    rules = ["--quota", f"{LIMIT}/{WINDOW:g}", "--latency", str(LATENCY)]
    quota = {"TUSHARE_RATE_LIMIT_MAX_CALLS": CONFIGURED, "TUSHARE_RATE_LIMIT_WINDOW_SECONDS": WINDOW}
    with standin(*market, *rules) as (url, log), installation(url, database, **quota) as made:
        made.run("sync", "suspend_d", "--json")
        made.run("sync", "stock_basic", "--json")
        before = len(calls_in(log))
        wait_for_an_idle_window()
        running = [made.start("sync", name, "--json") for name in names]
        reports = [process.communicate()[0] for process in running]
        calls = calls_in(log)[before:]
    times = [call["at"] for call in calls]
    ideal = (math.ceil(len(calls) / CONFIGURED) - 1) * WINDOW + LATENCY
    wall = times[-1] + LATENCY - times[0]
    most = most_in_a_window(times, WINDOW)
    kind = "PostgreSQL" if database else "SQLite"
    print(
        f"{kind}, {len(names)} process(es), {len(calls)} calls: {wall:.1f} s / ideal {ideal:.1f} s = {wall / ideal:.3f}"
    )
    print(f"  most calls in any {WINDOW:g} s as the server counted: {most} of {LIMIT} allowed; {len(reports)} reports")


def wait_for_an_idle_window() -> None:
    import time

    time.sleep(WINDOW * 1.1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=600)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    options = parser.parse_args()
    for names in (["adj_factor"], ["adj_factor", "daily_basic"]):
        each = options.calls // len(names)
        if options.database == "sqlite":
            measure(names, each, "")
        else:
            with postgresql() as database:
                measure(names, each, database)


if __name__ == "__main__":
    main()
