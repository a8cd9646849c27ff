"""Daily bars of a symbol, as JSON or CSV."""

import csv
import io
from collections.abc import Mapping
from datetime import timedelta
from itertools import islice
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.viewsets import ViewSet

from market_data.api.windows import WindowQuery
from market_data.datasets import DATASETS
from market_data.models import DailyBar, Security
from market_data.queries import stored_rows

DAILY = DATASETS["daily"]
COLUMNS = tuple(field.name for field in DAILY.fields)
MOST_BARS = 10_000


class BarQuery(WindowQuery):
    symbol = serializers.RegexField(
        r"^[\w.^=-]{1,16}$", error_messages={"invalid": "Symbols look like 600000.SH."}, help_text="Such as 600000.SH."
    )
    adjust = serializers.ChoiceField(["none", "qfq", "hfq"], default="none")
    limit = serializers.IntegerField(
        min_value=1, max_value=MOST_BARS, default=MOST_BARS, help_text="The Link header leads to what follows."
    )


class BarSerializer(serializers.ModelSerializer[DailyBar]):
    class Meta:
        model = DailyBar
        fields = COLUMNS


class CSVRenderer(BaseRenderer):
    media_type = "text/csv"
    format = "csv"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> str:
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(data)
        return text.getvalue()


class BarViewSet(ViewSet):
    renderer_classes = (JSONRenderer, CSVRenderer)
    permissions = {"show": "market_data.view_dailybar"}

    @extend_schema(parameters=[BarQuery], responses=BarSerializer(many=True))
    def show(self, request: Request) -> Response:
        """Bars by day, ascending: prices and amount in currency units, volume in shares."""
        query = BarQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        given = query.validated_data
        symbol, limit = given["symbol"].upper(), given["limit"]
        found = stored_rows(DAILY, given.get("start"), given.get("end"), (symbol,), given["adjust"])
        rows = [dict(zip(COLUMNS, row, strict=True)) for row in islice(found, limit + 1)]
        if not rows and not _is_known(symbol):
            raise NotFound(f"There is no stock {symbol}.")
        return Response(rows[:limit], headers=_link_to_next(request, rows[:limit]) if len(rows) > limit else None)


def _is_known(symbol: str) -> bool:
    return Security.objects.filter(symbol=symbol).exists() or DailyBar.objects.filter(symbol=symbol).exists()


def _link_to_next(request: Request, rows: list[dict[str, Any]]) -> dict[str, str]:
    following = rows[-1]["trade_date"] + timedelta(days=1)
    url = replace_query_param(request.build_absolute_uri(), "start", following.isoformat())
    return {"Link": f'<{url}>; rel="next"'}
