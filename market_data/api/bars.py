"""Bars of stocks or of the whole market by day, week or month, in pages or whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.http import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.viewsets import ViewSet

from market_data.api.tables import RENDERERS, form_of, page, stream, tag_of, unchanged
from market_data.api.windows import DAY_FORMATS, SYMBOL, WindowQuery, distinct, limit_field, symbols_field
from market_data.frames import pa
from market_data.models import DailyBar, Security
from market_data.queries import COLUMNS, codes_of, daily_bars
from market_data.queries.adjusting import FILLED
from market_data.queries.bars import Asked
from market_data.queries.columns import schema_of
from market_data.queries.market import bars_page, bars_pieces
from market_data.queries.versions import versions_of

MOST_BARS = 10_000


class BarQuery(WindowQuery):
    symbol = symbols_field(
        " A stock of Beijing whose code moved comes with all its history, under the present code. "
        "Left out: the whole market of a day or window.",
    )
    trade_date = serializers.DateField(required=False, input_formats=DAY_FORMATS, help_text="One day.")
    freq = serializers.ChoiceField(
        ["daily", "weekly", "monthly"],
        default="daily",
        help_text="A week or month is dated by its last day with a bar, which must lie in the window.",
    )
    adjust = serializers.ChoiceField(["none", "qfq", "hfq"], default="none")
    adjust_to = serializers.DateField(
        required=False,
        input_formats=DAY_FORMATS,
        help_text="The day on which forward adjusted prices are as they were; left out: each stock's last stored bar.",
    )
    factor_filled = serializers.BooleanField(
        default=False,
        help_text="A last column that tells where a day's factor is not stored and the one before it was taken.",
    )
    limit = limit_field(MOST_BARS)
    after = serializers.RegexField(
        rf"^{SYMBOL},\d{{4}}-\d\d-\d\d$",
        required=False,
        error_messages={"invalid": "Take this from the Link header: the last bar seen, as 600000.SH,2024-01-31."},
        help_text="Where the page before ended; the Link header has it.",
    )

    def validate_symbol(self, text: str) -> list[str]:
        return list(distinct(text.split(",")))

    def validate_after(self, text: str) -> tuple[str, date]:
        """The symbol and the day behind which bars go on."""
        symbol, day = text.split(",")
        try:
            last = date.fromisoformat(day)
            last + timedelta(days=1)
        except (ValueError, OverflowError) as error:
            raise ValidationError(f"There is no day after {day}.") from error
        return symbol, last

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        given = super().validate(given)
        if not {"symbol", "start", "end", "trade_date"}.intersection(given):
            raise ValidationError({"symbol": "Name symbols, or a day or window of the whole market."})
        if "trade_date" in given:
            if "start" in given or "end" in given:
                raise ValidationError({"trade_date": "Ask for one day or for a window, not for both."})
            given |= {"start": given["trade_date"], "end": given["trade_date"]}
        if "adjust_to" in given and given["adjust"] != "qfq":
            raise ValidationError({"adjust_to": "Only forward adjusted prices refer to a day: add adjust=qfq."})
        return given


class BarSerializer(serializers.ModelSerializer[DailyBar]):
    class Meta:
        model = DailyBar
        fields = COLUMNS


class BarViewSet(ViewSet):
    renderer_classes = RENDERERS
    permissions = {"show": "market_data.view_dailybar"}

    @extend_schema(parameters=[BarQuery], responses=BarSerializer(many=True))
    def show(self, request: Request) -> HttpResponseBase:
        """Bars by symbol and day, ascending: prices and amount in currency units, volume in shares.

        A week or month is whole, and its pct_chg compares with the close before it; ask for adjusted ones where
        dividends should not show as losses. JSON comes in pages, CSV, Parquet and Arrow (an IPC stream) come whole.
        """
        query = BarQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        given = query.validated_data
        symbols = given.get("symbol")
        _check_known(symbols or [])
        asked = Asked(given.get("start"), given.get("end"), given["adjust"], given["freq"], given.get("adjust_to"))
        tag = tag_of(request, *_versions(asked, symbols))
        answer = unchanged(request, tag) or _answer(request, given, asked)
        if tag:
            answer["ETag"] = tag
        return answer


def _answer(request: Request, given: dict[str, Any], asked: Asked) -> HttpResponseBase:
    symbols, schema = given.get("symbol"), _schema(given["factor_filled"])
    if form_of(request) != "json" and not {"limit", "after"}.intersection(given):
        return stream(request, (_shown(piece, schema) for piece in bars_pieces(symbols, asked)), schema, "bars")
    limit = given.get("limit", MOST_BARS)
    table = _shown(bars_page(symbols, asked, limit, given.get("after")), schema)
    behind = _place(table.slice(limit - 1, 1)) if table.num_rows > limit else ""
    return page(request, table.slice(0, limit), schema, "bars", behind)


def _schema(with_filled: bool) -> pa.Schema:
    schema = schema_of(DailyBar, COLUMNS)
    return schema.append(pa.field(FILLED, pa.bool_())) if with_filled else schema


def _shown(bars: pa.Table, schema: pa.Schema) -> pa.Table:
    """Bars that are not adjusted needed no factor."""
    if FILLED in schema.names and FILLED not in bars.column_names:
        bars = bars.append_column(FILLED, pa.repeat(False, bars.num_rows))
    return bars.select(schema.names)


def _versions(asked: Asked, symbols: list[str] | None) -> Iterator[str]:
    """Of every row that the answer rests on: references and periods look beyond the window."""
    is_plain = asked.adjust == "none" and asked.frequency == "daily"
    seen = versions_of(["daily", "adj_factor", "bse_mapping"])
    yield seen["daily"].within(asked.start, asked.end) if is_plain else seen["daily"].within(None, None)
    yield seen["adj_factor"].within(None, None) if asked.adjust != "none" else ""
    if symbols is None or any(symbol.endswith(".BJ") for symbol in symbols):
        yield seen["bse_mapping"].within(None, None)


def _check_known(symbols: list[str]) -> None:
    listed = set(Security.objects.filter(symbol__in=symbols).values_list("symbol", flat=True))
    unknown = [symbol for symbol in symbols if symbol not in listed and not _is_known(symbol)]
    if unknown:
        raise NotFound(f"There is no stock {', '.join(unknown)}.")


def _is_known(symbol: str) -> bool:
    return Security.objects.filter(symbol__in=codes_of(symbol)).exists() or daily_bars([symbol]).exists()


def _place(last: pa.Table) -> str:
    return f"{last['symbol'][0]},{last['trade_date'][0]}"
