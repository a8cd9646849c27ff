"""Many small files with one header: read as one, and what comes of them is what comes of each by itself."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from market_data.files import importing
from market_data.files.importing import Imported, import_files
from market_data.files.opening import Opener
from market_data.models import DailyBar
from tests.market_data.builders import DAILY, OLD_MONDAY
from tests.market_data.files.written import bar, stored, write

pytestmark = pytest.mark.django_db(transaction=True)
SYMBOLS = [f"60000{n}.SH" for n in range(1, 8)]
ODD = SYMBOLS[3]
CHINESE = "日期,开盘,最高,最低,收盘,成交量,成交额\n"
Change = Callable[[str], str]


def rows_of(symbol: str) -> list[dict[str, Any]]:
    return [bar(symbol, OLD_MONDAY + timedelta(days=n)) for n in range(4)]


def files_of(folder: Path, change: Change = str) -> list[Path]:
    """A file for each stock; the text of one is changed."""
    folder.mkdir()
    paths = [write(folder / f"{symbol}.csv", rows_of(symbol)) for symbol in SYMBOLS]
    for path in paths:
        text = path.read_text(encoding="utf-8").replace("\r\n", "\n")
        text, encoding = (
            (change(text), "gb18030" if change is chinese else "utf-8") if ODD in path.name else (text, "utf-8")
        )
        path.write_bytes(text.encode(encoding))
    return paths


def come_of(paths: list[Path]) -> tuple[dict[str, Any], list[str], list[Any]]:
    done: Imported = import_files(DAILY, paths)
    found = (done.as_json(), done.complaints, stored())
    DailyBar.objects.all().delete()
    return found


def field(name: str, at: int, value: str) -> Change:
    """Another value in one column of a row."""

    def change(text: str) -> str:
        lines = [line.split(",") for line in text.splitlines()]
        lines[at][lines[0].index(name)] = value
        return "\n".join(map(",".join, lines)) + "\n"

    return change


def other_units(text: str) -> str:
    lines = [line.split(",") for line in text.splitlines()]
    at = lines[0].index("vol")
    return "\n".join(
        ",".join(v if i != at or not n else f"{float(v) * 100}" for i, v in enumerate(line))
        for n, line in enumerate(lines)
    )


def chinese(text: str) -> str:
    return field("ts_code", 2, "浦发银行")(text)


@pytest.mark.parametrize(
    "change",
    [
        str,
        field("close", 2, "many"),
        field("close", 1, ""),
        field("close", 3, "-7"),
        field("ts_code", 2, "nobody"),
        field("ts_code", 2, "600001.SH"),
        field("trade_date", 2, "20991231"),
        field("trade_date", 2, "2024-01-09"),
        field("trade_date", 2, "soon"),
        field("ts_code", 4, '"600004.SH"'),
        field("ts_code", 4, '"600004.SH'),
        field("ts_code", 2, '"600004"".SH"'),
        field("ts_code", 2, 'x;"600004.SH"'),
        field("ts_code", 2, '600004"."SH'),
        lambda text: text.replace(",2024", ',"2024', 1).rstrip("\n") + '"\n',
        field("ts_code", 4, "600004.SH,1"),
        other_units,
        chinese,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("\n", "\n\n"),
        lambda text: text + "\n\n",
        lambda text: text.rstrip("\n"),
        lambda text: text + text,
        lambda text: text + "数据来源：某处\n",
        lambda text: text.split("\n")[0] + "\n",
        lambda text: text.split("\n")[0],
        lambda text: "",
        lambda text: "<html></html>",
        lambda text: "\ufeff" + text,
        lambda text: text.replace("vol", "volume"),
        lambda text: text.replace("ts_code", "code").replace("vol", "成交量"),
        lambda text: text.replace(",", ";"),
    ],
)
def test_what_comes_of_them_is_what_comes_of_each(
    change: Change, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = files_of(tmp_path / "files", change)
    together = come_of(paths)
    monkeypatch.setattr(importing, "in_groups", iter)
    assert together == come_of(paths)
    assert len(together[2]) >= 4 * (len(SYMBOLS) - 1)


def test_files_that_do_not_tell_whose_they_are_are_told_apart_by_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = []
    for symbol in SYMBOLS:
        path = tmp_path / f"{symbol}.csv"
        lines = [f"2024-01-{8 + n:02},10.2,10.6,10.1,10.4,1000,1040000.0\n" for n in range(3)]
        path.write_text(CHINESE + "".join(lines), encoding="utf-8")
        paths.append(path)
    opened = opens(monkeypatch)
    together = come_of(paths)
    assert (opened, together[0]["inserted"]) == ([paths[0]], 3 * len(SYMBOLS))
    assert {row[0] for row in together[2]} == set(SYMBOLS)
    monkeypatch.setattr(importing, "in_groups", iter)
    assert together == come_of(paths)


@pytest.mark.parametrize("quotes", ["none", "texts"])
def test_a_header_is_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quotes: str) -> None:
    paths = files_of(tmp_path / "files")
    if quotes == "texts":
        for path in paths:
            path.write_text(re.sub(r"([a-z_]+|\d{6}\.SH)", r'"\1"', path.read_text()))
    opened = opens(monkeypatch)
    assert come_of(paths)[0]["files"] == len(SYMBOLS)
    assert opened == [paths[0]]


def opens(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that are opened by themselves."""
    opened: list[Path] = []
    open_one = Opener.open

    def seen(opener: Opener, path: Path) -> Any:
        opened.append(path)
        return open_one(opener, path)

    monkeypatch.setattr(Opener, "open", seen)
    return opened
