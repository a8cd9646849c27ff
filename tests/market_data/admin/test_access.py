"""Who may see which page, and that nobody edits anything."""

from collections.abc import Callable

import pytest
from django.apps import apps
from django.contrib.admin.sites import site
from django.db import models
from django.test import Client
from django.urls import reverse

from market_data.models import AdjFactor, DailyBar, Origin
from tests.market_data.admin.addresses import (
    CALENDAR_PAGE,
    DAY_PAGE,
    DENIALS_PAGE,
    GLOBAL_PAGE,
    LISTS,
    PAGES,
    REGISTERED,
    STOCK_PAGE,
    change_page,
)

Staff = Callable[..., Client]


def test_every_model_that_django_can_list_is_registered() -> None:
    listable = {
        model
        for model in apps.get_app_config("market_data").get_models()
        if not isinstance(model._meta.pk, models.CompositePrimaryKey)
    }
    assert listable == set(REGISTERED)


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_on_an_empty_database(admin_client: Client, page: str) -> None:
    assert admin_client.get(page).status_code == 200


@pytest.mark.usefixtures("market", "ledger")
@pytest.mark.parametrize("model", REGISTERED)
def test_every_row_has_a_page_that_nobody_can_edit(admin_client: Client, model: type[models.Model]) -> None:
    Origin.objects.create(made_up=False)
    row = model._default_manager.all()[0]
    page = change_page(row)

    assert admin_client.get(page).status_code == 200
    assert admin_client.post(page, {}).status_code == 403
    assert admin_client.post(page.replace("/change/", "/delete/"), {"post": "yes"}).status_code == 403
    assert admin_client.get(reverse(f"admin:market_data_{model._meta.model_name}_add")).status_code == 403


@pytest.mark.parametrize("page", PAGES)
def test_strangers_are_sent_to_the_login(client: Client, db: None, page: str) -> None:
    answer = client.get(page)

    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(reverse("admin:login"))


@pytest.mark.parametrize("page", PAGES)
def test_staff_without_permission_is_refused(staff: Staff, page: str) -> None:
    assert staff().get(page).status_code == 403


@pytest.mark.parametrize(
    ("page", "permission"),
    [
        (LISTS["Security"], "view_security"),
        (LISTS["SyncTask"], "view_synctask"),
        (CALENDAR_PAGE, "view_tradingday"),
        (DENIALS_PAGE, "view_interfacedenial"),
        (GLOBAL_PAGE, "view_globalbar"),
    ],
)
def test_the_view_permission_of_the_model_is_enough(staff: Staff, page: str, permission: str) -> None:
    assert staff(permission).get(page).status_code == 200


@pytest.mark.usefixtures("market")
@pytest.mark.parametrize(("page", "own"), [(STOCK_PAGE, "view_security"), (DAY_PAGE, "view_partition")])
def test_a_page_shows_only_the_tables_that_one_may_view(staff: Staff, page: str, own: str) -> None:
    somebody = staff(own, "view_adjfactor")

    shown = somebody.get(page)

    assert shown.context["shown"].model is AdjFactor
    assert [table.model for table in shown.context["tables"]] == [AdjFactor]
    assert somebody.get(page, {"table": "daily"}).status_code == 403


@pytest.mark.parametrize(("page", "permission"), [(STOCK_PAGE, "view_dailybar"), (DAY_PAGE, "view_dailybar")])
def test_a_page_needs_the_permission_of_what_it_is_about(staff: Staff, page: str, permission: str) -> None:
    assert staff(permission).get(page).status_code == 403


def test_bars_are_not_listed_by_django() -> None:
    assert not site.is_registered(DailyBar)
