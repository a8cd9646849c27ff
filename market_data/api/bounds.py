"""How much one question may ask for; /schema tells the same figures."""

MOST_SYMBOLS = 100
LONGEST_SYMBOL = 16
# Of coverage: from the first trading day of Shanghai well into the future.
MOST_DAYS = 40 * 366
# Days that are listed, and symbols that are missing on them in all.
MOST_CELLS = 10_000
MOST_REPORTS = 1_000
FURTHEST_OFFSET = 1_000_000
