"""The reference pages say what the code says, and the site that holds them is whole."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests import reference


@pytest.mark.parametrize("name", list(reference.PAGES))
def test_a_page_is_as_the_code_makes_it(name: str) -> None:
    made = reference.page(reference.PAGES[name]())
    told = "it is made anew by python -m tests.reference"
    assert (reference.FOLDER / name).read_text(encoding="utf-8") == made, told


def test_the_site_is_built_without_a_broken_link(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    built = subprocess.run(command, cwd=reference.FOLDER.parents[1], capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    assert (tmp_path / "reference" / "rest" / "index.html").stat().st_size > 10_000
