"""Where a file of rows goes."""

import os
import stat
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from market_data.exceptions import UsageError
from market_data.files.exporting import Selection, export
from market_data.files.output import is_standard_output, open_output
from tests.market_data.builders import DAILY, OLD_MONDAY, A, store_cells

WRITING = "from market_data.files.output import open_output\nwith open_output('{}') as file: file.write(b'new')"


def write(output: object, content: bytes = b"new") -> None:
    with open_output(str(output)) as file:
        file.write(content)


def test_a_device_is_written_to_and_stays_one() -> None:
    before = os.stat("/dev/null")
    write("/dev/null")
    after = os.stat("/dev/null")
    assert stat.S_ISCHR(after.st_mode)
    assert (after.st_ino, after.st_dev) == (before.st_ino, before.st_dev)


def test_a_pipe_is_written_to(tmp_path: Path) -> None:
    pipe, got = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    reader.start()
    write(pipe)
    reader.join(10)
    assert got == [b"new"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_rows_go_through_a_pipe(tmp_path: Path, kind: Any) -> None:
    store_cells(DAILY, [A], [OLD_MONDAY])
    pipe, got = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    reader.start()
    assert export(Selection(DAILY), kind, str(pipe)).rows == 1
    reader.join(10)
    (tmp_path / "copy").write_bytes(got[0])
    assert kind == "csv" or pq.read_table(tmp_path / "copy").num_rows == 1


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_keeps_pointing_to_what_is_replaced_behind_it(tmp_path: Path, exists: bool) -> None:
    (tmp_path / "there").mkdir()
    target, link, second = tmp_path / "there" / "rows.csv", tmp_path / "link", tmp_path / "second"
    if exists:
        target.write_bytes(b"old")
    link.symlink_to("there/rows.csv")
    second.symlink_to("link")
    write(second)
    assert (second.readlink(), link.readlink()) == (Path("link"), Path("there/rows.csv"))
    assert target.read_bytes() == b"new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "second", "there"]


def test_a_link_to_a_device_stays_one(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/dev/null")
    write(tmp_path / "link")
    assert (tmp_path / "link").readlink() == Path("/dev/null")


@pytest.mark.parametrize("name", ["", "link"])
def test_a_folder_is_refused_with_a_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder")
    with pytest.raises(UsageError, match=r"is a folder; name a file in it, such as .*rows\.csv\.$"):
        write(tmp_path / name)
    assert list((tmp_path / "folder").iterdir()) == []


def test_a_file_keeps_its_mode_and_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(b"old")
    path.chmod(0o640)
    write(path)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"new", 0o640)
    with suppress(RuntimeError), open_output(str(path)) as file:
        file.write(b"half")
        raise RuntimeError
    assert path.read_bytes() == b"new"
    assert [found.name for found in tmp_path.iterdir()] == ["rows.csv"]


def test_standard_output_has_many_names() -> None:
    for name in ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"):
        command = [sys.executable, "-c", WRITING.format(name)]
        assert subprocess.run(command, capture_output=True, check=True).stdout == b"new"


def test_a_file_behind_standard_output_is_added_to(tmp_path: Path) -> None:
    code = "print('first', flush=True)\n" + WRITING.format("/dev/stdout")
    with (tmp_path / "out").open("wb") as file:
        subprocess.run([sys.executable, "-c", code], stdout=file, check=True)
    assert (tmp_path / "out").read_bytes() == b"first\nnew"


def test_another_file_is_not_standard_output(tmp_path: Path) -> None:
    assert not is_standard_output(str(tmp_path / "nothing"))
