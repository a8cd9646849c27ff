"""Figures in Prometheus' text format.

The library for it takes 17 microseconds for each line; with thousands of jobs that is longer than a scrape may take.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Sample = tuple[tuple[str, ...], float]


@dataclass(frozen=True)
class Metric:
    """A figure by labels. `collect` gives (values of the labels, figure) pairs, each combination once."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    labels: tuple[str, ...]
    collect: Callable[[], Iterable[tuple[Any, float]]]

    def lines(self) -> Iterator[str]:
        yield f"# HELP {self.name} {self.help}"
        yield f"# TYPE {self.name} {self.kind}"
        for values, number in self.collect():
            pairs = [f'{label}="{_escaped(value)}"' for label, value in zip(self.labels, values, strict=True)]
            yield f"{self.name}{{{','.join(pairs)}}} {number}"


def text_of(metrics: Iterable[Metric]) -> str:
    return "\n".join(line for metric in metrics for line in metric.lines()) + "\n"


def _escaped(value: str) -> str:
    if "\\" in value or '"' in value or "\n" in value:
        return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return value
