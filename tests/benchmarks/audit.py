"""An audit of 13 million bars with their factors and valuation on PostgreSQL: seconds, rows per second, peak memory.

The rows are made by the database; one bar in a million is removed, and must be found. Beside the figure stands the
machine's own measure: how long the database takes to sort as many keys.
"""

import argparse
import time

import psycopg

from tests.benchmarks.harness import Installation, installation, postgresql

CALENDAR = (
    "INSERT INTO trade_cal (exchange, trade_date, is_open) "
    "SELECT 'SSE', day::date, extract(isodow FROM day) < 6 FROM generate_series(%s::date, '2024-12-31', '1 day') day"
)
STOCKS = (
    "INSERT INTO stock_basic (symbol, code, name, area, industry, fullname, enname, cnspell, market, exchange, "
    "curr_type, list_status, list_date, is_hs) SELECT (600000 + s) || '.SH', '', '', '', '', '', '', '', '', '', '', "
    "'L', '1990-12-19', '' FROM generate_series(0, %s - 1) s"
)
# A price between 20 and 30 yuan that jumps about; each bar's previous close is the close of the session before.
PRICE = "20 + ((({n}) * 7919 + substr(s.symbol, 1, 6)::int * 31) %% 1000) / 100.0"
BARS = (
    "INSERT INTO daily (symbol, trade_date, open, high, low, close, pre_close, change, pct_chg, volume, amount) "
    "SELECT symbol, trade_date, c, c + 0.5, c - 0.5, c, p, c - p, 100 * (c - p) / p, v, v * c FROM ("
    f"SELECT s.symbol, d.trade_date, {PRICE.format(n='n')} AS c, {PRICE.format(n='n - 1')} AS p, 100000.0 + n AS v "
    "FROM (SELECT trade_date, row_number() OVER (ORDER BY trade_date) AS n FROM trade_cal WHERE is_open "
    "ORDER BY trade_date DESC LIMIT %s) d CROSS JOIN stock_basic s ORDER BY trade_date, symbol) bars"
)
FACTORS = "INSERT INTO adj_factor SELECT symbol, trade_date, 1.5 FROM daily"
VALUES = (
    "INSERT INTO daily_basic (symbol, trade_date, close, turnover_rate, total_share, float_share, total_mv, circ_mv) "
    "SELECT symbol, trade_date, close, volume / 1e7 * 100, 2e7, 1e7, close * 2e7, close * 1e7 FROM daily"
)
HOLES = (
    "DELETE FROM daily WHERE trade_date = (SELECT trade_date FROM trade_cal WHERE is_open ORDER BY trade_date DESC "
    "OFFSET 5 LIMIT 1) AND symbol IN (SELECT symbol FROM stock_basic ORDER BY symbol LIMIT greatest(1, %s / 1000000))"
)
SORTED = (
    "SELECT count(*) FROM (SELECT symbol, trade_date FROM adj_factor "
    'ORDER BY symbol COLLATE "C" DESC, trade_date OFFSET 0) keys'
)
TABLES = ("daily", "adj_factor", "daily_basic")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stocks", type=int, default=5400)
    parser.add_argument("--days", type=int, default=2410)
    options = parser.parse_args()
    with (
        postgresql() as database,
        installation("http://127.0.0.1:9", database) as made,
        psycopg.connect(database, autocommit=True) as connection,
    ):
        fill(connection, options.stocks, options.days)
        began = time.perf_counter()
        connection.execute(SORTED)
        measure(made, time.perf_counter() - began)


def fill(connection: "psycopg.Connection[tuple[object, ...]]", stocks: int, days: int) -> None:
    """The tables without their keys first: adding these at the end takes a fifth of the time."""
    for table in TABLES:
        connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {table}_pkey".encode())
    connection.execute(CALENDAR, ["2000-01-01"])
    connection.execute(STOCKS, [stocks])
    connection.execute(BARS, [days])
    connection.execute(FACTORS)
    connection.execute(VALUES)
    for table in TABLES:
        connection.execute(f"ALTER TABLE {table} ADD PRIMARY KEY (symbol, trade_date)".encode())
    connection.execute(HOLES, [stocks * days])
    connection.execute("VACUUM ANALYZE")


def measure(made: Installation, sorting: float) -> None:
    for names in (("daily", "adj_factor"), ()):
        ran = made.run("audit", *names, "--json")
        report = ran.report
        print(
            f"audit {' '.join(names) or 'of everything'}: {report['checked']:,} rows in {ran.seconds:.1f} s, start-up "
            f"included, {ran.seconds / sorting:.1f} x as long as sorting the keys of one table ({sorting:.1f} s); "
            f"peak memory {ran.peak_megabytes:.0f} MB; {report['kinds']}, exit code {ran.code}"
        )


if __name__ == "__main__":
    main()
