"""A stand-in for Tushare: its protocol, its limits and its failures."""
