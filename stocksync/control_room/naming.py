"""The names of our models and fields, in the reader's language: Django makes them of the code's words."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db.models import Field, Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

OURS = ("market_data", "scheduling")


def name_all() -> None:
    """Have every name looked up when it is shown. Migrations see what the code says, as before."""
    for model in _models():
        meta = model._meta
        # Django makes a plural that is lazy, and English whatever the language.
        meta.verbose_name_plural = gettext_lazy(str(meta.verbose_name_plural))
        meta.verbose_name = _lazy(meta.verbose_name)
        for field in _fields(model):
            field.verbose_name, field.help_text = _lazy(field.verbose_name), _lazy(field.help_text)
            if field.choices:
                field.choices = [(value, _lazy(label)) for value, label in field.flatchoices]
    for label in OURS:
        config = apps.get_app_config(label)
        config.verbose_name = _lazy(config.verbose_name)


def names() -> Iterator[str]:
    """Every name that is shown, in English."""
    yield from (str(apps.get_app_config(label).verbose_name) for label in OURS)
    for model in _models():
        yield from (str(model._meta.verbose_name), str(model._meta.verbose_name_plural))
        for field in _fields(model):
            yield from (str(field.verbose_name), str(field.help_text))
            yield from (str(label) for _value, label in field.flatchoices)


def _models() -> Iterator[type[Model]]:
    for label in OURS:
        yield from apps.get_app_config(label).get_models()


def _fields(model: type[Model]) -> "Iterator[Field[Any, Any]]":
    return (field for field in model._meta.fields if isinstance(field, Field))


def _lazy(text: Any) -> Any:
    return gettext_lazy(str(text)) if text and not isinstance(text, Promise) else text
