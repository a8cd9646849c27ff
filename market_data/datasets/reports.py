"""What companies report, quarter by quarter: every version is kept."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, time, timedelta

from django.db.models import FloatField

from market_data.datasets.base import SYMBOL, Dataset, Field, OtherFields, Parts, Plausible, Rhythm, numbers, texts
from market_data.datasets.quarters import quarter_ends
from market_data.datasets.shapes import ByDay, BySymbol, Calls, WholeRequest
from market_data.models import BalanceSheet, CashFlow, Disclosure, FinaIndicator, IncomeStatement
from market_data.models.reports import Report
from market_data.providers.tushare_fields import DEFAULT, HIDDEN

MARKET_POINTS = 5000
DISCLOSED_QUARTERS = timedelta(days=500)
_ANN_DATE = Field("ann_date", "ann_date", "date")
_END_DATE = Field("end_date", "end_date", "date")
_UPDATE_FLAG = Field("update_flag", "update_flag", "text")
_F_ANN_DATE = Field("f_ann_date", "f_ann_date", "date")
_STATEMENT = (SYMBOL, _ANN_DATE, _F_ANN_DATE, _END_DATE, *texts("report_type", "comp_type"))


def _figures(model: type[Report]) -> tuple[Field, ...]:
    """The figures that have a column of their own."""
    return numbers(*(f.name for f in model._meta.get_fields() if isinstance(f, FloatField)))


def _other_fields(name: str, fields: tuple[Field, ...]) -> OtherFields:
    """All other fields that Tushare has."""
    own = {field.source for field in fields}
    names = tuple(n for n in (*DEFAULT[name], *HIDDEN[name]) if n not in own)
    return OtherFields(names, texts=tuple({"end_type"}.intersection(names)))


def _of_a_quarter(interface: str) -> ByDay:
    return ByDay("period", interface, MARKET_POINTS, page_rows=6000)


_INDICATORS = (SYMBOL, _ANN_DATE, _END_DATE, *_figures(FinaIndicator), _UPDATE_FLAG)
FINA_INDICATOR = Dataset(
    name="fina_indicator",
    title="Financial indicators",
    model=FinaIndicator,
    parts=Parts.CELLS,
    rhythm=Rhythm.QUARTERS,
    fields=_INDICATORS,
    other_fields=_other_fields("fina_indicator", _INDICATORS),
    key=("symbol", "end_date", "content"),
    job_type="FINANCE_HISTORY",
    row_cap=100,
    rows_per_cell=2,
    shapes=(_of_a_quarter("fina_indicator_vip"), BySymbol()),
    plausible=Plausible(least_share=0.5),
    date_column="end_date",
    ready_at=time(9),
    depends_on=("trade_cal", "stock_basic"),
    added_columns=("first_seen_at",),
)


def _statement(name: str, title: str, model: type[Report]) -> Dataset:
    fields = (*_STATEMENT, *_figures(model), _UPDATE_FLAG)
    return replace(
        FINA_INDICATOR,
        name=name,
        title=title,
        model=model,
        fields=fields,
        other_fields=_other_fields(name, fields),
        row_cap=6000,
        shapes=(_of_a_quarter(f"{name}_vip"), BySymbol(of_announcements=True)),
    )


INCOME = _statement("income", "Income statements", IncomeStatement)
BALANCESHEET = _statement("balancesheet", "Balance sheets", BalanceSheet)
CASHFLOW = _statement("cashflow", "Cash flow statements", CashFlow)


def disclosure_requests(today: date) -> Sequence[WholeRequest]:
    """The quarters whose reports are announced these days, and those before that may be put off."""
    quarters = quarter_ends(today - DISCLOSED_QUARTERS, today)
    return [_disclosures(quarter) for quarter in reversed(quarters)]


def _disclosures(quarter: date) -> WholeRequest:
    return WholeRequest(f"{quarter}", {"end_date": f"{quarter:%Y%m%d}"}, like={"end_date": f"{quarter}"})


DISCLOSURE_DATE = Dataset(
    name="disclosure_date",
    title="Disclosure dates",
    model=Disclosure,
    parts=Parts.WHOLE,
    fields=(
        SYMBOL,
        _END_DATE,
        *(Field(name, name, "date") for name in ("ann_date", "pre_date", "actual_date")),
        Field("modify_date", "modify_date", "text"),
    ),
    key=("symbol", "end_date"),
    job_type="DISCLOSURES",
    shapes=(Calls(disclosure_requests, page_rows=3000),),
    plausible=Plausible(least_share=0.9),
    fresh_hours=12,
)
