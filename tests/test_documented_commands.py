"""Every command that the documents tell people to type exists and takes these arguments."""

import re
import shlex
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("README*.md"), *(ROOT / "docs").rglob("*.md")]
TYPED = re.compile(r'manage\.py ([a-z_]+)((?: (?:"[^"]*"|[^\s`#&|;)"]+))*)')


def typed() -> list[tuple[str, str, str]]:
    """Page, command and arguments."""
    return sorted(
        {
            (page.relative_to(ROOT).as_posix(), name, arguments.strip().rstrip(".,:"))
            for page in PAGES
            for name, arguments in TYPED.findall(page.read_text(encoding="utf-8"))
        }
    )


def test_the_documents_show_commands() -> None:
    assert len(typed()) > 20


@pytest.mark.parametrize(("page", "name", "arguments"), typed())
def test_a_command_takes_what_the_documents_say(page: str, name: str, arguments: str) -> None:
    apps = get_commands()
    assert name in apps, f"{page} tells people to type {name}"
    command = load_command_class(apps[name], name) if isinstance(apps[name], str) else apps[name]
    command.create_parser("manage.py", name).parse_args(shlex.split(arguments))
