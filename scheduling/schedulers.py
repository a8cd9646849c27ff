"""Beat's scheduler: django-celery-beat's, without its early and double runs, and with one leader of several beats.

What beat sends is only a hint to look: `dispatching` decides, once per due moment. Runs that were missed while no
beat was there are for the sweep, so beat itself sends nothing older than `CELERY_BEAT_CRON_STARTING_DEADLINE`.
"""

import os
import socket
import time
import uuid
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from typing import Any

from celery.utils.log import get_logger
from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection
from django_celery_beat import schedulers
from kombu import Connection
from kombu.exceptions import OperationalError as BrokerError

from scheduling import beat_rows, clock, heartbeats, leases, waking
from scheduling.beat_entries import Entry
from scheduling.leases import LEADER, LEADER_SECONDS
from scheduling.tasks import CONTROL_QUEUE, SWEEP

log = get_logger(__name__)

CHECK_SECONDS = 1.0
NAMES_TOLD = 10
SCHEDULES = ("interval", "crontab", "solar", "clocked")


def _columns(model: Any) -> list[str]:
    """Whatever may change about an entry."""
    own = [field.attname for field in model._meta.concrete_fields]
    related = [f"{name}__{field.name}" for name in SCHEDULES for field in _schedule_fields(model, name)]
    return [*own, *related, "job_config__schedule_since"]


def _schedule_fields(model: Any, name: str) -> Any:
    return model._meta.get_field(name).related_model._meta.concrete_fields


def _tell(count: int, read: list[str]) -> None:
    names = ", ".join(read[:NAMES_TOLD]) + (" and others" if len(read) > NAMES_TOLD else "")
    if read:
        log.info("%d schedules are on; read now: %s", count, names)


class DatabaseScheduler(schedulers.DatabaseScheduler):  # type: ignore[misc]
    """Reads all enabled rows, survives a database that is away, asks for the sweep, and leads or waits."""

    Entry = Entry
    _heap_invalidated: bool
    _schedule: dict[str, Any] | None
    _last_timestamp: datetime | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._is_leader = False
        self._checked_at = self._swept_at = float("-inf")
        self._heartbeat = heartbeats.Heart(heartbeats.name("beat"))
        self._pace = clock.Pace()
        self._rows: dict[str, tuple[Any, ...]] = {}
        super().__init__(*args, **kwargs)

    def setup_schedule(self) -> None:
        """Write nothing: entries of the settings would overwrite what operators decided, at every start."""

    def enabled_models_qs(self) -> Any:
        """All of them: the stock scheduler leaves out what is hours away and then runs it at the wrong time."""
        return self.Model.objects.filter(enabled=True)

    def all_as_schedule(self) -> dict[str, Any]:
        """Entries of the rows that changed since the last reading are made anew; thousands of others stay."""
        # Else an edit between the first reading and the first question for changes is noticed after five minutes.
        self._last_timestamp = self._last_timestamp or self.Changes.last_change()
        rows = {row[0]: row for row in self.enabled_models_qs().values_list("name", *_columns(self.Model))}
        same = {name for name, row in rows.items() if row == self._rows.get(name)}
        kept = {name: entry for name, entry in (self._schedule or {}).items() if name in same}
        made = self._entries([name for name in rows if name not in same])
        _tell(len(rows), sorted((self._rows.keys() | rows.keys()) - same))
        self._rows = rows
        return kept | made

    def _entries(self, names: list[str]) -> dict[str, Any]:
        related = self.enabled_models_qs().select_related(*SCHEDULES, "job_config")
        entries, now = {}, clock.now()
        for name, model in related.in_bulk(names, field_name="name").items():
            if config := getattr(model, "job_config", None):
                beat_rows.note_change(config, now)
            with suppress(ValueError):
                entries[name] = self.Entry(model, app=self.app)
        return entries

    def schedule_changed(self) -> bool:
        """Whether the latest edit bears another time than before, be it an earlier one: its clock may have been set."""
        close_old_connections()
        before, self._last_timestamp = self._last_timestamp, self.Changes.last_change()
        return self._last_timestamp != before

    def reserve(self, entry: Any) -> Any:
        """The entry after it has been sent, for the next reading to keep; the stock scheduler keeps the one before."""
        reserved = super().reserve(entry)
        if self._schedule is not None:
            self._schedule[reserved.name] = reserved
        return reserved

    def schedules_equal(self, *args: Any, **kwargs: Any) -> bool:
        """Only a reload changes the entries; comparing thousands of them at every tick costs more than the tick."""
        invalidated, self._heap_invalidated = self._heap_invalidated, False
        return not invalidated

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """One step; the seconds until the next one."""
        try:
            self._heartbeat.beat_in_time()
            if not self._leads():
                return CHECK_SECONDS
            self._ask_for_sweep()
            if self._pace.has_jumped():
                self._heap = None
            return float(min(super().tick(*args, **kwargs), settings.SCHEDULING_SWEEP_SECONDS))
        except (BrokerError, OSError) as error:
            log.error("The broker cannot be used; the sweeps start what beat cannot: %s", error)
            # The entry that could not be sent is in the heap no more.
            self._heap = None
            return CHECK_SECONDS
        except (DatabaseError, InterfaceError) as error:
            log.error("The database cannot be used; beat waits for it: %s", error)
            connection.close()
            self._read_afresh()
            return CHECK_SECONDS

    @cached_property
    def connection(self) -> Connection:
        return waking.quick_connection()

    def _ensure_connected(self) -> Connection:
        """Try once: a beat that waits here for its broker loses the lead, and is told of no edit."""
        return self.connection.ensure_connection(max_retries=1, interval_start=0)

    def close(self) -> None:
        super().close()
        self._heartbeat.stop()
        log.info("This beat stops")
        try:
            leases.release(LEADER, self._holder)
        except (DatabaseError, InterfaceError) as error:
            log.warning("The lead of beat runs out by itself: %s", error)

    def _leads(self) -> bool:
        if time.monotonic() - self._checked_at < CHECK_SECONDS:
            return self._is_leader
        close_old_connections()
        was_leader, self._is_leader = self._is_leader, leases.hold(LEADER, self._holder, LEADER_SECONDS)
        self._checked_at = time.monotonic()
        if self._is_leader and not was_leader:
            log.info("This beat leads")
            self._read_afresh()
        return self._is_leader

    def _read_afresh(self) -> None:
        self._initial_read, self._heap, self._rows = True, None, {}

    def _ask_for_sweep(self) -> None:
        if time.monotonic() - self._swept_at >= settings.SCHEDULING_SWEEP_SECONDS:
            self._swept_at = time.monotonic()
            waking.publish_once(SWEEP, CONTROL_QUEUE)
