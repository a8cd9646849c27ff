"""What an installation costs while it does nothing: memory of all processes of `start`, and time of a small command."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import psutil

from tests.benchmarks.harness import ROOT

PORT = 8765
REST_SECONDS = 30
RUNS = 5


def proportional_megabytes(pid: int) -> float:
    """The proportional set size: memory that several processes share counts once among them."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def title(process: psutil.Process) -> str:
    words = [word for word in process.cmdline() if "/" not in word]
    return " ".join(words)[:60] or process.name()


def show_memory(environment: dict[str, str]) -> None:
    command = [sys.executable, "manage.py", "start", "--port", str(PORT)]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as started:
        try:
            time.sleep(REST_SECONDS / 2)
            # A web site that nobody has opened yet has loaded none of its pages.
            urllib.request.urlopen(f"http://127.0.0.1:{PORT}/admin/login/", timeout=30).close()
            time.sleep(REST_SECONDS / 2)
            total = 0.0
            for process in [psutil.Process(started.pid), *psutil.Process(started.pid).children(recursive=True)]:
                size = proportional_megabytes(process.pid)
                total += size
                print(f"{size:7.1f} MB  {title(process)}")
            print(f"{total:7.1f} MB  all processes of start, {REST_SECONDS} s after it was started (bar: 600)")
        finally:
            started.terminate()
            started.wait()


def seconds(command: list[str], folder: Path, environment: dict[str, str]) -> float:
    def once() -> float:
        started = time.perf_counter()
        subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True)
        return time.perf_counter() - started

    once()
    return statistics.median(once() for _ in range(RUNS))


def show_commands(folder: Path, environment: dict[str, str]) -> None:
    subprocess.run([sys.executable, "-m", "django", "startproject", "empty", str(folder)], check=True)
    setup = [sys.executable, "-c", "import django; django.setup()"]
    empty = seconds(setup, folder, environment | {"DJANGO_SETTINGS_MODULE": "empty.settings"})
    print(f"{empty:7.2f} s   django.setup() of an empty project")
    for words in (["jobs"], ["--help"], ["gaps", "daily"]):
        # `gaps` says 1 where something is missing, which it is here.
        command = ["sh", "-c", f"{sys.executable} manage.py {' '.join(words)} 2>/dev/null || true"]
        taken = seconds(command, ROOT, environment)
        print(f"{taken:7.2f} s   manage.py {' '.join(words)}: {taken / empty:.2f} x as long (bar: 3, 0.8 s)")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "var").mkdir()
        (folder / "empty").mkdir()
        # Compiled code is kept, as in an installation.
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        environment |= {"STOCKSYNC_VAR": str(folder / "var"), "TUSHARE_TOKEN": "", "DATABASE_URL": ""}
        show_memory(environment)
        show_commands(folder / "empty", environment)


if __name__ == "__main__":
    main()
