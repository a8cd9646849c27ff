"""The look at known vulnerabilities in CI, with a stand-in for pip-audit."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import stocksync

SCRIPT = Path(stocksync.__file__).resolve().parents[1] / ".ci" / "audit"
OUT_OF_REACH = "pip-audit: no database of vulnerabilities is in reach; nothing was checked"


def audit(folder: Path, program: str) -> "subprocess.CompletedProcess[str]":
    path = folder / "pip-audit"
    path.write_text(f"#!{sys.executable}\nimport sys, time\n{program}")
    path.chmod(0o755)
    variables = {**os.environ, "PIP_AUDIT": str(path), "AUDIT_SECONDS": "1", "PYTHON": sys.executable}
    return subprocess.run(["bash", str(SCRIPT)], env=variables, capture_output=True, text=True, timeout=30)


def reporting(*packages: dict[str, Any]) -> str:
    report = json.dumps({"dependencies": packages})
    return f"open(sys.argv[sys.argv.index('--output') + 1], 'w').write({report!r})\nsys.exit(1)"


@pytest.mark.parametrize(
    "program", ["sys.exit(1)", "raise RuntimeError", "time.sleep(60)", reporting({"name": "x", "skip_reason": "?"})]
)
def test_without_a_database_in_reach_it_says_so_and_passes_in_time(tmp_path: Path, program: str) -> None:
    began = time.monotonic()
    ended = audit(tmp_path, program)
    assert (ended.returncode, ended.stdout.strip()) == (0, OUT_OF_REACH)
    assert time.monotonic() - began < 15


def test_a_known_vulnerability_fails_with_its_name(tmp_path: Path) -> None:
    bad = {"name": "django", "version": "1.0", "vulns": [{"id": "CVE-1"}]}
    ended = audit(tmp_path, reporting(bad, {"name": "y", "version": "2", "vulns": []}, {"name": "z"}))
    assert ended.returncode == 1
    assert ended.stdout.splitlines() == [
        "django 1.0: CVE-1",
        "pip-audit: 2 of 3 packages checked, 1 with known vulnerabilities",
    ]
