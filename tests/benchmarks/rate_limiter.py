"""Print how much longer calls take through the limiter than at best: `python -m tests.benchmarks.rate_limiter --help`.

The calls go to a server on this machine that counts them as they arrive. A run leaves one account's state in the store.
"""

import argparse
from tempfile import TemporaryDirectory
from uuid import uuid4

from market_data.ratelimit.budget import price
from tests.market_data.ratelimit.counting import busiest, send_from


def main() -> None:
    options = _options()
    print(f"{'processes':>9} {'calls':>6} {'ideal s':>8} {'took s':>8} {'ratio':>6} {'busiest window':>15}")
    for processes in options.processes:
        calls = options.limit * options.windows // processes
        total = calls * processes
        with TemporaryDirectory() as folder:
            environment = {"STOCKSYNC_VAR": folder, "DATABASE_URL": options.database, "TEST_ACCOUNT": uuid4().hex}
            environment["RATE_LIMIT_REDIS_URL"] = options.redis
            arrivals = send_from(environment, processes, calls, options.limit, options.window, options.margin)
        ideal, took = price(total, options.limit, options.window), max(arrivals) - min(arrivals)
        most = f"{busiest(arrivals, options.window)} of {options.limit}"
        print(f"{processes:>9} {total:>6} {ideal:>8.3f} {took:>8.3f} {took / ideal:>6.3f} {most:>15}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, default=58, help="calls in a window")
    parser.add_argument("--window", type=float, default=2.0, help="seconds")
    parser.add_argument("--windows", type=int, default=5, help="how many windows of calls to send, at least 2")
    parser.add_argument("--margin", type=float, default=0.025, help="share of the window")
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2], help="one run for each number")
    parser.add_argument("--database", default="", help="DATABASE_URL of a migrated PostgreSQL; else a file")
    parser.add_argument("--redis", default="", help="Redis URL; else a file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
