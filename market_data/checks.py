"""Declarations of datasets that cannot work, each told in a sentence when stocksync starts."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.exceptions import FieldDoesNotExist
from django.db import models

from market_data.datasets import DATASETS, Dataset, Parts
from market_data.datasets.shapes import BySymbol, Calls
from market_data.models import Partition

LISTS_AT_MOST = 1000
HINT = "Mend its declaration in market_data/datasets, or its model."


def check_datasets(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """A system check: each wrong declaration is an error at start."""
    return [
        checks.Error(f"The dataset {dataset.name} {fault}.", hint=HINT, id=f"market_data.E{number:03}")
        for dataset in DATASETS.values()
        for number, fault in faults_of(dataset)
    ]


def faults_of(dataset: Dataset) -> Iterator[tuple[int, str]]:
    """What is wrong with a declaration: a number and a sentence without its subject."""
    yield from _faults_of_names(dataset)
    yield from _faults_of_fields(dataset)
    yield from _faults_of_shapes(dataset)
    if not 0 <= dataset.plausible.least_share <= 1 or dataset.plausible.rate < 0:
        yield 9, "believes a share that is not from 0 to 1, or a rate below 0"
    missing = [name for name in dataset.depends_on if name not in DATASETS]
    if missing:
        yield 10, f"depends on {', '.join(missing)}, which is no dataset"


def _faults_of_names(dataset: Dataset) -> Iterator[tuple[int, str]]:
    longest = Partition._meta.get_field("dataset").max_length
    if longest and len(dataset.name) > longest:
        yield 1, f"has a name of more than {longest} characters"
    if "provider" in dataset.added_columns:
        room = getattr(dataset.model._meta.get_field("provider"), "max_length", None)
        long = [name for name in (dataset.provider, *dataset.elsewhere) if room and len(name) > room]
        if long:
            yield 2, f"has no room for the provider's name {long[0]}: it takes {room} characters"


def _faults_of_fields(dataset: Dataset) -> Iterator[tuple[int, str]]:
    names = [field.name for field in dataset.fields]
    if len(set(names)) < len(names):
        yield 3, "declares a column twice"
    stray = [name for name in dataset.key if name not in dataset.columns]
    if stray:
        yield 4, f"has {', '.join(stray)} in its key and not among its columns"
    for field in dataset.fields:
        try:
            column = dataset.model._meta.get_field(field.name)
        except FieldDoesNotExist:
            yield 5, f"has a column {field.name} that its model {dataset.model.__name__} has not"
            continue
        may_be_null = not (field.never_null or field.name in dataset.key or field.kind == "text")
        if may_be_null and isinstance(column, models.Field) and not column.null:
            yield 6, f"may lack {field.name}, which its model {dataset.model.__name__} must have"


def _faults_of_shapes(dataset: Dataset) -> Iterator[tuple[int, str]]:
    """A list is asked for in calls, everything else by days, symbols or ranges."""
    ways = {dataset.provider: dataset.shapes, **{name: other.shapes for name, other in dataset.elsewhere.items()}}
    for provider, shapes in ways.items():
        lists = [isinstance(shape, Calls) for shape in shapes]
        if not shapes or any(lists) != (dataset.parts == Parts.WHOLE) or (any(lists) and not all(lists)):
            yield 7, f"cannot be asked of {provider} as it is declared: {dataset.parts} need other shapes"
        if len({type(shape) for shape in shapes}) < len(shapes):
            yield 7, f"has two shapes of one kind for {provider}"
        for shape in shapes:
            if isinstance(shape, BySymbol) and not 1 <= shape.lists <= LISTS_AT_MOST:
                yield 8, f"lists {shape.lists} symbols in a call: from 1 to {LISTS_AT_MOST} can be listed"
