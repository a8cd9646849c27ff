"""Stocks whose code moved: one history under two codes."""

from collections.abc import Iterable

from django.db.models import Q

from market_data.models import MovedCode

EXCHANGE_THAT_MOVED = ".BJ"


def codes_of(symbol: str) -> list[str]:
    """The codes under which a stock may be stored, the present one last; mostly the symbol alone."""
    if not symbol.endswith(EXCHANGE_THAT_MOVED):
        return [symbol]
    moved = MovedCode.objects.filter(Q(old_symbol=symbol) | Q(new_symbol=symbol)).first()
    return [moved.old_symbol, moved.new_symbol] if moved else [symbol]


def current_symbols(symbols: Iterable[str]) -> list[str]:
    """The present codes of these stocks, ascending, each once."""
    return sorted({codes_of(symbol)[-1] for symbol in symbols})
