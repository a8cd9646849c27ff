"""docs/architecture.md says which room knows which; the imports say the same."""

import re
from collections import defaultdict
from pathlib import Path

from tests.stocksync.test_arrows import PACKAGES, ROOT, files, imports

PAGE = ROOT / "docs" / "architecture.md"
DOWNWARDS = ("running", "storing", "planner", "ledger")


def room_of(module: str) -> str | None:
    """The room in which a module is; None for what is not ours."""
    parts = module.split(".")
    if parts[0] not in PACKAGES:
        return None
    depth = 1
    if parts[0] == "market_data" and len(parts) > 1 and Path(ROOT, *parts[:2]).is_dir():
        is_inner = parts[1] == "engine" and len(parts) > 2 and Path(ROOT, *parts[:3]).is_dir()
        depth = 3 if is_inner else 2
    return ".".join(parts[:depth])


def arrows() -> dict[str, set[str]]:
    """The rooms, and which others each knows."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path in files(*PACKAGES):
        if "migrations" in path.parts:
            continue
        room = room_of(".".join(path.relative_to(ROOT).with_suffix("").parts)) or ""
        known = {other for module in imports(path) if (other := room_of(module)) and other != room}
        found[room] |= known
    return dict(found)


def shown() -> dict[str, set[str]]:
    """The same, as the page has it."""
    rows = re.findall(r"^\| `([\w.]+)` \| [^|]+ \| ([^|]+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {room: {_whole(name) for name in re.findall(r"`([\w.]+)`", known)} for room, known in rows}


def _whole(name: str) -> str:
    return name if name in PACKAGES else f"market_data.{name}"


def test_the_page_shows_the_house_as_it_is() -> None:
    assert shown() == {room: known - {"market_data"} for room, known in arrows().items()}


def test_nothing_in_the_engine_imports_what_lies_above_it() -> None:
    known = arrows()
    for at, room in enumerate(DOWNWARDS):
        above = {f"market_data.engine.{name}" for name in DOWNWARDS[:at]} | {"market_data.engine"}
        assert known[f"market_data.engine.{room}"] & above == set(), room


def test_every_file_that_the_page_names_is_there() -> None:
    named = re.findall(r"`([\w/]+(?:\.py|/))`", PAGE.read_text(encoding="utf-8"))
    assert named
    folders = (ROOT, ROOT / "market_data", ROOT / "market_data/engine/ledger", ROOT / "market_data/engine/running")
    assert [name for name in named if not any((folder / name).exists() for folder in folders)] == []
