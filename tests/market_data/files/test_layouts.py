"""Files as other tools save them: what they mean is found out from their headers and values."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from market_data.datasets import DATASETS
from market_data.files.importing import Reading, import_files
from market_data.models import DailyBar, GlobalBar, Security, TradingDay
from tests.market_data.builders import DAILY, OLD_MONDAY, add_calendar, counted

pytestmark = pytest.mark.django_db(transaction=True)
GLOBAL = DATASETS["global_daily"]
DAYS = [OLD_MONDAY + timedelta(days=n) for n in range(5)]
A = "600000.SH"
SHARES, YUAN = 17408500.0, 485910220.0
FOUND = (27.5, 28.3, 27.1, 27.8, SHARES, YUAN)


@pytest.fixture(autouse=True)
def _calendar() -> None:
    add_calendar(date(2024, 1, 1), date(2024, 3, 29))


def bars() -> list[tuple[Any, ...]]:
    """What is stored, in the order of FOUND after symbol and day."""
    names = ("symbol", "trade_date", "open", "high", "low", "close", "volume", "amount")
    return list(DailyBar.objects.order_by("symbol", "trade_date").values_list(*names))


def text(path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path.write_bytes("\r\n".join([*lines, ""]).encode(encoding))
    return path


def taken(path: Path, **wishes: Any) -> None:
    done = import_files(DAILY, [path], Reading(**wishes))
    assert done.complaints == []
    assert bars() == [(A, day, *FOUND) for day in DAYS]


AKSHARE = "日期,股票代码,开盘,收盘,最高,最低,成交量,成交额,振幅,涨跌幅,涨跌额,换手率"


@pytest.mark.parametrize("code", ["600000", "sh600000", "600000.0"])
def test_akshare_bars_are_in_lots_with_chinese_headers(tmp_path: Path, code: str) -> None:
    rows = [f"{d},{code},27.5,27.8,28.3,27.1,174085,485910220.0,4.3,1.1,0.3,0.5" for d in DAYS]
    taken(text(tmp_path / "a.csv", AKSHARE, *rows))
    assert set(DailyBar.objects.values_list("pct_chg", "change")) == {(1.1, 0.3)}


@pytest.mark.parametrize("name", ["600000.csv", "sh600000.csv", "sh.600000_daily.csv", "600000.XSHG.csv"])
def test_akshare_bars_without_a_code_are_of_the_symbol_in_the_name(tmp_path: Path, name: str) -> None:
    rows = [f"{n},{d},27.5,27.8,28.3,27.1,174085,485910220.0" for n, d in enumerate(DAYS)]
    taken(text(tmp_path / name, ",日期,开盘,收盘,最高,最低,成交量,成交额", *rows, encoding="utf-8-sig"))


@pytest.mark.parametrize("symbol", ["600000.SH", "600000", "SH600000", "600000.XSHG", "sh.600000"])
def test_a_symbol_that_is_said_is_translated(tmp_path: Path, symbol: str) -> None:
    rows = [f"{d},27.5,27.8,28.3,27.1,174085,485910220.0" for d in DAYS]
    taken(text(tmp_path / "a.csv", "日期,开盘,收盘,最高,最低,成交量,成交额", *rows), symbol=symbol)


BAOSTOCK = "date,code,open,high,low,close,preclose,volume,amount,adjustflag,turn,tradestatus,pctChg,isST"


def test_baostock_bars_are_in_shares_and_idle_days_are_none(tmp_path: Path) -> None:
    rows = [f"{d},sh.600000,27.5,28.3,27.1,27.8,27.5,17408500,485910220.0,3,0.5,1,1.09,0" for d in DAYS]
    idle = f"{DAYS[-1] + timedelta(days=3)},sh.600000,27.8,27.8,27.8,27.8,27.8,,,3,,0,0.0,0"
    taken(text(tmp_path / "a.csv", BAOSTOCK, *rows, idle))
    assert set(DailyBar.objects.values_list("pre_close", "pct_chg")) == {(27.5, 1.09)}


@pytest.mark.parametrize("flag", ["1", "2"])
def test_adjusted_baostock_bars_are_refused(tmp_path: Path, flag: str) -> None:
    row = f"2024-01-08,sh.600000,27.5,28.3,27.1,27.8,27.5,17408500,485910220.0,{flag},0.5,1,1.09,0"
    (complaint,) = import_files(DAILY, [text(tmp_path / "a.csv", BAOSTOCK, row)]).complaints
    assert "adjustflag" in complaint
    assert not DailyBar.objects.exists()


@pytest.mark.parametrize("mark", [",", "\t"])
@pytest.mark.parametrize("form", ["%Y/%m/%d", "%Y%m%d", "%Y-%m-%d"])
def test_tongdaxin_exports_have_a_title_and_a_last_line(tmp_path: Path, mark: str, form: str) -> None:
    rows = [mark.join([day.strftime(form), "27.50,28.30,27.10,27.80,17408500,485910220.00"]) for day in DAYS]
    lines = [row.replace(",", mark) for row in rows]
    header = f"      日期{mark}    开盘{mark}    最高{mark}    最低{mark}    收盘{mark}    成交量{mark}    成交额"
    title = "600000 浦发银行 日线 不复权"
    taken(text(tmp_path / "x.txt", title, header, *lines, "#数据来源:通达信", encoding="gbk"))


@pytest.mark.parametrize("word", ["前复权", "后复权"])
def test_adjusted_tongdaxin_exports_are_refused_by_their_title(run: Any, tmp_path: Path, word: str) -> None:
    header = "日期,开盘,最高,最低,收盘,成交量,成交额"
    row = "2024/01/08,27.50,28.30,27.10,27.80,17408500,485910220.00"
    path = text(tmp_path / "SH#600000.txt", f"600000 浦发银行 日线 {word}", header, row, encoding="gb18030")
    code, report, said = run("import_data", "daily", path)
    assert (code, report["inserted"]) == (1, 0)
    assert "its prices are adjusted" in said
    assert run("import_data", "daily", path, "--force")[0] == 0
    assert DailyBar.objects.get().symbol == A


@pytest.mark.parametrize("first", ["time", ""])
def test_joinquant_bars_are_in_shares_and_yuan(tmp_path: Path, first: str) -> None:
    rows = [f"{d},600000.XSHG,27.5,27.8,28.3,27.1,17408500.0,485910220.0" for d in DAYS]
    taken(text(tmp_path / "a.csv", f"{first},code,open,close,high,low,volume,money", *rows))


def test_qlib_codes_are_translated(tmp_path: Path) -> None:
    rows = [f"{d},SH600000,27.5,27.8,28.3,27.1,17408500.0,485910220.0" for d in DAYS]
    taken(text(tmp_path / "a.csv", "date,symbol,open,close,high,low,volume,amount", *rows))


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_tushare_files_have_an_index_and_any_delimiter(tmp_path: Path, mark: str) -> None:
    header = "ts_code,trade_date,open,high,low,close,vol,amount"
    rows = [f"{n},600000.SH,{d:%Y%m%d},27.5,28.3,27.1,27.8,174085.0,485910.22" for n, d in enumerate(DAYS)]
    taken(text(tmp_path / "a.csv", *(line.replace(",", mark) for line in [f",{header}", *rows])))


def test_tushares_default_columns_of_the_stock_list_are_enough(tmp_path: Path) -> None:
    header = ",ts_code,symbol,name,area,industry,cnspell,market,list_date,act_name,act_ent_type"
    path = text(tmp_path / "l.csv", header, "0,600000.SH,600000,浦发银行,上海,银行,pfyh,主板,19991110,上海市,地方国企")
    assert import_files(DATASETS["stock_basic"], [path]).inserted == 1
    assert import_files(DATASETS["stock_basic"], [path]).unchanged == 1
    stock = Security.objects.get()
    assert (stock.name, stock.list_status, stock.list_date) == ("浦发银行", "L", date(1999, 11, 10))
    assert stock.delist_date is None


HISTORY = ["Date,Open,High,Low,Close,Volume,Dividends,Stock Splits"] + [
    f"{d} 00:00:00-05:00,187.15,188.44,183.89,185.64,82488700,0.0,0.0" for d in DAYS
]
DOWNLOAD = ["Price,Close,High,Low,Open,Volume", "Ticker,AAPL,AAPL,AAPL,AAPL,AAPL", "Date,,,,,"] + [
    f"{d},185.64,188.44,183.89,187.15,82488700" for d in DAYS
]


@pytest.mark.parametrize(("lines", "symbol"), [(HISTORY, "AAPL"), (DOWNLOAD, None), (DOWNLOAD, "AAPL")])
def test_yfinance_files_are_global_bars(tmp_path: Path, lines: list[str], symbol: str | None) -> None:
    done = import_files(GLOBAL, [text(tmp_path / "a.csv", *lines)], Reading(symbol=symbol))
    assert (done.complaints, done.inserted) == ([], 5)
    found = GlobalBar.objects.order_by("trade_date").values_list("symbol", "trade_date", "open", "close", "volume")
    assert list(found) == [("AAPL", day, 187.15, 185.64, 82488700.0) for day in DAYS]


def test_a_yfinance_file_without_a_symbol_asks_for_one(tmp_path: Path) -> None:
    (complaint,) = import_files(GLOBAL, [text(tmp_path / "AAPL.csv", *HISTORY)]).complaints
    assert "--symbol" in complaint


@pytest.mark.parametrize("zone", ["America/New_York", "UTC"])
def test_yfinance_frames_saved_as_parquet_keep_their_days(tmp_path: Path, zone: str) -> None:
    index = pd.DatetimeIndex(DAYS, name="Date").tz_localize("America/New_York").tz_convert(zone)
    pd.DataFrame({"Open": 1.0, "High": 2.0, "Low": 1.0, "Close": 1.5}, index).to_parquet(tmp_path / "a.parquet")
    columns = pd.MultiIndex.from_product([["Close", "Open"], ["MSFT"]], names=["Price", "Ticker"])
    pd.DataFrame(1.5, index, columns).to_parquet(tmp_path / "b.parquet")
    assert import_files(GLOBAL, [tmp_path / "a.parquet"], Reading(symbol="AAPL")).complaints == []
    assert import_files(GLOBAL, [tmp_path / "b.parquet"]).complaints == []
    for symbol in ("AAPL", "MSFT"):
        found = GlobalBar.objects.filter(symbol=symbol).order_by("trade_date")
        assert list(found.values_list("trade_date", flat=True)) == DAYS


@pytest.mark.parametrize("zone", [None, "Asia/Shanghai", "UTC", "America/New_York"])
@pytest.mark.parametrize("hour", [0, 15])
def test_a_bars_day_is_its_day_in_shanghai(tmp_path: Path, zone: str | None, hour: int) -> None:
    moments = pd.DatetimeIndex(DAYS) + pd.Timedelta(hours=hour)
    moments = moments.tz_localize("Asia/Shanghai").tz_convert(zone) if zone else moments
    numbers = dict(zip(("open", "high", "low", "close", "volume", "amount"), FOUND, strict=True))
    frame = pd.DataFrame({"symbol": A, "trade_date": moments, **numbers})
    frame.to_parquet(tmp_path / "a.parquet")
    taken(tmp_path / "a.parquet")
    frame.to_csv(tmp_path / "a.csv", index=False)
    if zone or not hour:
        assert import_files(DAILY, [tmp_path / "a.csv"]).unchanged == 5


@pytest.mark.parametrize("code", ["sh000001", "000300.XSHG", "399001.SZ", "600000.SZ", "510300.SH", "AAPL", "1234567"])
def test_what_is_no_stock_is_refused_and_never_a_new_stock(tmp_path: Path, code: str) -> None:
    rows = [f"{d},{code},27.5,27.8,28.3,27.1,17408500.0,485910220.0" for d in DAYS]
    path = text(tmp_path / "a.csv", "date,symbol,open,close,high,low,volume,amount", *rows)
    done = import_files(DAILY, [path])
    assert (done.rows, done.refused, done.inserted) == (5, 5, 0)
    assert f"{code!r} is not a symbol" in done.complaints[0]
    assert not Security.objects.exists()


@pytest.mark.parametrize(
    ("shares", "yuan", "sentence"),
    [
        (SHARES / 100, YUAN, "100 times too small, as lots"),
        (SHARES, YUAN / 1000, "the amount is 1,000 times too small"),
    ],
)
def test_wrong_units_are_refused_unless_forced(
    run: Any, tmp_path: Path, shares: float, yuan: float, sentence: str
) -> None:
    rows = [f"{A},{d},27.5,28.3,27.1,27.8,{shares},{yuan}" for d in DAYS]
    path = text(tmp_path / "a.csv", "symbol,trade_date,open,high,low,close,volume,amount", *rows)
    code, report, said = run("import_data", "daily", path)
    assert (code, report["files"], report["inserted"]) == (1, 0, 0)
    assert sentence in said
    assert run("import_data", "daily", path, "--force")[0] == 0
    assert DailyBar.objects.count() == 5


@pytest.mark.parametrize("ascending", [True, False])
def test_adjusted_prices_are_refused_wherever_they_begin(run: Any, tmp_path: Path, ascending: bool) -> None:
    days = [date(2024, 1, 1) + timedelta(days=n) for n in range(60)]
    factors = [0.8 if n < 30 else 1.0 for n in range(60)]
    prices = [",".join(f"{p * f:.2f}" for p in (27.5, 28.3, 27.1, 27.8)) for f in factors]
    rows = [f"{A},{d},{p},{SHARES},{YUAN}" for d, p in zip(days, prices, strict=True)]
    lines = rows if ascending else rows[::-1]
    path = text(tmp_path / "a.csv", "symbol,trade_date,open,high,low,close,volume,amount", *lines)
    code, report, said = run("import_data", "daily", path)
    assert (code, report["inserted"]) == (1, 0)
    assert "its prices seem to be adjusted" in said
    assert "30 of 60" in said


def test_a_dry_run_shows_the_mapping_and_ten_rows_and_stores_nothing(run: Any, tmp_path: Path) -> None:
    rows = [f"2024/1/{n},{600000 + n},27.5,27.8,28.3,27.1,174085,485910220.0,1,1,1,1" for n in range(1, 16)]
    path = text(tmp_path / "a.csv", AKSHARE, *rows, encoding="gbk")
    code, report, said = run("import_data", "daily", path, "--dry-run")
    assert (code, said, report["rows"], report["inserted"]) == (0, "", 15, 0)
    (found,) = report["mapping"]
    assert (found["layout"], found["form"], found["days"]) == ("AkShare's", "gb18030, comma-separated", "YYYY/M/D")
    assert found["columns"]["volume"] == "成交量"
    assert found["scales"] == {"volume": 100.0}
    assert len(found["sample"]) == 10
    assert found["sample"][0]["symbol"] == "600001.SH"
    assert found["sample"][0]["volume"] == SHARES
    assert not DailyBar.objects.exists()


def test_a_header_that_comes_again_and_rows_of_other_lengths_cost_nothing_else(tmp_path: Path) -> None:
    header = "ts_code,trade_date,open,high,low,close,vol,amount"
    rows = [f"600000.SH,{d:%Y%m%d},27.5,28.3,27.1,27.8,174085.0,485910.22" for d in DAYS]
    path = text(tmp_path / "a.csv", header, *rows[:3], header, "600000.SH,20240115", *rows[3:], *rows[:2])
    done = import_files(DAILY, [path])
    assert (done.rows, done.inserted, done.unchanged, done.refused) == (8, 5, 2, 1)
    assert done.complaints == ["a.csv, row 5: it has 2 columns and the header 8 (600000.SH,20240115)."]


def test_without_any_list_the_calendar_is_brought_and_the_stocks_are_inferred(run: Any, tmp_path: Path) -> None:
    TradingDay.objects.all().delete()
    rows = [f"{d},{c},27.5,27.8,28.3,27.1,17408500.0,485910220.0" for d in DAYS[:2] for c in ("SH600000", "SZ000001")]
    path = text(tmp_path / "a.csv", "date,symbol,open,close,high,low,volume,amount", *rows)
    assert run("import_data", "daily", path)[0] == 0
    assert TradingDay.objects.filter(trade_date=OLD_MONDAY, is_open=True).exists()
    assert set(Security.objects.values_list("symbol", "inferred")) == {(A, True), ("000001.SZ", True)}
    code, gaps, _ = run("gaps", "daily", "--start", "20240108", "--end", "20240112")
    assert (code, gaps["complete"]) == (1, 0)
    assert counted(DAILY, OLD_MONDAY).got == 2


def test_many_small_files_are_stored_together(tmp_path: Path) -> None:
    header = "date,symbol,open,close,high,low,volume,amount"
    paths = [
        text(tmp_path / f"{n}.csv", header, f"2024-01-08,SH{600000 + n},27.5,27.8,28.3,27.1,{SHARES},{YUAN}")
        for n in range(30)
    ]
    text(paths[7], header, f"2024-01-08,SH{600007},27.5,27.8,20,27.1,{SHARES},{YUAN}")
    done = import_files(DAILY, paths, Reading(force=True))
    assert (done.files, done.rows, done.inserted, done.refused) == (30, 30, 29, 1)
    assert done.complaints[0].startswith("7.csv, row 1: its values are impossible")
    assert "600029.SH" in set(DailyBar.objects.values_list("symbol", flat=True))
