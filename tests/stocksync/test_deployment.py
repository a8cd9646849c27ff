"""The files under deploy/: what they start exists, and no secret stands in them."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

import stocksync
from stocksync.environment import SECRETS
from stocksync.management.commands.start import _celery

ROOT = Path(stocksync.__file__).resolve().parents[1]
COMPOSE = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
EXAMPLE = (ROOT / ".env.example").read_text()


def essence(command: list[str]) -> tuple[str, ...]:
    """What a Celery process is, without its name, its log and where its program lies."""
    words = command[command.index("-A") :]
    ignored = {"--quiet", "--skip-checks", "--loglevel", "WARNING"}
    return tuple(word.replace("%%", "%") for word in words if word not in ignored)


def celery_commands() -> set[tuple[str, ...]]:
    return {essence(command) for command in _celery().values()}


def test_compose_starts_what_start_starts() -> None:
    commands = [service["command"] for service in COMPOSE["services"].values() if "command" in service]
    assert {essence(command) for command in commands if command[0] == "celery"} == celery_commands()
    beats = [command for command in commands if "beat" in command]
    assert len(beats) == 2


def test_the_units_start_what_start_starts() -> None:
    lines = [re.search(r"^ExecStart=(.*)$", unit.read_text(), re.M) for unit in UNITS]
    commands = [shlex.split(line[1]) for line in lines if line]
    assert {essence(command) for command in commands if "-A" in command} == celery_commands()
    target = (ROOT / "deploy" / "systemd" / "stocksync.target").read_text()
    assert [unit.name for unit in UNITS if unit.name not in target] == []


def test_every_service_of_compose_comes_back_and_every_volume_and_secret_is_declared() -> None:
    for name, service in COMPOSE["services"].items():
        assert service["restart"] == ("no" if name == "prepare" else "unless-stopped"), name
        assert set(service.get("secrets", ())) <= set(COMPOSE["secrets"]), name
        named = {volume.partition(":")[0] for volume in service.get("volumes", ())}
        assert named <= set(COMPOSE["volumes"]), name


@pytest.mark.parametrize("service", ["web", "sync-worker", "control-worker", "beat", "second-beat", "prepare"])
def test_the_settings_of_compose_are_ours_and_its_secrets_are_in_files(service: str) -> None:
    environment: dict[str, Any] = COMPOSE["services"][service]["environment"]
    for name in environment:
        plain = name.removesuffix("_FILE")
        assert re.search(rf"^{plain}=", EXAMPLE, re.M) or plain == "CELERY_SKIP_CHECKS", name
        assert not name.endswith("_FILE") or plain in SECRETS, name
        assert plain not in ("SECRET_KEY", "TUSHARE_TOKEN", "NOTIFY_URLS", "METRICS_TOKEN") or name != plain


def test_pg_dump_of_the_image_is_as_new_as_the_server() -> None:
    clients = {"bookworm": 15, "trixie": 17}
    suite = re.findall(r"^FROM python:\S+-slim-(\w+)", (ROOT / "Dockerfile").read_text(), re.M)[-1]
    server = int(COMPOSE["services"]["postgres"]["image"].removeprefix("postgres:"))
    assert clients[suite] >= server


def test_the_image_runs_as_nobody_special_and_leaves_secrets_out() -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert "USER stocksync" in text
    assert "HEALTHCHECK" in text
    assert (ROOT / ".dockerignore").read_text().startswith("*\n")
