"""What every test may use: the databases, a stand-in provider, published history where it is at hand."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.core.cache import cache
from django.db.backends.postgresql.operations import DatabaseOperations
from django.utils import timezone

CLOCKS_OF_THE_DATABASE = (
    "scheduling.clock.now",
    "scheduling.clock.about_now",
    "market_data.engine.ledger.clock.now",
)
SHARED_DATA = Path(os.environ.get("STOCKSYNC_SHARED_DATA") or Path(__file__).parents[2] / "shared" / "data")


def _empty_what_is_filled(
    operations: DatabaseOperations,
    style: Any,
    tables: Sequence[str],
    *,
    reset_sequences: bool = False,
    allow_cascade: bool = False,
) -> list[str]:
    """The statements that empty the tables after a test. Truncating all of them takes longer than most tests."""
    quoted = [operations.quote_name(table) for table in tables]
    with operations.connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(f"(SELECT '{name}' FROM {name} LIMIT 1)" for name in quoted))
        filled = [row[0] for row in cursor.fetchall()]
    # Without the role the order of the tables would matter.
    roles = ("SET session_replication_role = replica", "SET session_replication_role = DEFAULT")
    return [roles[0], *(f"DELETE FROM {name}" for name in filled), roles[1]] if filled else []


@pytest.fixture(autouse=True, scope="session")
def quick_flush() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", _empty_what_is_filled)
        yield


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--with-database", action="store_true", help="only the tests that ask for the database")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--with-database"):
        config.hook.pytest_deselected(items=[item for item in items if not _asks_for_database(item)])
        items[:] = [item for item in items if _asks_for_database(item)]


def _asks_for_database(item: pytest.Item) -> bool:
    asked = {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
    return bool(asked) or item.get_closest_marker("django_db") is not None


def pytest_configure() -> None:
    """What processes share is for the tests of it; what one test counts is nothing to the next."""
    project.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    cache.clear()


@pytest.fixture(autouse=True)
def clocks_of_the_host(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever moves a test's clock moves the database's with it, but for tests marked `database_clock`."""
    if request.node.get_closest_marker("database_clock") is None:
        for name in CLOCKS_OF_THE_DATABASE:
            monkeypatch.setattr(name, timezone.now)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Published history of real stocks. Tests that need it are skipped where it is not."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"there is no published history at {SHARED_DATA}; STOCKSYNC_SHARED_DATA names another place")
    return SHARED_DATA
