"""What the command palette finds: places, datasets, stocks, jobs and failures."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext
from unfold.dataclasses import SearchResult

from market_data.admin.tables import may_view
from market_data.admin.words import title_of
from market_data.datasets import DATASETS
from market_data.models import Partition, Security, SyncFailureRecord
from market_data.queries import stocks
from scheduling.models import JobConfig

OF_A_KIND = 8
TEXT_SHOWN = 80


def found(request: HttpRequest, text: str) -> list[SearchResult]:
    """At most a few of each kind that the user may see, by what has an index or is short."""
    results: list[SearchResult] = []
    for model, find in (
        (Partition, _datasets),
        (Security, _stocks),
        (JobConfig, _jobs),
        (SyncFailureRecord, _failures),
    ):
        if may_view(request, model):
            results += list(find(text.strip()))[:OF_A_KIND]
    return results


def _result(title: str, kind: str, icon: str, view: str, *arguments: Any, **query: str) -> SearchResult:
    return SearchResult(title, kind, reverse(f"admin:{view}", args=arguments, query=query), icon)


def _datasets(text: str) -> Iterator[SearchResult]:
    for name in DATASETS:
        title = title_of(name)
        if text in name or text in title.lower():
            yield _result(f"{title} ({name})", gettext("Dataset"), "grid_on", "market_data_coverage", dataset=name)


def _stocks(text: str) -> Iterator[SearchResult]:
    for stock in stocks.search(text):
        yield _result(str(stock), gettext("Stock"), "candlestick_chart", "market_data_stock", stock.symbol)


def _jobs(text: str) -> Iterator[SearchResult]:
    named = JobConfig.objects.filter(Q(job_id__icontains=text) | Q(job_name__icontains=text)).order_by("job_id")
    for config in named[:OF_A_KIND]:
        title = f"{gettext(config.job_name)} ({config.job_id})"
        yield _result(title, gettext("Job"), "event_repeat", "scheduling_jobconfig_change", config.pk)


def _failures(text: str) -> Iterator[SearchResult]:
    open_ones = SyncFailureRecord.objects.filter(resolved_at=None, third_code__istartswith=text)
    for record in open_ones.order_by("-last_attempt_at")[:OF_A_KIND]:
        title = f"{record.third_code}: {Truncator(record.error_message).chars(TEXT_SHOWN)}"
        yield _result(title, gettext("Failure"), "error", "market_data_syncfailurerecord_change", record.pk)
