"""Symbols in Yahoo's words. Ours are 600000.SH, 000001.SZ and 830799.BJ; elsewhere Yahoo's are ours."""

from market_data.exceptions import NoData


def is_covered(symbol: str) -> bool:
    """Whether Yahoo has the exchange of the symbol."""
    return not symbol.endswith(".BJ")


def to_yahoo(symbol: str) -> str:
    """Yahoo's form of our symbol. Raises NoData for an exchange that Yahoo does not cover."""
    if not is_covered(symbol):
        raise NoData(f"Yahoo has no stocks of the Beijing exchange; take {symbol} out of what is asked of it.")
    return f"{symbol.removesuffix('.SH')}.SS" if symbol.endswith(".SH") else symbol


def from_yahoo(symbol: str) -> str:
    """Our form of a symbol that may be written as Yahoo does."""
    return f"{symbol.removesuffix('.SS')}.SH" if symbol.endswith(".SS") else symbol
