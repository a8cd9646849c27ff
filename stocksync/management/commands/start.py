"""Start everything in one terminal."""

import secrets
import socket
import sys
import time
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError

from market_data.engine.origin import BANNER
from scheduling.installing import install_schedules
from scheduling.models import Execution
from scheduling.running import trigger_now
from stocksync.supervisor import Child, supervise

DATABASE_PAUSE_SECONDS = 3
ADMIN = "admin"
FIRST_JOB = "sync_daily_history"


class Command(BaseCommand):
    help = "Run the web site, the workers and beat until Ctrl-C; what dies is started again."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine only)")
        parser.add_argument("--port", type=int, default=8000, help="port of the web site (default: 8000)")

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = options["host"], options["port"]
        _refuse_taken(host, port)
        try:
            self._prepare()
        except KeyboardInterrupt:
            return
        self._greet(host, port)
        self._first_sync()
        patience = settings.SCHEDULING_SHUTDOWN_SECONDS + 5
        commands = {"web": _web(host, port), **_celery()}
        supervise([Child(name, command) for name, command in commands.items()], patience)
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
        self.stdout.write(f"stocksync is at http://{host}:{port}/ - Ctrl-C stops it.")
        users = get_user_model().objects
        if not users.filter(is_superuser=True).exists():
            password = secrets.token_urlsafe(12)
            users.create_superuser(ADMIN, password=password)
            self.stdout.write(f"User {ADMIN}, password {password} (shown only this once).")
        self.stdout.flush()

    def _first_sync(self) -> None:
        """Queue the history once, where it can be had, so that nobody looks at an empty site."""
        if (settings.TUSHARE_TOKEN or settings.DEMO) and not Execution.objects.exists():
            trigger_now(FIRST_JOB)


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
    options = ["--workers", "2", "--threads", "4", "--graceful-timeout", "2", "--log-level", "warning"]
    return [sys.executable, "-m", "gunicorn", "stocksync.wsgi", "--bind", address, *options]


def _celery() -> dict[str, list[str]]:
    """The Celery processes by name. Dispatch and the sweep never wait behind long jobs: they have a worker."""
    celery = [sys.executable, "-m", "celery", "-A", "stocksync", "--quiet"]
    quiet = ["--loglevel", "WARNING"]
    worker = ["--without-gossip", "--without-mingle", *quiet]
    return {
        "control worker": [*celery, "worker", "-Q", "control", "-n", "control@%h", "--pool", "solo", *worker],
        "sync worker": [*celery, "worker", "-Q", "sync", "-n", "sync@%h", *worker],
        "beat": [*celery, "beat", "--pidfile=", *quiet],
    }
