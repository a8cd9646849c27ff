"""What datasets there are, and the rows of each, in pages or whole."""

from __future__ import annotations

import base64
import json
from typing import Any, cast

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import Q
from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from market_data.api.tables import RENDERERS, form_of, page, stream, tag_of, unchanged
from market_data.api.windows import ROW, ROWS, FieldsQuery, WindowQuery, distinct, limit_field, symbols_field
from market_data.datasets import DATASETS, Dataset, Field
from market_data.datasets.units import unit_of
from market_data.files.shaping import Selection, pieces, schema_of_selection, shape
from market_data.frames import pa
from market_data.queries.columns import question, read_table
from market_data.queries.companions import freshness, last_stored_day
from market_data.queries.versions import versions_of

MOST_ROWS = 10_000


class RowQuery(FieldsQuery, WindowQuery):
    symbols = symbols_field()
    fields_ = serializers.RegexField(r"^\w+(,\w+)*$", required=False, help_text="Only these columns, in this order.")
    limit = limit_field(MOST_ROWS)
    after = serializers.CharField(required=False, max_length=500, help_text="The Link header has it.")

    def validate_symbols(self, text: str) -> tuple[str, ...]:
        return distinct(text.split(","))


class DatasetViewSet(ViewSet):
    permissions = {"list": "market_data.view_partition", "rows": "market_data.view_partition"}

    def get_renderers(self) -> list[Any]:
        return [kind() for kind in (RENDERERS if self.action == "rows" else (JSONRenderer,))]

    @extend_schema(responses={200: ROW})
    def list(self, request: Request) -> Response:
        """The datasets: what each holds, its columns, and up to which day it is complete."""
        fresh = freshness()
        return Response([_described(dataset) | fresh[name] for name, dataset in DATASETS.items()])

    @extend_schema(parameters=[RowQuery], responses=ROWS)
    def rows(self, request: Request, name: str) -> HttpResponseBase:
        """The stored rows of a dataset, ascending by its key, in our names and units. JSON comes in pages, CSV, Parquet
        and Arrow (an IPC stream) come whole."""
        dataset = DATASETS.get(name)
        if dataset is None:
            raise NotFound(f"There is no dataset {name}; /market-data/datasets lists what there is.")
        if not request.user.has_perm(f"market_data.view_{dataset.model._meta.model_name}"):
            raise PermissionDenied
        query = RowQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        given = query.validated_data
        selection = Selection(dataset, given.get("start"), given.get("end"), given.get("symbols"))
        schema = _chosen(selection, given)
        seen = versions_of([dataset.table])[dataset.table]
        tag = tag_of(request, seen.within(selection.start, selection.end))
        answer = unchanged(request, tag) or _answer(request, selection, schema, given)
        if tag:
            answer["ETag"] = tag
        return answer


def _described(dataset: Dataset) -> dict[str, Any]:
    model = dataset.model
    return {
        "name": dataset.name,
        "title": dataset.title,
        "description": " ".join((model.__doc__ or "").split()),
        "provider": dataset.provider,
        "key": dataset.key,
        "day": dataset.date_column if dataset.date_column in dataset.columns else None,
        "last_day": last_stored_day(dataset),
        "columns": [_column(dataset, field) for field in (*dataset.shown, *dataset.packed)],
    }


def _column(dataset: Dataset, field: Field) -> dict[str, Any]:
    """`scale`: how many of our units one of the source's is; the description tells the units."""
    own = {own.name: own for own in dataset.model._meta.get_fields()}
    meaning = str(getattr(own.get(field.name), "help_text", ""))
    return {
        "name": field.name,
        "kind": field.kind,
        "meaning": meaning,
        "unit": unit_of(dataset, field),
        "source": field.source,
        "scale": field.scale,
    }


def _chosen(selection: Selection, given: dict[str, Any]) -> pa.Schema:
    """The columns of the answer. Raises ValidationError for what the dataset does not have."""
    dataset, schema = selection.dataset, schema_of_selection(selection)
    if selection.symbols and "symbol" not in dataset.columns:
        raise ValidationError({"symbols": f"{dataset.name} has no symbols; leave them away."})
    if (selection.start or selection.end) and dataset.date_column not in dataset.columns:
        raise ValidationError({"start": f"{dataset.name} has no days; leave start and end away."})
    names = given["fields"].split(",") if "fields" in given else schema.names
    unknown = [name for name in names if name not in schema.names]
    if unknown:
        raise ValidationError({"fields": f"{dataset.name} has no {', '.join(unknown)}."})
    return pa.schema([schema.field(name) for name in names])


def _answer(request: Request, selection: Selection, schema: pa.Schema, given: dict[str, Any]) -> HttpResponseBase:
    name = selection.dataset.name
    if form_of(request) != "json" and not {"limit", "after"}.intersection(given):
        return stream(request, (piece.select(schema.names) for piece, _ in pieces(selection)), schema, name)
    limit = given.get("limit", MOST_ROWS)
    stored = _page(selection, limit, given.get("after", ""))
    behind = _place(selection.dataset, stored.slice(limit - 1, 1)) if stored.num_rows > limit else ""
    table = shape(selection, stored.slice(0, limit)).select(schema.names)
    return page(request, table, schema, name, behind)


def _page(selection: Selection, limit: int, after: str) -> pa.Table:
    dataset, wanted = selection.dataset, selection.wanted
    rows = wanted.rows()
    if after:
        rows = rows.filter(_behind(dataset, _opened(dataset, after)))
    names = dict.fromkeys((*wanted.names, *dataset.key))
    return read_table(question(rows.order_by(*dataset.key)[: limit + 1], *names))


def _behind(dataset: Dataset, last: list[Any]) -> Q:
    """The keys that come after one: greater in the first part that differs."""
    found = Q()
    for at, name in enumerate(dataset.key):
        same = dict(zip(dataset.key[:at], last[:at], strict=True))
        found |= Q(**same, **{f"{name}__gt": last[at]})
    return found


def _opened(dataset: Dataset, after: str) -> list[Any]:
    try:
        last = json.loads(base64.urlsafe_b64decode(after.encode()))
        if not isinstance(last, list) or len(last) != len(dataset.key):
            raise ValueError(after)
        for name, value in zip(dataset.key, last, strict=True):
            cast(Any, dataset.model._meta.get_field(name)).to_python(value)
    except (ValueError, TypeError, DjangoValidationError) as error:
        raise ValidationError({"after": "Take this from the Link header."}) from error
    return last


def _place(dataset: Dataset, last: pa.Table) -> str:
    key = [last[name][0].as_py() for name in dataset.key]
    return base64.urlsafe_b64encode(json.dumps(key, default=str).encode()).decode()
