"""Versions of companies' reports, newest period first."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from market_data.admin.lists import ReadOnlyAdmin
from market_data.models import BalanceSheet, CashFlow, FinaIndicator, IncomeStatement


class ReportAdmin(ReadOnlyAdmin):
    """A page per version; the fields that have no column are shown as they are kept."""

    search_fields = ("symbol",)
    search_help_text = _("A symbol, such as 600000.SH.")
    ordering = ("-end_date", "-symbol", "-id")
    of_whom = ("symbol", "end_date", "ann_date", "update_flag")
    figures: tuple[str, ...] = ()

    def get_list_display(self, request: Any) -> tuple[str, ...]:
        return (*self.of_whom, *self.figures, "first_seen_at")

    def find(self, rows: QuerySet[Any], text: str) -> QuerySet[Any]:
        return rows.filter(symbol=text.upper())


@admin.register(FinaIndicator)
class FinaIndicatorAdmin(ReportAdmin):
    figures = ("eps", "bps", "roe", "roa", "grossprofit_margin", "netprofit_yoy")


@admin.register(IncomeStatement)
class IncomeStatementAdmin(ReportAdmin):
    figures = ("total_revenue", "operate_profit", "n_income_attr_p", "basic_eps")


@admin.register(BalanceSheet)
class BalanceSheetAdmin(ReportAdmin):
    figures = ("total_assets", "total_liab", "total_hldr_eqy_exc_min_int")


@admin.register(CashFlow)
class CashFlowAdmin(ReportAdmin):
    figures = ("n_cashflow_act", "n_cashflow_inv_act", "n_cash_flows_fnc_act")
