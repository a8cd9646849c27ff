"""A stored request in the words of the provider."""

from market_data.datasets import Dataset
from market_data.datasets.shapes import ByDay
from market_data.engine.storing.checks import Window
from market_data.models import SyncRequest
from market_data.providers.base import Call


def call_for(dataset: Dataset, request: SyncRequest) -> Call:
    fields = dataset.sources
    if request.shape == "whole":
        return Call(dataset.api_name, request.params, fields)
    start, end = f"{request.start_date:%Y%m%d}", f"{request.end_date:%Y%m%d}"
    if request.shape == "date":
        by_day = dataset.by_day or ByDay()
        return Call(by_day.interface or dataset.api_name, {by_day.parameter: start}, fields)
    span = {"start_date": start, "end_date": end}
    if request.shape == "range":
        return Call(dataset.api_name, span, fields)
    if _of_announcements(dataset):
        # A report is announced after its period, and may be restated at any time since.
        span = {"start_date": start}
    return Call(dataset.api_name, {"ts_code": ",".join(request.symbols), **span}, fields)


def _of_announcements(dataset: Dataset) -> bool:
    return dataset.by_symbol is not None and dataset.by_symbol.of_announcements


def window_of(dataset: Dataset, request: SyncRequest) -> Window:
    """Where the rows of the answer must lie."""
    if request.shape == "whole":
        return Window()
    if request.symbols and _of_announcements(dataset):
        return Window(symbols=request.symbols)
    return Window(request.start_date, request.end_date, request.symbols or None)
