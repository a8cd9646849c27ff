"""Wrong declarations of datasets are refused with a sentence, on every database."""

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, transaction

from market_data.checks import check_datasets, faults_of
from market_data.datasets import DATASETS, Field, Parts, Plausible
from market_data.datasets.base import numbers
from market_data.datasets.shapes import ByDay, BySymbol, Calls, Elsewhere, Range
from market_data.engine.storing.writer import _as_object, _values

DAILY, STOCK_BASIC = DATASETS["daily"], DATASETS["stock_basic"]


def test_the_declarations_that_there_are_are_right() -> None:
    assert check_datasets(None) == []


@pytest.mark.parametrize(
    ("dataset", "change", "said"),
    [
        (DAILY, {"name": "d" * 33}, "more than 32 characters"),
        (DAILY, {"provider": "tusharepro"}, "no room for the provider's name tusharepro"),
        (
            DAILY,
            {"elsewhere": {"akshare-two": Elsewhere((BySymbol(),))}},
            "provider's name akshare-two",
        ),
        (DAILY, {"fields": (*DAILY.fields, *numbers("close"))}, "declares a column twice"),
        (DAILY, {"key": ("symbol", "day")}, "has day in its key"),
        (
            DAILY,
            {"fields": (*DAILY.fields, Field("vwap", "vwap"))},
            "a column vwap that its model",
        ),
        (
            DATASETS["trade_cal"],
            {"fields": tuple(replace(f, never_null=False) for f in DATASETS["trade_cal"].fields)},
            "may lack is_open, which its model TradingDay must have",
        ),
        (DAILY, {"shapes": ()}, "cannot be asked of tushare"),
        (DAILY, {"shapes": (Calls(lambda today: []),)}, "cells need other shapes"),
        (STOCK_BASIC, {"shapes": (ByDay(),)}, "whole need other shapes"),
        (DAILY, {"shapes": (Range(20), Range(30))}, "two shapes of one kind"),
        (DAILY, {"shapes": (BySymbol(lists=0),)}, "lists 0 symbols"),
        (DAILY, {"plausible": Plausible(least_share=70)}, "not from 0 to 1"),
        (DAILY, {"depends_on": ("trade_calendar",)}, "depends on trade_calendar, which is no dataset"),
    ],
)
def test_a_wrong_declaration_is_told_in_a_sentence(dataset: Any, change: dict[str, Any], said: str) -> None:
    faults = [fault for _, fault in faults_of(replace(dataset, **change))]
    assert any(said in fault for fault in faults), faults


@pytest.mark.django_db
@pytest.mark.parametrize("name", [name for name, dataset in DATASETS.items() if not dataset.grouped_by])
def test_every_dataset_can_keep_what_its_rows_were_before(name: str) -> None:
    """However many columns it has: functions of databases take only so many arguments."""
    dataset = DATASETS[name]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT {_as_object(_values(dataset) or ['symbol'])} FROM {dataset.table} t")


@pytest.mark.django_db
def test_many_columns_make_one_object() -> None:
    columns = [f"c{n}" for n in range(180)]
    values = ", ".join(f"{n} AS c{n}" for n in range(180))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_as_object(columns)} FROM (SELECT {values}) t")
        row = str(cursor.fetchone()[0])
    assert all(f'"{name}"' in row or f"'{name}'" in row for name in columns)


def test_what_a_dataset_needs_is_what_the_engine_reads() -> None:
    for dataset in DATASETS.values():
        needed = {field.name for field in dataset.fields if dataset.is_needed(field)}
        assert set(dataset.key) - set(dataset.constants) - {"content"} <= needed
        if dataset.parts == Parts.CELLS:
            assert dataset.by_symbol or dataset.by_day
