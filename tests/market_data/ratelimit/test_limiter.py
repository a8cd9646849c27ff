"""What callers hold, on a file."""

import sqlite3
from contextlib import closing
from time import monotonic

import pytest

from market_data.ratelimit.budget import Rule
from market_data.ratelimit.file_store import FileStore
from market_data.ratelimit.limiter import Limiter

RULES = [Rule("account", 10, 60), Rule("api:daily", 10, 60)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rate_limit.sqlite3"


def limiter(path, account="a"):
    return Limiter(FileStore(path), account)


def test_a_grant_is_in_local_time(path):
    before = monotonic()
    grant = limiter(path).reserve(RULES, 1, 1.0)

    assert before - 0.001 <= grant.send_at[0] <= monotonic() + 0.001


def test_another_limiter_of_the_account_finds_what_the_first_promised(path):
    limiter(path).reserve(RULES, 8, 1.0)

    grant = limiter(path).reserve(RULES, 8, 1.0)

    assert len(grant.send_at) == 2
    assert grant.retry_at > monotonic() + 50


def test_accounts_do_not_share_a_budget(path):
    limiter(path).reserve(RULES, 10, 1.0)

    assert len(limiter(path, "b").reserve(RULES, 10, 1.0).send_at) == 10


def test_what_one_learns_and_holds_all_obey(path):
    limiter(path).learn("api:daily", 3, 60)
    limiter(path).hold("account", 20)

    grant = limiter(path).reserve(RULES, 10, 30)

    assert len(grant.send_at) == 3
    assert grant.send_at[0] > monotonic() + 15
    assert limiter(path).usage(RULES) == (3, 3)


def test_a_late_sender_may_mostly_go_at_once(path):
    sender = limiter(path)
    planned = sender.reserve(RULES, 1, 1.0).send_at[0]

    assert sender.moved(RULES, planned) == pytest.approx(monotonic(), abs=1.0)
    assert sender.tolerance(RULES) == pytest.approx(0.75)


def test_a_call_that_moves_counts_once(path):
    sender = limiter(path)
    sender.hold("account", 20)
    planned = sender.reserve(RULES, 1, 30).send_at[0]

    sender.moved(RULES, planned)

    assert sender.usage(RULES) == (1, 10)


def test_a_limiter_whose_file_disappears_waits_a_window(path):
    sender = limiter(path)
    sender.reserve(RULES, 1, 1.0)
    path.unlink()

    grant = sender.reserve(RULES, 1, 1.0)

    assert grant.send_at == []
    assert grant.retry_at > monotonic() + 50


def test_a_change_that_fails_leaves_the_state_as_it_was(path):
    store = FileStore(path)
    store.update("a", lambda state, now: state.update(kept=True))

    def fail(state, now):
        state["kept"] = False
        raise KeyError

    with pytest.raises(KeyError):
        store.update("a", fail)

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT state FROM rate_limit_state").fetchone() == ('{"kept": true}',)
