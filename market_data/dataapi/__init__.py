"""A local Tushare: what the `tushare` package asks for, answered from what is stored."""
