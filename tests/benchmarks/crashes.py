"""`kill -9` at 20 random moments of one history sync, then to the end; and 15 % mixed faults.

Prints whether the export equals the source row for row, and how many calls were repeated against how many were in
flight when the process was killed.
"""

import argparse
import gzip
import random
import subprocess
import tempfile
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

from tests.benchmarks.harness import SHARED_DATA, Installation, calls_in, installation, postgresql, standin

WINDOW = ("--start", "20070101", "--end", "20220114")
KILLS, IN_FLIGHT, RUNS_AT_MOST = 20, 4, 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder = str(SHARED_DATA / "stocks")
    quick = {"SYNC_CONCURRENCY": IN_FLIGHT, "SYNC_RETRY_BASE_SECONDS": 0.1, "RATE_LIMIT_RETRY_BASE_SECONDS": 0.1}
    faults = ("--faults", "0.15", "--seed", str(options.seed))
    for measure, rules in ((killed, ("--latency", "1.2")), (faulty, faults)):
        with (
            standin("--data", folder, *rules) as (url, log),
            postgresql() if options.database == "postgresql" else nullcontext("") as database,
            installation(url, database, **quick) as made,
        ):
            measure(made, log, random.Random(options.seed))


def killed(made: Installation, log: Path, chance: random.Random) -> None:
    made.run("sync", "suspend_d", *WINDOW, "--json")
    made.run("sync", "stock_basic", "--json")
    kills = 0
    while kills < KILLS:
        process = made.start("sync", "daily", *WINDOW, "--json")
        try:
            process.wait(chance.uniform(1.2, 3.0))
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
    ran = made.run("sync", "daily", *WINDOW, "--json")
    asked = Counter(str(sorted(call["params"].items())) for call in calls_in(log, "daily"))
    repeated = sum(asked.values()) - len(asked)
    print(f"killed {kills} times: exit code {ran.code}, export equals the source: {equal(made)}")
    print(f"  {repeated} calls repeated, at most {kills * IN_FLIGHT} were in flight when it was killed")


def faulty(made: Installation, log: Path, chance: random.Random) -> None:
    runs = 1
    while made.run("sync", "daily", *WINDOW, "--json").code and runs < RUNS_AT_MOST:
        runs += 1
    outcomes = Counter(call["outcome"] for call in calls_in(log))
    left = made.run("retry_failures", "--json").report
    print(
        f"15 % mixed faults, {runs} run(s): export equals the source: {equal(made)}, {left['remaining']} failures left"
    )
    print(f"  {dict(outcomes.most_common())}")


def equal(made: Installation) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "daily.csv"
        made.run("export", "daily", "--units", "tushare", "--output", str(path))
        return path.read_bytes() == gzip.decompress((SHARED_DATA / "stocks" / "daily.csv.gz").read_bytes())


if __name__ == "__main__":
    main()
