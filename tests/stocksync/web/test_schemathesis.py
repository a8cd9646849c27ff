"""Everything in the description is what is sent: schemathesis asks a site whatever it allows, and what it does not."""

import subprocess
import sys
from pathlib import Path

import requests

from tests.stocksync.web.conftest import serving

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
LONGEST_SECONDS = 300


def test_a_site_keeps_to_its_description(var: Path, tmp_path: Path) -> None:
    token = (var / "token").read_text()
    schema = tmp_path / "schema.json"
    with serving("gunicorn", var) as site:
        address = f"http://127.0.0.1:{site.port}"
        # Schemathesis itself waits no more than ten seconds for it.
        schema.write_bytes(requests.get(f"{address}/schema?format=json", timeout=LONGEST_SECONDS).content)
        ended = subprocess.run(
            [
                *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"),
                *("--config-file", str(CONFIGURATION), "run", str(schema), "--url", address),
                *("--header", f"Authorization: Token {token}", "--max-examples", "1", "--phases", "coverage,fuzzing"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=LONGEST_SECONDS,
        )
        assert "Traceback" not in site.log.read_text()
    assert ended.returncode == 0, ended.stdout[-8000:] + ended.stderr
    assert "Selected: " in ended.stdout
