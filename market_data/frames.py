"""numpy, pyarrow and pandas under their usual names, each imported when it is first used.

They take 170 MB and a second to import, and most processes never make a frame: the web site, beat, most commands.
Annotations that name their types must not be evaluated (`from __future__ import annotations`).
"""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

__all__ = ["arrow_csv", "np", "pa", "pc", "pd", "pj", "pq"]


class _Later(ModuleType):
    """Looks like the module of its name, which is imported with the first attribute that is asked for."""

    def __getattr__(self, name: str) -> Any:
        value = getattr(import_module(self.__name__), name)
        setattr(self, name, value)
        return value


if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.json as pj
    import pyarrow.parquet as pq
    from pyarrow import csv as arrow_csv
else:
    np, pd = _Later("numpy"), _Later("pandas")
    pa, pc, pq = map(_Later, ("pyarrow", "pyarrow.compute", "pyarrow.parquet"))
    arrow_csv, pj = map(_Later, ("pyarrow.csv", "pyarrow.json"))
