"""Programs that ask, and no broker that would hear of it."""

from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from market_data import background
from tests.rest_clients import program_of, superuser
from tests.scheduling.conftest import broker_in_memory

__all__ = ["broker_in_memory"]


@pytest.fixture(autouse=True)
def web_settings(settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is forgotten after it."""
    monkeypatch.setattr(background, "_registered", list(background._registered))


@pytest.fixture
def api(db: None) -> APIClient:
    return program_of(superuser())
