"""Reports of a stock, as JSON or CSV."""

from datetime import date
from itertools import islice
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.viewsets import ViewSet

from market_data.api.bounds import FURTHEST_OFFSET, MOST_REPORTS
from market_data.api.csv_rows import CSVQuery, CSVRenderer
from market_data.api.windows import DAY_FORMATS, ROWS, FieldsQuery, WindowQuery
from market_data.datasets import DATASETS, Dataset
from market_data.models import Security
from market_data.queries.reports import ReportRows, as_of, current, versions

REPORTS = {dataset.name: dataset for dataset in DATASETS.values() if dataset.keeps_versions}


class ReportQuery(CSVQuery, FieldsQuery, WindowQuery):
    symbol = serializers.RegexField(
        r"^[\w.]{1,16}$", error_messages={"invalid": "Symbols look like 600000.SH."}, help_text="Such as 600000.SH."
    )
    dataset = serializers.ChoiceField(list(REPORTS), default="fina_indicator")
    as_of = serializers.DateField(
        required=False, input_formats=DAY_FORMATS, help_text="What was known on this day; left out: what is known now."
    )
    versions = serializers.BooleanField(default=False, help_text="Every version that is kept, not one of each period.")
    fields_ = serializers.RegexField(r"^\w+(,\w+)*$", required=False, help_text="Only these, or `all`.")
    limit = serializers.IntegerField(
        min_value=1, max_value=MOST_REPORTS, default=MOST_REPORTS, help_text="The Link header leads to what follows."
    )
    offset = serializers.IntegerField(
        min_value=0, max_value=FURTHEST_OFFSET, default=0, help_text="The Link header has it."
    )

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        given = super().validate(given)
        if given["versions"] and "as_of" in given:
            raise ValidationError({"versions": "Ask for all versions or for what was known on a day, not for both."})
        names = chosen(REPORTS[given["dataset"]], given.get("fields", ""))
        return given | {"columns": names}


def columns_of(dataset: Dataset) -> tuple[str, ...]:
    """The columns of its own table, and when a version was first seen."""
    return (*(field.name for field in dataset.fields), "first_seen_at")


def chosen(dataset: Dataset, text: str) -> tuple[str, ...]:
    """The fields of the answer. Raises ValidationError for one that does not exist."""
    main, others = columns_of(dataset), dataset.other_names
    if text == "all":
        return main + others
    unknown = [name for name in text.split(",") if name and name not in main + others]
    if unknown:
        raise ValidationError({"fields": f"{dataset.name} has no {', '.join(unknown)}."})
    return tuple(text.split(",")) if text else main


class ReportViewSet(ViewSet):
    renderer_classes = (JSONRenderer, CSVRenderer)
    permissions = {"show": "market_data.view_finaindicator"}
    csv_columns: tuple[str, ...] = ()

    @extend_schema(parameters=[ReportQuery], responses=ROWS)
    def show(self, request: Request) -> Response:
        """Reports by period, ascending: amounts in yuan, ratios and growth in percent."""
        query = ReportQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        given = query.validated_data
        dataset, offset, limit = REPORTS[given["dataset"]], given["offset"], given["limit"]
        if not request.user.has_perm(f"market_data.view_{dataset.model._meta.model_name}"):
            raise PermissionDenied
        self.csv_columns = given["columns"]
        found = list(islice(_found(dataset, given), offset, offset + limit + 1))
        rows = [_as_row(dataset, report, given["columns"]) for report in found[:limit]]
        if not rows and not Security.objects.filter(symbol=given["symbol"].upper()).exists():
            raise NotFound(f"There is no stock {given['symbol']}.")
        if len(found) <= limit:
            return Response(rows)
        url = replace_query_param(request.build_absolute_uri(), "offset", offset + limit)
        return Response(rows, headers={"Link": f'<{url}>; rel="next"'})


def _found(dataset: Dataset, given: dict[str, Any]) -> ReportRows:
    symbols = [given["symbol"].upper()]
    if given["versions"]:
        rows = versions(dataset, symbols).order_by("end_date", "first_seen_at", "id")
    else:
        rows = as_of(dataset, given["as_of"], symbols) if "as_of" in given else current(dataset, symbols)
    rows = rows.filter(end_date__gte=given["start"]) if "start" in given else rows
    return rows.filter(end_date__lte=given["end"]) if "end" in given else rows


def _as_row(dataset: Dataset, report: Any, columns: tuple[str, ...]) -> dict[str, Any]:
    """A field without a column of its own is null where the source sent nothing."""
    main = columns_of(dataset)
    values = {name: getattr(report, name) if name in main else report.rest.get(name) for name in columns}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}
