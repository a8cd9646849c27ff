"""A PostgreSQL database into a file and back, by pg_dump and pg_restore with a job for each processor.

Parallel dumps are folders; the file is a tar of one, so that a backup is one thing to move about.
"""

import os
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from django.db import connection

from stocksync.copies.exceptions import CopyError

BEFORE = "before_restore"
# The default level takes four times as long for a tenth less.
COMPRESSION = "1"


def save(file: Path) -> None:
    """Dump the database as of now into `file`, which appears when it is whole."""
    with tempfile.TemporaryDirectory(dir=file.absolute().parent, prefix=".backup-") as name:
        folder, archive = Path(name) / "dump", Path(name) / "archive"
        _run("pg_dump", "--format=directory", f"--compress={COMPRESSION}", f"--file={folder}", "--schema=public")
        with tarfile.open(archive, "w") as tar:
            for part in sorted(folder.iterdir()):
                tar.add(part, part.name)
        archive.chmod(0o600)
        archive.replace(file)


def load(file: Path) -> None:
    """Replace the database by the dump; what was there stays aside until all is in, and is put back otherwise."""
    with tempfile.TemporaryDirectory(dir=file.absolute().parent, prefix=".restore-") as folder:
        try:
            with tarfile.open(file) as tar:
                tar.extractall(folder, filter="data")
        except (OSError, tarfile.TarError) as error:
            raise CopyError(f"{file} cannot be read as a backup of PostgreSQL: {error}.") from error
        if not (Path(folder) / "toc.dat").exists():
            raise CopyError(f"{file} is no backup of stocksync.")
        _sql(f"ALTER SCHEMA public RENAME TO {BEFORE}", "CREATE SCHEMA public")
        try:
            _run("pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", "--schema=public", folder)
        except BaseException:
            _sql("DROP SCHEMA public CASCADE", f"ALTER SCHEMA {BEFORE} RENAME TO public")
            raise
        _sql(f"DROP SCHEMA {BEFORE} CASCADE")


def _run(program: str, *arguments: str) -> None:
    command = [program, f"--jobs={os.cpu_count() or 1}", *_where(), *arguments]
    try:
        subprocess.run(command, env=os.environ | _secret(), check=True, stderr=subprocess.PIPE)
    except FileNotFoundError as error:
        raise CopyError(f"{program} is not there: install PostgreSQL's client programs.") from error
    except subprocess.CalledProcessError as error:
        said = " ".join(error.stderr.decode(errors="replace").split())[:500]
        raise CopyError(f"{program} failed: {said}") from error


def _where() -> Sequence[str]:
    settings = connection.settings_dict
    named = {"host": settings["HOST"], "port": settings["PORT"], "username": settings["USER"]}
    return [*(f"--{name}={value}" for name, value in named.items() if value), f"--dbname={settings['NAME']}"]


def _secret() -> dict[str, str]:
    password = connection.settings_dict["PASSWORD"]
    return {"PGPASSWORD": str(password)} if password else {}


def _sql(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
