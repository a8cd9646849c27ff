"""Interfaces that an account may not call, remembered for a day so that no call is spent on hearing it again."""

from datetime import timedelta

from market_data.engine.ledger import clock
from market_data.models import InterfaceDenial

REMEMBERED = timedelta(hours=24)


def note(account: str, api_name: str, message: str) -> None:
    InterfaceDenial.objects.update_or_create(
        account=account, api_name=api_name, defaults={"message": message, "denied_at": clock.now()}
    )


def lift(account: str, api_name: str) -> None:
    InterfaceDenial.objects.filter(account=account, api_name=api_name).delete()


def is_denied(account: str, api_name: str) -> bool:
    since = clock.now() - REMEMBERED
    return InterfaceDenial.objects.filter(account=account, api_name=api_name, denied_at__gt=since).exists()
