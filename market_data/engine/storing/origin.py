"""Made-up data and real data never share a database."""

from market_data.exceptions import Permanent
from market_data.models import Origin

BANNER = "THIS IS MADE-UP DATA FROM A GENERATED MARKET, NOT REAL PRICES."


def claim(*, made_up: bool) -> None:
    """The first data stored decides what this database holds. Raises Permanent for data of the other kind."""
    origin, _ = Origin.objects.get_or_create(id=1, defaults={"made_up": made_up})
    if origin.made_up != made_up:
        held, offered = ("made-up", "real") if origin.made_up else ("real", "made-up")
        raise Permanent(
            f"This database holds {held} data and the provider offers {offered} data: "
            f"nothing was stored. Give the other data a database of its own with DATABASE_URL."
        )


def is_made_up() -> bool:
    """Whether what this database holds is made up."""
    return Origin.objects.filter(made_up=True).exists()
