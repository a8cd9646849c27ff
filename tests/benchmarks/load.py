"""50 clients that ask large questions without a pause, and how long the login page takes beside them.

`python -m tests.benchmarks.load [SECONDS]` prints it for SQLite and PostgreSQL: 100 stocks with 21 years of bars, a
site as `start` runs it, clients that come again when they are told to.
"""

import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import closing, nullcontext, suppress
from statistics import median

import psutil

from tests.benchmarks.harness import ROOT, Installation, installation, postgresql

CLIENTS, BAR_SECONDS = 50, 1.0
SYMBOLS = [f"{600000 + n}.SH" for n in range(100)]
QUESTIONS = [
    f"bars?symbol={','.join(SYMBOLS)}&freq=monthly&adjust=qfq&format=csv",
    f"bars?symbol={SYMBOLS[0]}",
    "coverage?dataset=daily&start=2004-01-01&limit=10000",
    f"coverage?dataset=daily&start=2004-01-01&symbols={','.join(SYMBOLS)}",
]
FILLING = """
from django.contrib.auth.models import User
from django.db import connection
from knox.models import AuthToken
from datetime import date
from tests.benchmarks.load import SYMBOLS
from tests.market_data.builders import add_calendar, add_securities
from market_data.models import AdjFactor, DailyBar
add_securities(*SYMBOLS, listed=date(2004, 1, 2))
days = add_calendar(date(2004, 1, 1), date(2024, 12, 31))
prices = dict.fromkeys(("open", "high", "low", "close", "pre_close", "volume", "amount"), 10)
# One day in fifty is missing, so that coverage has something to list.
there = [day for number, day in enumerate(days) if number % 50]
DailyBar.objects.bulk_create([DailyBar(symbol=SYMBOLS[0], trade_date=day, **prices) for day in there])
AdjFactor.objects.bulk_create([AdjFactor(symbol=SYMBOLS[0], trade_date=day, adj_factor=1.5) for day in there])
for model in (DailyBar, AdjFactor):
    columns = ", ".join(f.column for f in model._meta.concrete_fields if f.column not in ("symbol", "id"))
    table = model._meta.db_table
    with connection.cursor() as cursor:
        for symbol in SYMBOLS[1:]:
            select = f"SELECT %s, {columns} FROM {table} WHERE symbol = %s"
            cursor.execute(f"INSERT INTO {table} (symbol, {columns}) {select}", [symbol, SYMBOLS[0]])
print(AuthToken.objects.create(User.objects.create_superuser("root"))[1])
"""


class Load:
    """What the clients saw."""

    def __init__(self, address: str, token: str) -> None:
        self.address, self.token = address, token
        self.answers: Counter[int] = Counter()
        self.logins: list[float] = []
        self.over = threading.Event()

    def read(self, number: int) -> None:
        while not self.over.is_set():
            question = QUESTIONS[number % len(QUESTIONS)]
            number += 1
            asked = urllib.request.Request(
                f"{self.address}/market-data/{question}", headers={"Authorization": f"Token {self.token}"}
            )
            try:
                with urllib.request.urlopen(asked, timeout=60) as answer:
                    answer.read()
                    self.answers[answer.status] += 1
            except urllib.error.HTTPError as error:
                self.answers[error.code] += 1
                self.over.wait(float(error.headers.get("Retry-After") or 1))
                error.close()

    def log_in(self) -> None:
        while not self.over.is_set():
            began = time.monotonic()
            with urllib.request.urlopen(f"{self.address}/admin/login/", timeout=60) as answer:
                answer.read()
            self.logins.append(time.monotonic() - began)
            self.over.wait(0.2)

    def run(self, seconds: float) -> None:
        threads = [threading.Thread(target=self.read, args=(number,)) for number in range(CLIENTS)]
        threads.append(threading.Thread(target=self.log_in))
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        self.over.set()
        for thread in threads:
            thread.join()


def measure(made: Installation, seconds: float) -> None:
    filled = made.run("shell", "--no-imports", "--command", FILLING)
    assert filled.code == 0, filled.output
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    options = ["--workers", "2", "--threads", "8", "--log-level", "warning", "--bind", f"127.0.0.1:{port}"]
    command = [sys.executable, "-m", "gunicorn", "stocksync.wsgi", *options]
    site = subprocess.Popen(command, cwd=ROOT, env={**dict(psutil.Process().environ()), **made.environment})
    try:
        load = Load(f"http://127.0.0.1:{port}", filled.output.split()[-1])
        _wait_for(load.address)
        load.run(seconds)
        peak = sum(child.memory_info().rss for child in psutil.Process(site.pid).children()) / 2**20
    finally:
        site.terminate()
        site.wait()
    slowest, count = max(load.logins), len(load.logins)
    print(
        f"  login page: slowest of {count} {slowest:.3f} s, median {median(load.logins):.3f} s; bar {BAR_SECONDS:g} s"
    )
    print(f"  large questions by status: {dict(load.answers)}; memory of the workers afterwards {peak:.0f} MB")


def _wait_for(address: str) -> None:
    for _ in range(200):
        with suppress(OSError), urllib.request.urlopen(f"{address}/admin/login/", timeout=60):
            return
        time.sleep(0.2)
    raise AssertionError("the site does not answer")


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 30
    for name in ("SQLite", "PostgreSQL"):
        with (
            postgresql() if name == "PostgreSQL" else nullcontext("") as database,
            installation("http://127.0.0.1:9", database) as made,
        ):
            print(name, flush=True)
            measure(made, seconds)


if __name__ == "__main__":
    main()
