"""The layouts in which tools save rows: what their columns are called, and in which units they are."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from market_data.datasets import Dataset
from market_data.datasets.base import Field

Units = Literal["native", "tushare"]
LOTS = 100.0


@dataclass(frozen=True)
class Layout:
    """`names`: what a field is called there, each as any of several. `scales`: file value x scale is ours, else x 1.

    A file is of the layout where it has all of `marks` (any name of a group) and what its dataset needs. `titled`: only
    files with a line above their header.
    """

    title: str
    names: Mapping[str, tuple[str, ...]]
    marks: tuple[tuple[str, ...], ...] = ()
    scales: Mapping[str, float] = field(default_factory=dict)
    titled: bool = False

    def dataset_as_in(self, dataset: Dataset, columns: Collection[str]) -> Dataset | None:
        """The dataset with the file's names and units; None where the file is not of the layout."""
        if not all(any(name in columns for name in group) for group in self.marks):
            return None
        fields = tuple(self._field(f, columns) for f in dataset.fields)
        return replace(dataset, fields=fields)

    def _field(self, known: Field, columns: Collection[str]) -> Field:
        names = self.names.get(known.name, ())
        source = next((name for name in names if name in columns), names[0] if names else known.name.upper())
        return replace(known, source=source, scale=self.scales.get(known.name, 1.0))


_CHINESE = {
    "symbol": ("股票代码", "代码", "证券代码"),
    "trade_date": ("日期", "交易日期", "时间"),
    "open": ("开盘", "开盘价"),
    "high": ("最高", "最高价"),
    "low": ("最低", "最低价"),
    "close": ("收盘", "收盘价"),
    "pre_close": ("昨收", "前收盘", "前收盘价"),
    "change": ("涨跌额",),
    "pct_chg": ("涨跌幅",),
    "volume": ("成交量",),
    "amount": ("成交额", "成交金额"),
}
_ENGLISH = {name: (name,) for name in ("open", "high", "low", "close", "volume", "amount")}
_CHINESE_MARKS = (_CHINESE["trade_date"], _CHINESE["close"])

BARS = (
    Layout("a Tongdaxin export", _CHINESE, _CHINESE_MARKS, titled=True),
    Layout("AkShare's", _CHINESE, _CHINESE_MARKS, {"volume": LOTS}),
    Layout(
        "baostock's",
        _ENGLISH | {"symbol": ("code",), "trade_date": ("date",), "pre_close": ("preclose",), "pct_chg": ("pctChg",)},
        (("date",), ("code",), ("close",), ("preclose", "adjustflag", "tradestatus", "pctChg")),
    ),
    Layout(
        "JoinQuant's",
        _ENGLISH
        | {
            "symbol": ("code", "security"),
            "trade_date": ("time", "date", ""),
            "pre_close": ("pre_close",),
            "amount": ("money",),
        },
        (("money",), ("close",), ("time", "date", "")),
    ),
    Layout(
        "qlib's, Sina's or alike",
        _ENGLISH
        | {
            "symbol": ("symbol", "instrument", "code", "ts_code"),
            "trade_date": ("date", "datetime", "time", "trade_date"),
        },
        (("date", "datetime", "time"), ("close",), ("open",), ("volume",)),
    ),
)


def layouts_of(dataset: Dataset) -> dict[str, Layout]:
    """The layouts in which a dataset's files come, the provider's own and ours first."""
    theirs = {f.name: (f.source,) for f in dataset.fields}
    whose = {"tushare": "Tushare's", "akshare": "AkShare's", "yfinance": "yfinance's"}[dataset.provider]
    scales = {f.name: f.scale for f in dataset.fields}
    found = {
        "tushare": Layout(whose, theirs, scales=scales),
        "native": Layout("ours", {f.name: (f.name,) for f in dataset.fields}),
    }
    if dataset.name == "daily":
        found |= {layout.title: layout for layout in BARS}
    return found


def known_names(dataset: Dataset) -> set[str]:
    """Every name that a column of the dataset may have."""
    found = {name for layout in layouts_of(dataset).values() for names in layout.names.values() for name in names}
    return (found | set(dataset.other_names)) - {""}
