"""What AkShare's functions give, in Chinese, and what we call it: Tushare's names where it has the same.

Amounts and market values in yuan, prices in yuan, volume in lots of 100 shares, rates and changes in percent.
"""

from market_data.providers.akshare_checks import Column, Source

FLOWS = {"main": "主力", "super_large": "超大单", "large": "大单", "medium": "中单", "small": "小单"}

DAILY = Source(
    "stock_zh_a_hist",
    (
        Column("trade_date", "日期", 0, "date"),
        Column("open", "开盘", 1),
        Column("close", "收盘", 2),
        Column("high", "最高", 3),
        Column("low", "最低", 4),
        Column("vol", "成交量", 5),
        Column("amount", "成交额", 6),
        Column("pct_chg", "涨跌幅", 8),
        Column("change", "涨跌额", 9),
    ),
    layout="0 1 2 3 4 5 6 7 8 9 10",
)
LIMIT_UP_POOL = Source(
    "stock_zt_pool_em",
    (
        Column("ts_code", "代码", "c", "symbol"),
        Column("name", "名称", "n", "text"),
        Column("industry", "所属行业", "hybk", "text"),
        Column("close", "最新价", "p"),
        Column("pct_chg", "涨跌幅", "zdp"),
        Column("amount", "成交额", "amount"),
        Column("float_mv", "流通市值", "ltsz"),
        Column("total_mv", "总市值", "tshare"),
        Column("turnover_ratio", "换手率", "hs"),
        Column("fd_amount", "封板资金", "fund"),
        Column("first_time", "首次封板时间", "fbt", "text"),
        Column("last_time", "最后封板时间", "lbt", "text"),
        Column("open_times", "炸板次数", "zbc"),
        Column("up_stat", "涨停统计", "zttj", "text"),
        Column("limit_times", "连板数", "lbc"),
    ),
    layout="c m n p zdp amount ltsz tshare hs lbc fbt lbt fund zbc hybk zttj",
)
DRAGON_TIGER = Source(
    "stock_lhb_detail_em",
    (
        Column("trade_date", "上榜日", "TRADE_DATE", "date"),
        Column("ts_code", "代码", "SECURITY_CODE", "symbol"),
        Column("name", "名称", "SECURITY_NAME_ABBR", "text"),
        Column("close", "收盘价", "CLOSE_PRICE", nullable=True),
        Column("pct_change", "涨跌幅", "CHANGE_RATE", nullable=True),
        Column("turnover_rate", "换手率", "TURNOVERRATE", nullable=True),
        Column("amount", "市场总成交额", "ACCUM_AMOUNT", nullable=True),
        Column("l_buy", "龙虎榜买入额", "BILLBOARD_BUY_AMT", nullable=True),
        Column("l_sell", "龙虎榜卖出额", "BILLBOARD_SELL_AMT", nullable=True),
        Column("l_amount", "龙虎榜成交额", "BILLBOARD_DEAL_AMT", nullable=True),
        Column("net_amount", "龙虎榜净买额", "BILLBOARD_NET_AMT", nullable=True),
        Column("net_rate", "净买额占总成交比", "DEAL_NET_RATIO", nullable=True),
        Column("amount_rate", "成交额占总成交比", "DEAL_AMOUNT_RATIO", nullable=True),
        Column("float_values", "流通市值", "FREE_MARKET_CAP", nullable=True),
        Column("reason", "上榜原因", "EXPLANATION", "text"),
        Column("comment", "解读", "EXPLAIN", "text", nullable=True),
    ),
)
KLINE_FLOWS = ("main", "small", "medium", "large", "super_large")
INDIVIDUAL_FUND_FLOW = Source(
    "stock_individual_fund_flow",
    (
        Column("trade_date", "日期", 0, "date"),
        *(Column(f"{name}_net_amount", f"{FLOWS[name]}净流入-净额", 1 + at) for at, name in enumerate(KLINE_FLOWS)),
        *(Column(f"{name}_net_rate", f"{FLOWS[name]}净流入-净占比", 6 + at) for at, name in enumerate(KLINE_FLOWS)),
        Column("close", "收盘价", 11),
        Column("pct_chg", "涨跌幅", 12),
    ),
    layout="0 1 2 3 4 5 6 7 8 9 10 11 12 13 14",
)
SECTOR_FUND_FLOW = Source(
    "stock_sector_fund_flow_rank",
    (
        Column("name", "名称", "f14", "text"),
        Column("pct_chg", "今日涨跌幅", "f3", nullable=True),
        *(
            Column(f"{name}_net_amount", f"今日{FLOWS[name]}净流入-净额", key, nullable=True)
            for name, key in zip(FLOWS, ("f62", "f66", "f72", "f78", "f84"), strict=True)
        ),
        *(
            Column(f"{name}_net_rate", f"今日{FLOWS[name]}净流入-净占比", key, nullable=True)
            for name, key in zip(FLOWS, ("f184", "f69", "f75", "f81", "f87"), strict=True)
        ),
        Column("leading_stock", "今日主力净流入最大股", "f204", "text", nullable=True),
    ),
    layout="_ f3 f12 f14 f62 f66 f69 f72 f75 f78 f81 f84 f87 f124 f184 f204 f205 _",
)
CONCEPT_BOARD = Source(
    "stock_board_concept_name_em",
    (
        Column("board_code", "板块代码", "f12", "text"),
        Column("name", "板块名称", "f14", "text"),
        Column("close", "最新价", "f2", nullable=True),
        Column("change", "涨跌额", "f4", nullable=True),
        Column("pct_chg", "涨跌幅", "f3", nullable=True),
        Column("total_mv", "总市值", "f20", nullable=True),
        Column("turnover_rate", "换手率", "f8", nullable=True),
        Column("up_count", "上涨家数", "f104", nullable=True),
        Column("down_count", "下跌家数", "f105", nullable=True),
    ),
    layout="f2 f3 f4 f8 _ f12 f14 _ _ _ _ f20 _ _ _ _ _ _ f104 f105 _ _ _ _ _ _",
)
CONCEPT_BOARD_MEMBER = Source(
    "stock_board_concept_cons_em",
    (Column("ts_code", "代码", "f12", "symbol"), Column("name", "名称", "f14", "text")),
    layout="_ f2 f3 _ _ _ _ _ _ _ _ f12 _ f14 _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _",
)
