"""Daily bars as qlib's `dump_bin` expects them: a CSV for each symbol, prices adjusted, with the factor."""

from __future__ import annotations

from pathlib import Path

from market_data.files.shaping import Selection
from market_data.files.writing import CSVWriter
from market_data.frames import np, pa, pc
from market_data.queries import stored_batches
from market_data.queries.adjusting import FILLED
from market_data.queries.ordering import floats, keys_of, known, starts_of
from market_data.queries.streams import adjusted_piece, by_symbols

COLUMNS = ("date", "symbol", "open", "high", "low", "close", "volume", "amount", "vwap", "change", "factor")


def write(selection: Selection, folder: Path) -> tuple[int, int]:
    """Write SH600000.csv and its like. Returns how many rows, and of how many the factor was filled in.

    `factor` is adjusted price / stored price, `volume` shares / factor and `vwap` an adjusted price, as qlib has them;
    `change` is a ratio. Without --adjust the factor is 1.
    """
    rows = filled = 0
    for bars in by_symbols(stored_batches(selection.wanted)):
        prices = bars if selection.adjust == "none" else adjusted_piece(bars, selection.adjust)
        table = _columns(bars, prices)
        starts = starts_of(keys_of(bars).places)
        for start, end in zip(starts, [*starts[1:], bars.num_rows], strict=True):
            one = table.slice(start, end - start)
            with (folder / f"{one['symbol'][0]}.csv").open("wb") as file:
                CSVWriter(file, one.schema).write_table(one)
        rows += bars.num_rows
        filled += pc.sum(prices[FILLED]).as_py() or 0 if FILLED in prices.column_names else 0
    return rows, filled


def _columns(bars: pa.Table, prices: pa.Table) -> pa.Table:
    close, volume, amount = (floats(bars[name]) for name in ("close", "volume", "amount"))
    factor = floats(prices["close"]) / close
    has_traded = volume > 0
    average = np.divide(amount, volume, out=np.full(len(volume), np.nan), where=has_traded)
    columns = {
        "date": bars["trade_date"],
        "symbol": pc.binary_join_element_wise(
            pc.utf8_slice_codeunits(bars["symbol"], -2), pc.utf8_slice_codeunits(bars["symbol"], 0, -3), ""
        ),
        **{name: prices[name] for name in ("open", "high", "low", "close")},
        "volume": known(volume / factor),
        "amount": bars["amount"],
        "vwap": known(average * factor),
        "change": known(floats(bars["close"]) / floats(bars["pre_close"]) - 1),
        "factor": known(factor),
    }
    return pa.table([columns[name] for name in COLUMNS], names=list(COLUMNS))
