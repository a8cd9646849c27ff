"""A real browser: Debian's chromium, driven by Playwright."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")
USER, PASSWORD = "root", "secret"


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


@contextmanager
def window(browser: Browser, width: int = 1280, *, dark: bool = False, chinese: bool = False) -> Iterator[Page]:
    """A page in a window of this width, for a reader of this language."""
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if dark else "light",
        locale="zh-CN" if chinese else "en-GB",
        has_touch=width < 500,
    )
    context.set_default_timeout(20_000)
    yield context.new_page()
    context.close()


def sign_in(page: Page, site: str) -> None:
    page.goto(f"{site}/admin/")
    page.fill("[name=username]", USER)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_selector("h1")


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    wider: Any = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return int(wider)
