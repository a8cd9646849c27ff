"""What goes wrong with stored bars and factors, done at random to a copy, and whether it leaves a trace."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

APART = 6
"""Sessions between two damages of a stock, so that each finding belongs to one of them."""


@dataclass(frozen=True)
class Damage:
    """What was done, between which days it must show, and why it cannot where it cannot ("" where it must)."""

    what: str
    symbol: str
    after: str
    until: str
    traceless: str

    def explains(self, symbol: str, day: str) -> bool:
        return symbol == self.symbol and self.after < day <= self.until


class Patient:
    """Bars with their factors in Tushare's names and units, ascending by stock and day."""

    def __init__(self, bars: pd.DataFrame, factors: pd.DataFrame, seed: int) -> None:
        rows = bars.merge(factors, how="left", on=["ts_code", "trade_date"])
        self.rows = rows.sort_values(["ts_code", "trade_date"], ignore_index=True)
        self.rows["factor_date"] = self.rows["trade_date"]
        self.whole = self.rows.copy()
        self.sessions = set(self.rows["trade_date"])
        self.random = np.random.default_rng(seed)
        self.damages: list[Damage] = []
        self.gone: list[int] = []
        self._free = self._inner()

    @property
    def bars(self) -> pd.DataFrame:
        return self.rows.drop(index=self.gone).drop(columns=["adj_factor", "factor_date"])

    @property
    def factors(self) -> pd.DataFrame:
        stored = self.rows.dropna(subset="adj_factor")
        return stored[["ts_code", "factor_date", "adj_factor"]].rename(columns={"factor_date": "trade_date"})

    def harm(self, times: int) -> None:
        """As many damages, of each kind in turn."""
        kinds = (self._remove, self._lose, self._hold, self._lots, self._qfq, self._turn, self._shift)
        for number in range(times):
            kinds[number % len(kinds)]()

    def _inner(self) -> "np.ndarray[Any, np.dtype[np.bool_]]":
        """Bars with some before and some after of the same stock, and a factor."""
        codes = self.rows["ts_code"]
        inner = (codes == codes.shift(APART)) & (codes == codes.shift(-APART))
        return np.array(inner & self.rows["adj_factor"].notna())

    def _pick(self, among: "pd.Series[bool] | None" = None) -> int:
        allowed = self._free if among is None else self._free & among.to_numpy()
        at = int(self.random.choice(np.flatnonzero(allowed)))
        self._free[at - APART : at + APART + 1] = False
        return at

    def _note(self, what: str, at: int, traceless: str = "", *, touches: int = 1) -> None:
        """`touches`: the last bar, counted from this one, whose link is another."""
        after, until = (self.whole.at[at + offset, "trade_date"] for offset in (-1, touches))
        self.damages.append(Damage(what, self.whole.at[at, "ts_code"], after, until, traceless))

    def _fits(self, at: int, before: int) -> bool:
        """Whether the bar at `at` could follow the one at `before`, as far as rounded factors can tell."""
        now, then = self.whole.loc[at], self.whole.loc[before]
        if now.adj_factor == then.adj_factor:
            return bool(abs(now.pre_close - then.close) < 0.0051)
        room = now.pre_close * (1e-4 + 0.0005 / now.adj_factor + 0.0005 / then.adj_factor)
        return bool(abs(now.pre_close - then.close * then.adj_factor / now.adj_factor) < 0.011 + room)

    def _remove(self) -> None:
        at = self._pick()
        self.gone.append(at)
        self._note("bar removed", at, "it closed where the bar before it did" if self._fits(at + 1, at - 1) else "")

    def _lose(self) -> None:
        at = self._pick()
        self.rows.loc[at, "adj_factor"] = np.nan
        self._note("factor lost", at)

    def _hold(self) -> None:
        moved = self.whole["adj_factor"] != self.whole["adj_factor"].shift()
        at = self._pick(moved)
        self.rows.loc[at, "adj_factor"] = self.whole.at[at - 1, "adj_factor"]
        paid = self.whole.at[at - 1, "close"] - self.whole.at[at, "pre_close"]
        small = paid <= max(0.011, 1e-4 * self.whole.at[at, "pre_close"])
        self._note("factor not moved", at, "a dividend of a cent" if small else "")

    def _lots(self) -> None:
        at = self._pick()
        self.rows.loc[at, "vol"] = self.whole.at[at, "vol"] / 100
        self._note("lots for shares", at)

    def _qfq(self) -> None:
        ratio = self.whole["adj_factor"] / self.whole.groupby("ts_code")["adj_factor"].transform("last")
        at = self._pick(ratio < 0.99)
        for name in ("open", "high", "low", "close", "pre_close", "change"):
            self.rows.loc[at, name] = round(self.whole.at[at, name] * ratio[at], 2)
        self._note("qfq price", at)

    def _shift(self) -> None:
        """To the day after; where there is a bar, that one comes a day earlier."""
        at = self._pick()
        day, after = self.whole["trade_date"].iloc[at : at + 2]
        next_day = f"{datetime.strptime(day, '%Y%m%d') + timedelta(days=1):%Y%m%d}"  # noqa: DTZ007
        self.rows.loc[at, "trade_date"] = next_day
        traceless = ""
        if next_day == after:
            self.rows.loc[at + 1, "trade_date"] = day
            orders = ((at + 1, at - 1), (at, at + 1), (at + 2, at))
            traceless = "all of these bars closed alike" if all(self._near(*order) for order in orders) else ""
        elif next_day in self.sessions:
            traceless = "no bar is passed on the way: it closed as it does on a day that the stock did not trade"
        self._note("day shifted", at, traceless, touches=2)

    def _near(self, at: int, before: int) -> bool:
        gap = abs(self.whole.at[at, "pre_close"] - self.whole.at[before, "close"])
        return bool(gap <= max(0.011, 1e-4 * self.whole.at[at, "pre_close"]))

    def _turn(self) -> None:
        names = ("open", "high", "low", "close", "pre_close", "change", "pct_chg", "vol", "amount", "adj_factor")
        name = str(self.random.choice(names))
        at = self._pick()
        self.rows.loc[at, name] = _turned(float(self.whole.at[at, name]), self.random)
        self._note(f"digit turned in {name}", at, _TRACELESS[name](self.rows.loc[at], self.whole.loc[at]))


def _turned(value: float, random: np.random.Generator) -> float:
    """The number with one of its digits, not the first, replaced by another."""
    text = f"{value:.4f}".rstrip("0") if value % 1 else f"{value:.2f}"
    places = [place for place, sign in enumerate(text) if sign.isdigit()][1:]
    place = int(random.choice(places))
    digit = str((int(text[place]) + int(random.integers(1, 10))) % 10)
    return float(text[:place] + digit + text[place + 1 :])


def _still_traded(bar: "pd.Series[Any]") -> bool:
    """The average price lies between low and high, to a share and a yuan."""
    amount, shares = 1000 * bar.amount, 100 * bar.vol
    return bool(bar.low * (shares - 1) - 1 <= amount <= bar.high * (shares + 1) + 1)


def _range_is_possible(bar: "pd.Series[Any]", was: "pd.Series[Any]") -> str:
    inside = bar.low <= min(bar.open, bar.close) and max(bar.open, bar.close) <= bar.high
    return "the bar is as possible as before" if inside and _still_traded(bar) else ""


def _percent_is_rounded(bar: "pd.Series[Any]", was: "pd.Series[Any]") -> str:
    same = abs(bar.pct_chg - was.pct_chg) < 0.0051 and abs(100 * bar.pct_chg - round(100 * bar.pct_chg)) < 1e-5
    return "it looks rounded" if same else ""


def _factor_is_near(bar: "pd.Series[Any]", was: "pd.Series[Any]") -> str:
    moved = was.pre_close * abs(bar.adj_factor / was.adj_factor - 1)
    near = moved < 0.011 + was.pre_close * (1e-4 + 0.0005 / was.adj_factor + 0.0005 / bar.adj_factor)
    return "less than factors are rounded to" if near else ""


def _never(bar: "pd.Series[Any]", was: "pd.Series[Any]") -> str:
    return ""


_TRACELESS: dict[str, Callable[["pd.Series[Any]", "pd.Series[Any]"], str]] = {
    **dict.fromkeys(("open", "high", "low", "vol", "amount"), _range_is_possible),
    **dict.fromkeys(("close", "pre_close", "change"), _never),
    "pct_chg": _percent_is_rounded,
    "adj_factor": _factor_is_near,
}
