"""The stocks of a made-up market."""

import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from market_data.standin.market.calendar import Calendar, compact
from market_data.standin.market.tables import IntArray, Keys, Table, stored, texts

FloatArray = npt.NDArray[np.float64]
FIRST_LISTING = np.datetime64("1990-12-19")
DELISTED_SHARE = 0.02
NEW_SHARE = 0.1
INDUSTRIES = ("银行", "软件服务", "电气设备", "中成药", "化工原料", "半导体")
AREAS = ("北京", "上海", "深圳", "浙江", "江苏", "四川")


@dataclass(frozen=True)
class Board:
    """A part of an exchange, with its first code and its share of the stocks."""

    market: str
    exchange: str
    suffix: str
    first_code: int
    share: float


# In the order of their codes; the last one takes what rounding leaves.
BOARDS = (
    Board("主板", "SZSE", "SZ", 1, 0.28),
    Board("创业板", "SZSE", "SZ", 300001, 0.25),
    Board("主板", "SSE", "SH", 600000, 0.32),
    Board("科创板", "SSE", "SH", 688001, 0.11),
    Board("北交所", "BSE", "BJ", 830001, 0.04),
)


@dataclass(frozen=True)
class Stocks:
    """Ascending by code. Listed on the sessions from `first` up to, not including, `last`; `list_days` may be earlier.

    Shares in ten thousand; `eps`, `eps_ttm`, `bps`, `sps` in yuan a share; `dividend` is the yield in percent.
    """

    codes: list[str]
    boards: list[Board]
    first: IntArray
    last: IntArray
    list_days: npt.NDArray[np.datetime64]
    total_share: FloatArray
    float_share: FloatArray
    free_share: FloatArray
    eps: FloatArray
    eps_ttm: FloatArray
    bps: FloatArray
    sps: FloatArray
    dividend: FloatArray


def make_stocks(count: int, calendar: Calendar, rng: np.random.Generator) -> Stocks:
    """Draw the stocks."""
    boards, codes = _codes(count)
    days = len(calendar.sessions)
    first, last = _lifetimes(count, days, rng)
    earlier = np.maximum(calendar.sessions[0] - rng.integers(30, 7000, count), FIRST_LISTING)
    total = np.round(5_000 + 200_000 * rng.random(count) * rng.random(count), 4)
    floating = np.round(total * (0.4 + 0.6 * rng.random(count)), 4)
    eps = _rounded_eps(2 * rng.random(count) - 0.3)
    return Stocks(
        codes=codes,
        boards=boards,
        first=first,
        last=last,
        list_days=np.where(first > 0, calendar.sessions[first], earlier),
        total_share=total,
        float_share=floating,
        free_share=np.round(floating * (0.3 + 0.6 * rng.random(count)), 4),
        eps=eps,
        eps_ttm=_rounded_eps(eps * (0.8 + 0.4 * rng.random(count))),
        bps=1 + 10 * rng.random(count),
        sps=0.5 + 10 * rng.random(count),
        dividend=3 * rng.random(count),
    )


def _rounded_eps(eps: FloatArray) -> FloatArray:
    return np.where(np.abs(eps) < 0.01, 0.01, np.round(eps, 4))


def _codes(count: int) -> tuple[list[Board], list[str]]:
    counts = [int(count * board.share) for board in BOARDS[:-1]]
    boards = [board for board, size in zip(BOARDS, [*counts, count - sum(counts)], strict=True) for _ in range(size)]
    places = {board: boards.index(board) for board in set(boards)}
    codes = [f"{board.first_code + i - places[board]:06d}.{board.suffix}" for i, board in enumerate(boards)]
    return boards, codes


def _lifetimes(count: int, days: int, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """The first session of each stock and the one after its last."""
    first = np.where(rng.random(count) < NEW_SHARE, rng.integers(0, days, count), 0)
    left = days - 1 - first
    delisted = (rng.permutation(count) < round(count * DELISTED_SHARE)) & (left > 0)
    last = first + 1 + (rng.random(count) * left).astype(np.int64)
    return first, np.where(delisted, last, days)


def stock_table(stocks: Stocks, calendar: Calendar) -> Table:
    """stock_basic, delisted stocks included."""
    sessions = compact(calendar.sessions)
    delisted = [sessions[last] if last < len(sessions) else None for last in stocks.last.tolist()]
    count = len(stocks.codes)
    columns: dict[str, list[str | None]] = {
        "ts_code": [*stocks.codes],
        "symbol": [code[:6] for code in stocks.codes],
        "name": [f"模拟{code[:6]}" for code in stocks.codes],
        "area": [AREAS[i % len(AREAS)] for i in range(count)],
        "industry": [INDUSTRIES[i % len(INDUSTRIES)] for i in range(count)],
        "fullname": [f"模拟{code[:6]}股份有限公司" for code in stocks.codes],
        "enname": [f"Made-up {code[:6]} Co., Ltd." for code in stocks.codes],
        "cnspell": [f"mn{code[:6]}" for code in stocks.codes],
        "market": [board.market for board in stocks.boards],
        "exchange": [board.exchange for board in stocks.boards],
        "curr_type": ["CNY"] * count,
        "list_status": ["D" if day else "L" for day in delisted],
        "list_date": [*compact(stocks.list_days)],
        "delist_date": [*delisted],
        "is_hs": ["N"] * count,
    }
    keys = Keys(stocks.codes, np.arange(count, dtype=np.int32), np.zeros(count, np.int32))
    return Table(keys, {name: stored(texts(map(json.dumps, values))) for name, values in columns.items()})
