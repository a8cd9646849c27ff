"""Bars of stocks by day, week or month, as JSON or CSV."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import chain, islice
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.viewsets import ViewSet

from market_data.api.csv_rows import CSVRenderer
from market_data.api.windows import WindowQuery
from market_data.models import DailyBar, Security
from market_data.queries import COLUMNS, bars, codes_of, current_symbols, daily_bars

MOST_BARS = 10_000
MOST_SYMBOLS = 100
SYMBOL = r"[\w.^=-]{1,16}"


class BarQuery(WindowQuery):
    symbol = serializers.RegexField(
        rf"^{SYMBOL}(,{SYMBOL})*$",
        error_messages={"invalid": "Symbols look like 600000.SH; separate several with commas."},
        help_text=f"Such as 600000.SH, or several with commas between, at most {MOST_SYMBOLS}. "
        "A stock of Beijing whose code moved comes with all its history, under the present code.",
    )
    freq = serializers.ChoiceField(
        ["daily", "weekly", "monthly"],
        default="daily",
        help_text="A week or month is dated by its last day with a bar, which must lie in the window.",
    )
    adjust = serializers.ChoiceField(["none", "qfq", "hfq"], default="none")
    limit = serializers.IntegerField(
        min_value=1, max_value=MOST_BARS, default=MOST_BARS, help_text="The Link header leads to what follows."
    )
    after = serializers.RegexField(
        rf"^{SYMBOL},\d{{4}}-\d\d-\d\d$",
        required=False,
        error_messages={"invalid": "Take this from the Link header: the last bar seen, as 600000.SH,2024-01-31."},
        help_text="Where the page before ended; the Link header has it.",
    )

    def validate_symbol(self, text: str) -> list[str]:
        symbols = list(dict.fromkeys(text.upper().split(",")))
        if len(symbols) > MOST_SYMBOLS:
            raise ValidationError(f"These are {len(symbols)} symbols; ask for at most {MOST_SYMBOLS} at a time.")
        return symbols

    def validate_after(self, text: str) -> tuple[str, date]:
        """The symbol, and the day from which its bars go on."""
        symbol, day = text.split(",")
        try:
            return symbol, date.fromisoformat(day) + timedelta(days=1)
        except (ValueError, OverflowError) as error:
            raise ValidationError(f"There is no day after {day}.") from error


class BarSerializer(serializers.ModelSerializer[DailyBar]):
    class Meta:
        model = DailyBar
        fields = COLUMNS


class BarViewSet(ViewSet):
    renderer_classes = (JSONRenderer, CSVRenderer)
    csv_columns = COLUMNS
    permissions = {"show": "market_data.view_dailybar"}

    @extend_schema(parameters=[BarQuery], responses=BarSerializer(many=True))
    def show(self, request: Request) -> Response:
        """Bars by symbol and day, ascending: prices and amount in currency units, volume in shares.

        A week or month is whole, and its pct_chg compares with the close before it; ask for adjusted ones where
        dividends should not show as losses.
        """
        query = BarQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        given = query.validated_data
        _check_known(given["symbol"])
        limit = given["limit"]
        rows = [dict(zip(COLUMNS, row, strict=True)) for row in islice(_found(given), limit + 1)]
        return Response(rows[:limit], headers=_link_to_next(request, rows[:limit]) if len(rows) > limit else None)


def _found(given: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The bars that are asked for, from behind `after` on."""
    start, how = given.get("start"), (given.get("end"), given["adjust"], given["freq"])
    symbols = current_symbols(given["symbol"])
    if "after" not in given:
        return bars(symbols, start, *how)
    symbol, following = given["after"]
    begun = [known for known in symbols if known == symbol]
    rest = [known for known in symbols if known > symbol]
    return chain(bars(begun, max(start or following, following), *how), bars(rest, start, *how))


def _check_known(symbols: list[str]) -> None:
    listed = set(Security.objects.filter(symbol__in=symbols).values_list("symbol", flat=True))
    unknown = [symbol for symbol in symbols if symbol not in listed and not _is_known(symbol)]
    if unknown:
        raise NotFound(f"There is no stock {', '.join(unknown)}.")


def _is_known(symbol: str) -> bool:
    return Security.objects.filter(symbol__in=codes_of(symbol)).exists() or daily_bars([symbol]).exists()


def _link_to_next(request: Request, rows: list[dict[str, Any]]) -> dict[str, str]:
    last = f"{rows[-1]['symbol']},{rows[-1]['trade_date']}"
    return {"Link": f'<{replace_query_param(request.build_absolute_uri(), "after", last)}>; rel="next"'}
