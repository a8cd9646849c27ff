"""Start everything in one terminal."""

import os
import secrets
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError

from market_data.engine.storing.origin import BANNER
from market_data.models import SyncTask
from market_data.queries.progress import progress_of, with_progress
from scheduling.installing import install_schedules
from scheduling.models import Execution
from scheduling.running import trigger_now
from stocksync.supervisor import Child, supervise

DATABASE_PAUSE_SECONDS = 3
PROGRESS_SECONDS = 5
ADMIN = "admin"
FIRST_JOB = "sync_daily_history"


class Command(BaseCommand):
    help = "Run the web site, the workers and beat until Ctrl-C; what dies is started again."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
        parser.add_argument("--port", type=int, default=8000, help="port of the web site (default: 8000)")

    def handle(self, *args: Any, **options: Any) -> None:
        # What our processes write into the data folder is for its owner alone.
        os.umask(0o077)
        host, port = options["host"], options["port"]
        _refuse_taken(host, port)
        try:
            self._prepare()
        except KeyboardInterrupt:
            return
        _remember_demonstration()
        self._greet(host, port)
        patience = settings.SCHEDULING_SHUTDOWN_SECONDS + 5
        commands = {"web": _web(host, port), **_celery()}
        children = [Child(name, command) for name, command in commands.items()]
        supervise(children, patience, FirstSync(self._first_sync(), self.stdout.write).look)
        self.stdout.write("Stopped.")

    def _prepare(self) -> None:
        """Wait for the database, then bring its tables and the default schedules up to date."""
        while True:
            try:
                call_command("migrate", verbosity=0, interactive=False)
                break
            except (OperationalError, InterfaceError) as error:
                text = " ".join(str(error).split())
                self.stderr.write(f"The database does not answer ({text}); trying again. Is DATABASE_URL right?")
                time.sleep(DATABASE_PAUSE_SECONDS)
        install_schedules()
        call_command("collectstatic", verbosity=0, interactive=False)

    def _greet(self, host: str, port: int) -> None:
        if settings.DEMO:
            self.stdout.write(BANNER)
        if os.geteuid() == 0:
            # Each Celery process would say so at length.
            os.environ["PYTHONWARNINGS"] = "ignore::UserWarning:celery.platforms"
            self.stdout.write("This is root; on a server give stocksync a user of its own (docs/production.md).")
        self.stdout.write(f"stocksync is at http://{host}:{port}/ - Ctrl-C stops it.")
        users = get_user_model().objects
        if not users.filter(is_superuser=True).exists():
            password = secrets.token_urlsafe(12)
            users.create_superuser(ADMIN, password=password)
            self.stdout.write(f"User {ADMIN}, password {password} (shown only this once).")
        self.stdout.flush()

    def _first_sync(self) -> Execution | None:
        """Queue the history once, where it can be had, so that nobody looks at an empty site."""
        if (settings.TUSHARE_TOKEN or settings.DEMO) and not Execution.objects.exists():
            return trigger_now(FIRST_JOB)
        return None


class FirstSync:
    """Says now and then how far the first history is, until it is there."""

    def __init__(self, execution: Execution | None, say: Callable[[str], object]) -> None:
        self._execution = execution
        self._say = say
        self._said = ""
        self._look_after = 0.0

    def look(self) -> None:
        if self._execution is None or time.monotonic() < self._look_after:
            return
        self._look_after = time.monotonic() + PROGRESS_SECONDS
        with suppress(OperationalError, InterfaceError):
            self._execution.refresh_from_db()
            is_over = self._execution.finished_at is not None
            words = f"The first sync has ended: {self._execution.status}." if is_over else _running_now()
            if words != self._said:
                self._say(words)
                sys.stdout.flush()
            self._said, self._execution = words, None if is_over else self._execution


def _running_now() -> str:
    task = with_progress(SyncTask.objects.filter(status=SyncTask.Status.RUNNING)).order_by("-started_at").first()
    if task is None:
        return "The first sync is about to begin."
    seen = progress_of(task)
    left = "" if seen["seconds_left"] is None else f", about {seen['seconds_left']} s left"
    calls = f"{seen['requests_done']} of {seen['requests_planned']} calls"
    return f"First sync, {task.dataset}: {calls}, {seen['rows']:,} rows{left}."


def _remember_demonstration() -> None:
    """Commands typed beside follow it; a start with real data ends it."""
    if settings.DEMO:
        settings.DEMO_MARKER.touch()
    else:
        settings.DEMO_MARKER.unlink(missing_ok=True)


def _refuse_taken(host: str, port: int) -> None:
    """The web site would die again and again, behind the messages of the others."""
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((host, port))
        except (OSError, OverflowError) as error:
            advice = "Is stocksync running already? Else choose another address with --host and --port."
            raise CommandError(f"The site cannot be at {host}:{port} ({error}). {advice}", returncode=2) from error


def _web(host: str, port: int) -> list[str]:
    address = f"{host}:{port}"
    if settings.DEBUG:
        return [sys.executable, "-m", "django", "runserver", "--noreload", address]
    options = ["--workers", "1", "--threads", str(settings.WEB_THREADS), "--graceful-timeout", "2"]
    options += ["--log-level", "warning"]
    return [sys.executable, "-m", "gunicorn", "stocksync.wsgi", "--bind", address, *options]


def _celery() -> dict[str, list[str]]:
    """The Celery processes by name. Dispatch and the sweep never wait behind long jobs: they have a worker.

    They skip the system checks, which this command has made: looking at the web site's pages costs each 20 MB.
    """
    celery = [sys.executable, "-m", "celery", "-A", "stocksync", "--quiet", "--skip-checks"]
    quiet = ["--loglevel", "WARNING"]
    worker = ["--without-gossip", "--without-mingle", *quiet]
    return {
        "control worker": [*celery, "worker", "-Q", "control", "-n", "control@%h", "--pool", "solo", *worker],
        "sync worker": [*celery, "worker", "-Q", "sync", "-n", "sync@%h", *worker],
        "beat": [*celery, "beat", "--pidfile=", *quiet],
    }
