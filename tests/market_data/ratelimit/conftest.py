import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import redis

from market_data.ratelimit.redis_store import KEY
from tests.scheduling.servers import answering_redis

REDIS_URL = "redis://127.0.0.1:6379/11"
POSTGRES_URL = "postgresql://postgres@127.0.0.1:5432"


@pytest.fixture(scope="session")
def redis_client() -> Iterator[redis.Redis]:
    with answering_redis(REDIS_URL) as client:
        yield client


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A database that has nothing but the table."""
    name = f"ratelimit_test_{os.getpid()}"
    try:
        server = psycopg.connect(f"{POSTGRES_URL}/postgres", autocommit=True, connect_timeout=5)
    except psycopg.OperationalError:
        pytest.skip("no PostgreSQL answers")
    with server:
        server.execute(f"CREATE DATABASE {name}")
        with psycopg.connect(f"{POSTGRES_URL}/{name}") as database:
            database.execute("CREATE TABLE rate_limit_state (account varchar(64) PRIMARY KEY, state jsonb NOT NULL)")
        yield f"{POSTGRES_URL}/{name}"
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def redis_account(redis_client: redis.Redis) -> Iterator[str]:
    account = uuid4().hex
    yield account
    redis_client.delete(KEY.format(account=account))


@pytest.fixture(params=["file", "postgresql", "redis"])
def environment(request: pytest.FixtureRequest, tmp_path: Path) -> Mapping[str, str]:
    """The settings of an installation that counts calls in a file, in PostgreSQL or in Redis."""
    chosen = {"DATABASE_URL": "", "RATE_LIMIT_REDIS_URL": "", "STOCKSYNC_VAR": str(tmp_path), "TEST_ACCOUNT": "a"}
    if request.param == "postgresql":
        chosen |= {"DATABASE_URL": request.getfixturevalue("postgres_url"), "TEST_ACCOUNT": uuid4().hex}
    if request.param == "redis":
        chosen |= {"RATE_LIMIT_REDIS_URL": REDIS_URL, "TEST_ACCOUNT": request.getfixturevalue("redis_account")}
    return chosen
