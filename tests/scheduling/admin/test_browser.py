"""The pages in a real browser, on a desk and on a phone."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from selenium import webdriver
from selenium.webdriver.common.by import By

from market_data.models import SyncTask
from scheduling import executions
from scheduling.models import Execution, JobConfig
from tests.scheduling.admin.conftest import ended
from tests.scheduling.admin.pages import EXECUTIONS, JOBS, NEW_JOB, page_of

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        not (shutil.which("chromium") and shutil.which("chromedriver")), reason="Debian's chromium is not installed"
    ),
]
LISTS = ("/admin/", JOBS, EXECUTIONS, "/admin/market_data/synctask/", "/admin/market_data/partition/")


@pytest.fixture(params=[1200, 390])
def browser(request: pytest.FixtureRequest) -> Iterator[webdriver.Chrome]:
    """A window of this width."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(shutil.which("chromium"))
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    size = {"width": request.param, "height": 900, "deviceScaleFactor": 1, "mobile": request.param < 500}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    driver.implicitly_wait(20)
    yield driver
    driver.quit()


@pytest.fixture
def site(browser: webdriver.Chrome, live_server: Any) -> str:
    """The address of a site that the browser is logged in to."""
    User.objects.create_superuser("root", password="secret")
    browser.get(f"{live_server.url}/admin/")
    browser.find_element(By.NAME, "username").send_keys("root")
    browser.find_element(By.NAME, "password").send_keys("secret")
    press(browser, "Log in")
    return str(live_server.url)


def press(browser: webdriver.Chrome, text: str) -> None:
    browser.find_element(By.XPATH, f"//a[normalize-space()='{text}'] | //input[@value='{text}']").click()


def overflow(browser: webdriver.Chrome) -> int:
    """By how many pixels the page is wider than its window."""
    return int(
        browser.execute_script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
    )


def test_every_page_fits_its_window_and_no_script_fails(browser: webdriver.Chrome, site: str, job: JobConfig) -> None:
    run = ended(result={"words": "long " * 200}, error_message="It failed. " * 50)
    executions.add_lines(run, [(run.queued_at, "ERROR", "x" * 500)])
    SyncTask.objects.create(job_type="DAILY_HISTORY", dataset="daily")
    pages = (*LISTS, NEW_JOB, page_of(job), page_of(job, "run"), page_of(run))
    found = {}
    for page in pages:
        browser.get(site + page)
        assert browser.find_element(By.TAG_NAME, "h1").text
        found[page] = (overflow(browser), [entry["message"] for entry in browser.get_log("browser")])
    assert found == {page: (0, []) for page in pages}


def test_a_job_is_run_from_its_page(browser: webdriver.Chrome, site: str, job: JobConfig) -> None:
    browser.get(site + page_of(job))
    press(browser, "Run now")
    press(browser, "Run now")
    message = browser.find_element(By.CLASS_NAME, "messagelist")
    run = Execution.objects.get()
    assert message.text == f"Job: the run {run.id} is queued."
    message.find_element(By.TAG_NAME, "a").click()
    assert "queued (manual)" in browser.find_element(By.CLASS_NAME, "field-story").text
    press(browser, "Cancel")
    assert browser.find_element(By.CLASS_NAME, "messagelist").text == "Job: asked to end."
    assert Execution.objects.get().status == "CANCELLED"
