"""How the server behaves; every rule can be changed while it runs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

from market_data.standin.faults import FAULTS, SPREAD_FAULTS
from market_data.standin.tushare.quotas import Quota, parse_quota
from market_data.standin.tushare.refusals import UNITS

WORDINGS = {"old", "new", *UNITS}


@dataclass(frozen=True)
class Rules:
    """Who may call what how often, how late the data is, and what goes wrong.

    `quota`: `calls/seconds` or `interface=calls/seconds`. `quota_wording`: old or new, and minute, hour or day.
    `late`, `partial`, `restate` go by day (YYYYMMDD): the day's rows are missing, that share of them is there, prices
    are multiplied. `fault`: rates from 0 to 1 by name; `faults`: one rate spread over the common ones. The first
    `fault_start` calls are clean. `latency` and `hang` in seconds. `hides_more`: a cut answer does not say so.
    """

    token: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    allow_only: tuple[str, ...] = ()
    quota: tuple[str, ...] = ()
    quota_wording: str = "new,minute"
    count_rejected: bool = False
    ip_limit: bool = False
    banned: bool = False
    latency: float = 0.0
    late: tuple[str, ...] = ()
    partial: dict[str, float] = field(default_factory=dict)
    restate: dict[str, float] = field(default_factory=dict)
    fault: dict[str, float] = field(default_factory=dict)
    faults: float = 0.0
    fault_start: int = 0
    hang: float = 60.0
    cap: dict[str, int] = field(default_factory=dict)
    hides_more: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        _check_types(self)
        unknown = {*self.fault} - {*FAULTS} | {*self.quota_wording.split(",")} - WORDINGS
        if unknown:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        if min(self.fault_rates.values(), default=0) < 0 or sum(self.fault_rates.values()) > 1:
            raise ValueError("the rates of the faults must be 0 or more and add up to 1 at most")
        for day in (*self.late, *self.partial, *self.restate):
            if not re.fullmatch(r"\d{8}", day, re.ASCII):
                raise ValueError(f"{day!r} is not a day written YYYYMMDD")
        self.quotas  # noqa: B018 - a wrong text is refused here and not at the next call

    @cached_property
    def quotas(self) -> list[Quota]:
        return [parse_quota(text) for text in self.quota]

    @cached_property
    def fault_rates(self) -> dict[str, float]:
        """The rate of every fault by its name."""
        spread = dict.fromkeys(SPREAD_FAULTS, self.faults / len(SPREAD_FAULTS)) if self.faults else {}
        return {name: spread.get(name, 0.0) + self.fault.get(name, 0.0) for name in {**spread, **self.fault}}

    def changed(self, wanted: Mapping[str, Any]) -> "Rules":
        """These rules with some changed, as JSON gives them. Raises ValueError for what cannot be."""
        known = {rule.name for rule in fields(self)}
        values: dict[str, Any] = {
            name.replace("-", "_"): tuple(value) if isinstance(value, list) else value for name, value in wanted.items()
        }
        if unknown := {*values} - known:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        return replace(self, **values)


def _check_types(rules: Rules) -> None:
    for rule in fields(rules):
        value, default = getattr(rules, rule.name), getattr(Rules, rule.name, {})
        if isinstance(default, tuple):
            right = isinstance(value, tuple) and all(isinstance(text, str) for text in value)
        elif isinstance(default, dict):
            right = isinstance(value, dict) and all(isinstance(number, int | float) for number in value.values())
        else:
            right = isinstance(value, (int, float) if isinstance(default, float) else type(default))
        if not right:
            raise ValueError(f"{rule.name} cannot be {value!r}")
