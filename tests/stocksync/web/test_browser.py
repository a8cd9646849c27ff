"""The policy on what a page may load, in a real browser."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser

from tests.stocksync.browsing import CHROMIUM, PASSWORD, USER, sign_in, window

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not CHROMIUM, reason="Debian's chromium is not installed"),
]


def test_no_page_is_kept_from_what_it_needs(browser: Browser, live_server: Any) -> None:
    User.objects.create_superuser(USER, password=PASSWORD)
    with window(browser) as page:
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        sign_in(page, live_server.url)
        for place in ("/docs", "/admin/", "/admin/scheduling/jobconfig/add/", "/admin/auth/user/add/"):
            page.goto(f"{live_server.url}{place}")
            page.wait_for_selector(".opblock" if place == "/docs" else "#container, #page, form, main")
        assert [text for text in said if "Content Security Policy" in text or "Refused" in text] == []
