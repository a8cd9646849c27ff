"""Stocks whose code moved: one history under two codes."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from market_data.frames import np, pa, pc
from market_data.models import MovedCode
from market_data.queries.ordering import in_order, keys_of

EXCHANGE_THAT_MOVED = ".BJ"


def codes_of(symbol: str) -> list[str]:
    """The codes under which a stock may be stored, the present one last; mostly the symbol alone."""
    if not symbol.endswith(EXCHANGE_THAT_MOVED):
        return [symbol]
    moved = MovedCode.objects.filter(Q(old_symbol=symbol) | Q(new_symbol=symbol)).first()
    return [moved.old_symbol, moved.new_symbol] if moved else [symbol]


def all_codes(symbols: Iterable[str]) -> list[str]:
    """Every code under which these stocks may be stored, ascending, each once."""
    codes = set(symbols)
    for old, new in _present_codes(codes).items():
        if old in codes or new in codes:
            codes |= {old, new}
    return sorted(codes)


def current_symbols(symbols: Iterable[str]) -> list[str]:
    """The present codes of these stocks, ascending, each once."""
    codes = set(symbols)
    present = _present_codes(codes)
    return sorted({present.get(code, code) for code in codes})


def one_series(table: pa.Table) -> pa.Table:
    """Rows ascending by symbol and day under present codes; the present code's row where both have one of a day."""
    moved = under_present_codes(table)
    if moved is table:
        return in_order(table)
    was_there = pc.equal(table["symbol"], moved["symbol"])
    # Behind each other where both have a day: the sort keeps the order of equal keys.
    table = in_order(pa.concat_tables([moved.filter(pc.invert(was_there)), moved.filter(was_there)]))
    numbers = keys_of(table).joined
    return table.filter(pa.array(np.append(numbers[1:] != numbers[:-1], True)))


def under_present_codes(table: pa.Table) -> pa.Table:
    """The rows in the same order, each under the present code of its stock."""
    encoded = table["symbol"].combine_chunks().dictionary_encode()
    codes = encoded.dictionary
    if not pc.any(pc.ends_with(codes, EXCHANGE_THAT_MOVED), min_count=0).as_py():
        return table
    present = dict(MovedCode.objects.values_list("old_symbol", "new_symbol"))
    if not pc.any(pc.is_in(codes, pa.array(list(present), pa.string())), min_count=0).as_py():
        return table
    renamed = pa.array([present.get(code, code) for code in codes.to_pylist()]).take(encoded.indices)
    return table.set_column(table.column_names.index("symbol"), "symbol", renamed)


def _present_codes(codes: Iterable[str]) -> dict[str, str]:
    """By code that moved; asked only where one of these may have."""
    if not any(code.endswith(EXCHANGE_THAT_MOVED) for code in codes):
        return {}
    return dict(MovedCode.objects.values_list("old_symbol", "new_symbol"))
