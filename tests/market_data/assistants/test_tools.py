"""What assistants are told, by the protocol's own client."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from knox.models import AuthToken
from mcp import Client, StdioServerParameters

from market_data.assistants.asking import LocalReader
from market_data.assistants.server import for_tokens, local
from market_data.models import Partition, SyncTask
from stocksync import roles
from tests.market_data.builders import DAILY, A, B, add_calendar, add_securities, counted, store_cells

pytestmark = pytest.mark.django_db(transaction=True)
MONDAY, TUESDAY = date(2024, 1, 8), date(2024, 1, 9)
ROOT = Path(__file__).parents[3]
WINDOW = {"start": "2024-01-08", "end": "2024-01-09"}


@pytest.fixture(autouse=True)
def stored() -> None:
    """Two stocks on Monday, one of them on Tuesday."""
    add_calendar(date(2024, 1, 8), date(2024, 1, 12))
    add_securities(A, B)
    store_cells(DAILY, [A, B], [MONDAY])
    store_cells(DAILY, [A], [TUESDAY])
    for day in (MONDAY, TUESDAY):
        counted(DAILY, day)


def person(group: str) -> User:
    roles.install()
    user = User.objects.create_user(group)
    user.groups.add(Group.objects.get(name=group))
    return user


def told(server: Any, tool: str, **given: Any) -> Any:
    """What a tool answers: its value, or the sentence of an error."""

    async def call() -> Any:
        async with Client(server) as client:
            return await client.call_tool(tool, given)

    return values(asyncio.run(call()))


def values(answer: Any) -> Any:
    texts = [block.text for block in answer.content]
    return texts[0] if answer.is_error else [json.loads(text) for text in texts]


def names(server: Any) -> set[str]:
    async def ask() -> Any:
        async with Client(server) as client:
            return await client.list_tools()

    return {tool.name for tool in asyncio.run(ask()).tools}


def test_bars_come_with_what_is_missing_of_them() -> None:
    (answer,) = told(local(LocalReader()), "bars", **WINDOW)
    assert [(bar["symbol"], bar["trade_date"]) for bar in answer["bars"]] == [
        (A, "2024-01-08"),
        (A, "2024-01-09"),
        (B, "2024-01-08"),
    ]
    assert (answer["is_cut"], answer["complete_until"]) == (False, "2024-01-08")
    assert answer["holes"] == {"partial": 1, "newest": ["2024-01-09"]}


def test_what_is_whole_has_no_holes_and_what_is_cut_says_so() -> None:
    given = {"start": "2024-01-08", "end": "2024-01-08", "limit": 1}
    (answer,) = told(local(LocalReader()), "rows", dataset="daily", **given)
    assert (len(answer["rows"]), answer["is_cut"], answer["holes"]) == (1, True, {})


def test_the_market_of_a_day_and_its_coverage() -> None:
    server = local(LocalReader())
    (universe,) = told(server, "stocks_on", day="2024-01-08")
    assert [stock["symbol"] for stock in universe["stocks"]] == [A, B]
    (found,) = told(server, "coverage", dataset="daily", **WINDOW)
    assert (found["complete"], found["partial"], found["cells"][0]["symbols"]) == (1, 1, [B])


def test_the_price_of_what_is_missing() -> None:
    (price,) = told(local(LocalReader()), "price_of_sync", dataset="daily", **WINDOW)
    assert (price["calls"], price["rows_expected"]) == (1, 1)


def test_datasets_are_tools_and_resources() -> None:
    server = local(LocalReader())
    listed = told(server, "datasets")
    daily = next(one for one in listed if one["name"] == "daily")
    assert next(column for column in daily["columns"] if column["name"] == "volume")["unit"]

    async def read() -> Any:
        async with Client(server) as client:
            return await client.read_resource("stocksync://datasets/daily")

    (content,) = asyncio.run(read()).contents
    assert json.loads(content.text)["name"] == "daily"


@pytest.mark.parametrize(
    ("tool", "given", "sentence"),
    [
        ("rows", {"dataset": "nothing"}, "There is no dataset nothing"),
        ("rows", {"dataset": "daily", "limit": 10_001}, "limit: ask for 1 to 10000 rows."),
        ("bars", {}, "Name symbols, or a day or window of the whole market."),
        ("bars", {"symbols": ["NOBODY"]}, "NOBODY"),
        ("price_of_sync", {"dataset": "nothing"}, "There is no dataset"),
        ("coverage", {"dataset": "daily", "start": "2024-01-09", "end": "2024-01-08"}, "after"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_a_sentence(tool: str, given: dict[str, Any], sentence: str) -> None:
    answer = told(local(LocalReader()), tool, **given)
    assert isinstance(answer, str)
    assert sentence in answer


def test_only_who_may_act_is_offered_to() -> None:
    acting = {"start_sync", "cancel_sync"}
    assert not acting & names(local(LocalReader()))
    assert not acting & names(local(person("viewer")))
    assert acting <= names(local(person("operator")))


def test_an_operator_starts_and_cancels() -> None:
    server = local(person("operator"))
    (run,) = told(server, "start_sync", dataset="daily", **WINDOW)
    assert run["execution_id"]
    task = SyncTask.objects.create(job_type="DAILY_HISTORY", dataset="daily", config={}, batch_size=1, status="PAUSED")
    (cancelled,) = told(server, "cancel_sync", task_id=str(task.id))
    assert (cancelled["id"], cancelled["status"]) == (str(task.id), "FAILED")


def test_nothing_is_written_by_reading() -> None:
    before = Partition.objects.count()
    told(local(LocalReader()), "coverage", dataset="adj_factor", **WINDOW)
    assert Partition.objects.count() == before


def environment() -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": _address(), "STOCKSYNC_DEMO": ""}


def _address() -> str:
    made = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{made['NAME']}"
    return f"postgresql://{made['USER']}@{made['HOST']}:{made['PORT']}/{made['NAME']}"


def test_a_command_answers_on_standard_output_and_prints_nothing_else() -> None:
    command = StdioServerParameters(command=sys.executable, args=["manage.py", "mcp"], cwd=str(ROOT), env=environment())
    (answer,) = told(command, "bars", symbols=[B])
    assert len(answer["bars"]) == 1


@pytest.fixture
def served() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "manage.py", "mcp", "--http", f"127.0.0.1:{port}"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment(), stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    while "Uvicorn running" not in process.stderr.readline():
        assert process.poll() is None
    yield f"http://127.0.0.1:{port}/mcp"
    process.terminate()
    process.communicate()


def test_owners_of_tokens_are_answered_with_their_permissions(served: str) -> None:
    import httpx2
    from mcp.client.streamable_http import streamable_http_client

    def call(token: str, tool: str, **given: Any) -> Any:
        async def ask() -> Any:
            async with (
                httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=60) as http,
                Client(streamable_http_client(served, http_client=http)) as client,
            ):
                return await client.call_tool(tool, given)

        return values(asyncio.run(ask()))

    viewer, operator = (AuthToken.objects.create(person(group))[1] for group in ("viewer", "operator"))
    assert len(call(viewer, "bars", **WINDOW)[0]["bars"]) == 3
    assert "permission" in call(viewer, "start_sync", dataset="daily")
    assert call(operator, "start_sync", dataset="daily", **WINDOW)[0]["execution_id"]
    for wrong in ({"Authorization": "Bearer no-token"}, {}):
        assert httpx2.post(served, headers=wrong, json={}).status_code == 401


def test_a_token_that_was_taken_back_reads_nothing() -> None:
    assert "token" in told(for_tokens("http://127.0.0.1:1"), "bars", **WINDOW)
