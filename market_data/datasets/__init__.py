"""The datasets by name, in the order in which they build on each other."""

from market_data.datasets.akshare_market import DRAGON_TIGER, INDIVIDUAL_FUND_FLOW, LIMIT_UP_POOL, SECTOR_FUND_FLOW
from market_data.datasets.base import Dataset, Field, OtherFields, Parts, Plausible, Rhythm
from market_data.datasets.concepts import DC_INDEX, DC_MEMBER, EM_CONCEPT, EM_CONCEPT_MEMBER, THS_INDEX, THS_MEMBER
from market_data.datasets.extras import BSE_MAPPING, INDEX_DAILY, MONEYFLOW, NAMECHANGE, STK_LIMIT
from market_data.datasets.global_bars import GLOBAL_DAILY
from market_data.datasets.quotes import ADJ_FACTOR, DAILY, DAILY_BASIC
from market_data.datasets.reference import EXCHANGE, STOCK_BASIC, SUSPEND_D, TRADE_CAL
from market_data.datasets.reports import BALANCESHEET, CASHFLOW, DISCLOSURE_DATE, FINA_INDICATOR, INCOME
from market_data.datasets.shapes import WholeRequest
from market_data.exceptions import UsageError

_ALL = (TRADE_CAL, STOCK_BASIC, SUSPEND_D, DAILY, ADJ_FACTOR, DAILY_BASIC)
_REPORTS = (FINA_INDICATOR, INCOME, BALANCESHEET, CASHFLOW, DISCLOSURE_DATE)
_CONCEPTS = (THS_INDEX, THS_MEMBER, DC_INDEX, DC_MEMBER, EM_CONCEPT, EM_CONCEPT_MEMBER)
_EXTRAS = (MONEYFLOW, STK_LIMIT, NAMECHANGE, BSE_MAPPING, INDEX_DAILY)
_MARKET_LISTS = (LIMIT_UP_POOL, DRAGON_TIGER, SECTOR_FUND_FLOW, INDIVIDUAL_FUND_FLOW)
_BY_NAME_ONLY = (*_REPORTS, *_CONCEPTS, *_EXTRAS, *_MARKET_LISTS, GLOBAL_DAILY)
DATASETS: dict[str, Dataset] = {dataset.name: dataset for dataset in (*_ALL, *_BY_NAME_ONLY)}
GONE = {"concept": "ths_index, dc_index or em_concept", "concept_detail": "ths_member, dc_member or em_concept_member"}
IN_ALL = tuple(dataset.name for dataset in _ALL)


def dataset_named(name: str) -> Dataset:
    """Raises `UsageError` for a name that is none."""
    if name in GONE:
        raise UsageError(f"Tushare's {name} has been gone since autumn 2026; use {GONE[name]}.")
    try:
        return DATASETS[name]
    except KeyError:
        raise UsageError(f"There is no dataset {name!r}; there are: {', '.join(DATASETS)}.") from None


WITH_LEDGER = tuple(name for name, dataset in DATASETS.items() if dataset.parts != Parts.NAMED)


def dataset_with_ledger(name: str) -> Dataset:
    """Raises `UsageError` for a name that is none, and for one of which nothing is expected."""
    dataset = dataset_named(name)
    if name not in WITH_LEDGER:
        raise UsageError(f"Nothing is expected of {name}, so nothing is missing: it holds what watchlists ask for.")
    return dataset


__all__ = [
    "DATASETS",
    "EXCHANGE",
    "IN_ALL",
    "WITH_LEDGER",
    "Dataset",
    "Field",
    "OtherFields",
    "Parts",
    "Plausible",
    "Rhythm",
    "WholeRequest",
    "dataset_named",
    "dataset_with_ledger",
]
