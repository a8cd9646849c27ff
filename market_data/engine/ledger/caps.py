"""Row caps that an account has met below the documented ones, remembered for a month."""

from datetime import timedelta

from market_data.engine.ledger import clock
from market_data.models import LearntCap

REMEMBERED = timedelta(days=30)


def note(account: str, interface: str, rows: int) -> None:
    LearntCap.objects.update_or_create(
        account=account, interface=interface, defaults={"rows": rows, "learnt_at": clock.now()}
    )


def learnt(account: str, interface: str) -> list[int]:
    """The cap that this account has met lately, if any."""
    found = LearntCap.objects.filter(account=account, interface=interface, learnt_at__gt=clock.now() - REMEMBERED)
    return list(found.values_list("rows", flat=True))
