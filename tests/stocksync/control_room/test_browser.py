"""The control room in a real browser, on a desk and on a phone, by mouse and by keyboard."""

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect

from market_data.engine.ledger import clock
from market_data.models import AdjFactor, DailyBar, Partition
from scheduling import control, executions
from scheduling.models import Execution, JobConfig
from tests.market_data.admin.conftest import add_task, failure
from tests.scheduling.admin.conftest import ended
from tests.scheduling.admin.pages import page_of
from tests.stocksync.browsing import CHROMIUM, PASSWORD, USER, overflow, sign_in, window

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not CHROMIUM, reason="Debian's chromium is not installed"),
]
STOCK = "600000.SH"


@pytest.fixture
def stored(sessions: list[date]) -> list[date]:
    """A market with a hole, a suspect day, a failure, a paused task, a job with runs."""
    User.objects.create_superuser(USER, password=PASSWORD)
    for at, day in enumerate(sessions):
        if at != len(sessions) - 4:
            prices = {"open": 10.0, "high": 12.5, "low": 9.5, "close": 10.0 + at % 5, "pre_close": 10.0}
            DailyBar.objects.create(symbol=STOCK, trade_date=day, volume=1000, amount=11000, **prices)
            AdjFactor.objects.create(symbol=STOCK, trade_date=day, adj_factor=1)
    Partition.objects.filter(trade_date=sessions[-4]).update(state="partial", got=0)
    Partition.objects.filter(trade_date=sessions[-6]).update(state="suspect")
    failure(STOCK).save()
    add_task(requests=10, dataset="daily", started_at=clock.now())
    control.create("sync_daily_by_date", schedule=control.cron("0 18 * * *"))
    run = ended("sync_daily_by_date", result={"words": "long " * 100}, error_message="It failed. " * 20)
    executions.add_lines(run, [(run.queued_at, "ERROR", "x" * 300)])
    return sessions


@pytest.fixture(params=[1280, 390], ids=["desk", "phone"])
def page(request: pytest.FixtureRequest, browser: Browser, live_server: Any, stored: list[date]) -> Iterator[Page]:
    """A window of somebody who has signed in."""
    with window(browser, request.param) as opened:
        sign_in(opened, live_server.url)
        yield opened


def job() -> JobConfig:
    return JobConfig.objects.get(job_id="sync_daily_by_date")


def places() -> list[str]:
    return [
        "/admin/",
        "/admin/coverage/",
        f"/admin/coverage/?dataset=daily&start={clock.today().replace(day=1)}",
        "/admin/backfill/?datasets=daily&start=2024-01-01",
        "/admin/stocks/?q=60",
        f"/admin/stocks/{STOCK}/",
        f"/admin/market_data/partition/day/{clock.today()}/",
        "/admin/scheduling/jobconfig/",
        "/admin/scheduling/jobconfig/add/",
        page_of(job()),
        page_of(job(), "run"),
        "/admin/scheduling/execution/",
        page_of(Execution.objects.first() or Execution()),
        "/admin/market_data/syncfailurerecord/",
        "/admin/market_data/circuitstate/",
        "/admin/market_data/synctask/",
        "/admin/watchlists/add/",
        "/admin/auth/user/",
        "/admin/django_celery_beat/periodictask/",
        "/admin/knox/authtoken/",
    ]


def test_every_page_fits_its_window_loads_nothing_from_elsewhere_and_no_script_fails(
    page: Page, live_server: Any
) -> None:
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda asked: asked.url.startswith((live_server.url, "data:")) or troubles.append(asked.url))
    found = {}
    for place in places():
        page.goto(live_server.url + place)
        page.wait_for_load_state("load")
        found[place] = (overflow(page), [*troubles])
        troubles.clear()
    assert found == {place: (0, []) for place in places()}


def test_axe_finds_nothing_serious(page: Page, live_server: Any) -> None:
    found = {}
    for place in places():
        page.goto(live_server.url + place)
        page.wait_for_load_state("load")
        results = Axe().run(page, options={"resultTypes": ["violations"]})
        found[place] = [
            (violation["id"], [node["html"][:160] for node in violation["nodes"][:3]])
            for violation in results.response["violations"]
            if violation["impact"] in ("serious", "critical")
        ]
    assert {place: troubles for place, troubles in found.items() if troubles} == {}


def test_the_sentence_comes_first_and_a_sync_can_be_asked_for(page: Page) -> None:
    expect(page.locator("[data-role=verdict]")).to_contain_text("not plausible")

    page.locator("[data-dataset=daily] [data-action=sync-now]").click()

    expect(page.get_by_text("is queued")).to_be_visible()
    assert Execution.objects.filter(job_id="backfill").count() == 1


def test_a_paused_task_is_cancelled_where_it_is_shown(page: Page) -> None:
    page.locator("[data-live] [data-action=cancel]").first.click()

    expect(page.get_by_text("It ends after the calls in flight.")).to_be_visible()


def test_a_hole_is_found_on_the_map_by_keyboard_priced_and_repaired(
    page: Page, live_server: Any, stored: list[date]
) -> None:
    page.goto(f"{live_server.url}/admin/coverage/?dataset=daily")
    hole = f'td[data-day="{stored[-4]}"]'
    expect(page.locator(hole)).to_have_attribute("data-state", "partial")
    page.locator(".r-map").focus()
    for _ in range(40):
        if page.evaluate("document.activeElement.dataset.day") == stored[-4].isoformat():
            break
        page.keyboard.press("ArrowLeft")
    expect(page.locator("[data-role=told]")).to_contain_text(stored[-4].isoformat())
    with page.expect_response("**/coverage/panel/**"):
        page.keyboard.press("Enter")

    expect(page.locator(f"#panel [name=start][value='{stored[-4]}']").first).to_be_attached()
    expect(page.locator("[data-role=price]")).to_contain_text("1 call")
    page.locator("[data-action=repair]").click()

    expect(page.get_by_text("The repair is queued.")).to_be_visible()
    run = Execution.objects.get(job_id="backfill")
    assert (run.kwargs["start"], run.kwargs["datasets"]) == (stored[-4].isoformat(), ["daily"])


def test_a_suspect_day_is_accepted(page: Page, live_server: Any, stored: list[date]) -> None:
    day = stored[-6]
    page.goto(f"{live_server.url}/admin/coverage/?dataset=daily&start={day}&end={day}")

    page.locator("[data-action=accept]").click()

    expect(page.get_by_text("1 day is accepted.")).to_be_visible()
    assert Partition.objects.get(dataset="daily", trade_date=day).state != "suspect"


def test_a_cron_entry_is_explained_while_it_is_typed_and_saved(page: Page, live_server: Any) -> None:
    page.goto(live_server.url + page_of(job()))
    page.fill("[name=cron_expression]", "45 18 * * 1-5")

    expect(page.locator("[data-role=sentence]")).to_contain_text("At 18:45, Monday through Friday")
    expect(page.locator("[data-role=next-runs] li")).to_have_count(5)
    page.fill("[name=cron_expression]", "0 0 31 2 *")
    expect(page.locator("[data-role=refusal]")).to_contain_text("never occurs")
    page.fill("[name=cron_expression]", "45 18 * * 1-5")
    expect(page.locator("[data-role=sentence]")).to_be_visible()
    page.locator("[name=_save]").click()
    page.wait_for_url("**/scheduling/jobconfig/")

    assert job().cron_expression == "45 18 * * 1-5"


def test_a_job_is_run_with_arguments_and_without_json(page: Page, live_server: Any) -> None:
    page.goto(live_server.url + page_of(job()))
    page.locator("[data-action=run-now]").click()
    page.fill("[name=arg-datasets]", "daily, adj_factor")
    page.locator("button[data-action=run-now]").click()

    expect(page.get_by_text("is queued")).to_be_visible()
    run = Execution.objects.get(status="QUEUED")
    assert run.kwargs == {"datasets": ["daily", "adj_factor"]}
    page.goto(live_server.url + page_of(run))
    page.locator("[data-action=cancel]").click()
    expect(page.get_by_text("asked to end")).to_be_visible()


def test_a_watchlist_is_added(page: Page, live_server: Any) -> None:
    page.goto(f"{live_server.url}/admin/watchlists/add/")
    page.fill("[name=name]", "Banks")
    page.fill("[name=symbols]", "600000.SH, AAPL")
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Make the watchlist").click()

    page.wait_for_url("**/change/")
    assert JobConfig.objects.get(job_name="Banks").job_kwargs == {"stock_ids": ["600000.SH", "AAPL"]}


def test_a_candles_values_are_read(page: Page, live_server: Any, stored: list[date]) -> None:
    page.goto(f"{live_server.url}/admin/stocks/?q=600000")
    page.wait_for_url(f"**/admin/stocks/{STOCK}/")

    bars = json.loads(page.locator("[data-role=bars]").text_content() or "")
    assert (bars[-1]["trade_date"], bars[-1]["high"]) == (stored[-1].isoformat(), 12.5)
    page.wait_for_function("document.querySelector('#candles').childElementCount > 0")
    page.locator("#candles").focus()
    page.keyboard.press("+")


def test_the_language_is_switched(page: Page, live_server: Any) -> None:
    page.request.post(
        f"{live_server.url}/i18n/setlang/",
        form={"language": "zh-hans", "csrfmiddlewaretoken": _csrf(page)},
        headers={"Referer": live_server.url},
    )
    page.goto(f"{live_server.url}/admin/")

    expect(page.locator("h1")).to_contain_text("总览")


def _csrf(page: Page) -> str:
    return page.locator("[name=csrfmiddlewaretoken]").first.get_attribute("value") or ""


def test_a_page_left_open_asks_little_and_not_while_nobody_looks(page: Page, live_server: Any) -> None:
    asked: list[str] = []
    page.goto(f"{live_server.url}/admin/")
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(11_000)
    seen = len(asked)
    page.evaluate("Object.defineProperty(document, 'visibilityState', {get: () => 'hidden'})")
    page.wait_for_timeout(6_000)

    assert 1 <= seen <= 3
    assert len(asked) == seen
