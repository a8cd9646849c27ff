"""Jobs declared for one test, and a broker in memory."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
import time_machine
from django.db import connections
from django.db.utils import ConnectionHandler
from kombu import Connection
from pytest_django import DjangoDbBlocker

from scheduling import control, registry, waking
from scheduling.models import Execution, JobConfig
from scheduling.registry import Job
from stocksync import celery_app
from stocksync.broker import broker_settings
from stocksync.databases import database_from_url
from tests.scheduling.environments import environment
from tests.scheduling.installation import Installation
from tests.scheduling.servers import RABBITMQ_URL, REDIS_URL, RedisServer, answering_redis, own_server, purge

Declare = Callable[..., JobConfig]
ALL_BROKERS = pytest.mark.parametrize("broker_url", ["embedded", "redis", "rabbitmq"], indirect=True)


@pytest.fixture(autouse=True)
def broker_in_memory() -> Iterator[None]:
    before = celery_app.conf.broker_url, celery_app.conf.broker_transport_options
    celery_app.conf.update(broker_url="memory://", broker_transport_options={})
    waking.begin_anew()
    with celery_app.connection_for_write() as connection:
        for queue in ("sync", "control"):
            channel: Any = connection.default_channel
            channel.queue_declare(queue)
            channel.queue_purge(queue)
    yield
    celery_app.conf.update(broker_url=before[0], broker_transport_options=before[1])


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> dict[str, Job]:
    """The registry, empty for this test."""
    known: dict[str, Job] = {}
    monkeypatch.setattr(registry, "_jobs", known)
    return known


@pytest.fixture
def declare(jobs: dict[str, Job]) -> Declare:
    """Declares a job and configures it: `declare(function, schedule=…, **fields of JobConfig)`."""

    def declare_one(function: Any = lambda context: None, name: str = "job", **fields: Any) -> JobConfig:
        options = {key: fields.pop(key) for key in ("kwargs_model", "retry_on") if key in fields}
        registry.register(Job(name=name, title=name.title(), description="It.", function=function, **options))
        return control.create(name, **fields)

    return declare_one


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """A clock that stands still at noon in Shanghai, on a Monday, until it is moved."""
    with time_machine.travel(datetime(2026, 6, 1, 4, 0, tzinfo=UTC), tick=False) as traveller:
        yield traveller


def empty(queue: str) -> None:
    with celery_app.connection_for_write() as connection:
        channel: Any = connection.default_channel
        channel.queue_purge(queue)


def waiting_messages(queue: str) -> int:
    with celery_app.connection_for_write() as connection:
        channel: Any = connection.default_channel
        return int(channel.queue_declare(queue, passive=True).message_count)


POSTGRES_URL = "postgresql://postgres@127.0.0.1:5432"


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database with all tables and nothing in them."""
    folder = tmp_path_factory.mktemp("migrated")
    migrate(environment(folder, "", ""))
    return folder / "stocksync.sqlite3"


@pytest.fixture(scope="session")
def postgres_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL database with all tables."""
    name = f"scheduling_test_{os.getpid()}"
    try:
        server = psycopg.connect(f"{POSTGRES_URL}/postgres", autocommit=True, connect_timeout=5)
    except psycopg.OperationalError:
        pytest.skip("no PostgreSQL answers")
    with server:
        server.execute(f"CREATE DATABASE {name}")
        migrate(environment(tmp_path_factory.mktemp("postgres"), "", f"{POSTGRES_URL}/{name}"))
        yield f"{POSTGRES_URL}/{name}"
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def migrate(environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "django", "migrate", "--verbosity", "0"]
    subprocess.run(command, env=environment, check=True)


@pytest.fixture
def broker_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Embedded unless the test names others: `parametrize("broker_url", […], indirect=True)`."""
    kind = getattr(request, "param", "embedded")
    if kind == "redis":
        yield from _redis()
    elif kind == "rabbitmq":
        yield from _rabbitmq()
    elif kind == "own redis":
        yield request.getfixturevalue("redis_server").url
    else:
        yield ""


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis server of this test's own, running."""
    server = own_server(tmp_path)
    yield server
    server.kill()


def _redis() -> Iterator[str]:
    with answering_redis(REDIS_URL) as client:
        client.flushdb()
        yield REDIS_URL
        client.flushdb()


def _rabbitmq() -> Iterator[str]:
    """RabbitMQ's own vhost can only be made by its administrator, so the queues are emptied instead."""
    with Connection(RABBITMQ_URL, connect_timeout=3) as connection:
        away: tuple[type[BaseException], ...] = (OSError, *connection.connection_errors)
        try:
            connection.connect()
        except away:
            pytest.skip("no RabbitMQ answers, or it has no vhost stocksync-scheduling-test")
        purge(connection)
    yield RABBITMQ_URL
    with Connection(RABBITMQ_URL) as connection:
        purge(connection)


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An SQLite file unless the test names PostgreSQL."""
    if getattr(request, "param", "sqlite") == "postgresql":
        return str(request.getfixturevalue("postgres_database"))
    shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "stocksync.sqlite3")
    return ""


@pytest.fixture
def installation(
    tmp_path: Path, broker_url: str, database_url: str, django_db_blocker: DjangoDbBlocker, broker_in_memory: None
) -> Iterator[Installation]:
    """An installation whose database and broker this process uses too."""
    theirs = connections["default"]
    url, options = broker_settings(broker_url, tmp_path)
    celery_app.conf.update(broker_url=url, broker_transport_options=options)
    place = Installation(tmp_path, environment(tmp_path, broker_url, database_url))
    with django_db_blocker.unblock():
        connections["default"] = ConnectionHandler({"default": database_from_url(database_url, tmp_path, demo=False)})[
            "default"
        ]
        try:
            yield place
        finally:
            place.stop()
            if database_url:
                Execution.objects.all().delete()
                for config in JobConfig.objects.all():
                    control.delete(config.job_id)
            connections["default"].close()
            connections["default"] = theirs
