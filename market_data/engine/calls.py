"""A stored request in the words of the provider."""

from market_data.datasets import Dataset
from market_data.engine.checks import Window
from market_data.models import SyncRequest
from market_data.providers.base import Call


def call_for(dataset: Dataset, request: SyncRequest) -> Call:
    fields = tuple(field.source for field in dataset.fields)
    if request.shape == "whole":
        return Call(dataset.api_name, request.params, fields)
    start, end = f"{request.start_date:%Y%m%d}", f"{request.end_date:%Y%m%d}"
    if request.shape == "date":
        return Call(dataset.api_name, {"trade_date": start}, fields)
    span = {"start_date": start, "end_date": end}
    if request.shape == "range":
        return Call(dataset.api_name, span, fields)
    return Call(dataset.api_name, {"ts_code": ",".join(request.symbols), **span}, fields)


def window_of(request: SyncRequest) -> Window:
    """Where the rows of the answer must lie."""
    if request.shape == "whole":
        return Window()
    return Window(request.start_date, request.end_date, request.symbols or None)
