"""Run tests with the clock of every process set to another moment: the hour and the day must make no difference.

    python -m tests.at_any_time --one                  one moment, drawn by chance and printed; what knows the time
    python -m tests.at_any_time --whole                all moments, one after the other; everything
    python -m tests.at_any_time --at "2027-01-04 08:00" -- tests/market_data/test_jobs.py

It runs on SQLite, whose clock is the host's. Waits are counted by the monotonic clock, which nobody sets.
"""

import argparse
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

SHANGHAI = ZoneInfo("Asia/Shanghai")
SHIFTED = Path(__file__).with_name("shifted")

MOMENTS = (
    "2026-11-26 00:30",
    "2026-11-26 08:00",
    "2026-11-26 12:00",
    "2026-11-26 16:30",
    "2026-11-26 20:00",
    "2026-11-29 11:00",  # a Sunday
    "2026-10-05 18:30",  # the week of National Day
    "2026-12-31 19:00",
    "2027-01-04 09:45",
    "2028-01-04 09:45",
)
TELLING_THE_TIME = (
    "tests/market_data/test_jobs.py",
    "tests/market_data/test_market_lists.py",
    "tests/market_data/test_sync.py",
    "tests/market_data/test_believing.py",
    "tests/market_data/test_believing_lists.py",
    "tests/market_data/test_odd_rows.py",
    "tests/market_data/engine/ledger",
    "tests/market_data/standin/market",
    "tests/market_data/watchlists",
    "tests/market_data/test_job_processes.py",
)
OPTIONS = ("--quiet", "-Wignore:Module already imported so cannot be rewritten")
TOGETHER = ("-m", "not alone", "--numprocesses=4", "--dist=worksteal")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--one", action="store_true", help="one moment, drawn by chance")
    parser.add_argument("--whole", action="store_true", help="every test")
    parser.add_argument("--at", action="append", metavar="MOMENT", help="this moment in Shanghai; may be repeated")
    parser.add_argument("tests", nargs="*", help="what to run (default: the tests that know the time)")
    options = parser.parse_args()
    moments = options.at or ([random.choice(MOMENTS)] if options.one else list(MOMENTS))
    return max(_run(moment, options.tests or (["tests"] if options.whole else TELLING_THE_TIME)) for moment in moments)


def _run(moment: str, tests: Sequence[str]) -> int:
    print(f"The clock of every process says {moment} in Shanghai.", flush=True)  # noqa: T201
    ahead = datetime.fromisoformat(moment).replace(tzinfo=SHANGHAI) - datetime.now(SHANGHAI)
    environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    environment |= {"STOCKSYNC_CLOCK_AHEAD": str(ahead.total_seconds()), "PYTHONPATH": str(SHIFTED)}
    command = [sys.executable, "-m", "pytest", *OPTIONS, *tests]
    codes = [subprocess.call([*command, *those], env=environment) for those in (TOGETHER, ("-m", "alone"))]
    return max(0 if code == pytest.ExitCode.NO_TESTS_COLLECTED else code for code in codes)


if __name__ == "__main__":
    sys.exit(main())
