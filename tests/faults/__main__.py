"""One process for each broker with each database, one after the other; then the table."""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import tests.faults

COMBINATIONS = [
    f"{broker}+{database}" for broker in ("embedded", "redis", "rabbitmq") for database in ("sqlite", "postgresql")
]
Report = dict[str, Any]
"""`faults` by kind, what is `expected` of each, what went `wrong` and what was `done`, as counts."""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=tests.faults.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", action="append", choices=COMBINATIONS)
    parser.add_argument("--seconds", type=int, default=80, help="of faults for each broker with each database")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    reports = {name: _run(name, options.seconds, options.seed) for name in options.only or COMBINATIONS}
    print("\n".join(_table(reports)))  # noqa: T201
    return int(any(sum(report["wrong"].values()) for report in reports.values()))


def _run(name: str, seconds: int, seed: int) -> Report:
    with tempfile.NamedTemporaryFile("r") as told:
        command = [sys.executable, "-m", "tests.faults.stack", name, str(seconds), str(seed), told.name]
        subprocess.run(command, check=True)
        report: Report = json.load(told)
    print(f"{name}: {sum(report['faults'].values())} faults, wrong: {report['wrong']}", file=sys.stderr)  # noqa: T201
    return report


def _table(reports: dict[str, Report]) -> Iterator[str]:
    tries: defaultdict[str, dict[str, int]] = defaultdict(dict)
    expected: dict[str, str] = {}
    for name, report in reports.items():
        expected |= report["expected"]
        for kind, count in report["faults"].items():
            tries[kind][name] = count
    yield f"| fault | expected | {' | '.join(reports)} | tries |"
    yield f"|---|---|{'---|' * len(reports)}---|"
    for kind, counts in sorted(tries.items()):
        cells = " | ".join(str(counts.get(name, "–")) for name in reports)
        yield f"| {kind} | {expected[kind]} | {cells} | {sum(counts.values())} |"
    totals = [sum(report["faults"].values()) for report in reports.values()]
    yield f"| **{len(tries)} kinds** | | {' | '.join(map(str, totals))} | {sum(totals)} |"
    yield ""
    yield f"| seen | {' | '.join(reports)} |"
    yield f"|---|{'---|' * len(reports)}"
    for part in ("wrong", "done"):
        for what in next(iter(reports.values()))[part]:
            yield f"| {what} | {' | '.join(str(report[part][what]) for report in reports.values())} |"


if __name__ == "__main__":
    sys.exit(main())
