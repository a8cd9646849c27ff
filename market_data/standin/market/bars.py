"""Random walks for the prices of a made-up market, as whole numbers of the last decimal."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from market_data.standin.market.stocks import FloatArray, Stocks
from market_data.standin.market.tables import ShortArray

BoolArray = npt.NDArray[np.bool_]
SINGLE_SUSPENSIONS = 0.004
LONG_SUSPENSIONS = 0.0012
LONG_SUSPENSION_DAYS = 5
HALTS = 0.0005
EX_DAYS = 0.004
SPLITS = 0.05


@dataclass(frozen=True)
class Bars:
    """Matrices (session, stock), the newest session first.

    Prices in cents, volume in hundredths of a lot, factor in thousandths.
    `halted` bars had an interruption; `suspended` are listed days without a bar. `mean_volume` is per stock.
    """

    listed: BoolArray
    suspended: BoolArray
    halted: BoolArray
    open: ShortArray
    high: ShortArray
    low: ShortArray
    close: ShortArray
    pre_close: ShortArray
    volume: ShortArray
    factor: ShortArray
    mean_volume: FloatArray


def make_bars(stocks: Stocks, days: int, rng: np.random.Generator) -> Bars:
    """Draw the walks. Only sums, products and rounding: the same on every machine."""
    shape = (days, len(stocks.codes))
    session = np.arange(days)[:, None]
    listed = (session >= stocks.first) & (session < stocks.last)
    suspended = _suspensions(shape, rng) & listed & (session > stocks.first)
    traded = listed & ~suspended
    factor = _factors(traded & (session > stocks.first), stocks, rng)
    base = np.rint(100 * (3 + 60 * rng.random(shape[1]) * rng.random(shape[1])))
    close = _closes(base, factor, traded, rng)
    before = np.vstack([base, close[:-1]])
    pre_close = np.rint(before * np.vstack([factor[:1], factor[:-1]]) / factor)
    opened = np.rint(pre_close * (0.985 + 0.03 * rng.random(shape)))
    high = np.rint(np.maximum(opened, close) * (1 + 0.015 * rng.random(shape)))
    low = np.rint(np.minimum(opened, close) * (1 - 0.015 * rng.random(shape)))
    mean_volume = 100 * (2_000 + 200_000 * rng.random(shape[1]) * rng.random(shape[1]))
    volume = np.rint(mean_volume * (0.3 + 1.4 * rng.random(shape)))
    halted = (rng.random(shape) < HALTS) & traded
    return Bars(
        listed=listed[::-1],
        suspended=suspended[::-1],
        halted=halted[::-1],
        open=_newest_first(opened),
        high=_newest_first(high),
        low=_newest_first(low),
        close=_newest_first(close),
        pre_close=_newest_first(pre_close),
        volume=_newest_first(volume),
        factor=_newest_first(factor),
        mean_volume=mean_volume,
    )


def _newest_first(matrix: FloatArray) -> ShortArray:
    return matrix[::-1].astype(np.int32)


def _suspensions(shape: tuple[int, int], rng: np.random.Generator) -> BoolArray:
    suspended = rng.random(shape) < SINGLE_SUSPENSIONS
    starts = rng.random(shape) < LONG_SUSPENSIONS
    for shift in range(min(LONG_SUSPENSION_DAYS, shape[0])):
        suspended[shift:] |= starts[: shape[0] - shift]
    return suspended


def _factors(possible: BoolArray, stocks: Stocks, rng: np.random.Generator) -> FloatArray:
    """The adjustment factor in thousandths: it rises on ex-days, which are days with a bar."""
    steps = 1.005 + 0.03 * rng.random(possible.shape)
    steps[rng.random(possible.shape) < SPLITS] = 1.5
    steps[~(possible & (rng.random(possible.shape) < EX_DAYS))] = 1
    start = np.where(stocks.first > 0, 1, 1 + 20 * rng.random(len(stocks.codes)) * rng.random(len(stocks.codes)))
    factors: FloatArray = np.rint(1000 * start * np.cumprod(steps, axis=0))
    return factors


def _closes(base: FloatArray, factor: FloatArray, traded: BoolArray, rng: np.random.Generator) -> FloatArray:
    """Closing prices in cents, at least one yuan; unchanged where nothing is traded."""
    # Three uniform numbers come close enough to the normal distribution: at most 6 percent a day, mostly below 2.
    returns = 0.04 * (rng.random(factor.shape) + rng.random(factor.shape) + rng.random(factor.shape) - 1.5)
    returns[~traded] = 0
    closes: FloatArray = np.maximum(100, np.rint(base * np.cumprod(1 + returns, axis=0) * factor[0] / factor))
    return closes
