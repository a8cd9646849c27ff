"""Stocks: the search, and the page of one with its chart, its coverage, its reports and its raw rows."""
