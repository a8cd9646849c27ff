"""Who may import whom: stocksync -> market_data -> scheduling, and one file for each outside thing."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import stocksync

ROOT = Path(stocksync.__file__).resolve().parents[1]
PACKAGES = ("stocksync", "market_data", "scheduling")


def files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports anywhere in it, functions included, in full."""
    package = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def importers(name: str, *folders: str) -> set[str]:
    """The files of these folders that import a module or what is below it."""
    return {
        str(path.relative_to(ROOT))
        for path in files(*folders)
        if any(module == name or module.startswith(f"{name}.") for module in imports(path))
    }


def test_the_imports_of_a_file_are_found_wherever_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    path = tmp_path / "scheduling" / "deep" / "x.py"
    path.parent.mkdir(parents=True)
    path.write_text("import a.b\nfrom c import d\nfrom . import e\nfrom ..f import g\ndef h():\n    import i\n")
    found = {"a.b", "c", "c.d", "scheduling.deep", "scheduling.deep.e", "scheduling.f", "scheduling.f.g", "i"}
    assert set(imports(path)) == found
    assert importers("c", "scheduling") == {"scheduling/deep/x.py"}
    assert importers("scheduling.f", "scheduling") == {"scheduling/deep/x.py"}


def test_there_is_something_to_look_at() -> None:
    assert all(len(files(package)) > 2 for package in PACKAGES)
    assert len(importers("market_data", "market_data")) > 30


def test_scheduling_has_never_heard_of_markets_or_of_the_wiring() -> None:
    assert importers("market_data", "scheduling") == set()
    assert importers("stocksync", "scheduling") == set()


def test_market_data_does_not_know_the_wiring() -> None:
    assert importers("stocksync", "market_data") == set()


def test_only_the_jobs_of_market_data_know_scheduling() -> None:
    assert all(path.startswith("market_data/jobs/") for path in importers("scheduling", "market_data"))


def test_providers_do_not_know_django_nor_the_database_nor_the_engine() -> None:
    for module in ("django", "market_data.models", "market_data.engine", "market_data.datasets"):
        assert importers(module, "market_data/providers") == set()


def test_providers_can_be_imported_without_django() -> None:
    code = (
        "import sys, market_data.providers.tushare, market_data.providers.yfinance; sys.exit('django' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT).returncode == 0


@pytest.mark.parametrize(
    ("module", "home"),
    [
        ("tushare", "market_data/providers/tushare.py"),
        ("akshare", "market_data/providers/akshare.py"),
        ("yfinance", "market_data/providers/yfinance"),
        ("requests", "market_data/providers/"),
        ("exchange_calendars", "market_data/datasets/reference.py"),
        ("curl_cffi", "market_data/providers/yfinance"),
        ("redis", ("market_data/ratelimit/redis_store.py", "market_data/watchlists/publishing.py")),
        ("tqdm", "market_data/management/progress.py"),
        ("environs", "stocksync/"),
    ],
)
def test_one_place_knows_each_outside_thing(module: str, home: str | tuple[str, ...]) -> None:
    inside = {path for path in importers(module, *PACKAGES) if not path.startswith("market_data/standin/")}
    assert [path for path in sorted(inside) if not path.startswith(home)] == []


def test_the_planner_knows_neither_the_database_nor_the_clock() -> None:
    for module in ("django", "market_data.models", "market_data.datasets", "datetime", "time"):
        impure = {f"market_data/engine/planner/{name}.py" for name in ("days", "planning")}
        assert importers(module, "market_data/engine/planner") - impure == set()


def test_nothing_that_runs_imports_the_tests() -> None:
    assert importers("tests", *PACKAGES) == set()
