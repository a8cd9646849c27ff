"""What processes say of themselves: that they live, and how far their host's clock is from the database's."""

import logging
import os
import socket
import threading
import time
from datetime import timedelta
from typing import Any

from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Q

from scheduling import clock
from scheduling.models import Heartbeat
from scheduling.transactions import bounded

log = logging.getLogger(__name__)

EVERY_SECONDS = 15.0
FORGOTTEN_AFTER = timedelta(hours=1)


class Heart:
    """Measures and notes the distance of a process's clock, at once and every EVERY_SECONDS."""

    def __init__(self, process: str) -> None:
        self.process = process[:128]
        self._beaten_at = float("-inf")
        self._is_new = True
        self._is_off = False

    def beat_in_time(self) -> None:
        """Beat where it is time to. A database that is away is for others to tell."""
        if time.monotonic() - self._beaten_at < EVERY_SECONDS:
            return
        self._beaten_at = time.monotonic()
        try:
            self.beat()
        except (DatabaseError, InterfaceError) as error:
            log.warning("The heartbeat of %s cannot be written: %s", self.process, error)
            connection.close()

    def beat(self) -> None:
        """Measure, tell, and note. Raises what the database raises."""
        offset = clock.distance()
        self._tell(offset)
        with bounded():
            now = clock.now()
            fields = {"beat_at": now, "clock_offset_seconds": offset}
            started = {**fields, "started_at": now}
            defaults = started if self._is_new else fields
            Heartbeat.objects.update_or_create(process=self.process, defaults=defaults, create_defaults=started)
            gone = Q(beat_at__lt=now - FORGOTTEN_AFTER) | Q(beat_at__gt=now + clock.SLACK)
            Heartbeat.objects.filter(gone).delete()
        self._is_new = False

    def stop(self) -> None:
        """Be forgotten, at an orderly end."""
        try:
            with bounded():
                Heartbeat.objects.filter(process=self.process).delete()
        except (DatabaseError, InterfaceError) as error:
            log.warning("The heartbeat of %s stays for a while: %s", self.process, error)

    def _tell(self, offset: float) -> None:
        was_off, self._is_off = self._is_off, clock.is_off(offset)
        if self._is_off and not was_off:
            log.warning("%s Decisions are made by the database's clock.", clock.told(self.process, offset))
        elif was_off and not self._is_off:
            log.info("The clock of %s agrees with the database's again", self.process)


def name(kind: str) -> str:
    """Of this process, such as web@server:812."""
    return f"{kind}@{socket.gethostname()}:{os.getpid()}"


def start(process: str) -> None:
    """Let this process's heart beat in a thread until it ends."""
    heart = Heart(process)
    threading.Thread(target=_beat_on, args=[heart], name="heartbeat", daemon=True).start()


def _beat_on(heart: Heart) -> None:
    while True:
        heart.beat_in_time()
        # Held open between the beats, it would be one more connection for each process.
        connection.close()
        time.sleep(EVERY_SECONDS)


def processes() -> list[dict[str, Any]]:
    """Of each process that is known: `process`, `heartbeat_age_seconds`, `clock_offset_seconds`."""
    now = clock.now()
    return [
        {
            "process": heartbeat.process,
            "heartbeat_age_seconds": round((now - heartbeat.beat_at).total_seconds(), 1),
            "clock_offset_seconds": round(heartbeat.clock_offset_seconds, 3) + 0.0,
        }
        for heartbeat in Heartbeat.objects.all()
    ]


def clock_warnings() -> list[str]:
    """A sentence for each process whose clock is off."""
    return [
        clock.told(process["process"], process["clock_offset_seconds"])
        for process in processes()
        if clock.is_off(process["clock_offset_seconds"])
    ]
