"""A company's latest reports as a table by quarter, with a small chart of each figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from market_data.datasets import DATASETS
from market_data.queries.reports import current

QUARTERS = 8
# Dataset, field, title, and what a shown unit is in stored ones.
FIGURES = (
    ("income", "total_revenue", _("Revenue, million yuan"), 1e6),
    ("income", "n_income_attr_p", _("Net profit, million yuan"), 1e6),
    ("fina_indicator", "eps", _("Earnings per share, yuan"), 1.0),
    ("fina_indicator", "roe", _("Return on equity, %"), 1.0),
)


@dataclass(frozen=True)
class Reports:
    """`rows` are (title, chart, values), the values newest last as the quarters are."""

    quarters: list[date]
    rows: list[tuple[Any, SafeString, list[str]]]


def reports(symbol: str) -> Reports | None:
    """None where nothing is stored of the company. Figures of the year so far, as companies report them."""
    found: dict[date, dict[str, float | None]] = {}
    for name in dict.fromkeys(figure[0] for figure in FIGURES):
        fields = [field for dataset, field, *_ in FIGURES if dataset == name]
        rows = current(DATASETS[name], [symbol]).values("end_date", *fields).order_by("end_date")
        for row in rows:
            found.setdefault(row["end_date"], {}).update({field: row[field] for field in fields})
    if not found:
        return None
    quarters = sorted(found)[-QUARTERS:]
    return Reports(quarters, [_row(field, title, unit, found, quarters) for _, field, title, unit in FIGURES])


def _row(
    field: str, title: Any, unit: float, found: dict[date, dict[str, float | None]], quarters: Sequence[date]
) -> tuple[Any, SafeString, list[str]]:
    values = [found[quarter].get(field) for quarter in quarters]
    shown = ["–" if value is None else f"{value / unit:,.2f}" for value in values]
    return title, _columns(values), shown


def _columns(values: Sequence[float | None]) -> SafeString:
    """Columns up and down from a line at zero."""
    largest = max((abs(value) for value in values if value is not None), default=0.0) or 1.0
    parts = []
    for at, value in enumerate(values):
        height = abs(value or 0.0) / largest * 10
        parts.append((at * 8, f"{10 - height if (value or 0) >= 0 else 10:.1f}", f"{height:.1f}"))
    drawn = format_html_join("", '<rect x="{}" y="{}" width="6" height="{}" fill="currentColor"/>', parts)
    return format_html(
        '<svg width="{0}" height="20" viewBox="0 0 {0} 20" aria-hidden="true" class="r-link">{1}'
        '<line x1="0" x2="{0}" y1="10" y2="10" stroke="currentColor" stroke-width=".5"/></svg>',
        len(values) * 8,
        drawn,
    )
