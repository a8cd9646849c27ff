"""What makes the package one that can be installed."""

import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import stocksync
from stocksync.environment import base_dir

ROOT = Path(stocksync.__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = ("stocksync", "market_data", "scheduling")
PACKED = ("templates", "static", "locale")


def test_the_version_stands_in_one_place() -> None:
    assert "version" not in PROJECT["project"]
    assert PROJECT["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "stocksync.__version__"}
    assert stocksync.__version__.count(".") == 2


def test_the_program_of_the_package_is_what_manage_py_does() -> None:
    module, _, function = PROJECT["project"]["scripts"]["stocksync"].partition(":")
    assert callable(getattr(import_module(module), function))
    assert f"from {module} import {function}" in (ROOT / "manage.py").read_text()


def test_every_file_that_is_no_code_lies_in_a_folder_that_is_packed() -> None:
    others = [path for name in PACKAGES for path in (ROOT / name).rglob("*.*") if path.suffix not in (".py", ".pyc")]
    assert len(others) > 10
    packed = PROJECT["tool"]["setuptools"]["package-data"]["*"]
    assert [f"{folder}/**/*" for folder in PACKED] == packed
    assert [path for path in others if path.is_file() and not set(PACKED) & set(path.parts)] == []


@pytest.mark.parametrize("is_checkout", [True, False])
def test_an_installed_program_keeps_its_data_where_it_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_checkout: bool
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    if is_checkout:
        (tmp_path / "manage.py").touch()
    assert base_dir(tmp_path) == (tmp_path if is_checkout else here)
