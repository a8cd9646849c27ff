"""The page about an error, which DEBUG shows to a browser."""

from typing import Any

import pytest
from django.test import Client

from scheduling import queries

SECRETS = {
    "TUSHARE_TOKEN": "the-token-of-a-test",
    "DATABASE_URL": "postgresql://me:pa55-of-data@host/x",
    "CELERY_BROKER_URL": "amqp://me:pa55-of-broker@host//",
    "WATCHLIST_REDIS_URL": "redis://:pa55-of-redis@host/0",
}


@pytest.mark.parametrize("accept", ["text/html", "text/plain"])
def test_no_secret_is_on_it(admin_client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch, accept: str) -> None:
    settings.DEBUG = True
    settings.NOTIFY_URLS = ["mailto://me:pa55-of-mail@example.com"]
    for name, value in SECRETS.items():
        setattr(settings, name, value)
        monkeypatch.setenv(name, value)

    def fail(*args: Any) -> None:
        address, token = settings.DATABASE_URL, settings.TUSHARE_TOKEN
        raise RuntimeError(f"{address} {token} {settings.NOTIFY_URLS}")

    monkeypatch.setattr("stocksync.control_room.site.ControlRoom.each_context", fail)
    monkeypatch.setattr(queries, "figures", fail)
    admin_client.raise_request_exception = False
    page = admin_client.get("/admin/", headers={"Accept": accept}).content.decode()
    assert "RuntimeError" in page
    assert not any(secret in page for secret in ("the-token", "pa55-of"))


def test_a_program_gets_its_own_shape_and_no_page(
    admin_client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(queries, "figures", fail)
    admin_client.raise_request_exception = False
    for debug in (True, False):
        settings.DEBUG = debug
        answer = admin_client.get("/scheduler/status")
        assert (answer.status_code, answer.json()["error"]["code"]) == (500, "server_error")
        assert "mistake" not in answer.content.decode()
