"""Migrations that lock no table for long."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.on_postgresql import ADDRESS

ROOT = Path(__file__).parents[1]


def test_no_migration_locks_a_table_for_long() -> None:
    try:
        psycopg.connect(f"{ADDRESS}/postgres", connect_timeout=3).close()
    except psycopg.OperationalError:
        pytest.skip("no PostgreSQL answers")
    environment = os.environ | {
        "DATABASE_URL": f"{ADDRESS}/postgres",
        "DJANGO_SETTINGS_MODULE": "tests.linting_settings",
    }
    command = [sys.executable, "manage.py", "lintmigrations", "--warnings-as-errors"]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout + ran.stderr
