"""Where the pages are."""

from django.contrib import admin
from django.db import models
from django.urls import reverse

from tests.market_data.admin.conftest import FIRST_DAY, STOCK

REGISTERED = sorted(
    (model for model in admin.site._registry if model._meta.app_label == "market_data"),
    key=lambda model: model.__name__,
)
LISTS = {model.__name__: reverse(f"admin:market_data_{model._meta.model_name}_changelist") for model in REGISTERED}
STOCK_PAGE = reverse("admin:market_data_stock", args=[STOCK])
DAY_PAGE = reverse("admin:market_data_day", args=[FIRST_DAY.isoformat()])
CALENDAR_PAGE = reverse("admin:market_data_calendar")
DENIALS_PAGE = reverse("admin:market_data_denials")
GLOBAL_PAGE = reverse("admin:market_data_global")
BAR_TABLES = ("daily", "adj_factor", "daily_basic", "moneyflow", "stk_limit", "individual_fund_flow")
DAY_TABLES = (*BAR_TABLES, "suspend_d", "limit_up_pool", "dragon_tiger", "global_daily")
STOCK_TABLES = (*DAY_TABLES, "namechange", "index_daily", "cells", "revisions")
OWN_PAGES = [
    *(f"{STOCK_PAGE}?table={name}" for name in STOCK_TABLES),
    *(f"{DAY_PAGE}?table={name}" for name in (*DAY_TABLES, "sector_fund_flow")),
    f"{CALENDAR_PAGE}?year={FIRST_DAY.year}",
    DENIALS_PAGE,
    GLOBAL_PAGE,
    f"{GLOBAL_PAGE}?symbol={STOCK}",
]
PAGES = [*LISTS.values(), *OWN_PAGES]


def change_page(row: models.Model) -> str:
    return reverse(f"admin:market_data_{row._meta.model_name}_change", args=[row.pk])
