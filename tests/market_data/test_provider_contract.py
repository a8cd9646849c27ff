"""What every provider owes for every dataset that names it: one set of assertions for all."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from market_data.datasets import DATASETS, Dataset, Parts, Rhythm
from market_data.engine import accounts
from market_data.engine.ledger import clock
from market_data.engine.running.calls import call_for, window_of
from market_data.engine.running.fetching import Fetched, Fetching, fetch
from market_data.engine.storing.checks import check
from market_data.engine.storing.judging import BELIEVED, Question
from market_data.exceptions import BadPayload, NoData, Transient
from market_data.models import SyncRequest
from market_data.providers.base import Answer, Provider
from tests.market_data.builders import shanghai
from tests.market_data.contract_worlds import LAST_DAY, QUARTER, WORLDS, Behave, store_boards
from tests.market_data.providers.sources import SYMBOL

pytestmark = pytest.mark.django_db(transaction=True)
MONDAY = LAST_DAY - timedelta(days=4)
FAR_AWAY = (date(2099, 1, 5), date(2099, 1, 9))
CAP = 100_000
CLAIMS = [(name, at) for name, dataset in DATASETS.items() for at in (dataset.provider, *dataset.elsewhere)]
OF_SYMBOLS = [(name, at) for name, at in CLAIMS if DATASETS[name].parts == Parts.CELLS]


@pytest.fixture(autouse=True)
def friday_evening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: shanghai("2024-03-29 20:00"))


@pytest.fixture(autouse=True)
def boards() -> None:
    store_boards()


@pytest.fixture
def enter(settings: Any, tmp_path: Path) -> Iterator[Callable[[str], Behave]]:
    """Open the world of a provider; gives what makes its source misbehave."""
    with ExitStack() as worlds:
        yield lambda name: worlds.enter_context(WORLDS[name](settings, tmp_path / name))


@pytest.fixture
def at(enter: Callable[[str], Behave]) -> Iterator[Callable[[str], tuple[Provider, Behave]]]:
    """The provider of that name, as the engine gets it, and what makes its source misbehave."""
    opened: list[Provider] = []

    def provider(name: str) -> tuple[Provider, Behave]:
        behave = enter(name)
        opened.append(accounts.provider_named(name))
        return opened[-1], behave

    yield provider
    for each in opened:
        each.close()


def request_for(dataset: Dataset, symbols: tuple[str, ...] = (SYMBOL,), days: tuple[date, date] | None = None) -> Any:
    """A request that the planner could have made for these days, else for days that have rows."""
    if dataset.as_list:
        wanted = dataset.as_list.requests(LAST_DAY)
        whole = next(w for w in wanted if w.start is None or w.start <= LAST_DAY <= (w.end or LAST_DAY))
        span = {"start_date": f"{days[0]:%Y%m%d}", "end_date": f"{days[1]:%Y%m%d}"} if days else {}
        return SyncRequest(shape="whole", params={**whole.params, **span})
    if dataset.rhythm == Rhythm.QUARTERS:
        return SyncRequest(shape="symbols", symbols=[*symbols], start_date=QUARTER, end_date=QUARTER)
    if dataset.by_symbol:
        start, end = days or (MONDAY, LAST_DAY)
        return SyncRequest(shape="symbols", symbols=[*symbols], start_date=start, end_date=end)
    if dataset.by_range:
        return SyncRequest(shape="range", start_date=LAST_DAY - timedelta(days=25), end_date=LAST_DAY)
    return SyncRequest(shape="date", start_date=LAST_DAY, end_date=LAST_DAY)


def fetched_from(provider: Provider, dataset: Dataset, request: SyncRequest) -> Fetched:
    return fetch(Fetching(provider, dataset), request, Question(request.shape, CAP, request.expected_rows))


def rows_of(table: pa.Table) -> list[tuple[Any, ...]]:
    return sorted(zip(*table.to_pydict().values(), strict=True), key=repr)


def test_every_provider_that_a_dataset_names_is_held_to_the_contract() -> None:
    assert {at for _, at in CLAIMS} == set(WORLDS)


@pytest.mark.parametrize(("name", "provider"), CLAIMS)
def test_an_answer_has_the_columns_asked_for_and_passes_every_check(at: Any, name: str, provider: str) -> None:
    asked, _ = at(provider)
    dataset = DATASETS[name].asked_of(provider)
    call = call_for(dataset, request_for(dataset))
    answer: Answer = asked.ask(call, lambda answer: answer)
    required = {f.source for f in dataset.fields if dataset.is_needed(f)}
    assert required <= set(answer.columns) <= set(dataset.sources)
    assert {len(values) for values in answer.columns.values()} == {answer.rows}
    fetched = fetched_from(asked, dataset, request_for(dataset))
    assert fetched.table.column_names == list(dataset.columns)
    assert fetched.table.num_rows == answer.rows > 0
    assert fetched.refused == []
    assert fetched.made_up
    assert fetched.judgement == BELIEVED
    assert 0 < asked.calls <= asked.quota()[1]


@pytest.mark.parametrize(("name", "provider"), CLAIMS)
def test_the_order_of_rows_and_the_time_of_asking_make_no_difference(at: Any, name: str, provider: str) -> None:
    asked, _ = at(provider)
    dataset = DATASETS[name].asked_of(provider)
    request = request_for(dataset)
    answer: Answer = asked.ask(call_for(dataset, request), lambda answer: answer)
    backwards = Answer({field: values[::-1] for field, values in answer.columns.items()}, answer.rows)
    checked = check(dataset, backwards, window_of(dataset, request)).table
    assert rows_of(checked) == rows_of(fetched_from(asked, dataset, request).table)


@pytest.mark.parametrize(("name", "provider"), CLAIMS)
def test_a_source_that_has_nothing_gives_an_empty_answer(at: Any, name: str, provider: str) -> None:
    asked, behave = at(provider)
    dataset = DATASETS[name].asked_of(provider)
    behave("say_nothing")
    days = None if dataset.parts == Parts.EVENTS else FAR_AWAY
    request = request_for(dataset, days=days)
    if dataset.parts == Parts.NAMED:
        # A person named the symbol, and is told that nothing is there.
        with pytest.raises(NoData, match=SYMBOL):
            fetched_from(asked, dataset, request)
        return
    fetched = fetched_from(asked, dataset, request)
    assert fetched.table.num_rows == 0
    assert fetched.table.column_names == list(dataset.columns)


@pytest.mark.parametrize(("name", "provider"), OF_SYMBOLS)
def test_a_symbol_that_the_source_does_not_know_gives_an_empty_answer(at: Any, name: str, provider: str) -> None:
    asked, _ = at(provider)
    dataset = DATASETS[name].asked_of(provider)
    assert fetched_from(asked, dataset, request_for(dataset, ("999999.SH",))).table.num_rows == 0


@pytest.mark.parametrize(("name", "provider"), CLAIMS)
def test_a_source_that_refuses_is_not_taken_for_an_empty_one(at: Any, name: str, provider: str) -> None:
    asked, behave = at(provider)
    dataset = DATASETS[name].asked_of(provider)
    behave("refuse")
    with pytest.raises(Transient):
        fetched_from(asked, dataset, request_for(dataset))


@pytest.mark.parametrize(("name", "provider"), CLAIMS)
def test_columns_that_have_changed_are_refused_with_evidence_or_stay_empty(at: Any, name: str, provider: str) -> None:
    asked, behave = at(provider)
    dataset = DATASETS[name].asked_of(provider)
    behave("change_columns")
    with suppress(BadPayload):
        fetched = fetched_from(asked, dataset, request_for(dataset))
        check_left_out(dataset, fetched)


def check_left_out(dataset: Dataset, fetched: Fetched) -> None:
    """What stayed away is not needed, and null."""
    empty = [f for f in dataset.fields if f.source in fetched.lacking]
    assert fetched.lacking
    assert not any(dataset.is_needed(f) for f in empty)
    assert all(fetched.table[f.name].null_count == fetched.table.num_rows for f in empty if f.kind != "text")


@pytest.mark.parametrize("provider", [provider for name, provider in CLAIMS if name == "daily"])
def test_volume_is_in_shares_and_amount_in_the_currency_of_the_price(at: Any, provider: str) -> None:
    asked, _ = at(provider)
    dataset = DATASETS["daily"].asked_of(provider)
    for bar in fetched_from(asked, dataset, request_for(dataset)).table.to_pylist():
        assert bar["low"] * 0.99 <= bar["amount"] / bar["volume"] <= bar["high"] * 1.01


@pytest.mark.parametrize(("name", "provider"), [claim for claim in CLAIMS if claim[1] != DATASETS[claim[0]].provider])
def test_two_providers_of_a_dataset_agree(at: Any, name: str, provider: str) -> None:
    days = (MONDAY, LAST_DAY)
    tables = []
    for each in (DATASETS[name].provider, provider):
        asked, _ = at(each)
        dataset = DATASETS[name].asked_of(each)
        tables.append(fetched_from(asked, dataset, request_for(dataset, days=days)).table)
    theirs, ours = (sorted(table.to_pylist(), key=lambda row: row["trade_date"]) for table in tables)
    assert len(theirs) == len(ours) > 0
    for one, other in zip(theirs, ours, strict=True):
        # Some count whole lots of a hundred shares, and write percent with two decimals.
        assert _numbers(other) == pytest.approx(_numbers(one), rel=1e-3, abs=0.006)
        assert {**other, **_numbers(one)} == one


def _numbers(row: dict[str, Any]) -> dict[str, float]:
    return {name: value for name, value in row.items() if isinstance(value, float)}
