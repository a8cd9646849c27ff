"""How long others wait to write while a first history sync fills SQLite, and what their waiting costs the sync.

Four clients change a job each fifth of a second, each in a process of its own. Prints how long a change took, and how
much longer the sync took than alone, in turns.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

from tests.benchmarks.harness import ROOT, Installation, installation, standin

CLIENTS, PAUSE = 4, 0.2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stocks", type=int, default=2000)
    parser.add_argument("--days", type=int, default=500)
    parser.add_argument("--turns", type=int, default=2)
    options = parser.parse_args()
    alone, together, waits = [], [], []
    with standin("--stocks", str(options.stocks), "--days", str(options.days), "--seed", "1") as (url, _):
        for _ in range(options.turns):
            alone.append(measure(url, 0)[0])
            seconds, waited = measure(url, CLIENTS)
            together.append(seconds)
            waits += waited
    waits.sort()
    print(
        f"{len(waits)} changes by {CLIENTS} clients: half under {1000 * statistics.median(waits):.0f} ms, 95 % under "
        f"{1000 * waits[int(0.95 * len(waits))]:.0f} ms (bar 300), the longest {1000 * waits[-1]:.0f} ms (bar 2000)\n"
        f"the sync took {statistics.median(together) / statistics.median(alone):.2f} x as long as alone (bar 1.05)"
    )


def measure(url: str, clients: int) -> tuple[float, list[float]]:
    """The seconds of the sync, and those of each change that was made meanwhile."""
    with installation(url) as made:
        made.run("install_schedules", "--json")
        made.run("sync", "stock_basic", "--json")
        editors = [_editor(made, number) for number in range(clients)]
        time.sleep(3 if clients else 0)
        ran = made.run("sync", "daily", "--json")
        waits = []
        for editor in editors:
            editor.terminate()
            output, _ = editor.communicate()
            waits += [float(line) for line in output.splitlines()]
        return ran.report["seconds"], waits


def _editor(made: Installation, number: int) -> "subprocess.Popen[str]":
    call = f"from tests.benchmarks.turns import edit; edit({number})"
    environment = {**os.environ, **made.environment, "DJANGO_SETTINGS_MODULE": "stocksync.settings"}
    return subprocess.Popen([sys.executable, "-uc", call], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)


def edit(number: int) -> None:
    """Change the note of a job again and again; prints the seconds that each change took."""
    import django

    django.setup()
    from scheduling.models import JobConfig

    job = JobConfig.objects.order_by("pk")[number]
    while True:
        began = time.monotonic()
        job.save()
        print(json.dumps(time.monotonic() - began))
        time.sleep(PAUSE)


if __name__ == "__main__":
    main()
