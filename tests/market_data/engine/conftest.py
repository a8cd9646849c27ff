"""What several tests of the engine stand on."""

from collections.abc import Iterator
from datetime import date

import pytest
import time_machine

from tests.market_data.builders import FRIDAY_EVENING, A, B, add_calendar, add_securities


@pytest.fixture
def market(db: None) -> Iterator[time_machine.Traveller]:
    """Two stocks in the first months of 2024, looked at on a Friday evening in March."""
    with time_machine.travel(FRIDAY_EVENING, tick=False) as traveller:
        add_calendar(date(2024, 1, 1), date(2024, 6, 28))
        add_securities(A, B)
        yield traveller
