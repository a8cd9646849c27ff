"""What is right and what is wrong with an installation, each in one sentence."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from django.conf import settings
from django.core import checks as system_checks
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor

from market_data.engine import accounts
from market_data.engine.ledger import clock
from market_data.exceptions import MarketDataError, NotPermitted
from market_data.models import TradingDay
from market_data.providers.base import Call
from market_data.scrubbing import shown_url

OK, WARN, FAIL = "ok", "warn", "fail"
HORIZON_DAYS = 14
Check = dict[str, str]
Look = Callable[[], tuple[str, str]]


def examine(more: Mapping[str, Look] | None = None) -> list[Check]:
    """Every check with its name, status (ok, warn, fail) and message. Sends one call to the provider."""
    return [_run(name, look) for name, look in {**_LOOKS, **(more or {})}.items()]


def _run(name: str, look: Look) -> Check:
    try:
        status, message = look()
    except (DatabaseError, InterfaceError) as error:
        status, message = FAIL, f"The database cannot be used: {' '.join(str(error).split())}"
    except MarketDataError as error:
        status, message = FAIL, str(error)
    return {"name": name, "status": status, "message": message}


def _settings() -> tuple[str, str]:
    errors = [m for m in system_checks.run_checks() if m.level >= system_checks.ERROR]
    if errors:
        return FAIL, "; ".join(m.msg for m in errors)
    return OK, f"Data and logs are in {settings.VAR_DIR}."


def _database() -> tuple[str, str]:
    executor = MigrationExecutor(connection)
    behind = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if behind:
        return FAIL, f"{len(behind)} migrations are to be applied: run `python manage.py migrate`."
    return OK, f"{connection.vendor} answers and its tables are up to date."


def _provider() -> tuple[str, str]:
    provider = accounts.provider_named("tushare")
    try:
        call = Call("trade_cal", {"exchange": "SSE", "start_date": "20240102", "end_date": "20240102"}, ("cal_date",))
        provider.ask(call, lambda answer: answer.rows)
    except NotPermitted:
        return WARN, "Tushare answers; the account may not ask for the calendar, so a library's is used."
    finally:
        provider.close()
    return OK, f"Tushare answers at {shown_url(settings.TUSHARE_API_URL)}."


def _calendar() -> tuple[str, str]:
    last = TradingDay.objects.order_by("-trade_date").values_list("trade_date", flat=True).first()
    if last is None:
        return WARN, "There is no trading calendar yet: run `python manage.py sync trade_cal`."
    if last < clock.today() + timedelta(days=HORIZON_DAYS):
        return FAIL, f"The trading calendar ends on {last:%Y%m%d}: run `python manage.py sync trade_cal --refetch`."
    return OK, f"The trading calendar is known until {last:%Y%m%d}."


_LOOKS: dict[str, Look] = {
    "settings": _settings,
    "database": _database,
    "provider": _provider,
    "calendar": _calendar,
}
