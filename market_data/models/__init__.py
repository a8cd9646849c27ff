"""The tables, by subject."""

from market_data.models.bars import AdjFactor, DailyBar, DailyBasic
from market_data.models.changes import DataChange
from market_data.models.concepts import ConceptBoard, ConceptMember
from market_data.models.extras import IndexBar, MoneyFlow, MovedCode, NameChange, PriceLimit
from market_data.models.global_bars import GlobalBar
from market_data.models.ledger import WHOLE, CoverageCell, CoverageMark, ListDoubt, Origin, Partition, Revision
from market_data.models.market_lists import DragonTiger, IndividualFundFlow, LimitUp, SectorFundFlow
from market_data.models.provider_state import CircuitState, InterfaceDenial, LearntCap, LearntStart, RateLimitState
from market_data.models.reference import Security, Suspension, TradingDay
from market_data.models.reports import BalanceSheet, CashFlow, Disclosure, FinaIndicator, IncomeStatement
from market_data.models.tasks import CallTally, SyncFailureRecord, SyncRequest, SyncTask

__all__ = [
    "WHOLE",
    "AdjFactor",
    "BalanceSheet",
    "CallTally",
    "CashFlow",
    "CircuitState",
    "ConceptBoard",
    "ConceptMember",
    "CoverageCell",
    "CoverageMark",
    "DailyBar",
    "DailyBasic",
    "DataChange",
    "Disclosure",
    "DragonTiger",
    "FinaIndicator",
    "GlobalBar",
    "IncomeStatement",
    "IndexBar",
    "IndividualFundFlow",
    "InterfaceDenial",
    "LearntCap",
    "LearntStart",
    "LimitUp",
    "ListDoubt",
    "MoneyFlow",
    "MovedCode",
    "NameChange",
    "Origin",
    "Partition",
    "PriceLimit",
    "RateLimitState",
    "Revision",
    "SectorFundFlow",
    "Security",
    "Suspension",
    "SyncFailureRecord",
    "SyncRequest",
    "SyncTask",
    "TradingDay",
]
