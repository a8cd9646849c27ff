"""Answer assistants, by the Model Context Protocol."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    help = (
        "Answer an assistant by the Model Context Protocol: on standard input and output for who started it, or with "
        "--http for the owners of tokens. It reads; starting and cancelling take an operator's permission."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--user", metavar="NAME", help="answer with this user's permissions (default: read all)")
        parser.add_argument("--http", metavar="HOST:PORT", help="answer at http://HOST:PORT/mcp instead")

    def handle(self, *args: Any, **options: Any) -> None:
        from market_data.assistants.asking import LocalReader
        from market_data.assistants.server import for_tokens, local

        if options["http"]:
            host, port = _address(options["http"])
            self.stderr.write(f"Assistants with a token are answered at http://{host}:{port}/mcp")
            for_tokens(f"http://{host}:{port}").run("streamable-http", host=host, port=port)
            return
        local(_user(options["user"]) if options["user"] else LocalReader()).run("stdio")


def _user(name: str) -> Any:
    user = get_user_model().objects.filter(username=name, is_active=True).first()
    if user is None:
        raise CommandError(f"There is no active user {name}; make one in the admin, or with createsuperuser.")
    return user


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 2**16:
        raise CommandError(f"{text!r} is no address; write HOST:PORT, such as 127.0.0.1:8765.")
    return host, int(port)
