"""Arguments of template jobs: in the interface they stand beside the job's own fields."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from scheduling import registry
from scheduling.exceptions import ConfigurationError
from scheduling.registry import Job


def checked(declared: Job, given: Mapping[str, Any]) -> dict[str, Any]:
    """The given arguments as they are stored, without defaults. Raises ConfigurationError with the field."""
    try:
        model = declared.kwargs_model.model_validate(dict(given))
    except ValidationError as error:
        place, reason = registry.first_error(error)
        field = place.partition(".")[0] or "job_kwargs"
        raise ConfigurationError(f"{field}: {reason}.", field) from error
    return model.model_dump(mode="json", exclude_unset=True)


def shown(declared: Job, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Every argument as a run of now would have it, defaults included."""
    try:
        return declared.kwargs_model.model_validate(dict(stored)).model_dump(mode="json")
    except ValidationError:
        # The code has changed since they were stored; its next run says what does not fit.
        return dict(stored)


def schema_properties() -> dict[str, Any]:
    """The arguments of every template as properties of JSON schema."""
    found: dict[str, Any] = {}
    for declared in registry.all_jobs():
        if declared.is_template:
            found |= declared.kwargs_model.model_json_schema()["properties"]
    return found
