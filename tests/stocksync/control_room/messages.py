"""Every sentence that the pages can show, wherever it comes from."""

import ast
import json
import re
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import django
from django.utils import translation
from django.utils.translation import trans_real
from django.utils.translation.template import templatize

import stocksync

ROOT = Path(stocksync.__file__).resolve().parents[1]
OURS = ("stocksync", "market_data", "scheduling")
THEIRS = ("unfold", "django_celery_beat", "django_celery_results", "knox")
# Parts of unfold for packages that are not installed here.
LEFT_OUT = ("contrib/constance", "contrib/guardian", "contrib/import_export", "contrib/location", "contrib/simple")
FUNCTIONS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}
_IN_TEMPLATES = re.compile(r"""(n?gettext)\(\s*u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")
Message = str


def every_message() -> dict[Message, str]:
    """English sentences, each with where it was found."""
    found: dict[Message, str] = {}
    for package in (*OURS, *THEIRS):
        folder = _folder(package)
        for path in sorted(folder.rglob("*")):
            place = path.relative_to(folder.parent)
            if path.suffix in (".py", ".html", ".txt") and not any(part in str(place) for part in LEFT_OUT):
                found |= dict.fromkeys(_in_file(path), str(place))
    found |= dict.fromkeys(_declared(), "declarations")
    return {text: place for text, place in found.items() if text.strip()}


def _folder(package: str) -> Path:
    if package in OURS:
        return ROOT / package
    spec = find_spec(package)
    assert spec
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])


def _in_file(path: Path) -> Iterator[Message]:
    source = path.read_text(encoding="utf-8")
    return _in_code(source) if path.suffix == ".py" else _in_template(source)


def _in_code(source: str) -> Iterator[Message]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _name(node.func) in FUNCTIONS and node.args:
            text = node.args[0]
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                yield text.value


def _name(function: ast.expr) -> str:
    return getattr(function, "id", getattr(function, "attr", ""))


def _in_template(source: str) -> Iterator[Message]:
    for _function, literal in _IN_TEMPLATES.findall(templatize(source)):
        yield ast.literal_eval(literal).replace("%%", "%")


def _declared() -> Iterator[Message]:
    """What is looked up by a name that no source spells out."""
    from market_data.datasets import DATASETS
    from scheduling import registry
    from stocksync.control_room.naming import names

    yield from names()
    yield from (dataset.title for dataset in DATASETS.values())
    for job in registry.all_jobs():
        if job.function.__module__.partition(".")[0] not in OURS:
            continue  # declared by a test
        yield from (job.title, job.description, job.note)
        for name, info in job.kwargs_model.model_fields.items():
            yield from (name.replace("_", " ").capitalize(), info.description or "")


def is_translated(text: Message) -> bool:
    """Whether any catalogue has a Chinese sentence for it."""
    catalogue = trans_real.translation("zh-hans")._catalog  # type: ignore[attr-defined]
    for key in (text, (text, 0)):
        try:
            return bool(catalogue[key])
        except KeyError:
            continue
    return False


def untranslated() -> dict[Message, str]:
    """Sentences that lack their translation, each with where it was found. Some are read in the present language."""
    with translation.override("en"):
        messages = every_message()
    return {text: place for text, place in messages.items() if not is_translated(text)}


if __name__ == "__main__":
    # python -m tests.stocksync.control_room.messages: entries to be filled in and put into the catalogue.
    django.setup()
    for text, place in untranslated().items():
        sys.stdout.write(f'#: {place}\nmsgid {json.dumps(text, ensure_ascii=False)}\nmsgstr ""\n\n')
