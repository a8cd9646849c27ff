"""Work and faults side by side for a while, then quiet, then the count of what is wrong."""

import math
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pandas as pd
from django.db import Error, connection

from market_data.datasets import DATASETS
from market_data.jobs.backfilling import NAME as BACKFILL
from market_data.models import Partition
from scheduling import control, installing, registry, running
from scheduling.models import Execution
from tests.faults.kinds import KINDS
from tests.faults.stack import ANSWERS, CALLS, PROCESSES, WINDOW_SECONDS, Stack
from tests.market_data.engine.audit.loading import rows_of
from tests.scheduling.sample import jobs as sample

BROUGHT = {"daily": "close", "adj_factor": "adj_factor", "daily_basic": "turnover_rate"}
"""Datasets, and the column of each that is compared."""
MARKED = 4
SETTLING_SECONDS = 240
"""How long the stack has, once nothing disturbs it, to end what was begun."""


def run(stack: Stack, seconds: int) -> dict[str, Any]:
    _command(stack, "migrate", "--verbosity", "0")
    _configure(stack)
    stack.source.rules = replace(stack.source.rules, quota=(f"{CALLS}/{WINDOW_SECONDS}",), fault=ANSWERS, hang=5.0)
    stack.place.start(*PROCESSES)
    _disturb(stack, seconds)
    stack.source.rules = replace(stack.source.rules, fault={})
    _settle(stack)
    unknown = _unknown_holes(stack)
    for name in BROUGHT:  # what is missing and known to be, as a person brings it
        _command(stack, "sync", name, "--end", "20251231", "--json")
    spoiled = Counter(call.outcome for call in stack.source.calls if call.outcome in ANSWERS)
    faults = stack.faults + Counter({f"an answer: {name}": count for name, count in spoiled.items()})
    return {
        "faults": dict(faults),
        "expected": {kind.name: kind.expected for kind in KINDS}
        | {f"an answer: {name}": "asked for again" for name in ANSWERS},
        "wrong": {
            "holes that the ledger does not know": unknown,
            **_wrong_data(stack),
            **_wrong_runs(stack),
            "refusals for rate": _refusals(stack),
        },
        "done": {
            "calls answered": len(stack.source.calls),
            "runs": Execution.objects.count(),
            "attempts lost": sum(Execution.objects.values_list("losses", flat=True)),
        },
    }


def _configure(stack: Stack) -> None:
    installing.install(registry.find(BACKFILL))
    for number in range(MARKED):
        kwargs = {"trace": str(stack.place.folder / f"marks{number}"), "count": 5, "seconds": 0.1}
        schedule = control.interval(2)
        control.create(f"marks{number}", job_type="sample_marks", job_kwargs=kwargs, schedule=schedule)


def _disturb(stack: Stack, seconds: int) -> None:
    ends = time.monotonic() + seconds
    names = [kind for kind in KINDS for _ in range(kind.weight)]
    while time.monotonic() < ends:
        with suppress(Error, OSError):  # our own connection is among those that are cut
            _keep_busy()
        kind = stack.chance.choice(names)
        with suppress(Error):
            stack.faults[kind.name] += kind.happens(stack)
        connection.close()
        time.sleep(stack.chance.uniform(0.1, 1.0))
    stack.faults = +stack.faults


def _keep_busy() -> None:
    if not Execution.objects.filter(job_id=BACKFILL, finished_at=None).exists():
        running.trigger_now(BACKFILL, {"datasets": list(BROUGHT), "end": "2025-12-31"})


def _settle(stack: Stack) -> None:
    """Let everything end that was begun."""
    for name in PROCESSES:
        stack.place.kill_tree(name)
        stack.place.start(name)
    for number in range(MARKED):
        control.set_cron(f"marks{number}", "0 0 1 1 *")
    _keep_busy()
    ends = time.monotonic() + SETTLING_SECONDS
    while Execution.objects.filter(finished_at=None).exists() and time.monotonic() < ends:
        time.sleep(0.5)


def _command(stack: Stack, *arguments: str) -> int:
    command = [sys.executable, "manage.py", *arguments]
    ran = subprocess.run(command, env=stack.place.environment, capture_output=True, text=True)
    if ran.returncode:
        print(" ".join(arguments), ran.stdout[-2000:], ran.stderr[-2000:], file=sys.stderr)  # noqa: T201
    return ran.returncode


def _unknown_holes(stack: Stack) -> int:
    """Bars, and what belongs to them, that are not stored on days that the ledger calls complete."""
    bars = {*_keys(rows_of(stack.source.market, "daily"))}
    holes = 0
    for name in BROUGHT:
        settled = Partition.objects.filter(dataset=name, state__in=["complete", "absent"])
        closed = {f"{day:%Y%m%d}" for day in settled.values_list("trade_date", flat=True)}
        theirs = {key for key in _keys(rows_of(stack.source.market, name)) if key in bars and key[1] in closed}
        holes += len(theirs - _stored(name).keys())
    return holes


def _wrong_data(stack: Stack) -> dict[str, int]:
    """Against the source, row for row and to the last price. A factor of a day without a bar is not waited for."""
    bars = {*_keys(rows_of(stack.source.market, "daily"))}
    wrong = Counter({"rows lost": 0, "rows doubled": 0, "rows changed": 0})
    for name, column in BROUGHT.items():
        rows = rows_of(stack.source.market, name)
        theirs = dict(zip(_keys(rows), rows[column], strict=True))
        ours = _stored(name)
        wrong["rows lost"] += len({key for key in theirs if key in bars} - ours.keys())
        wrong["rows doubled"] += DATASETS[name].model._default_manager.count() - len(ours)
        wrong["rows changed"] += sum(not _same(theirs.get(key), value) for key, value in ours.items())
    return dict(wrong)


def _stored(name: str) -> dict[tuple[str, str], float]:
    rows = DATASETS[name].model._default_manager.values_list("symbol", "trade_date", BROUGHT[name])
    return {(symbol, f"{day:%Y%m%d}"): value for symbol, day, value in rows}


def _keys(rows: pd.DataFrame) -> list[tuple[str, str]]:
    return list(zip(rows["ts_code"], rows["trade_date"], strict=True))


def _same(theirs: Any, ours: Any) -> bool:
    if theirs is None or ours is None:
        return theirs is ours
    return math.isclose(float(theirs), float(ours), rel_tol=1e-6, abs_tol=1e-6)


def _wrong_runs(stack: Stack) -> dict[str, int]:
    moments = Counter(Execution.objects.exclude(scheduled_for=None).values_list("job_id", "scheduled_for"))
    return {
        "moments run twice": sum(count - 1 for count in moments.values()),
        "steps taken twice": sum(_doubled(sample.traces(stack.place.folder / f"marks{n}")) for n in range(MARKED)),
        "runs that never ended": Execution.objects.filter(finished_at=None).count(),
    }


def _doubled(lines: list[str]) -> int:
    """Steps that two attempts took at once: one of an earlier attempt after one of a later."""
    seen, newest, doubled = set(), dict[str, int](), 0
    for line in lines:
        moment, attempt, number = line.rsplit(" ", 2)
        doubled += (moment, attempt, number) in seen or int(attempt) < newest.get(moment, 0)
        seen.add((moment, attempt, number))
        newest[moment] = max(newest.get(moment, 0), int(attempt))
    return doubled


def _refusals(stack: Stack) -> int:
    """Refused calls, but for those while the quota was cut."""
    refused = [call.at for call in stack.source.calls if call.outcome == "quota"]
    return sum(1 for at in refused if not any(start <= at <= end for start, end in stack.cuts))
