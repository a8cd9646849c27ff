"""Pages as a browser has them: where they are, and what a form of theirs sends."""

from html.parser import HTMLParser
from typing import Any

from django.db import models
from django.test import Client
from django.urls import reverse

from scheduling.models import JobConfig

JOBS = reverse("admin:scheduling_jobconfig_changelist")
NEW_JOB = reverse("admin:scheduling_jobconfig_add")
EXECUTIONS = reverse("admin:scheduling_execution_changelist")


def page_of(row: models.Model, *place: str) -> str:
    """The page of a row, or one below it such as `run`."""
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    page = reverse(name, args=[row.pk])
    return page.replace("/change/", f"/{'/'.join(place)}/") if place else page


class _Fields(HTMLParser):
    """What the fields of a form send as they are."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.form_id, self.is_inside = form_id, False
        self.values: dict[str, str] = {}
        self.select = self.textarea = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        name = given.get("name") or ""
        if tag == "form":
            self.is_inside = given.get("id") == self.form_id
        elif not self.is_inside or "disabled" in given:
            return
        elif tag == "input" and given.get("type") != "submit":
            if given.get("type") != "checkbox" or "checked" in given:
                self.values[name] = given.get("value") or ("on" if given.get("type") == "checkbox" else "")
        elif tag == "select":
            self.select = name
        elif tag == "textarea":
            self.textarea, self.values[name] = name, ""
        elif tag == "option" and self.select and (self.select not in self.values or "selected" in given):
            self.values[self.select] = given.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.is_inside = False
        elif tag == "select":
            self.select = ""
        elif tag == "textarea":
            self.textarea = ""

    def handle_data(self, data: str) -> None:
        if self.textarea:
            self.values[self.textarea] += data


def fields(client: Client, page: str, form_id: str) -> dict[str, str]:
    """What a page's form would send."""
    found = _Fields(form_id)
    found.feed(client.get(page).content.decode())
    assert found.values
    return found.values


def save(client: Client, page: str, form_id: str = "jobconfig_form", **changes: str | None) -> Any:
    """Open a page, change fields (None clears a checkbox), and press Save. Returns what follows."""
    values = {**fields(client, page, form_id), **changes}
    return send(client, page, values)


def send(client: Client, page: str, values: dict[str, str | None]) -> Any:
    return client.post(page, {name: value for name, value in values.items() if value is not None}, follow=True)


def errors(answer: Any) -> dict[str, list[str]]:
    """The sentences next to the fields of a page that was refused."""
    return dict(answer.context["adminform"].form.errors)


def told(answer: Any) -> str:
    """The messages on top of a page."""
    return " ".join(str(message) for message in answer.context["messages"])


def act(client: Client, action: str, *rows: models.Model, note: str = "") -> Any:
    """Choose rows of a list and run an action. Returns the page that follows."""
    meta = rows[0]._meta
    chosen = {"action": action, "_selected_action": [str(row.pk) for row in rows], "note": note}
    return client.post(reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist"), chosen, follow=True)


def saved(job_id: str) -> JobConfig:
    return JobConfig.objects.get(job_id=job_id)
