"""AkShare against the stand-in for the hosts it reads."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from market_data.exceptions import Unreachable
from market_data.providers.akshare import AkShareProvider
from market_data.providers.base import Answer, Call
from market_data.providers.door import Door
from market_data.ratelimit.budget import Rule
from market_data.ratelimit.file_store import FileStore
from market_data.ratelimit.limiter import Limiter
from market_data.standin.market.generated import generate_market
from market_data.standin.market.tables import Market

LAST_DAY = "20240329"
SYMBOL = "600000.SH"
FEBRUARY = {"start_date": "20240201", "end_date": "20240229"}
# A call of each interface that has rows in the market.
CALLS: dict[str, dict[str, Any]] = {
    "daily": {"ts_code": SYMBOL, **FEBRUARY},
    "trade_cal": {"exchange": "SSE", **FEBRUARY},
    "limit_up_pool": {"trade_date": LAST_DAY},
    "dragon_tiger": {"start_date": "20240325", "end_date": LAST_DAY},
    "individual_fund_flow": {"ts_code": SYMBOL, **FEBRUARY},
    "sector_fund_flow": {"trade_date": LAST_DAY},
    "concept_board": {},
    "concept_board_member": {"board_code": "BK0655"},
}


@cache
def small_market() -> Market:
    """Forty stocks on the sixty sessions to LAST_DAY."""
    return generate_market(40, 60, 1, LAST_DAY)


class Circuits:
    """Circuits that only note what happens; the hosts of `closed_to` are left alone."""

    def __init__(self) -> None:
        self.closed_to: set[str] = set()
        self.refusals: list[tuple[str, str]] = []
        self.answers: list[str] = []

    def enter(self, host: str) -> None:
        if host in self.closed_to:
            raise Unreachable(f"{host} is left alone")

    def refused(self, host: str, why: str) -> None:
        self.refusals.append((host, why))

    def answered(self, host: str) -> None:
        self.answers.append(host)

    def close(self) -> None:
        return


@contextmanager
def akshare_at(
    url: str, folder: Path, circuits: Circuits | None = None, *, timeout: float = 20.0, pace: Rule | None = None
) -> Iterator[AkShareProvider]:
    """AkShare with a budget of its own, which allows a thousand pages a second where no pace is given."""
    rule = pace or Rule("account", 1000, 1.0)
    limiter = Limiter(FileStore(folder / "budget.sqlite3"), "akshare")
    door = Door(limiter, lambda api_name: [rule], 0.01, lambda: None)
    provider = AkShareProvider(door, "akshare", url, timeout, circuits or Circuits())
    yield provider
    provider.close()


def asking(provider: AkShareProvider) -> Callable[..., Answer]:
    """Ask the provider for an interface with parameters, and for some fields where they are given."""

    def ask(api_name: str, fields: tuple[str, ...] = (), **params: Any) -> Answer:
        return provider.ask(Call(api_name, params, fields), lambda answer: answer)

    return ask


def wire(settings: Any, url: str) -> None:
    """Let the engine ask AkShare at this address, at any pace."""
    settings.AKSHARE_URL = url
    settings.AKSHARE_RATE_LIMIT_MAX_CALLS = 100_000
