"""The adapter and the real yfinance package against a stand-in for Yahoo."""

import threading
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import time_machine

from market_data.exceptions import BadPayload, NoData, ProviderError, RateLimited, Transient, Unreachable
from market_data.providers.base import Answer, Call, Stopped
from market_data.providers.door import Door
from market_data.providers.yfinance import YFinanceProvider
from market_data.providers.yfinance_sessions import Passage, session_through
from market_data.providers.yfinance_symbols import from_yahoo, to_yahoo
from market_data.ratelimit.budget import Rule
from market_data.ratelimit.file_store import FileStore
from market_data.ratelimit.limiter import Limiter
from market_data.standin.yahoo.charts import Bar, Chart, generate_charts
from market_data.standin.yahoo.server import Fault, YahooStandin

LAST_DAY = date(2024, 6, 28)
SYMBOLS = ("AAPL", "600000.SS", "^GSPC", "EURUSD=X", "0700.HK", "BRK-B", "BTC-USD", "VOD.L")
Ask = Callable[..., Answer]


@pytest.fixture
def yahoo() -> Iterator[YahooStandin]:
    with YahooStandin(generate_charts(SYMBOLS, 130, 3, LAST_DAY), hang=10) as server:
        yield server


def door_of(folder: Path, limit: int = 100_000, window: float = 60.0) -> Door:
    limiter = Limiter(FileStore(folder / "limits.sqlite3"), "yahoo")
    return Door(limiter, lambda api_name: [Rule("account", limit, window)], 0.01, lambda: None)


@pytest.fixture
def provider(yahoo: YahooStandin, tmp_path: Path) -> Iterator[YFinanceProvider]:
    made = YFinanceProvider(door_of(tmp_path), "yahoo", yahoo.url, tmp_path / "yfinance", 2.0)
    yield made
    made.close()


@pytest.fixture
def ask(provider: YFinanceProvider) -> Ask:
    def call(symbol: str = "AAPL", start: str = "20240603", end: str = "20240628") -> Answer:
        days = {"start_date": start, "end_date": end}
        return provider.ask(Call("global_daily", {"ts_code": symbol, **days}, ()), lambda answer: answer)

    return call


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("600000.SH", "600000.SS"), *((name, name) for name in ("000001.SZ", "0700.HK", "AAPL", "^GSPC", "BRK-B"))],
)
def test_symbols_have_yahoos_form_on_the_way_out_and_ours_on_the_way_in(ours: str, theirs: str) -> None:
    assert (to_yahoo(ours), from_yahoo(theirs)) == (theirs, ours)


@pytest.mark.parametrize(("symbol", "there"), [("600000.SH", "600000.SS"), *((s, s) for s in SYMBOLS if s[0] != "6")])
def test_the_bars_of_a_symbol_of_any_market_are_yahoos(yahoo: YahooStandin, ask: Ask, symbol: str, there: str) -> None:
    chart = yahoo.charts[there]
    bars = [bar for bar in chart.bars if bar.day >= date(2024, 6, 3)]
    answer = ask(symbol)
    assert answer.columns == {
        "Symbol": [symbol] * 20,
        "Date": [f"{bar.day:%Y%m%d}" for bar in bars],
        "Open": [bar.open for bar in bars],
        "High": [bar.high for bar in bars],
        "Low": [bar.low for bar in bars],
        "Close": [bar.close for bar in bars],
        "Volume": [bar.volume for bar in bars],
        "Dividends": [bar.dividend for bar in bars],
        "Stock Splits": [bar.split for bar in bars],
        "Currency": [chart.exchange.currency] * 20,
    }
    assert (answer.rows, answer.made_up) == (20, False)


def test_dividends_and_splits_come_on_their_days(yahoo: YahooStandin, ask: Ask) -> None:
    answer = ask(start="20230101")
    bars = yahoo.charts["AAPL"].bars
    assert answer.columns["Dividends"] == [bar.dividend for bar in bars]
    assert answer.columns["Stock Splits"] == [bar.split for bar in bars]
    assert (sum(bool(bar.dividend) for bar in bars), sum(bool(bar.split) for bar in bars)) == (2, 1)


def test_made_up_prices_say_so(yahoo: YahooStandin, ask: Ask) -> None:
    yahoo.market.made_up = True
    assert ask().made_up


def test_a_day_without_prices_is_left_out_unless_a_dividend_was_paid_on_it(yahoo: YahooStandin, ask: Ask) -> None:
    nothing = (None,) * 6
    bars = (
        Bar(date(2024, 6, 24), 1.0, 2.0, 1.0, 1.5, 1.5, 10),
        Bar(date(2024, 6, 25), *nothing),
        Bar(date(2024, 6, 26), *nothing, 0.25),
        Bar(date(2024, 6, 27), None, 2.0, None, 1.5, 1.5, 10),
    )
    yahoo.charts["AAPL"] = Chart("AAPL", bars)
    columns = ask().columns
    assert columns["Date"] == ["20240624", "20240626", "20240627"]
    assert str(columns["Open"]) == "[1.0, nan, nan]"
    assert columns["Dividends"] == [0.0, 0.25, 0.0]


@pytest.mark.parametrize(
    ("moment", "last"),
    [
        ("2024-06-28T13:00:00-04:00", "20240627"),
        ("2024-06-28T16:10:00-04:00", "20240627"),
        ("2024-06-28T16:40:00-04:00", "20240628"),
        ("2024-06-29T04:00:00+08:00", "20240627"),
    ],
)
def test_a_day_is_there_when_its_session_is_over(yahoo: YahooStandin, ask: Ask, moment: str, last: str) -> None:
    with time_machine.travel(moment, tick=True):
        assert ask().columns["Date"][-1] == last


@pytest.mark.parametrize(
    ("symbol", "days", "sentence"),
    [
        ("NOBODY", (), "Yahoo knows no symbol NOBODY: it is mistyped, or it was delisted."),
        ("830799.BJ", (), "Yahoo has no stocks of the Beijing exchange"),
        ("US0378331005", (), "US0378331005 is an ISIN"),
        ("AAPL", ("20000103", "20000110"), "Yahoo has no prices of AAPL from 2000-01-03 to 2000-01-10."),
        ("AAPL", ("20240629", "20240630"), "Yahoo has no prices of AAPL from 2024-06-29 to 2024-06-30."),
    ],
)
def test_what_yahoo_does_not_have_is_said_in_a_sentence(
    yahoo: YahooStandin, ask: Ask, symbol: str, days: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(NoData, match=sentence):
        ask(symbol, *days)
    assert len([call for call in yahoo.calls if "/chart/" in call.api]) <= 2


@pytest.mark.parametrize(
    ("fault", "error", "sentence"),
    [
        ("http_502", Transient, "HTTP 502"),
        ("html", Transient, "not its JSON: '<html>"),
        ("captcha", Transient, "not its JSON: '<!doctype"),
        ("broken_json", Transient, "not its JSON"),
        ("reset", Unreachable, "Yahoo does not answer"),
        ("hang", Unreachable, "Yahoo does not answer"),
        ("empty", NoData, "no prices of AAPL"),
        ("wrong_columns", BadPayload, "another shape than expected: KeyError: 'close'"),
        ("text_for_number", BadPayload, "another shape than expected: ValueError"),
        ("another_symbol", BadPayload, "Yahoo answered about ANOTHER when it was asked for AAPL"),
    ],
)
def test_what_goes_wrong_has_the_name_of_what_to_do_next(
    yahoo: YahooStandin, ask: Ask, fault: str, error: type[ProviderError], sentence: str
) -> None:
    ask()
    yahoo.faults["AAPL"] = Fault(fault)
    with pytest.raises(error, match=sentence) as caught:
        ask()
    assert type(caught.value) is error
    if "another shape" in sentence:
        assert str(getattr(caught.value, "evidence", None)).startswith("{'answer': '{\"chart\"")
    del yahoo.faults["AAPL"]
    assert ask().rows == 20


def test_an_empty_answer_about_far_away_days_is_no_data_either(yahoo: YahooStandin, ask: Ask) -> None:
    ask()
    yahoo.faults["AAPL"] = Fault("empty")
    with pytest.raises(NoData, match="no prices of AAPL from 2099-01-05"):
        ask("AAPL", "20990105", "20990109")


def test_a_refused_question_is_really_asked_again(yahoo: YahooStandin, ask: Ask) -> None:
    ask()
    before = len(yahoo.asked("AAPL"))
    yahoo.faults["AAPL"] = Fault("empty", times=1)
    with pytest.raises(NoData):
        ask()
    assert ask().rows == 20
    assert len(yahoo.asked("AAPL")) == before + 2


def test_a_rate_limit_is_waited_out(yahoo: YahooStandin, ask: Ask) -> None:
    ask()
    before = len(yahoo.asked("AAPL"))
    yahoo.faults["AAPL"] = Fault("http_429", times=2)
    assert ask().rows == 20
    assert len(yahoo.asked("AAPL")) == before + 3


def test_a_rate_limit_that_lasts_is_named(yahoo: YahooStandin, ask: Ask) -> None:
    yahoo.faults["*"] = Fault("http_429")
    with pytest.raises(RateLimited, match="HTTP 429"):
        ask()


def test_nobody_there_is_unreachable(tmp_path: Path) -> None:
    provider = YFinanceProvider(door_of(tmp_path), "yahoo", "http://127.0.0.1:9", tmp_path / "yfinance", 2.0)
    days = {"start_date": "20240603", "end_date": "20240628"}
    with pytest.raises(Unreachable, match="Yahoo does not answer"):
        provider.ask(Call("global_daily", {"ts_code": "AAPL", **days}, ()), lambda answer: answer)
    provider.close()


def test_every_request_passes_the_door(yahoo: YahooStandin, provider: YFinanceProvider, ask: Ask) -> None:
    for symbol in SYMBOLS[:3]:
        ask(from_yahoo(symbol))
    assert provider.calls == len(yahoo.calls) > 3
    assert provider.quota() == (len(yahoo.calls), 100_000)


def test_whoever_waits_at_the_door_is_sent_back_by_a_stop(yahoo: YahooStandin, tmp_path: Path) -> None:
    provider = YFinanceProvider(door_of(tmp_path, 2, 60.0), "yahoo", yahoo.url, tmp_path / "yfinance", 2.0)
    raised: list[BaseException] = []

    def wait() -> None:
        days = {"start_date": "20240603", "end_date": "20240628"}
        try:
            for symbol in SYMBOLS:
                provider.ask(Call("global_daily", {"ts_code": from_yahoo(symbol), **days}, ()), lambda answer: answer)
        except Stopped as error:
            raised.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    while provider.calls < 2:
        waiting.join(0.01)
    provider.stop()
    waiting.join(10)
    provider.close()
    assert (len(raised), len(yahoo.calls)) == (1, 2)


def test_the_browser_that_asks_yahoo_itself_passes_the_door_too(yahoo: YahooStandin, tmp_path: Path) -> None:
    door = door_of(tmp_path)
    passage = Passage(door, 10.0)
    session: Any = session_through(passage, "")
    assert session.get(f"{yahoo.url}/v1/test/getcrumb", timeout=30).text == "made.up.crumb"
    yahoo.faults["AAPL"] = Fault("http_502")
    with pytest.raises(Transient, match="HTTP 502"):
        session.get(f"{yahoo.url}/v8/finance/chart/AAPL", params={"range": "1d"})
    assert door.calls == 2
    session.close()
    door.close()
