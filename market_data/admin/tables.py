"""Tables on pages of our own: Django's lists cannot show a model whose key has several columns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib import admin
from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest

from market_data.admin.display import field_of, shown
from market_data.admin.keyset import page_after
from market_data.datasets import DATASETS, Dataset, Parts


@dataclass(frozen=True)
class Table:
    """Which rows of a model are shown on a page, and in which order; the order tells rows apart."""

    name: str
    title: str
    model: type[Model]
    columns: tuple[str, ...]
    order: tuple[str, ...]


def tables_by_day(*, without: str, newest_first: bool) -> list[Table]:
    """A table for every dataset of days that has the column which the page is about, bars first, without it."""
    by_day = [dataset for dataset in DATASETS.values() if dataset.parts != Parts.WHOLE and without in dataset.key]
    by_day.sort(key=lambda dataset: dataset.parts == Parts.EVENTS)
    return [_table(dataset, without, "-" if newest_first else "") for dataset in by_day]


def _table(dataset: Dataset, without: str, sign: str) -> Table:
    columns = tuple(field.name for field in dataset.fields if field.name != without)
    order = tuple(f"{sign}{name}" for name in dataset.key if name != without)
    return Table(dataset.name, dataset.title, dataset.model, columns, order)


def may_view(request: HttpRequest, model: type[Model]) -> bool:
    codename = get_permission_codename("view", model._meta)
    return request.user.has_perm(f"{model._meta.app_label}.{codename}")


def require_view(request: HttpRequest, model: type[Model]) -> None:
    """Raises PermissionDenied."""
    if not may_view(request, model):
        raise PermissionDenied


def chosen_table(request: HttpRequest, tables: list[Table]) -> tuple[Table, list[Table]]:
    """The table that the address names, else the first, and all that the user may view.

    Raises Http404 for a name that is none, PermissionDenied where the user may not view it.
    """
    allowed = [table for table in tables if may_view(request, table.model)]
    name = request.GET.get("table") or (allowed or tables)[0].name
    table = next((table for table in tables if table.name == name), None)
    if table is None:
        raise Http404(f"There is no table {name!r}.")
    require_view(request, table.model)
    return table, allowed


def sorted_as_asked(request: HttpRequest, table: Table, rows: QuerySet[Any]) -> tuple[Table, QuerySet[Any]]:
    """The table in the order of `sort`, a column, "-" before it for the largest first; rows without a value are left
    out. Raises Http404 for a column that it does not have."""
    sort = request.GET.get("sort", "")
    name = sort.removeprefix("-")
    if not name:
        return table, rows
    if name not in table.columns:
        raise Http404(f"There is no column {name!r}.")
    others = tuple(key for key in table.order if key.removeprefix("-") != name)
    return replace(table, order=(sort, *others)), rows.exclude(**{f"{name}__isnull": True})


def sorts(request: HttpRequest, table: Table) -> list[dict[str, str]]:
    """For each column its title, how the rows are sorted by it now, and what `sort` its header leads to."""
    sort = request.GET.get("sort", "")
    now = {sort.removeprefix("-"): "descending" if sort.startswith("-") else "ascending"}
    return [
        {
            "title": str(field_of(table.model, name).verbose_name),
            "now": now.get(name, "none"),
            "next": name if now.get(name) == "descending" else f"-{name}",
        }
        for name in table.columns
    ]


def rendered(request: HttpRequest, table: Table, rows: QuerySet[Any]) -> dict[str, Any]:
    """The page of rows that the address asks for, for the template `table.html`."""
    page = page_after(rows, table.order, request.GET.getlist("after"))
    return {**grid(table.model, table.columns, page.rows), "next_key": page.next_key}


def grid(model: type[Model], columns: Sequence[str], rows: Iterable[Model]) -> dict[str, Any]:
    """Rows as text under their headers, for the template `table.html`."""
    return {
        "headers": [field_of(model, name).verbose_name for name in columns],
        "rows": [[shown(row, name) for name in columns] for row in rows],
    }


def page_context(request: HttpRequest, title: str) -> dict[str, Any]:
    """What every admin page needs."""
    return {**admin.site.each_context(request), "title": title}
