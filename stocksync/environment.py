"""How a setting's text becomes a value, and what is said when it cannot."""

import os
import re
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, time
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from environs import EnvError, ValidationError, env

SHORTEST_KEY = 32
T = TypeVar("T")
N = TypeVar("N", int, float)


def base_dir(root: Path) -> Path:
    """Where `.env` and `var/` are: a checkout's own folder, or, where the package is installed, where one works."""
    return root if (root / "manage.py").exists() else Path.cwd()


SECRETS = (
    "SECRET_KEY",
    "DATABASE_URL",
    "CELERY_BROKER_URL",
    "TUSHARE_TOKEN",
    "RATE_LIMIT_REDIS_URL",
    "WATCHLIST_REDIS_URL",
    "NOTIFY_URLS",
    "HEARTBEAT_URL",
    "METRICS_TOKEN",
)


def read_secret_files() -> None:
    """Take each secret that is not set from the file that NAME_FILE names, as containers get them. Raises EnvError."""
    for name in SECRETS:
        path = os.environ.get(f"{name}_FILE", "")
        if not path or os.environ.get(name):
            continue
        try:
            os.environ[name] = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise EnvError(f'Environment variable "{name}_FILE" invalid: {path} cannot be read: {error}.') from error


@contextmanager
def settings_errors() -> Iterator[None]:
    """Turn a wrong variable into one sentence that names it, without a traceback."""
    try:
        yield
    except (EnvError, ImproperlyConfigured) as error:
        if "pytest" in sys.modules:
            raise
        sys.stderr.write(f"Wrong setting: {error}\n")
        sys.exit(2)


def read(name: str, default: str, parse: Callable[[str], T]) -> T:
    """The variable's text, parsed; EnvError names the variable when `parse` raises ValueError."""
    text = env.str(name, default)
    try:
        return parse(text)
    except ValueError as error:
        raise EnvError(f'Environment variable "{name}" invalid: {error}.') from error


def positive(value: float) -> None:
    if not value > 0:
        raise ValidationError("must be greater than 0")


def non_negative(value: float) -> None:
    if not value >= 0:
        raise ValidationError("must be 0 or greater")


def proxy_header(text: str) -> tuple[str, str] | None:
    """`X-Forwarded-Proto` as Django wants it; None for an empty text."""
    if text and not re.fullmatch(r"[A-Za-z][A-Za-z-]*", text):
        raise ValueError(f"{text!r} is not the name of a header, such as X-Forwarded-Proto")
    return (f"HTTP_{text.upper().replace('-', '_')}", "https") if text else None


def long_enough(text: str) -> str:
    """A key that cannot be guessed, or an empty text. The text is not shown."""
    if text and (len(text) < SHORTEST_KEY or len(set(text)) < 5):
        raise ValueError(
            f"it is too easy to guess: at least {SHORTEST_KEY} random characters, or none to have one made"
        )
    return text


def day(text: str) -> date | None:
    """YYYYMMDD as a date; None for an empty text."""
    if not text:
        return None
    if not (len(text) == 8 and text.isdigit()):
        raise ValueError(f"{text!r} is not a date written YYYYMMDD")
    return date.fromisoformat(text)


def demo(text: str, *, token: str, begun: bool) -> bool:
    """Whether to show made-up data; "auto": where there is no token; left empty: where `start` has `begun` to."""
    choices = {"auto": not token, "true": True, "1": True, "false": False, "0": False, "": begun and not token}
    if text.lower() not in choices:
        raise ValueError(f"{text!r} is none of true, false and auto")
    return choices[text.lower()]


def limits(text: str) -> dict[str, list[tuple[int, float]]]:
    """`stock_basic=50/60,ths_member=200/60` as {interface: [(calls, seconds), …]}."""
    found: dict[str, list[tuple[int, float]]] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            name, rule = part.split("=")
            calls, seconds = rule.split("/")
            found.setdefault(name.strip(), []).append((_above_zero(int(calls)), _above_zero(float(seconds))))
        except ValueError:
            raise ValueError(f"{part!r} is not written interface=calls/seconds, both above 0") from None
    return found


def _above_zero(number: N) -> N:
    if not number > 0:
        raise ValueError
    return number


def row_caps(text: str) -> dict[str, int]:
    """`daily=5000,adj_factor=4000` as {dataset: rows}."""
    caps: dict[str, int] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            name, rows = part.split("=")
            caps[name.strip()] = _above_zero(int(rows))
        except ValueError:
            raise ValueError(f"{part!r} is not written dataset=rows, above 0") from None
    return caps


def symbols(text: str) -> list[str]:
    """`000001.SH,399001.SZ` as a list."""
    found = [part.strip() for part in text.split(",") if part.strip()]
    for symbol in found:
        if not re.fullmatch(r"\w+\.[A-Z]+", symbol):
            raise ValueError(f"{symbol!r} is not a symbol such as 000300.SH")
    return found


def address(text: str) -> str:
    """An http or https address, or an empty text. It may hold a password and is not shown."""
    if text and (urlsplit(text).scheme not in ("http", "https") or not urlsplit(text).hostname):
        raise ValueError("it is not an address such as https://api.tushare.pro")
    return text


def channels(text: str) -> list[str]:
    """Addresses with white space between; none is shown, for they hold passwords."""
    found = text.split()
    if not all("://" in part for part in found):
        raise ValueError("an address such as mailto://user:password@example.com or json://example.com/hook is wrong")
    return found


def log_format(text: str) -> str:
    if text not in ("line", "json"):
        raise ValueError(f"{text!r} is neither line nor json")
    return text


def hour(text: str) -> time | None:
    """HH:MM; None for an empty text."""
    try:
        return time.fromisoformat(text) if text else None
    except ValueError:
        raise ValueError(f"{text!r} is not a time written HH:MM") from None


def span_of_hours(text: str) -> tuple[time, time] | None:
    """HH:MM-HH:MM, which may span midnight; None for an empty text."""
    if not text:
        return None
    start, end = (hour(part.strip()) for part in f"{text}-".split("-")[:2])
    if start is None or end is None or start == end or text.count("-") != 1:
        raise ValueError(f"{text!r} is not a span written HH:MM-HH:MM")
    return start, end


def redis_address(text: str) -> str:
    """A Redis address, or an empty text."""
    if text and urlsplit(text).scheme not in ("redis", "rediss", "unix"):
        raise ValueError("it is not an address such as redis://localhost:6379/0")
    return text


def make_folder(name: str, path: Path) -> None:
    """Make the folder that the variable names, for its owner alone. Raises EnvError."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = path.stat()
        # A folder that many share, such as /tmp, is not ours to close.
        if found.st_uid == os.getuid() and found.st_mode & 0o077 and not found.st_mode & stat.S_ISVTX:
            path.chmod(0o700)
    except OSError as error:
        raise EnvError(f'Environment variable "{name}" invalid: the folder {path} cannot be made: {error}.') from error


@contextmanager
def for_its_owner() -> Iterator[None]:
    """What is made within is closed to others. For the start of a process: threads share this."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def private_file(folder: Path, name: str) -> None:
    """Make the file of an SQLite database in the data folder, or close it to others; SQLite's other files follow it."""
    path = Path(name)
    if path.parent != folder:
        return
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    for part in (path, *(path.with_name(f"{path.name}-{kind}") for kind in ("wal", "shm", "journal"))):
        with suppress(FileNotFoundError, PermissionError):
            if part.stat().st_mode & 0o077:
                part.chmod(0o600)


def mirror_folder(text: str, var_dir: Path) -> Path | None:
    """The folder of the copy in columns; None: there is none."""
    return None if text == "off" else Path(text or var_dir / "mirror")


def kept_secret_key(var_dir: Path) -> str:
    """The key of this installation, made once and kept beside its database."""
    path = var_dir / "secret_key"
    if not path.exists() or not path.stat().st_size:
        unfinished = var_dir / f".secret_key.{os.getpid()}"
        with os.fdopen(os.open(unfinished, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "w") as file:
            file.write(get_random_secret_key())
        if path.exists():  # an earlier version of us was interrupted while it wrote
            unfinished.replace(path)
        with suppress(FileExistsError, FileNotFoundError):
            os.link(unfinished, path)
        unfinished.unlink(missing_ok=True)
    return path.read_text().strip()
