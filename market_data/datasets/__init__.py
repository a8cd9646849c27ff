"""The datasets by name, in the order in which they build on each other."""

from market_data.datasets.base import Dataset, Field, Parts, WholeRequest
from market_data.datasets.global_bars import GLOBAL_DAILY
from market_data.datasets.quotes import ADJ_FACTOR, DAILY, DAILY_BASIC
from market_data.datasets.reference import EXCHANGE, STOCK_BASIC, SUSPEND_D, TRADE_CAL
from market_data.exceptions import UsageError

_ALL = (TRADE_CAL, STOCK_BASIC, SUSPEND_D, DAILY, ADJ_FACTOR, DAILY_BASIC)
IN_ALL = tuple(dataset.name for dataset in _ALL)
DATASETS: dict[str, Dataset] = {dataset.name: dataset for dataset in (*_ALL, GLOBAL_DAILY)}


def dataset_named(name: str) -> Dataset:
    """Raises `UsageError` for a name that is none."""
    try:
        return DATASETS[name]
    except KeyError:
        raise UsageError(f"There is no dataset {name!r}; there are: {', '.join(DATASETS)}.") from None


__all__ = ["DATASETS", "EXCHANGE", "IN_ALL", "Dataset", "Field", "Parts", "WholeRequest", "dataset_named"]
