"""An audit: every check of the chosen datasets over a window, counted and, up to a limit, listed."""

from collections.abc import Collection, Iterator
from typing import Protocol

from market_data.datasets import dataset_named
from market_data.engine.audit.bars import BARS
from market_data.engine.audit.chain import ChainCheck
from market_data.engine.audit.companions import FLOWS, PRICE_LIMITS, VALUATION
from market_data.engine.audit.findings import Finding, Kind, Report
from market_data.engine.audit.reports import BALANCE_SHEETS
from market_data.engine.audit.scope import Scope, count
from market_data.engine.audit.strays import STRAYS
from market_data.exceptions import UsageError


class Check(Protocol):
    """Reads a table, whose rows have their day in the column `day`, and tells what cannot be right."""

    @property
    def table(self) -> str: ...

    @property
    def day(self) -> str: ...

    @property
    def kinds(self) -> tuple[Kind, ...]: ...

    def find(self, scope: Scope, datasets: Collection[str]) -> Iterator[Finding]:
        """Findings of these datasets, streamed."""
        ...


CHECKS: tuple[Check, ...] = (ChainCheck(), BARS, VALUATION, FLOWS, PRICE_LIMITS, BALANCE_SHEETS, *STRAYS)
AUDITED = tuple(dict.fromkeys(kind.dataset for check in CHECKS for kind in check.kinds))


def audit(names: Collection[str], scope: Scope, limit: int = 1000) -> Report:
    """Check what is stored of these datasets (none: of all that have checks) against itself. Makes no call.

    Raises UsageError for a dataset that does not exist or has no checks.
    """
    wanted = audited(names)
    report = Report(limit)
    read: set[tuple[str, str]] = set()
    for check in CHECKS:
        if wanted.isdisjoint(kind.dataset for kind in check.kinds):
            continue
        report.add(check.find(scope, wanted))
        read.add((check.table, check.day))
    report.checked = sum(count(table, scope, day) for table, day in sorted(read))
    return report


def audited(names: Collection[str]) -> frozenset[str]:
    """The datasets themselves; all that have checks where none is named. Raises UsageError."""
    for name in names:
        if dataset_named(name).name not in AUDITED:
            raise UsageError(f"Nothing is checked of {name}; there are checks of: {', '.join(AUDITED)}.")
    return frozenset(names or AUDITED)
