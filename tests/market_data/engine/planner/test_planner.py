import tracemalloc
from itertools import combinations, combinations_with_replacement
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from market_data.engine.planner import Block, Shapes, plan

Mask = NDArray[np.bool_]


class Case(NamedTuple):
    need: Mask
    rows: Mask
    day_rows: NDArray[np.int64]
    shapes: Shapes


def whole_history(starts: NDArray[np.int64], days: int, shapes: Shapes) -> Case:
    rows = np.arange(days) >= starts[:, None]
    return Case(rows, rows, rows.sum(axis=0), shapes)


def random_case(rng: np.random.Generator, most_symbols: int, most_days: int, lists: list[int], caps: list[int]) -> Case:
    shape = rng.integers(1, most_symbols + 1), rng.integers(1, most_days + 1)
    rows = rng.random(shape) < rng.choice([0.5, 0.8, 1])
    need = rows & (rng.random(shape) < rng.choice([0.1, 0.3, 0.6, 1]))
    max_symbols = int(rng.choice(lists))
    by_date = not max_symbols or bool(rng.integers(2))
    shapes = Shapes(by_date, max_symbols, int(rng.choice(caps)), int(rng.choice([2, 3, 1000])))
    return Case(need, rows, rows.sum(axis=0) + rng.integers(3), shapes)


def list_limit(case: Case, first: int, last: int) -> int:
    """Return how many symbols a call over these days may list."""
    shapes = case.shapes
    if first == last and shapes.max_symbols > 1 and case.day_rows[first] > shapes.cap:
        return max(shapes.max_symbols, shapes.max_symbols_one_day)
    return shapes.max_symbols


def check(case: Case, blocks: list[Block]) -> None:
    """Assert that the blocks cover what is needed, each a call that the interface takes."""
    left = case.need.copy()
    for block in blocks:
        if block.symbols is None:
            assert case.shapes.by_date
            assert block.first == block.last
            assert block.rows == case.day_rows[block.first]
            assert block.rows <= case.shapes.cap or not case.shapes.max_symbols
            left[:, block.first] = False
        else:
            assert 0 < len(set(block.symbols)) == len(block.symbols) <= list_limit(case, block.first, block.last)
            assert block.rows == case.rows[list(block.symbols), block.first : block.last + 1].sum() <= case.shapes.cap
            left[list(block.symbols), block.first : block.last + 1] = False
    assert not left.any()
    assert [block.last for block in blocks] == sorted((block.last for block in blocks), reverse=True)


def fewest_calls(case: Case) -> int:
    """Return the least number of calls that cover the needed cells, by exhaustive search."""
    usable = calls_as_bits(case)
    largest = [one for one in usable if not any(one != other and one & ~other == 0 for other in usable)]

    def covered(left: int, calls: int) -> bool:
        if not left:
            return True
        lowest = left & -left
        return calls > 0 and any(covered(left & ~call, calls - 1) for call in largest if call & lowest)

    return next(calls for calls in range(case.need.size + 1) if covered(bits(case.need), calls))


def calls_as_bits(case: Case) -> set[int]:
    """Return what each call that the interface takes would cover of the needed cells."""
    symbols, days = case.need.shape
    calls = set()
    for first, last in combinations_with_replacement(range(days), 2):
        for count in range(1, min(symbols, list_limit(case, first, last)) + 1):
            for listed in combinations(range(symbols), count):
                if case.rows[list(listed), first : last + 1].sum() <= case.shapes.cap:
                    calls.add(bits(part(case.need, list(listed), first, last)))
    for day in range(days if case.shapes.by_date else 0):
        if case.day_rows[day] <= case.shapes.cap or not case.shapes.max_symbols:
            calls.add(bits(part(case.need, list(range(symbols)), day, day)))
    return calls


def part(cells: Mask, symbols: list[int], first: int, last: int) -> Mask:
    mask = np.zeros_like(cells)
    mask[symbols, first : last + 1] = cells[symbols, first : last + 1]
    return mask


def bits(cells: Mask) -> int:
    return int.from_bytes(np.packbits(cells).tobytes(), "big")


def cells_in_different_rows_and_columns(need: Mask) -> int:
    """Return the size of a maximum matching: no plan can have fewer calls for single symbols or days."""
    symbol_of: dict[int, int] = {}

    def place(symbol: int, tried: set[int]) -> bool:
        for day in np.flatnonzero(need[symbol]).tolist():
            if day not in tried:
                tried.add(day)
                if day not in symbol_of or place(symbol_of[day], tried):
                    symbol_of[day] = symbol
                    return True
        return False

    return sum(place(symbol, set()) for symbol in range(len(need)))


def calls_and_optimum(seed: int, count: int, lists: list[int]) -> NDArray[np.int64]:
    rng = np.random.default_rng(seed)
    results = []
    for _ in range(count):
        case = random_case(rng, 4, 4, lists, list(range(1, 9)))
        blocks = plan(*case)
        check(case, blocks)
        results.append((len(blocks), fewest_calls(case)))
    return np.array(results)


def test_it_asks_for_nothing_when_nothing_is_needed() -> None:
    nothing = np.zeros((3, 4), dtype=np.bool_)
    assert plan(nothing, ~nothing, np.full(4, 3), Shapes(True, 50, 6000)) == []


def test_an_interface_that_takes_no_call_is_refused() -> None:
    with pytest.raises(ValueError, match="neither by date nor by symbol"):
        plan(
            np.ones((1, 1), dtype=np.bool_),
            np.ones((1, 1), dtype=np.bool_),
            np.ones(1, dtype=np.int64),
            Shapes(False, 0, 1),
        )


@pytest.mark.parametrize("lists", [[0], [1]])
def test_it_finds_the_fewest_calls_by_date_and_by_single_symbols(lists: list[int]) -> None:
    calls, optimum = calls_and_optimum(1, 800, lists).T
    assert calls.tolist() == optimum.tolist()


def test_single_symbols_and_days_are_as_few_as_cells_in_different_rows_and_columns() -> None:
    rng = np.random.default_rng(8)
    for _ in range(60):
        busy_symbols, busy_days = rng.random((50, 1)) ** 4, rng.random(40) ** 4
        need = rng.random((50, 40)) < np.maximum(busy_symbols, busy_days) * rng.choice([0.2, 0.6, 1])
        rows = np.ones_like(need)
        blocks = plan(need, rows, rows.sum(axis=0), Shapes(True, 1, 6000))
        assert len(blocks) == cells_in_different_rows_and_columns(need)


def test_it_nearly_always_finds_the_fewest_calls_with_lists() -> None:
    calls, optimum = calls_and_optimum(2, 2000, [2, 3, 4]).T
    assert np.mean(calls == optimum) > 0.997
    assert np.all(calls <= optimum + 1)


def test_it_covers_every_need_with_valid_calls_alone() -> None:
    rng = np.random.default_rng(3)
    for _ in range(40):
        case = random_case(rng, 50, 50, [0, 1, 2, 5, 50], [1, 5, 30, 60, 1000])
        check(case, plan(*case))


def test_equal_needs_get_equal_plans() -> None:
    case = random_case(np.random.default_rng(4), 60, 60, [5], [60])
    assert plan(*case) == plan(case.need.copy(), np.asfortranarray(case.rows), case.day_rows, case.shapes)


@pytest.mark.parametrize(
    ("symbols", "days", "latest_start"),
    [(72, 3654, 3000), (72, 3654, 0), (3571, 118, 10), (3571, 118, 0), (5400, 500, 400), (5400, 500, 0)],
)
def test_a_whole_history_takes_hardly_more_calls_than_its_rows_fill(symbols: int, days: int, latest_start: int) -> None:
    starts = np.random.default_rng(5).integers(-days // 2, latest_start + 1, symbols)
    case = whole_history(starts, days, Shapes(by_date=True, max_symbols=50, cap=6000))
    blocks = plan(*case)
    check(case, blocks)
    assert len(blocks) <= 1.05 * np.ceil(case.rows.sum() / 6000)


@pytest.mark.parametrize("days", [1, 2])
def test_a_day_of_the_whole_market_is_one_call_by_date(days: int) -> None:
    blocks = plan(*whole_history(np.zeros(5400, dtype=np.int64), days, Shapes(True, 50, 6000)))
    assert blocks == [Block(None, day, day, 5400) for day in reversed(range(days))]


def test_a_day_above_the_cap_is_split_into_long_lists() -> None:
    case = whole_history(np.zeros(6500, dtype=np.int64), 1, Shapes(True, 50, 6000))
    blocks = plan(*case)
    check(case, blocks)
    assert len(blocks) == 7


def test_a_day_above_the_cap_goes_symbol_by_symbol_where_lists_are_not_taken() -> None:
    case = whole_history(np.zeros(7, dtype=np.int64), 2, Shapes(True, 1, 6))
    blocks = plan(*case)
    check(case, blocks)
    assert len(blocks) == 7


def test_a_day_above_the_cap_goes_by_date_where_there_is_no_other_way() -> None:
    assert plan(*whole_history(np.zeros(7, dtype=np.int64), 1, Shapes(True, 0, 6))) == [Block(None, 0, 0, 7)]


def test_one_symbol_above_the_cap_is_split_by_days() -> None:
    blocks = plan(*whole_history(np.zeros(1, dtype=np.int64), 25, Shapes(False, 1, 10)))
    assert blocks == [Block((0,), 15, 24, 10), Block((0,), 5, 14, 10), Block((0,), 0, 4, 5)]


def test_a_few_symbols_of_a_day_are_listed_and_the_rest_of_the_market_is_not_sent_again() -> None:
    case = whole_history(np.zeros(5400, dtype=np.int64), 3, Shapes(True, 50, 6000))
    need = np.zeros_like(case.need)
    need[[7, 4000], 1] = True
    assert plan(need, *case[1:]) == [Block((7, 4000), 1, 1, 2)]


def test_a_call_by_date_is_preferred_to_a_list_of_the_same_rows() -> None:
    assert plan(*whole_history(np.zeros(5, dtype=np.int64), 1, Shapes(True, 50, 6000))) == [Block(None, 0, 0, 5)]


def test_new_symbols_and_new_days_are_asked_for_apart() -> None:
    case = whole_history(np.zeros(2000, dtype=np.int64), 600, Shapes(True, 1, 6000))
    need = np.zeros_like(case.need)
    need[:30] = need[:, -5:] = True
    blocks = plan(need, *case[1:])
    check(case._replace(need=need), blocks)
    assert len(blocks) == 35


def test_scattered_cells_share_calls_and_stay_apart_from_whole_histories() -> None:
    case = whole_history(np.zeros(1000, dtype=np.int64), 2000, Shapes(True, 50, 6000))
    need = np.zeros_like(case.need)
    need.flat[np.random.default_rng(6).choice(need.size, 1000, replace=False)] = True
    scattered = plan(need, *case[1:])
    check(case._replace(need=need), scattered)
    assert len(scattered) <= 20
    need[::25] = True
    both = plan(need, *case[1:])
    check(case._replace(need=need), both)
    assert len(both) <= len(scattered) + np.ceil(40 * 2000 / 6000)


def test_it_needs_little_memory_beside_its_input() -> None:
    case = whole_history(np.zeros(3000, dtype=np.int64), 4000, Shapes(True, 50, 6000))
    need = np.eye(3000, 4000, dtype=np.bool_)
    tracemalloc.start()
    plan(need, *case[1:])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < need.nbytes / 2
