"""Give a user a token for the REST interface."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import CommandParser
from knox.models import AuthToken

from scheduling.exceptions import ConfigurationError
from scheduling.management.reporting import ReportingCommand


class Command(ReportingCommand):
    help = "Print a new token of a user; only its hash is kept, and it expires after a year."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", metavar="USER", help="name of a user, such as admin")

    def work(self, **options: Any) -> tuple[dict[str, Any], int]:
        name = options["user"]
        user = get_user_model().objects.filter(username=name, is_active=True).first()
        if user is None:
            raise ConfigurationError(f"There is no active user {name}; `createsuperuser` makes one.", "user")
        _, token = AuthToken.objects.create(user)
        return {"token": token}, 0

    def show(self, report: dict[str, Any]) -> None:
        self.stdout.write(report["token"])
