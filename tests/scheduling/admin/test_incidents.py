"""The page of incidents and its test button."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from scheduling import notifying
from scheduling.models import Incident
from tests.rest_clients import browser_of_staff

pytestmark = pytest.mark.django_db
LIST, TEST = "/admin/scheduling/incident/", "/admin/scheduling/incident/test/"


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch, settings: Any) -> list[str]:
    titles: list[str] = []
    monkeypatch.setattr(notifying, "send", lambda title, body: titles.append(title) or True)
    settings.NOTIFY_URLS = ["json://127.0.0.1:1/"]
    return titles


def test_incidents_are_listed_by_whether_they_go_on(admin_client: Client) -> None:
    now = timezone.now()
    for key, closed in (("a", None), ("b", now)):
        text = f"{key} is broken."
        Incident.objects.create(key=key, kind="x", text=text, opened_at=now, seen_at=now, closed_at=closed)
    assert "a is broken." in admin_client.get(LIST, {"state": "open"}).content.decode()
    assert "b is broken." not in admin_client.get(LIST, {"state": "open"}).content.decode()
    assert "b is broken." in admin_client.get(LIST, {"state": "over"}).content.decode()


def test_the_test_button_sends_a_message(admin_client: Client, sent: list[str]) -> None:
    assert 'data-action="test-alert"' in admin_client.get(LIST).content.decode()
    answer = admin_client.post(TEST, follow=True)
    assert "The test message was sent." in answer.content.decode()
    assert sent == ["stocksync: test"]


def test_it_says_so_where_nobody_would_be_told(admin_client: Client, sent: list[str], settings: Any) -> None:
    settings.NOTIFY_URLS = []
    assert "NOTIFY_URLS is empty" in admin_client.post(TEST, follow=True).content.decode()
    assert sent == []


def test_who_may_only_look_cannot_send(sent: list[str]) -> None:
    client = browser_of_staff("view_incident")
    assert 'data-action="test-alert"' not in client.get(LIST).content.decode()
    assert client.post(TEST).status_code == 403
    assert sent == []
