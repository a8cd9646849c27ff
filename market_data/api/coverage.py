"""What of a dataset is complete, and what is not."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from market_data.api.bounds import LONGEST_SYMBOL, MOST_CELLS, MOST_DAYS, MOST_SYMBOLS
from market_data.api.windows import WindowQuery, distinct
from market_data.datasets import DATASETS, WITH_LEDGER
from market_data.engine.ledger.gaps import find_gaps
from market_data.engine.orders import Order, check_order, window
from market_data.models import Partition


class CoverageQuery(WindowQuery):
    dataset = serializers.ChoiceField(choices=list(WITH_LEDGER))
    symbols = serializers.CharField(
        required=False,
        max_length=MOST_SYMBOLS * (LONGEST_SYMBOL + 1),
        help_text=f"Only these, such as 600000.SH,000001.SZ; at most {MOST_SYMBOLS}.",
    )
    limit = serializers.IntegerField(
        min_value=1,
        max_value=MOST_CELLS,
        default=1000,
        help_text="Days listed at most, and missing symbols on them in all; all days are counted.",
    )

    def validate_symbols(self, text: str) -> tuple[str, ...]:
        symbols = distinct(part.strip() for part in text.split(",") if part.strip())
        if not symbols:
            raise ValidationError("Name at least one symbol, such as 600000.SH.")
        return symbols


CELL = inline_serializer(
    "CoverageCell",
    {
        "trade_date": serializers.DateField(allow_null=True),
        "expected": serializers.IntegerField(),
        "got": serializers.IntegerField(),
        "state": serializers.ChoiceField(Partition.State.choices),
        "symbols": serializers.ListField(child=serializers.CharField()),
    },
    many=True,
)
COVERAGE_REPLY = inline_serializer(
    "Coverage",
    {
        "dataset": serializers.CharField(),
        **{state.value: serializers.IntegerField() for state in Partition.State},
        "cells": CELL,
    },
)


class CoverageViewSet(ViewSet):
    permissions = {"show": "market_data.view_partition"}

    @extend_schema(parameters=[CoverageQuery], responses=COVERAGE_REPLY)
    def show(self, request: Request) -> Response:
        """Days of a dataset by state, and those that are not complete, newest first. At most 14,640 days at a time."""
        query = CoverageQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        given = query.validated_data
        dataset = DATASETS[given["dataset"]]
        order = Order(given.get("start"), given.get("end"), given.get("symbols"))
        check_order(order)
        wanted = window(dataset, order)
        days = (wanted.end - wanted.start).days + 1
        if days > MOST_DAYS:
            raise ValidationError({"start": f"These are {days:,} days; ask for at most {MOST_DAYS:,} at a time."})
        found = find_gaps(dataset, wanted.start, wanted.end, wanted.symbols, given["limit"]).as_json()
        return Response({**found, "cells": [_with_iso_day(cell) for cell in found["cells"]]})


def _with_iso_day(cell: dict[str, Any]) -> dict[str, Any]:
    day = cell["trade_date"]
    return {**cell, "trade_date": datetime.strptime(day, "%Y%m%d").date() if day else None}  # noqa: DTZ007
