"""The arithmetic, against a count of every window."""

import json
import random

import pytest

from market_data.ratelimit.budget import Rule, arrived, grant, hold, learn, move, price, usage
from tests.market_data.ratelimit.counting import busiest

NOW = 1_700_000_000.0
MARGIN = 0.025
MINUTE = Rule("account", 195, 60)


def everything(rules, n):
    """Take `n` calls as soon as each is to be had."""
    state, now, times = {}, NOW, []
    while len(times) < n:
        granted, now = grant(state, now, rules, n - len(times), 1.0, MARGIN)
        times += granted
    return times


@pytest.mark.parametrize("seed", range(40))
def test_no_window_exceeds_any_rule_whatever_is_asked_and_when(seed):
    chance = random.Random(seed)
    account = Rule("account", chance.randint(1, 12), chance.choice([0.5, 1, 2, 60]))
    others = [Rule("api:a", chance.randint(1, 6), chance.choice([0.5, 1, 60, 600])), Rule("api:b", 3, 1)]
    state, now, sent = {}, NOW, {rule: [] for rule in [account, *others]}
    late = []
    for _ in range(120):
        now += chance.choice([0, 0.001, 0.01, 0.3, 2]) * chance.random()
        if late and chance.random() < 0.3:
            rules, promised_at = late.pop()
            times = [move(state, now, rules, promised_at, MARGIN)]
        else:
            rules = [account, *chance.sample(others, chance.randint(0, 2))]
            times, _ = grant(state, now, rules, chance.randint(1, 20), chance.random() * 2, MARGIN)
            assert times == sorted(times)
            if times and chance.random() < 0.3:
                late.append((rules, times.pop()))
        assert all(at >= now for at in times)
        for rule in rules:
            sent[rule] += times
        state = json.loads(json.dumps(state))

    for rule, times in sent.items():
        assert busiest(times, rule.window * (1 + MARGIN) - 1e-6) <= rule.limit


@pytest.mark.parametrize("rule", [MINUTE, Rule("account", 58, 2), Rule("account", 500, 60), Rule("account", 1, 3600)])
@pytest.mark.parametrize("windows", [2, 3, 10])
def test_calls_take_within_five_percent_of_the_ideal_time(rule, windows):
    n = rule.limit * windows

    times = everything([rule], n)

    assert times[0] == NOW
    assert times[-1] - NOW <= 1.05 * price(n, rule.limit, rule.window)


def test_the_calls_of_a_quiet_window_go_at_once():
    times, next_at = grant({}, NOW, [MINUTE], 200, 60, MARGIN)

    assert len(times) == 195
    assert times[-1] <= NOW + 0.6
    assert next_at == pytest.approx(NOW + 61.5, abs=0.13)


def test_nothing_is_promised_later_than_asked():
    state = {}
    grant(state, NOW, [MINUTE], 195, 60, MARGIN)

    assert grant(state, NOW + 51, [MINUTE], 10, 10, MARGIN)[0] == []
    assert len(grant(state, NOW + 52, [MINUTE], 10, 10, MARGIN)[0]) == 10


def test_nothing_is_promised_further_ahead_than_the_shortest_window():
    times, _ = grant({}, NOW, [Rule("account", 2, 1), Rule("api:daily", 300, 60)], 50, 30, MARGIN)

    assert len(times) == 2


def test_a_slow_interface_does_not_hold_up_the_others():
    state = {}
    slow = Rule("api:stock_basic", 1, 50)
    grant(state, NOW - 10, [MINUTE, slow], 1, 60, MARGIN)
    promised, _ = grant(state, NOW, [MINUTE, slow], 1, 60, MARGIN)

    others, _ = grant(state, NOW, [MINUTE], 195, 10, MARGIN)

    assert promised[0] > NOW + 40
    assert len(others) == 193
    assert others[-1] < NOW + 1
    assert grant(state, NOW + 52, [MINUTE], 1, 0, MARGIN)[1] == pytest.approx(NOW + 61.5, abs=0.13)


def test_a_day_of_calls_is_kept_in_little_space():
    rules = [MINUTE, Rule("account:day", 100_000, 86400)]
    state = {}
    for step in range(26 * 360):
        grant(state, NOW + step * 10, rules, 10, 1, MARGIN)

    assert usage(state, NOW + 26 * 3600, rules[1:], MARGIN)[0] > 86_400
    assert max(len(calls) for calls in state["sent"].values()) < 520


def test_the_day_quota_stops_what_the_minute_allows():
    times = everything([MINUTE, Rule("account:day", 300, 86400)], 301)

    assert times[299] < NOW + 70
    assert times[300] > NOW + 86400


def test_a_held_bucket_waits_and_others_do_not():
    state = {}
    hold(state, NOW, "api:daily", 30, MARGIN)
    hold(state, NOW, "api:daily", 10, MARGIN)

    assert grant(state, NOW, [MINUTE, Rule("api:daily", 195, 60)], 1, 20, MARGIN) == ([], NOW + 30)
    assert grant(state, NOW, [MINUTE], 1, 20, MARGIN)[0] == [NOW]


def test_a_learnt_limit_is_obeyed_where_it_is_stricter():
    state = {}
    learn(state, NOW, Rule("account", 50, 60), MARGIN)

    assert len(grant(state, NOW, [MINUTE], 195, 60, MARGIN)[0]) == 50
    assert len(grant(state, NOW + 100, [Rule("account", 40, 60)], 195, 60, MARGIN)[0]) == 40
    assert usage(state, NOW + 100, [MINUTE], MARGIN) == (40, 50)


def test_a_learnt_limit_of_another_window_is_obeyed_too():
    state = {}
    learn(state, NOW, Rule("account", 5, 1), MARGIN)

    assert len(grant(state, NOW, [MINUTE], 195, 1, MARGIN)[0]) == 5


def test_a_learnt_limit_is_forgotten_after_a_day():
    state = {}
    learn(state, NOW, Rule("account", 50, 60), MARGIN)

    assert len(grant(state, NOW + 86400, [MINUTE], 195, 60, MARGIN)[0]) == 195


def test_the_call_that_taught_a_limit_counts_under_it():
    state = {}
    daily = Rule("api:daily", 195, 60)
    grant(state, NOW, [MINUTE, daily], 1, 0, MARGIN)

    learn(state, NOW, Rule("api:daily", 1, 3600), MARGIN)

    times, next_at = grant(state, NOW + 120, [MINUTE, daily], 1, 0, MARGIN)
    assert times == []
    assert next_at > NOW + 3600


def test_a_late_call_counts_from_when_it_goes():
    state = {}
    rule = Rule("account", 1, 10)
    promised, _ = grant(state, NOW, [rule], 1, 0, MARGIN)

    assert move(state, NOW + 4, [rule], promised[0], MARGIN) == NOW + 4
    assert grant(state, NOW + 4, [rule], 1, 0, MARGIN)[1] == pytest.approx(NOW + 14.25, abs=0.03)


def test_a_call_later_than_a_window_takes_no_other_back():
    state = {}
    rule = Rule("account", 2, 10)
    promised, _ = grant(state, NOW, [rule], 1, 0, MARGIN)
    grant(state, NOW + 0.2, [rule], 1, 0, MARGIN)

    move(state, NOW + 10.3, [rule], promised[0], MARGIN)

    assert usage(state, NOW + 10.3, [rule], MARGIN) == (2, 2)


def test_a_late_call_waits_where_its_place_is_taken():
    state = {}
    rule = Rule("account", 1, 10)
    promised, _ = grant(state, NOW, [rule], 1, 0, MARGIN)
    following, _ = grant(state, NOW + 5, [rule], 1, 10, MARGIN)

    assert move(state, NOW + 6, [rule], promised[0], MARGIN) >= following[0] + 10


def test_a_clock_that_was_set_back_neither_stops_calls_nor_forgets_them():
    state = {}
    grant(state, NOW, [MINUTE], 195, 60, MARGIN)
    hold(state, NOW, "api:daily", 30, MARGIN)

    back = NOW - 86400
    times, next_at = grant(state, back, [MINUTE], 1, 0, MARGIN)

    assert times == []
    assert next_at == pytest.approx(back + 61.5, abs=0.3)
    assert grant(state, back, [Rule("api:daily", 1, 60)], 1, 0, MARGIN)[1] == back + 30


def test_a_lost_record_costs_a_window():
    assert grant({"known_since": NOW}, NOW + 1, [MINUTE], 1, 0, MARGIN) == ([], NOW + 61.5)
    assert grant({"known_since": NOW}, NOW + 62, [MINUTE], 1, 0, MARGIN)[0] == [NOW + 62]


def test_usage_is_that_of_the_rule_nearest_to_its_limit():
    state = {}
    rules = [MINUTE, Rule("api:stock_basic", 50, 60)]
    grant(state, NOW, rules, 10, 1, MARGIN)

    assert usage(state, NOW + 1, rules, MARGIN) == (10, 50)
    assert usage(state, NOW + 100, rules, MARGIN)[0] == 0


def test_a_price_counts_the_windows_that_must_pass():
    assert price(0, 195, 60, 0.2) == 0
    assert price(195, 195, 60, 0.2) == 0.2
    assert price(196, 195, 60, 0.2) == 60.2


@pytest.mark.parametrize(("limit", "window"), [(0, 60), (1, 0)])
def test_a_rule_that_allows_nothing_is_refused(limit, window):
    with pytest.raises(ValueError, match="account"):
        Rule("account", limit, window)


def test_a_call_that_came_late_holds_the_next_window_back():
    rule, state = Rule("account", 2, 10), {}
    times, _ = grant(state, NOW, [rule], 2, 1.0, MARGIN)
    arrived(state, NOW + 0.5, [rule], [times[1]], times[1] + 0.4, MARGIN)
    later, _ = grant(state, NOW + 9, [rule], 2, 5.0, MARGIN)
    assert later[0] >= times[0] + 10
    assert later[1] >= times[1] + 0.4 + 10
