"""What the pages ask the database: few questions, none that reads a large table."""

import re
from datetime import date

import pytest
from django.db import connection
from django.test import Client

from market_data.models import Partition, SyncFailureRecord, SyncTask
from tests.market_data.admin.addresses import DAY_PAGE, LISTS, PAGES, STOCK_PAGE
from tests.market_data.admin.conftest import STOCK, add_task, captured, failure

CELLS = ("daily", "adj_factor", "daily_basic", "moneyflow", "stk_limit", "individual_fund_flow")
MOST_QUERIES = 15


@pytest.mark.usefixtures("market", "ledger")
def test_every_page_opens_on_a_filled_database_and_counts_nothing(admin_client: Client) -> None:
    for page in PAGES:
        with captured() as queries:
            assert admin_client.get(page).status_code == 200, page
        assert queries, page
        assert [sql for sql in queries if _counts(sql)] == [], page


@pytest.mark.usefixtures("market", "ledger")
@pytest.mark.parametrize("name", ["Partition", "Revision", "SyncRequest", "SyncFailureRecord"])
def test_no_address_makes_a_list_count_or_show_everything(admin_client: Client, name: str) -> None:
    with captured() as queries:
        answer = admin_client.get(LISTS[name], {"_facets": "True", "all": ""})

    assert len(answer.context["cl"].result_list) == 100
    assert [sql for sql in queries if _counts(sql)] == []


def test_the_number_of_queries_is_small_and_does_not_grow(admin_client: Client, request: pytest.FixtureRequest) -> None:
    add_task(requests=1, dataset="daily")
    failure(STOCK).save()
    Partition.objects.create(dataset="daily", trade_date=date(2024, 1, 1), state="partial")
    few = {page: _number(admin_client, page) for page in PAGES}

    Partition.objects.all().delete()
    SyncFailureRecord.objects.all().delete()
    request.getfixturevalue("market")
    request.getfixturevalue("ledger")
    many = {page: _number(admin_client, page) for page in PAGES}

    assert {page: number for page, number in few.items() if number > MOST_QUERIES} == {}
    # The day's page asks for the symbols that are not there of six datasets, not of one.
    more = {page: 2 * (len(CELLS) - 1) if page.startswith(DAY_PAGE) else 0 for page in PAGES}
    assert {page: (few[page], many[page]) for page in PAGES if many[page] > few[page] + more[page]} == {}


def _number(client: Client, page: str) -> int:
    with captured() as queries:
        client.get(page)
    return len(queries)


@pytest.mark.usefixtures("market", "ledger")
@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("Security", "600", True),
        ("Security", "600000.sh", True),
        ("Security", "0000", False),
        ("MovedCode", "838163.bj", True),
        ("MovedCode", "920163.BJ", True),
        ("MovedCode", "838", False),
        ("Revision", STOCK, True),
        ("Revision", "600", False),
        ("SyncFailureRecord", STOCK.lower(), True),
        ("SyncFailureRecord", "600", False),
        ("Partition", "20240102", True),
        ("Partition", "yesterday", False),
        ("SyncTask", "no-id", False),
        ("RateLimitState", "tushare:abc", True),
        ("RateLimitState", "tushare", False),
    ],
)
def test_a_search_looks_up_the_beginning_or_the_whole(admin_client: Client, name: str, text: str, found: bool) -> None:
    with captured() as queries:
        answer = admin_client.get(LISTS[name], {"q": text})

    assert bool(answer.context["cl"].result_list) is found
    assert not [sql for sql in queries if re.search(r"LIKE\s+(UPPER\()?'%", sql)]


@pytest.mark.usefixtures("market", "ledger")
def test_a_task_is_found_by_its_id(admin_client: Client) -> None:
    task = SyncTask.objects.all()[0]

    answer = admin_client.get(LISTS["SyncTask"], {"q": str(task.id)})

    assert list(answer.context["cl"].result_list) == [task]


@pytest.mark.usefixtures("market", "ledger")
@pytest.mark.parametrize(
    "page",
    [
        *(f"{STOCK_PAGE}?table={name}&start=2024-01-01&end=2024-06-01&after=2024-05-01" for name in CELLS),
        f"{STOCK_PAGE}?table=suspend_d&after=2024-05-01&after=S&after=",
        *(f"{DAY_PAGE}?table={name}&symbol=600&after={STOCK}" for name in CELLS),
        f"{DAY_PAGE}?table=suspend_d&after={STOCK}&after=S&after=",
        f"{STOCK_PAGE}?table=namechange&start=2024-01-01&after=2024-05-01&after=x",
        f"{STOCK_PAGE}?table=index_daily&start=2024-01-01&after=2024-05-01",
        f"{STOCK_PAGE}?table=cells",
        f"{STOCK_PAGE}?table=revisions",
        f"{LISTS['Revision']}?q={STOCK}",
    ],
)
def test_what_is_stored_by_day_is_read_through_an_index(admin_client: Client, page: str) -> None:
    with captured() as queries:
        assert admin_client.get(page).status_code == 200

    large = (*CELLS, "suspend_d", "namechange", "index_daily", "coverage_cells", "revisions")
    reading = [sql for sql in queries if any(f'FROM "{name}"' in sql for name in large)]
    assert reading
    for sql in reading:
        plan = _plan(sql)
        assert not re.search(r"Seq Scan|SCAN (?!.*USING)", plan), plan


@pytest.mark.usefixtures("market", "ledger")
@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL sorts so few rows whatever index there is")
@pytest.mark.parametrize(
    "page",
    [
        LISTS["Security"],
        LISTS["Partition"],
        f"{LISTS['Partition']}?dataset=adj_factor&state__exact=partial",
        LISTS["Revision"],
        LISTS["SyncRequest"],
        f"{LISTS['SyncRequest']}?task=",
        f"{STOCK_PAGE}?table=daily",
    ],
)
def test_the_order_of_what_grows_is_that_of_an_index(admin_client: Client, page: str) -> None:
    if page.endswith("?task="):
        page += str(SyncTask.objects.all()[0].id)
    with captured() as queries:
        admin_client.get(page)

    tables = ("stock_basic", "coverage", "revisions", "sync_requests", "daily")
    listing = [sql for sql in queries if re.search(f'FROM "({"|".join(tables)})".*LIMIT 101', sql)]
    assert listing
    assert not [sql for sql in listing if "TEMP B-TREE" in _plan(sql)]


@pytest.mark.usefixtures("ledger")
def test_a_list_keeps_its_order_whatever_the_address_asks_for(admin_client: Client) -> None:
    with captured() as queries:
        admin_client.get(LISTS["SyncRequest"], {"o": "-4"})

    listing = next(sql for sql in queries if 'FROM "sync_requests"' in sql)
    assert re.search(r'ORDER BY "sync_requests"."id" DESC\s+LIMIT', listing)


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(
    ("name", "parameters"), [("SyncRequest", {}), ("Partition", {}), ("SyncFailureRecord", {}), ("CoverageMark", {})]
)
def test_the_pages_of_a_list_show_every_row_once(admin_client: Client, name: str, parameters: dict[str, str]) -> None:
    seen, number = [], 1
    while True:
        changes = admin_client.get(LISTS[name], {**parameters, "p": str(number)}).context["cl"]
        seen += [row.pk for row in changes.result_list]
        if changes.result_count <= number * changes.list_per_page:
            break
        number += 1

    assert number > 1
    model = changes.model
    every = model.objects.filter(dataset="daily") if model is Partition else model.objects.all()
    assert sorted(map(str, seen)) == sorted(str(pk) for pk in every.values_list("pk", flat=True))


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize("number", ["0", "-1", "999"])
def test_a_page_that_does_not_exist_leads_back_to_the_first(admin_client: Client, number: str) -> None:
    answer = admin_client.get(LISTS["SyncRequest"], {"p": number})

    assert answer.headers["Location"].endswith("?e=1")


def test_a_task_that_is_none_leads_back_to_the_list(admin_client: Client) -> None:
    add_task(dataset="daily")

    answer = admin_client.get(LISTS["SyncRequest"], {"task": "no-id"})

    assert answer.headers["Location"].endswith("?e=1")


def _counts(sql: str) -> bool:
    """Whether rows are counted, but for the unfinished requests of a task and the open failures: those have indexes."""
    bounded = ('FROM "sync_requests" U0 WHERE', 'WHERE "sync_failure_records"."resolved_at" IS NULL GROUP BY')
    return "COUNT(" in sql.upper() and not any(part in sql for part in bounded)


def _plan(sql: str) -> str:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            # So few rows are read whole unless that is forbidden; without a fitting index they are read whole still.
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {sql}")
            return "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return "\n".join(row[3] for row in cursor.fetchall())
