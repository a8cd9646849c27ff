"""Bokeh's browser files, served from its package as they are: the two that draw candles and no other."""

from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.finders import BaseFinder
from django.contrib.staticfiles.utils import matches_patterns
from django.core.files.storage import FileSystemStorage

FOLDER = "bokeh"
FILES = ("bokeh.min.js", "bokeh-api.min.js")


def _folder() -> Path:
    """Found without importing the package, which takes a second."""
    spec = find_spec("bokeh")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("Bokeh is not installed: run pip install --requirement requirements.txt.")
    return Path(spec.submodule_search_locations[0]) / "server" / "static" / "js"


class BokehFinder(BaseFinder):
    """Has `bokeh/bokeh.min.js` and `bokeh/bokeh-api.min.js`."""

    def __init__(self, app_names: Any = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.storage = FileSystemStorage(location=_folder())
        self.storage.prefix = FOLDER  # type: ignore[attr-defined] # how Django's finders say where files belong

    def check(self, **kwargs: Any) -> list[Any]:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        folder, _, name = path.partition("/")
        found = [self.storage.path(name)] if folder == FOLDER and name in FILES else []
        return found if find_all else next(iter(found), [])

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, FileSystemStorage]]:
        for name in FILES:
            if not matches_patterns(name, [*(ignore_patterns or [])]):
                yield name, self.storage
