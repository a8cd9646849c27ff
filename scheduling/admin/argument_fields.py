"""A job's arguments as the fields of a form, made from what the job declares: nobody has to write JSON."""

import types
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Union, get_args, get_origin

from django import forms
from django.utils.translation import gettext_lazy as _
from pydantic_core import PydanticUndefined

from scheduling.registry import Job

PREFIX = "arg-"


class ListField(forms.CharField):
    """Words with commas, spaces or lines between."""

    widget = forms.Textarea(attrs={"rows": 2})

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(str(each) for each in value) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        return str(value or "").replace(",", " ").split()


def argument_fields(declared: Job, own: Mapping[str, Any]) -> Iterator[tuple[str, forms.Field]]:
    """A field for each argument that has a simple type, filled with the job's own value or the default."""
    for name, info in declared.kwargs_model.model_fields.items():
        made = _field_for(_plain(info.annotation))
        if made is None:
            continue
        made.label, made.help_text = name.replace("_", " ").capitalize(), _(info.description or "")
        made.required = False
        default = None if info.default is PydanticUndefined else info.default
        made.initial = own.get(name, default)
        yield f"{PREFIX}{name}", made


def given_arguments(form: forms.Form) -> dict[str, Any]:
    """What was changed on the form, as JSON values by the arguments' names; what was not sent is not changed."""
    changed = [name for name in form.changed_data if name.startswith(PREFIX) and name in form.data]
    return {name.removeprefix(PREFIX): _as_json(form.cleaned_data[name]) for name in changed}


def _as_json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _plain(annotation: Any) -> Any:
    """The type without its None and its notes."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
        return _plain(kinds[0]) if len(kinds) == 1 else annotation
    return annotation


def _field_for(kind: Any) -> forms.Field | None:
    if kind is bool:
        return forms.TypedChoiceField(choices=[(False, _("no")), (True, _("yes"))], coerce=lambda text: text == "True")
    if kind is int:
        return forms.IntegerField()
    if kind is float:
        return forms.FloatField()
    if kind is date:
        return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}))
    if get_origin(kind) is list:
        return ListField()
    return forms.CharField() if isinstance(kind, type) else None
