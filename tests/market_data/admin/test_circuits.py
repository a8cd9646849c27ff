"""The hosts that refuse, as an operator sees them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from market_data.models import CircuitState
from tests.market_data.admin.addresses import LISTS

PAGE = LISTS["CircuitState"]
HOST = "push2his.eastmoney.com"


@pytest.mark.parametrize(("pause", "state"), [(None, "calls go"), (60, "left alone"), (-60, "the next call tries")])
def test_the_list_says_whether_a_host_is_asked(admin_client: Client, pause: int | None, state: str) -> None:
    until = timezone.now() + timedelta(seconds=pause) if pause else None
    CircuitState.objects.create(host=HOST, refusals=3, last_refusal="HTTP 403.", open_until=until)
    text = admin_client.get(PAGE).content.decode()
    assert state in text
    assert "HTTP 403." in text


def test_an_operator_lets_calls_go_again(staff: Callable[..., Client]) -> None:
    CircuitState.objects.create(host=HOST, refusals=3, open_until=timezone.now() + timedelta(hours=1))
    client = staff("view_circuitstate", "change_circuitstate")
    client.post(PAGE, {"action": "let_calls_go", "_selected_action": [HOST]})
    state = CircuitState.objects.get()
    assert (state.refusals, state.open_until) == (0, None)


def test_who_may_only_look_cannot(staff: Callable[..., Client]) -> None:
    CircuitState.objects.create(host=HOST, refusals=3, open_until=timezone.now() + timedelta(hours=1))
    staff("view_circuitstate").post(PAGE, {"action": "let_calls_go", "_selected_action": [HOST]})
    assert CircuitState.objects.get().open_until is not None
