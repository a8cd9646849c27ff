"""OpenAPI at /schema, pages at /docs."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings as project
from django.contrib.staticfiles import finders
from django.core.management import call_command
from rest_framework.test import APIClient

from market_data.jobs import resuming, watchlists

__all__ = ["resuming", "watchlists"]
PROMISED = [
    "GET POST /scheduler/jobs",
    "GET PUT PATCH DELETE /scheduler/jobs/{job_id}",
    "POST /scheduler/jobs/{job_id}/start",
    "POST /scheduler/jobs/{job_id}/stop",
    "POST /scheduler/jobs/{job_id}/schedule",
    "POST /scheduler/jobs/{job_id}/trigger",
    "GET /scheduler/jobs/{job_id}/status",
    "GET /scheduler/status",
    "GET /scheduler/executions",
    "GET /scheduler/executions/{id}",
    "GET /scheduler/executions/{id}/log",
    "POST /scheduler/executions/{id}/cancel",
    "POST /scheduler/executions/{id}/retry",
    "GET /market-data/sync-tasks",
    "GET /market-data/sync-tasks/{id}",
    "POST /market-data/sync-tasks/{id}/pause",
    "POST /market-data/sync-tasks/{id}/resume",
    "POST /market-data/sync-tasks/{id}/cancel",
    "GET /market-data/failures",
    "GET /market-data/failures/{id}",
    "POST /market-data/failures/{id}/retry",
    "POST /market-data/failures/{id}/resolve",
    "GET /market-data/coverage",
    "GET /market-data/bars",
    "GET /market-data/datasets",
    "GET /market-data/datasets/{name}/rows",
    "GET /market-data/finance",
]


@pytest.fixture(autouse=True)
def web_settings(settings: Any, tmp_path: Path) -> None:
    settings.STATIC_ROOT = tmp_path


@pytest.fixture
def description(db: None) -> dict[str, Any]:
    return dict(yaml.safe_load(APIClient().get("/schema").content))


def test_the_description_is_valid_and_without_warnings(tmp_path: Path) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))
    assert (tmp_path / "schema.yml").stat().st_size > 10_000


def test_every_address_of_the_contract_is_described_and_no_other(description: dict[str, Any]) -> None:
    found = {path: {method.upper() for method in operations} for path, operations in description["paths"].items()}
    promised = {line.split()[-1]: set(line.split()[:-1]) for line in PROMISED}
    assert found == promised


def test_the_arguments_of_watchlists_are_fields_of_jobs(description: dict[str, Any]) -> None:
    for name in ("Job", "NewJobRequest", "JobChangeRequest"):
        properties = description["components"]["schemas"][name]["properties"]
        assert {"stock_ids", "start_date", "end_date", "prefix", "schedule_time"} <= set(properties)


def test_every_operation_tells_the_shape_of_its_errors(description: dict[str, Any]) -> None:
    for operations in description["paths"].values():
        for operation in operations.values():
            schema = operation["responses"]["default"]["content"]["application/json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Error"}
    assert set(description["components"]["securitySchemes"]) == {"knoxApiToken", "cookieAuth"}


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_pages_need_no_other_host(db: None, slash: str) -> None:
    assert APIClient().get(f"/schema{slash}").status_code == 200
    page = APIClient().get(f"/docs{slash}").content.decode()
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(sources) >= 3
    assert [source for source in sources if not source.startswith(f"/{project.STATIC_URL.strip('/')}/")] == []
    assert [source for source in sources if not finders.find(source.removeprefix(project.STATIC_URL))] == []
