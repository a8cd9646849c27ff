"""Days as files write them, as YYYYMMDD. A bar's day is its day in the zone of its exchange."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from market_data.frames import pa, pc

CHINA = "Asia/Shanghai"
_ZONES = {
    **dict.fromkeys(("SH", "SS", "SZ", "BJ"), CHINA),
    "HK": "Asia/Hong_Kong",
    "T": "Asia/Tokyo",
    "TW": "Asia/Taipei",
    "TWO": "Asia/Taipei",
    "SI": "Asia/Singapore",
    "KS": "Asia/Seoul",
    "KQ": "Asia/Seoul",
    "NS": "Asia/Kolkata",
    "BO": "Asia/Kolkata",
    "AX": "Australia/Sydney",
    "L": "Europe/London",
    "PA": "Europe/Paris",
    "DE": "Europe/Berlin",
    "F": "Europe/Berlin",
    "SW": "Europe/Zurich",
    "AS": "Europe/Amsterdam",
    "MI": "Europe/Rome",
    "MC": "Europe/Madrid",
    "TO": "America/Toronto",
    "SA": "America/Sao_Paulo",
    "MX": "America/Mexico_City",
    "NZ": "Pacific/Auckland",
}
_AT_ONCE = r"^(\d{4})-?(\d\d)-?(\d\d)(\.0|[ T]00:00:00(\.0+)?)?$"
_WRITTEN = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]0{1,2}:00(?::00(?:\.0+)?)?)?")
_FORMS = (
    (re.compile(r"\d{8}(\.0)?"), "YYYYMMDD"),
    (re.compile(r"\d{4}-\d\d-\d\d"), "YYYY-MM-DD"),
    (re.compile(r"\d{4}/\d{1,2}/\d{1,2}"), "YYYY/M/D"),
)


def zone_of(symbol: str | None) -> str | None:
    """The zone of a symbol's exchange; None where it is not known, as for most things that are no stocks."""
    if symbol is None or re.search(r"[=^]", symbol):
        return None
    _, point, suffix = symbol.rpartition(".")
    return _ZONES.get(suffix) if point else None if "-" in symbol else "America/New_York"


def form_of(text: str) -> str:
    """How a day is written, for people."""
    if re.search(r"\d[+-]\d\d:?\d\d$", text) and ":" in text:
        return "with a time zone"
    return next((name for pattern, name in _FORMS if pattern.match(text)), f"as in {text!r}")


def as_days(array: pa.Array, zone: str | None) -> Any:
    """Days as texts YYYYMMDD, for a column of texts, numbers, days or moments. What is no day stays as it is."""
    if pa.types.is_timestamp(array.type) and array.type.tz:
        return _of_moments(array, zone)
    if pa.types.is_temporal(array.type):
        return pc.strftime(array, "%Y%m%d")
    encoded = pc.cast(array, pa.string()).dictionary_encode()
    days = pc.replace_substring_regex(encoded.dictionary, _AT_ONCE, r"\1\2\3")
    if not pc.all(pc.match_substring_regex(days, r"^\d{8}$"), min_count=0).as_py():
        days = pa.array([_day(text, zone) for text in days.to_pylist()], pa.string())
    return days.take(encoded.indices)


def _of_moments(array: pa.Array, zone: str | None) -> pa.Array:
    """Midnight in UTC stands for its day, wherever; every other moment is looked at in the exchange's zone."""
    local = pc.strftime(array.cast(pa.timestamp("us", zone or array.type.tz), safe=False), "%Y%m%d")
    utc = array.cast(pa.timestamp("us", "UTC"), safe=False)
    at_midnight = pc.equal(pc.floor_temporal(utc, unit="day"), utc)
    return pc.if_else(at_midnight, pc.strftime(utc, "%Y%m%d"), local)


def _day(text: str, zone: str | None) -> str:
    text = text.strip()
    if match := _WRITTEN.fullmatch(text):
        year, month, day = match.groups()
        return f"{year}{month:0>2}{day:0>2}"
    try:
        moment = datetime.fromisoformat(text) if ":" in text else None
    except ValueError:
        return text
    if moment is None:
        return text
    if moment.tzinfo is None:
        return f"{moment:%Y%m%d}"
    utc = moment.astimezone(UTC)
    if zone and utc.time().replace(microsecond=0) != datetime.min.time():
        moment = moment.astimezone(ZoneInfo(zone))
    return f"{moment:%Y%m%d}" if utc.hour or utc.minute or utc.second else f"{utc:%Y%m%d}"
