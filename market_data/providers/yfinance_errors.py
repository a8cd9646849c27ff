"""What the yfinance package raises, and what each means."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from requests.exceptions import JSONDecodeError
from yfinance.exceptions import YFException, YFPricesMissingError, YFRateLimitError, YFTzMissingError

from market_data.exceptions import BadPayload, NoData, ProviderError, RateLimited, Transient, Unreachable
from market_data.providers.base import Stopped
from market_data.providers.yfinance_sessions import ChartRefused

EVIDENCE_CHARACTERS = 1000


@contextmanager
def translated(symbol: str, span: str, last_answer: Callable[[], str]) -> Iterator[None]:
    """Let the package's errors out as ours. `span` says in words which days were asked for."""
    try:
        yield
    except (ProviderError, Stopped):
        raise
    except ChartRefused as error:
        raise refusal(str(error), symbol, span) from error
    except (json.JSONDecodeError, JSONDecodeError) as error:
        raise Transient(f"Yahoo's answer is not its JSON: {error.doc[:80]!r}") from error
    except YFException as error:
        raise _of_the_package(error, symbol, span) from error
    except OSError as error:
        raise Unreachable(f"Yahoo does not answer: {type(error).__name__}.") from error
    except Exception as error:
        if _is_empty(last_answer()):
            raise refusal("Data doesn't exist", symbol, span) from error
        # The package takes answers apart with little care; whatever else it raises is about this one.
        text = f"Yahoo's answer about {symbol} has another shape than expected: {type(error).__name__}: {error}."
        raise BadPayload(text, {"answer": last_answer()[:EVIDENCE_CHARACTERS]}) from error


def refusal(reason: str, symbol: str, span: str) -> ProviderError:
    """What Yahoo's own words stand for."""
    if "No data found" in reason:
        return NoData(f"Yahoo knows no symbol {symbol}: it is mistyped, or it was delisted.")
    if "Data doesn't exist" in reason:
        return NoData(f"Yahoo has no prices of {symbol} {span}.")
    return Transient(f"Yahoo refuses {symbol}: {reason}")


def _of_the_package(error: YFException, symbol: str, span: str) -> ProviderError:
    if isinstance(error, YFRateLimitError):
        return RateLimited("Yahoo says that there are too many requests.")
    if isinstance(error, YFTzMissingError):
        return refusal("No data found", symbol, span)
    if isinstance(error, YFPricesMissingError):
        return refusal(error.yahoo_reason or "Data doesn't exist", symbol, span)
    return Transient(f"Yahoo's answer about {symbol} is no use to yfinance: {error}")


def _is_empty(answer: str) -> bool:
    """Whether Yahoo said that there is nothing, which the package stumbles over where it knows the time zone."""
    try:
        return bool(json.loads(answer)["chart"]["result"] == [])
    except (ValueError, KeyError, TypeError):
        return False
