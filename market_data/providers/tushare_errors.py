"""Tushare's error texts, and what each means. Codes are not enough: 40203 is both a rate limit and a lack of points."""

import re
from collections.abc import Callable

from market_data.exceptions import BadRequest, NotPermitted, Permanent, ProviderError, RateLimited, Transient

_UNITS = {"分钟": 60.0, "小时": 3600.0, "天": 86400.0}


def _rate_limited(message: str) -> RateLimited:
    count = re.search(r"最多访问该接口(\d+)次|(\d+)\s*次/", message)
    unit = re.search(r"每(分钟|小时|天)|/(分钟|小时|天)", message)
    window = _UNITS[unit[1] or unit[2]] if unit else 60.0
    return RateLimited(message, int(count[1] or count[2]) if count else None, window)


_TABLE: list[tuple[str, Callable[[str], ProviderError]]] = [
    (r"IP", Permanent),
    (r"频率|最多访问|每分钟|每小时|每天", _rate_limited),
    (r"[Tt]oken", Permanent),
    (r"权限|积分", NotPermitted),
    (r"禁用|恶意", Permanent),
    (r"必填参数|接口名|请确认参数", BadRequest),
]


def error_for(message: str) -> ProviderError:
    """The error a text stands for; the order of the table matters. What nothing matches is worth another try."""
    for pattern, make in _TABLE:
        if re.search(pattern, message):
            return make(message)
    return Transient(message)
