"""Where the market's pages are that belong to no model."""

from collections.abc import Callable
from typing import Any

from django.urls import URLPattern, path

from market_data.admin.backfill_page import backfill_page
from market_data.admin.coverage_map import orders
from market_data.admin.coverage_map import pages as coverage_map
from market_data.admin.day_page import latest_day
from market_data.admin.stocks.page import stock_page, stock_search


def places(guarded: Callable[[Any], Any]) -> list[URLPattern]:
    """Below the admin's own address; `guarded` lets only the staff in."""
    return [
        path("coverage/", guarded(coverage_map.map_page), name="market_data_coverage"),
        path("coverage/panel/", guarded(coverage_map.cell_panel), name="market_data_coverage_panel"),
        path("coverage/repair/", guarded(orders.repair), name="market_data_coverage_repair"),
        path("coverage/accept/", guarded(orders.accept), name="market_data_coverage_accept"),
        path("stocks/", guarded(stock_search), name="market_data_stocks"),
        path("today/", guarded(latest_day), name="market_data_today"),
        path("stocks/<str:symbol>/", guarded(stock_page), name="market_data_stock"),
        path("backfill/", guarded(backfill_page), name="market_data_backfill"),
    ]
