"""Made-up data is called so wherever it is shown."""

import pytest
from django.test import Client
from django.urls import reverse

from market_data.models import Origin
from tests.market_data.admin.addresses import PAGES

EVERYWHERE = [reverse("admin:index"), reverse("admin:app_list", args=["market_data"]), *PAGES]


@pytest.mark.parametrize("page", EVERYWHERE)
def test_every_page_says_that_data_is_made_up(admin_client: Client, page: str) -> None:
    Origin.objects.create(made_up=True)

    assert "MADE-UP DATA" in admin_client.get(page).content.decode()


@pytest.mark.parametrize("page", EVERYWHERE)
def test_no_page_says_so_of_real_data(admin_client: Client, page: str) -> None:
    Origin.objects.create(made_up=False)

    assert "MADE-UP DATA" not in admin_client.get(page).content.decode()


def test_the_application_leads_to_the_pages_that_django_does_not_list(admin_client: Client) -> None:
    page = admin_client.get(reverse("admin:app_list", args=["market_data"])).content.decode()

    for name in ("admin:market_data_calendar", "admin:market_data_denials", "admin:market_data_global"):
        assert f'href="{reverse(name)}"' in page
