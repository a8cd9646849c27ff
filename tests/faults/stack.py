"""One stack under faults: `python -m tests.faults.stack redis+postgresql SECONDS SEED REPORT`."""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django

from tests.benchmarks.harness import postgresql
from tests.faults.brokers import Broker, broker_named
from tests.scheduling.environments import environment

if TYPE_CHECKING:
    from tests.scheduling.installation import Installation

CALLS, WINDOW_SECONDS = 60, 6.0
PROCESSES = ("control", "sync", "second sync", "beat")
ANSWERS = {
    "http_429": 0.01,
    "http_500": 0.02,
    "http_502": 0.02,
    "reset": 0.03,
    "html": 0.03,
    "broken_json": 0.03,
    "null_data": 0.02,
    "empty_frame": 0.03,
    "negative_price": 0.02,
    "duplicate_rows": 0.02,
}
"""How often an answer is spoiled in which way."""


@dataclass
class Stack:
    """What the faults have to do with. `faults` counts them by kind."""

    place: "Installation"
    broker: Broker
    database: str
    source: Any
    chance: random.Random
    has_small_disk: bool
    faults: Counter[str] = field(default_factory=Counter)
    cuts: list[tuple[float, float]] = field(default_factory=list)
    """From when to when the provider allowed less than it says."""


def main() -> None:
    name, seconds, seed, report = sys.argv[1:]
    broker_name, database_name = name.split("+")
    with ExitStack() as parts:
        folder, has_small_disk = parts.enter_context(_small_disk())
        database = parts.enter_context(postgresql() if database_name == "postgresql" else nullcontext(""))
        servers = Path(parts.enter_context(tempfile.TemporaryDirectory()))
        broker = parts.enter_context(broker_named(broker_name, folder if broker_name == "embedded" else servers))
        settings = environment(folder, broker.url, database) | {
            "TUSHARE_TOKEN": "faults",
            "TUSHARE_RATE_LIMIT_MAX_CALLS": str(CALLS),
            "TUSHARE_RATE_LIMIT_WINDOW_SECONDS": str(WINDOW_SECONDS),
            "RATE_LIMIT_RETRY_BASE_SECONDS": "0.2",
            "SYNC_RETRY_BASE_SECONDS": "0.2",
            "SYNC_LEASE_SECONDS": "5",
            "SYNC_CONCURRENCY": "4",
        }
        from market_data.standin.market.generated import generate_market
        from market_data.standin.tushare.server import Standin

        source = parts.enter_context(Standin(generate_market(150, 300, 1, "20251231")))
        os.environ.update(settings | {"TUSHARE_API_URL": source.url})
        django.setup()
        from tests.faults import running
        from tests.scheduling.installation import Installation

        place = Installation(folder, dict(os.environ))
        parts.callback(place.stop)
        stack = Stack(place, broker, database, source, random.Random(f"{name}/{seed}"), has_small_disk)
        told = running.run(stack, int(seconds))
    Path(report).write_text(json.dumps(told))


@contextmanager
def _small_disk() -> Iterator[tuple[Path, bool]]:
    """A folder, and whether it is on a disk that can be filled: not everybody may mount one."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["mount", "-t", "tmpfs", "-o", "size=300m", "faults", folder]
        mounted = subprocess.run(command, capture_output=True).returncode == 0
        try:
            yield Path(folder), mounted
        finally:
            if mounted:
                time.sleep(0.5)
                subprocess.run(["umount", "--lazy", folder], check=True)


if __name__ == "__main__":
    main()
