"""The reference pages of the documentation, made from the code that they speak of: `python -m tests.reference`."""

import argparse
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
FEW_CHOICES = 8
OURS = ("market_data", "scheduling", "stocksync")


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stocksync.settings")
    django.setup()
    FOLDER.mkdir(exist_ok=True)
    for name, lines in PAGES.items():
        (FOLDER / name).write_text(page(lines()), encoding="utf-8")


def page(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def commands() -> Iterator[str]:
    """Each command with its options, as its parser has them."""
    from django.core.management import get_commands, load_command_class
    from django.core.management.base import BaseCommand

    everywhere = {option for action in BaseCommand().create_parser("", "")._actions for option in action.option_strings}
    yield "# Commands"
    yield ""
    yield "`python manage.py COMMAND`, or `stocksync COMMAND` where the package is installed. Made from the code."
    for name, app in sorted(get_commands().items()):
        if app not in OURS:
            continue
        command = load_command_class(app, name)
        parser = command.create_parser("manage.py", name)
        yield from ("", f"## {name}", "", " ".join(str(command.help).split()))
        actions = [a for a in parser._actions if not everywhere & {*a.option_strings}]
        if actions:
            yield from ("", "| argument | meaning |", "|---|---|")
        for action in actions:
            yield f"| {_written(action)} | {_cell(str(action.help or ''))} |"


def _written(action: argparse.Action) -> str:
    value = action.metavar or (f"{{{','.join(map(str, action.choices))}}}" if action.choices else action.dest.upper())
    if not action.option_strings:
        return f"`{value}`"
    return f"`{action.option_strings[-1]}{'' if action.nargs == 0 else f' {value}'}`"


def settings() -> Iterator[str]:
    """Each variable of `.env.example` with its default and the comment above it."""
    yield from ("# Settings", "")
    yield "Environment variables, or lines of `.env` in the folder where stocksync starts. Made from `.env.example`."
    yield from ("", "| variable | default | meaning |", "|---|---|---|")
    comment: list[str] = []
    for line in (FOLDER.parents[1] / ".env.example").read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            comment.append(line.removeprefix("#").strip())
        elif found := re.fullmatch(r"([A-Z_]+)=(.*)", line):
            default = f"`{_cell(found[2])}`" if found[2] else ""
            yield f"| `{found[1]}` | {default} | {_cell(' '.join(comment)) or '″'} |"
            comment = []
        else:
            comment = []


def datasets() -> Iterator[str]:
    """Each dataset with its columns."""
    from market_data.datasets import DATASETS
    from market_data.datasets.units import unit_of

    yield from ("# Datasets", "", "What is stored, in stocksync's names and units. Made from the declarations.")
    for dataset in DATASETS.values():
        needs = ", ".join(f"`{name}`" for name in dataset.depends_on) or "nothing"
        yield from ("", f"## {dataset.name}", "")
        yield f"{dataset.title}, from {dataset.provider}. Needs {needs}. Table `{dataset.model._meta.db_table}`."
        yield from ("", "| column | the source's | kind | unit |", "|---|---|---|---|")
        for field in dataset.fields:
            key = " (key)" if field.name in dataset.key else ""
            yield f"| `{field.name}`{key} | `{field.source}` | {field.kind} | {unit_of(dataset, field)} |"


def rest() -> Iterator[str]:
    """Each address with what it takes."""
    from drf_spectacular.generators import SchemaGenerator

    schema: Any = SchemaGenerator().get_schema(public=True)
    yield from ("# REST", "")
    yield "`Authorization: Token …` with a token that `manage.py create_token USER` prints. OpenAPI: `/schema`."
    for address, methods in sorted(schema["paths"].items()):
        for method, operation in methods.items():
            yield from ("", f"## {method.upper()} {address}", "", _cell(operation.get("description", "")))
            parameters = operation.get("parameters", [])
            if parameters:
                yield from ("", "| parameter | where | meaning |", "|---|---|---|")
            for parameter in parameters:
                yield f"| `{parameter['name']}` | {parameter['in']} | {_meaning(parameter)} |"


def _meaning(parameter: dict[str, Any]) -> str:
    """The description; the choices once, where they are few."""
    text = _cell(re.sub(r"^\* `.*$", "", parameter.get("description", ""), flags=re.MULTILINE))
    choices = parameter["schema"].get("enum", [])
    told = f"One of {', '.join(f'`{choice}`' for choice in choices)}." if 0 < len(choices) <= FEW_CHOICES else ""
    return f"{text} {told}".strip()


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


PAGES: dict[str, Callable[[], Iterator[str]]] = {
    "commands.md": commands,
    "settings.md": settings,
    "datasets.md": datasets,
    "rest.md": rest,
}

if __name__ == "__main__":
    main()
