"""The door: calls leave when they may, rate limits are waited out, and whoever waits can be sent home."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from market_data.exceptions import Permanent, RateLimited, Transient
from market_data.providers import door as door_module
from market_data.providers.base import Stopped, Turn
from market_data.providers.door import Door
from market_data.ratelimit.budget import Rule
from market_data.ratelimit.file_store import FileStore
from market_data.ratelimit.limiter import Grant, Limiter
from tests.market_data.ratelimit.counting import busiest

BASE = 0.004


class Ledger:
    """A limiter in memory that promises `free` calls at once, then none; `asked` notes what it was told."""

    def __init__(self, free: int = 1000) -> None:
        self.free = free
        self.asked: list[tuple[Any, ...]] = []
        self.threads: set[str] = set()

    def reserve(self, rules: Sequence[Rule], n: int, within: float) -> Grant:
        self.threads.add(threading.current_thread().name)
        granted = min(n, self.free)
        self.free -= granted
        self.asked.append(("reserve", rules[0].bucket, n, granted))
        now = time.monotonic()
        return Grant([now] * granted, now + (0 if self.free else 60))

    def tolerance(self, rules: Sequence[Rule]) -> float:
        return 30.0

    def moved(self, rules: Sequence[Rule], send_at: float) -> float:
        self.asked.append(("moved", rules[0].bucket))
        return time.monotonic()

    def arrived(self, rules: Sequence[Rule], counted_at: Sequence[float], at: float) -> None:
        self.asked.append(("arrived", at - counted_at[0]))

    def hold(self, bucket: str, seconds: float) -> None:
        self.asked.append(("hold", bucket, seconds))

    def learn(self, bucket: str, limit: int, window: float) -> None:
        self.asked.append(("learn", bucket, limit, window))

    def usage(self, rules: Sequence[Rule]) -> tuple[int, int]:
        return 3, 195

    def told(self, what: str) -> list[tuple[Any, ...]]:
        return [entry[1:] for entry in self.asked if entry[0] == what]


def rules_for(api_name: str) -> list[Rule]:
    return [Rule(f"api:{api_name}", 195, 60.0)]


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def door(ledger: Ledger) -> Iterator[Door]:
    made = Door(ledger, rules_for, BASE, lambda: None)  # type: ignore[arg-type]
    yield made
    made.close()


def sent(turn: Turn) -> str:
    turn.wait()
    return "answer"


def refusing(times: int, error: Callable[[int], Exception]) -> Callable[[Turn], str]:
    """A call that fails so often; the errors are numbered."""
    attempts = iter(range(times))

    def send(turn: Turn) -> str:
        turn.wait()
        for attempt in attempts:
            raise error(attempt)
        return "answer"

    return send


def test_a_call_passes_and_is_counted(door: Door) -> None:
    assert door.pass_through("daily", sent) == "answer"
    assert door.calls == 1


def test_a_call_that_never_leaves_is_not_counted(door: Door) -> None:
    with pytest.raises(Transient):
        door.pass_through("daily", lambda wait: (_ for _ in ()).throw(Transient("no connection")))
    assert door.calls == 0


def test_a_call_that_fails_after_it_left_is_counted(door: Door) -> None:
    with pytest.raises(Transient):
        door.pass_through("daily", refusing(1, lambda n: Transient("reset")))
    assert door.calls == 1


def test_a_rate_limit_is_waited_out_three_times_with_a_warning_each(
    door: Door, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    began = time.monotonic()
    assert door.pass_through("daily", refusing(3, lambda n: RateLimited("访问频率超限"))) == "answer"
    assert time.monotonic() - began >= BASE * (1 + 2 + 4)
    assert ledger.told("hold") == [("api:daily", BASE), ("api:daily", 2 * BASE), ("api:daily", 4 * BASE)]
    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 3
    assert all("daily" in record.message and "访问频率超限" in record.message for record in caplog.records)
    assert door.calls == 4


def test_after_three_retries_the_error_itself_is_raised(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    errors = [RateLimited(f"访问频率超限 {n}") for n in range(9)]
    with pytest.raises(RateLimited) as caught:
        door.pass_through("daily", refusing(9, lambda n: errors[n]))
    assert caught.value in errors
    assert (door.calls, len(caplog.records)) == (4, 3)


def test_a_limit_of_hours_is_not_waited_for(door: Door, ledger: Ledger) -> None:
    with pytest.raises(RateLimited):
        door.pass_through("daily", refusing(9, lambda n: RateLimited("每小时", 10, 3600.0)))
    assert door.calls == 1
    assert ledger.told("learn") == [("api:daily", 10, 3600.0)]


def test_the_number_in_a_text_is_learnt(door: Door, ledger: Ledger) -> None:
    door.pass_through("stock_basic", refusing(1, lambda n: RateLimited("每分钟", 50, 60.0)))
    assert ledger.told("learn") == [("api:stock_basic", 50, 60.0)]


def test_a_number_that_the_provider_itself_did_not_keep_to_is_not_learnt(door: Door, ledger: Ledger) -> None:
    for _ in range(4):
        door.pass_through("daily", sent)
    for limit in (3, 5):
        door.pass_through("daily", refusing(1, lambda n, limit=limit: RateLimited("每分钟", limit, 60.0)))  # type: ignore[misc]
    assert ledger.told("learn") == [("api:daily", 5, 60.0)]


def test_without_a_number_nothing_is_learnt(door: Door, ledger: Ledger) -> None:
    door.pass_through("daily", refusing(1, lambda n: RateLimited("HTTP 429")))
    assert ledger.told("learn") == []


@pytest.mark.parametrize("error", [Transient("server"), Permanent("token"), ValueError("bug")])
def test_other_errors_are_not_retried(door: Door, error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(type(error)):
        door.pass_through("daily", refusing(9, lambda n: error))
    assert (door.calls, caplog.records) == (1, [])


def test_many_threads_pass_and_one_clerk_reserves_for_them(ledger: Ledger, door: Door) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: door.pass_through("daily", sent), range(40)))
    assert results == ["answer"] * 40
    assert (door.calls, len(ledger.threads)) == (40, 1)
    assert sum(granted for _, _, granted in ledger.told("reserve")) >= 40


def test_a_call_that_comes_too_late_for_its_time_gets_another(door: Door, ledger: Ledger) -> None:
    ledger.tolerance = lambda rules: 0.01  # type: ignore[method-assign]
    past = Grant([time.monotonic() - 5], time.monotonic())
    ledger.reserve = lambda rules, n, within: past  # type: ignore[method-assign]
    assert door.pass_through("daily", sent) == "answer"
    assert ledger.told("moved") == [("api:daily",)]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


@pytest.mark.parametrize("where", ["turn", "moment", "retry"])
def test_stopping_sends_home_whoever_waits(ledger: Ledger, where: str) -> None:
    far = time.monotonic() + 600
    if where == "turn":
        ledger.free = 0
    if where == "moment":
        ledger.reserve = lambda rules, n, within: (ledger.asked.append(("reserve",)), Grant([far], far))[1]  # type: ignore[method-assign, func-returns-value]
    waiting = Door(ledger, rules_for, 600.0, lambda: None)  # type: ignore[arg-type]
    send = refusing(9, lambda n: RateLimited("频率")) if where == "retry" else sent
    with ThreadPoolExecutor(3) as pool:
        futures = [pool.submit(waiting.pass_through, "daily", send) for _ in range(3)]
        wait_for(lambda: len(ledger.asked) > 0)
        waiting.stop()
        for future in futures:
            with pytest.raises(Stopped):
                future.result(timeout=10)
    waiting.close()


def test_nothing_passes_a_closed_door_and_the_store_is_left_by_its_own_thread(ledger: Ledger) -> None:
    left: list[str] = []
    closing = Door(ledger, rules_for, BASE, lambda: left.append(threading.current_thread().name))  # type: ignore[arg-type]
    closing.pass_through("daily", sent)
    closing.close()
    with pytest.raises(Stopped):
        closing.pass_through("daily", sent)
    with pytest.raises(Stopped):
        closing.quota()
    assert set(left) == ledger.threads


def test_the_quota_is_the_limiters(door: Door) -> None:
    assert door.quota() == (3, 195)


def test_the_pauses_of_the_defaults_are_three_six_and_twelve_seconds() -> None:
    from stocksync import settings

    assert door_module.RATE_RETRIES == 3
    assert settings.RATE_LIMIT_RETRY_BASE_SECONDS == 3.0


def test_a_call_whose_answer_took_long_is_counted_later(ledger: Ledger) -> None:
    class Strict(Ledger):
        def tolerance(self, rules: Sequence[Rule]) -> float:
            return 0.05

    strict = Strict()
    door = Door(strict, rules_for, BASE, lambda: None)  # type: ignore[arg-type]
    for seconds in (0.0, 0.0, 0.3):

        def send(turn: Turn, seconds: float = seconds) -> None:
            turn.wait()
            time.sleep(seconds)
            turn.answered()

        door.pass_through("daily", send)
    door.close()
    late = [entry[1] for entry in strict.asked if entry[0] == "arrived"]
    assert len(late) == 1
    assert late[0] >= 0.2


@pytest.mark.alone
@pytest.mark.parametrize("still_seconds", [0.6, 2.3])
def test_a_provider_that_stood_still_gets_no_second_window_of_calls_at_once(
    tmp_path: Path, still_seconds: float
) -> None:
    limit, window, latency = 10, 1.0, 0.05
    arrivals: list[float] = []
    still_at, moves_at = time.monotonic() + 1.3, time.monotonic() + 1.3 + still_seconds

    def send(turn: Turn) -> None:
        turn.wait()
        if still_at < time.monotonic() < moves_at:
            time.sleep(moves_at - time.monotonic())
        arrivals.append(time.monotonic())
        time.sleep(latency)
        turn.answered()

    def work(_: int) -> None:
        store = FileStore(tmp_path / "budget.sqlite3")
        door = Door(Limiter(store, "account"), lambda name: [Rule("account", limit, window)], BASE, lambda: None)
        with ThreadPoolExecutor(2 * limit) as threads:
            list(threads.map(lambda _: door.pass_through("daily", send), range(2 * limit)))
        door.close()

    with ThreadPoolExecutor(2) as processes:
        list(processes.map(work, range(2)))
    assert len(arrivals) == 4 * limit
    # Without that they are twice or three times as many; a starved thread may come late by itself.
    assert busiest(arrivals, window) <= 1.5 * limit


def test_one_call_that_hangs_does_not_hold_the_others_back(ledger: Ledger) -> None:
    hangs, ended = threading.Event(), threading.Event()

    def send(turn: Turn) -> None:
        turn.wait()
        hangs.set()
        ended.wait(10)
        turn.answered()

    ledger.tolerance = lambda rules: 0.01  # type: ignore[method-assign]
    strict = Door(ledger, lambda name: [Rule("account", 195, 0.5)], BASE, lambda: None)  # type: ignore[arg-type]
    with ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(strict.pass_through, "daily", send)
        hangs.wait(10)
        time.sleep(0.1)
        assert strict.pass_through("daily", sent) == "answer"
        assert not hanging.done()
        ended.set()
    strict.close()
