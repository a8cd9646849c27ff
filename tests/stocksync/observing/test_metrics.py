"""`/metrics` as Prometheus reads it."""

import json
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

import stocksync
from scheduling import housekeeping, leases
from scheduling.context import Status
from scheduling.models import Execution, Lease
from stocksync.observing.exposition import Metric, text_of
from stocksync.observing.metrics import METRICS

pytestmark = pytest.mark.django_db

DEPLOY = Path(stocksync.__file__).resolve().parents[1] / "deploy"
PROMISED = {
    "stocksync_dataset_behind_sessions": {"dataset"},
    "stocksync_coverage_partitions": {"dataset", "state"},
    "stocksync_provider_calls_total": {"provider", "interface", "outcome"},
    "stocksync_budget_used_ratio": {"account"},
    "stocksync_rows_total": {"dataset", "change"},
    "stocksync_executions_total": {"job", "status"},
    "stocksync_execution_seconds": {"job"},
    "stocksync_queue_length": {"queue"},
    "stocksync_open_failures": {"dataset"},
    "stocksync_clock_offset_seconds": {"process"},
    "stocksync_heartbeat_age_seconds": {"process"},
}


def read(client: Client) -> dict[tuple[str, ...], float]:
    """{(name, values of the labels…): figure}."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.content.decode())
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


def runs(figures: dict[tuple[str, ...], float]) -> dict[tuple[str, ...], float]:
    return {key: figure for key, figure in figures.items() if key[0] == "stocksync_executions_total"}


def ended(job: str, status: Status, *, days_ago: int = 0, seconds: float = 1.0) -> None:
    at = timezone.now() - timedelta(days=days_ago)
    Execution.objects.create(
        job_id=job,
        job_type=job,
        trigger="cron",
        queue="sync",
        status=status,
        queued_at=at,
        finished_at=at,
        duration_ms=round(seconds * 1000),
    )


def test_every_promised_figure_is_told_with_its_labels() -> None:
    told = {metric.name: set(metric.labels) for metric in METRICS}
    assert {name: told.get(name) for name in PROMISED} == PROMISED


def test_prometheus_can_read_it_on_an_empty_database(client: Client) -> None:
    figures = read(client)
    assert figures["stocksync_queue_length", "sync"] == 0
    assert figures["stocksync_open_failures", "daily"] == 0
    assert abs(figures["stocksync_clock_offset_seconds", "web"]) < 1


def test_labels_that_would_break_the_format_are_escaped() -> None:
    odd = 'a"b\\c\nd'
    text = text_of([Metric("x", "gauge", "X.", ("name",), lambda: [((odd,), 1.5)])])
    (family,) = text_string_to_metric_families(text)
    assert (family.samples[0].labels, family.samples[0].value) == ({"name": odd}, 1.5)


def test_runs_are_counted_by_how_they_ended_and_stay_counted_when_they_are_deleted(client: Client) -> None:
    for days_ago, status in ((200, Status.FAILED), (100, Status.SUCCESS), (1, Status.SUCCESS), (0, Status.RUNNING)):
        ended("odd", status, days_ago=days_ago)
    before = read(client)
    assert before["stocksync_executions_total", "odd", "SUCCESS"] == 2
    assert before["stocksync_executions_total", "odd", "FAILED"] == 1
    assert ("stocksync_executions_total", "odd", "RUNNING") not in before
    assert housekeeping.delete_executions(timezone.now() - timedelta(days=90), 0, lambda: None)["executions"] == 2
    assert runs(read(client)) == runs(before)


def test_the_latest_run_of_a_job_tells_how_long_it_takes(client: Client, installed_job: str) -> None:
    for days_ago, seconds in ((2, 10.0), (1, 2.5)):
        ended(installed_job, Status.SUCCESS, days_ago=days_ago, seconds=seconds)
    ended(installed_job, Status.QUEUED)
    Execution.objects.filter(status=Status.QUEUED).update(duration_ms=None)
    figures = read(client)
    assert figures["stocksync_execution_seconds", installed_job] == 2.5
    assert figures["stocksync_queue_length", "sync"] == 1


@pytest.fixture
def installed_job() -> str:
    from scheduling.installing import install_schedules

    install_schedules()
    return "housekeeping"


def test_heartbeats_tell_their_age(client: Client) -> None:
    leases.hold(leases.LEADER, "beat", 15)
    Lease.objects.create(name="swept", holder="swept", until=timezone.now() - timedelta(seconds=40))
    figures = read(client)
    assert figures["stocksync_heartbeat_age_seconds", "beat"] < 5
    assert 39 < figures["stocksync_heartbeat_age_seconds", "control worker"] < 60


@pytest.mark.parametrize(
    ("token", "headers", "address", "status"),
    [
        ("", {}, "127.0.0.1", 200),
        ("", {}, "::1", 200),
        ("", {}, "192.0.2.1", 403),
        ("", {"X-Forwarded-For": "192.0.2.1"}, "127.0.0.1", 403),
        ("", {"Authorization": "Bearer "}, "192.0.2.1", 403),
        ("secret", {}, "127.0.0.1", 403),
        ("secret", {"Authorization": "Bearer wrong"}, "127.0.0.1", 403),
        ("secret", {"Authorization": "Bearer sécret"}, "127.0.0.1", 403),
        ("secret", {"Authorization": "Bearer secret"}, "192.0.2.1", 200),
    ],
)
def test_who_may_read_the_figures(
    client: Client, settings: Any, token: str, headers: dict[str, str], address: str, status: int
) -> None:
    settings.METRICS_TOKEN = token
    assert client.get("/metrics", headers=headers, REMOTE_ADDR=address).status_code == status


def test_the_dashboard_and_the_alert_rules_name_only_figures_that_exist() -> None:
    told = {metric.name for metric in METRICS}
    rules = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())
    expressions = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    dashboard = json.loads((DEPLOY / "grafana" / "stocksync.json").read_text())
    expressions += [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    named = {name for text in expressions for name in re.findall(r"stocksync_\w+", text)}
    assert len(named) >= 8
    assert named - told == set()


@pytest.mark.skipif(shutil.which("promtool") is None, reason="Debian's package prometheus has promtool")
def test_promtool_takes_the_rules_and_the_figures(client: Client) -> None:
    for command in (("check", "rules", "alerts.yml"), ("check", "config", "--syntax-only", "prometheus.yml")):
        subprocess.run(["promtool", *command], cwd=DEPLOY / "prometheus", check=True, capture_output=True)
    ended("odd", Status.SUCCESS)
    figures = client.get("/metrics").content
    checked = subprocess.run(["promtool", "check", "metrics"], input=figures, check=False, capture_output=True)
    assert (checked.returncode, checked.stderr) == (0, b"")
