"""What companies report, quarter by quarter: every version is kept."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, time, timedelta

from django.db.models import FloatField

from market_data.datasets import report_fields
from market_data.datasets.base import SYMBOL, Dataset, Field, Parts, Rest, Rhythm, WholeRequest, numbers, texts
from market_data.datasets.quarters import quarter_ends
from market_data.models import BalanceSheet, CashFlow, Disclosure, FinaIndicator, IncomeStatement
from market_data.models.reports import Report

MARKET_POINTS = 5000
DISCLOSED_QUARTERS = timedelta(days=500)
_ANN_DATE = Field("ann_date", "ann_date", "date")
_END_DATE = Field("end_date", "end_date", "date")
_UPDATE_FLAG = Field("update_flag", "update_flag", "text", is_optional=True)
_F_ANN_DATE = Field("f_ann_date", "f_ann_date", "date")
_STATEMENT = (SYMBOL, _ANN_DATE, _F_ANN_DATE, _END_DATE, *texts("report_type", "comp_type"))


def _figures(model: type[Report]) -> tuple[Field, ...]:
    """The figures that have a column of their own."""
    return numbers(*(f.name for f in model._meta.get_fields() if isinstance(f, FloatField)))


FINA_INDICATOR = Dataset(
    name="fina_indicator",
    title="Financial indicators",
    model=FinaIndicator,
    parts=Parts.CELLS,
    rhythm=Rhythm.QUARTERS,
    fields=(
        SYMBOL,
        _ANN_DATE,
        _END_DATE,
        *_figures(FinaIndicator),
        _UPDATE_FLAG,
    ),
    rest=Rest(report_fields.FINA_INDICATOR_REQUIRED, report_fields.FINA_INDICATOR_OPTIONAL),
    key=("symbol", "end_date", "content"),
    job_type="FINANCE_HISTORY",
    row_cap=100,
    rows_per_cell=2,
    by_date=True,
    max_symbols=1,
    date_column="end_date",
    day_parameter="period",
    market_api="fina_indicator_vip",
    market_points=MARKET_POINTS,
    page_rows=6000,
    ready_at=time(9),
    depends_on=("trade_cal", "stock_basic"),
    stamps=("first_seen_at",),
)

INCOME = replace(
    FINA_INDICATOR,
    name="income",
    title="Income statements",
    model=IncomeStatement,
    fields=(
        *_STATEMENT,
        *_figures(IncomeStatement),
        _UPDATE_FLAG,
    ),
    rest=Rest(report_fields.INCOME_REQUIRED, report_fields.INCOME_OPTIONAL, texts=("end_type",)),
    row_cap=6000,
    asks_by_announcement=True,
    market_api="income_vip",
)

BALANCESHEET = replace(
    FINA_INDICATOR,
    name="balancesheet",
    title="Balance sheets",
    model=BalanceSheet,
    fields=(
        *_STATEMENT,
        *_figures(BalanceSheet),
        _UPDATE_FLAG,
    ),
    rest=Rest(report_fields.BALANCESHEET_REQUIRED, report_fields.BALANCESHEET_OPTIONAL, texts=("end_type",)),
    row_cap=6000,
    asks_by_announcement=True,
    market_api="balancesheet_vip",
)

CASHFLOW = replace(
    FINA_INDICATOR,
    name="cashflow",
    title="Cash flow statements",
    model=CashFlow,
    fields=(
        *_STATEMENT,
        *_figures(CashFlow),
        _UPDATE_FLAG,
    ),
    rest=Rest(report_fields.CASHFLOW_REQUIRED, report_fields.CASHFLOW_OPTIONAL, texts=("end_type",)),
    row_cap=6000,
    asks_by_announcement=True,
    market_api="cashflow_vip",
)


def disclosure_requests(today: date) -> Sequence[WholeRequest]:
    """The quarters whose reports are announced these days, and those before that may be put off."""
    quarters = quarter_ends(today - DISCLOSED_QUARTERS, today)
    return [WholeRequest({"end_date": f"{quarter:%Y%m%d}"}) for quarter in reversed(quarters)]


DISCLOSURE_DATE = Dataset(
    name="disclosure_date",
    title="Disclosure dates",
    model=Disclosure,
    parts=Parts.WHOLE,
    fields=(
        SYMBOL,
        _END_DATE,
        *(Field(name, name, "date") for name in ("ann_date", "pre_date", "actual_date")),
        Field("modify_date", "modify_date", "text", is_optional=True),
    ),
    key=("symbol", "end_date"),
    job_type="DISCLOSURES",
    page_rows=3000,
    fresh_hours=12,
    whole_requests=disclosure_requests,
)
