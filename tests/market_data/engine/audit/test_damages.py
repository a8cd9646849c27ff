"""Damage done at random to stored history is found, each of it, and nothing else is."""

from pathlib import Path

import pytest

from market_data.engine.audit.auditing import audit
from market_data.engine.audit.scope import Scope
from market_data.standin.market.generated import generate_market
from tests.market_data.engine.audit.damages import Patient
from tests.market_data.engine.audit.loading import LISTS, load_market, read_rows, rows_of, store

pytestmark = pytest.mark.django_db


def found_in(patient: Patient) -> set[tuple[str, str]]:
    """(symbol, day) of every finding in the damaged bars and factors."""
    store("daily", patient.bars)
    store("adj_factor", patient.factors)
    return {(cell.symbol, f"{cell.trade_date:%Y%m%d}") for cell in audit((), Scope(), 10_000).cells}


def check_all(patient: Patient, known: set[tuple[str, str]], most_traceless: int) -> None:
    found = found_in(patient) - known
    explained = {damage: {cell for cell in found if damage.explains(*cell)} for damage in patient.damages}
    assert [damage for damage, cells in explained.items() if not cells and not damage.traceless] == []
    assert found - set().union(*explained.values()) == set()
    traceless = [damage for damage in patient.damages if damage.traceless]
    assert len(traceless) <= most_traceless, traceless
    assert [damage for damage in traceless if explained[damage]] == []


@pytest.mark.parametrize("seed", [1, 2])
def test_damage_to_a_made_up_market_is_found(seed: int) -> None:
    market = generate_market(60, 250, seed, "20240628")
    load_market(market, ())
    patient = Patient(rows_of(market, "daily"), rows_of(market, "adj_factor"), seed)
    patient.harm(100)
    check_all(patient, set(), 20)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_200_damages_to_published_history_are_found(shared_data: Path, seed: int) -> None:
    folder = shared_data / "stocks"
    for name in LISTS:
        store(name, read_rows(next(folder.glob(f"{name}.csv*"))))
    patient = Patient(read_rows(folder / "daily.csv.gz"), read_rows(folder / "adj_factor.csv.gz"), seed)
    patient.harm(200)
    check_all(patient, {("830839.BJ", "20211206"), ("830839.BJ", "20211207")}, 30)
