"""Faults of the REST interface's tokens. Found at the start like the jobs of the other packages."""

from collections.abc import Iterator
from datetime import timedelta

from knox.models import AuthToken

from scheduling import clock, incidents
from scheduling.incidents import Fault

TOLD_BEFORE = timedelta(days=14)


def expiring_tokens() -> Iterator[Fault]:
    """Tokens that will be refused soon."""
    now = clock.now()
    soon = AuthToken.objects.filter(expiry__gt=now, expiry__lt=now + TOLD_BEFORE).select_related("user")
    for token in soon:
        text = f"A token of {token.user.get_username()} will be refused from {token.expiry:%Y-%m-%d} on."
        yield Fault(token.token_key, f"{text} `create_token {token.user.get_username()}` makes a new one.")


incidents.register("token", expiring_tokens)
