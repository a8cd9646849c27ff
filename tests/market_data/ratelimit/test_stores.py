"""What each store promises beyond `test_processes`, and which one is chosen."""

import pytest
from django.db import connection, transaction

from market_data.ratelimit.budget import Rule
from market_data.ratelimit.database_store import DatabaseStore
from market_data.ratelimit.factory import limiter_for
from market_data.ratelimit.file_store import FileStore
from market_data.ratelimit.limiter import Limiter
from market_data.ratelimit.redis_store import KEY, RedisStore
from tests.market_data.ratelimit.conftest import REDIS_URL

RULES = [Rule("account", 10, 60)]


def test_a_redis_that_is_emptied_costs_those_who_knew_it_a_window(redis_client, redis_account):
    limiter = Limiter(RedisStore(REDIS_URL), redis_account)
    limiter.reserve(RULES, 1, 1.0)
    redis_client.delete(KEY.format(account=redis_account))

    assert limiter.reserve(RULES, 1, 1.0).send_at == []


def test_redis_knows_nothing_from_before_it_started(redis_client, redis_account):
    uptime = redis_client.info("server")["uptime_in_seconds"]

    known, _ = RedisStore(REDIS_URL).update(redis_account, lambda state, now: now - state["known_since"])

    assert known == pytest.approx(uptime, abs=2)


def test_redis_asks_again_when_another_was_faster(redis_client, redis_account):
    key = KEY.format(account=redis_account)
    seen = []

    def interfere_once(state, now):
        if not seen:
            redis_client.set(key, '{"by": "another"}')
        seen.append(state.get("by"))

    RedisStore(REDIS_URL).update(redis_account, interfere_once)

    assert seen == [None, "another"]


@pytest.mark.django_db(transaction=True)
def test_the_database_store_refuses_to_lock_inside_a_longer_transaction():
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        DatabaseStore().update("a", lambda state, now: None)


def test_redis_is_chosen_where_it_is_configured(settings):
    settings.RATE_LIMIT_REDIS_URL = REDIS_URL

    assert isinstance(limiter_for("a").store, RedisStore)


def test_the_database_is_chosen_where_hosts_share_it_and_else_a_file(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    settings.RATE_LIMIT_REDIS_URL = ""

    store = limiter_for("a").store

    assert isinstance(store, DatabaseStore if connection.vendor == "postgresql" else FileStore)
