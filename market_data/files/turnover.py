"""Whether a file's volumes and amounts go with its prices: what they do not tell, no other check of a bar tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from market_data.frames import np, pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


COLUMNS = ("low", "high", "volume", "amount")
FACTORS = (100.0, 0.01, 1000.0, 0.001, 1e4, 1e-4, 1e5, 1e-5)
MOST, MANY = 0.9, 0.05
BARS_THAT_TELL = 10
_REASONS = {
    100.0: "the volume is 100 times too small, as lots taken for shares are",
    0.01: "the volume is 100 times too large, as shares taken for lots are",
    1000.0: "the amount is 1,000 times too large, as yuan taken for thousands of them are",
    0.001: "the amount is 1,000 times too small, as thousands of yuan taken for yuan are",
}


class Turnover:
    """Counts bars whose amount / volume lies between low and high, as in `engine.audit.bars`, or a factor beside it."""

    def __init__(self) -> None:
        self.bars = 0
        self._fitting = dict.fromkeys((1.0, *FACTORS), 0)

    def add(self, columns: dict[str, tuple[Any, float]]) -> None:
        """Columns and what they are multiplied with; bars without one of the four numbers tell nothing."""
        values = np.array([_numbers(values) * scale for values, scale in (columns[name] for name in COLUMNS)])
        low, high, volume, amount = values[:, (values > 0).all(axis=0)]
        self.bars += len(low)
        for factor in self._fitting:
            self._fitting[factor] += int(_fits(low * factor, high * factor, volume, amount).sum())

    @property
    def outside(self) -> int:
        """How many bars do not fit as they are."""
        return self.bars - self._fitting[1.0]

    def doubt(self) -> str:
        """What is wrong with the file, for people; empty where nothing is."""
        outside = self.outside
        factor = max(FACTORS, key=lambda factor: self._fitting[factor])
        if outside and self._fitting[factor] >= MOST * self.bars:
            return f"its units are others: {_REASONS.get(factor, f'amount / volume is {factor:g} times the prices')}"
        if self.bars < BARS_THAT_TELL or outside < MANY * self.bars:
            return ""
        where = f"amount / volume lies outside of low and high in {outside} of {self.bars} bars"
        return f"its prices seem to be adjusted ({where}), and bars must be unadjusted"


def _fits(low: Numbers, high: Numbers, volume: Numbers, amount: Numbers) -> NDArray[np.bool_]:
    whole = (volume % 100 == 0) & (amount % 1000 == 0)
    shares, yuan = np.where(whole, 100, 1), np.where(whole, 1000, 1)
    most = high * (volume + shares) * 1.0000001 + yuan
    least = low * (volume - shares) * 0.9999999 - yuan
    fits: NDArray[np.bool_] = (amount <= most) & (amount >= least)
    return fits


def _numbers(values: Any) -> Numbers:
    """NaN for what is no number."""
    if isinstance(values, pa.Array):
        numbers: Numbers = values.to_numpy(zero_copy_only=False)
        return numbers.astype(float)
    return np.array([value if isinstance(value, float) else np.nan for value in values], float)
