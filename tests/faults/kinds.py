"""The faults, each with what is expected of the stack while and after it lasts."""

import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

import psutil
import psycopg

from scheduling import waking
from stocksync import celery_app
from tests.faults.stack import ANSWERS, CALLS, WINDOW_SECONDS, Stack
from tests.scheduling.servers import cut_off, shut

Fault = Callable[[Stack], int]
DUPLICATES = 20


@dataclass(frozen=True)
class Kind:
    """`happens` returns how many faults it was: none where this stack cannot have it. `weight`: how often."""

    name: str
    expected: str
    happens: Fault
    weight: int = 1


def _killed(name: str) -> Fault:
    def happens(stack: Stack) -> int:
        stack.place.kill_tree(name)
        time.sleep(stack.chance.uniform(0, 0.5))
        stack.place.start(name)
        return 1

    return happens


def _child_killed(stack: Stack) -> int:
    children = psutil.Process(stack.place.processes["sync"].pid).children()
    if not children:
        return 0
    stack.chance.choice(children).kill()
    return 1


def _told_to_stop(stack: Stack) -> int:
    stack.place.terminate("sync")
    stack.place.start("sync")
    return 1


def _wrong_clock(stack: Stack) -> int:
    name = stack.chance.choice(["control", "beat", "second sync"])
    stack.place.kill_tree(name)
    stack.place.start(name, TEST_CLOCK_AHEAD_SECONDS=stack.chance.choice(["90", "-90", "86400"]))
    return 1


def _duplicated_messages(stack: Stack) -> int:
    for _ in range(DUPLICATES):
        with suppress(Exception):  # a broker that is away just now
            celery_app.send_task(waking.RUN_QUEUED, args=["sync"], queue="sync", retry=False)
    return DUPLICATES


def _lost_messages(stack: Stack) -> int:
    stack.broker.lose_messages()
    return 1


def _broker_cut(stack: Stack) -> int:
    return int(stack.broker.cut())


def _broker_frozen(stack: Stack) -> int:
    with stack.broker.frozen():
        time.sleep(3)
    return 1


def _connections_cut(stack: Stack) -> int:
    return cut_off(stack.database) if stack.database else 0


def _database_away(stack: Stack) -> int:
    if not stack.database:
        return 0
    with shut(stack.database):
        cut_off(stack.database)
        time.sleep(2)
    return 1


def _lock_held(stack: Stack) -> int:
    if stack.database:
        with psycopg.connect(stack.database) as other:
            other.execute("SELECT id FROM scheduler_job_config FOR UPDATE")
            time.sleep(3)
            other.rollback()
    else:
        other_file = sqlite3.connect(stack.place.folder / "stocksync.sqlite3", isolation_level=None, timeout=20)
        other_file.execute("BEGIN IMMEDIATE")
        time.sleep(3)
        other_file.execute("ROLLBACK")
        other_file.close()
    return 1


def _disk_full(stack: Stack) -> int:
    if not stack.has_small_disk:
        return 0
    ballast = stack.place.folder / "ballast"
    with suppress(OSError), open(ballast, "wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 16))
    time.sleep(3)
    ballast.unlink()
    return 1


def _provider_away(stack: Stack) -> int:
    """An hour in the night, scaled."""
    stack.source.rules = replace(stack.source.rules, fault={"reset": 1.0})
    time.sleep(4)
    stack.source.rules = replace(stack.source.rules, fault=ANSWERS)
    return 1


def _quota_halved(stack: Stack) -> int:
    began = time.time()
    stack.source.rules = replace(stack.source.rules, quota=(f"{CALLS // 2}/{WINDOW_SECONDS}",))
    time.sleep(4)
    stack.source.rules = replace(stack.source.rules, quota=(f"{CALLS}/{WINDOW_SECONDS}",))
    stack.cuts.append((began, time.time()))
    return 1


KINDS = (
    Kind("a worker and its children killed", "taken over after its lease, goes on where it was", _killed("sync"), 3),
    Kind("the second host's worker killed", "the same", _killed("second sync"), 3),
    Kind("one child of a worker killed", "its run goes on before its lease is over", _child_killed, 3),
    Kind("a worker told to stop", "puts its run back at once", _told_to_stop, 2),
    Kind("the control worker killed", "the sweep goes on when it is back", _killed("control"), 2),
    Kind("beat killed", "no moment twice, none lost", _killed("beat"), 2),
    Kind("a host's clock 90 s or a day off", "the database's clock decides", _wrong_clock, 2),
    Kind("a message delivered again", "nothing runs for it", _duplicated_messages, 3),
    Kind("the waiting messages lost", "the sweep finds the runs", _lost_messages, 3),
    Kind("the broker's connections cut, or it starts empty", "the same", _broker_cut, 2),
    Kind("a frozen broker, 3 s", "nobody waits for it", _broker_frozen, 1),
    Kind("a database connection cut", "the job goes on over a new one", _connections_cut, 3),
    Kind("the database away, 2 s", "the same", _database_away, 1),
    Kind("rows, or SQLite, held by a transaction that hangs, 3 s", "skipped or waited for", _lock_held, 1),
    Kind("a full disk, 3 s", "what was not stored is asked for again", _disk_full, 1),
    Kind("the provider away, 4 s for an hour", "nothing is believed, all is asked for again", _provider_away, 1),
    Kind("the quota cut in half, 4 s", "the limiter slows down by itself", _quota_halved, 1),
)
