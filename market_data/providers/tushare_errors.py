"""Tushare's error texts, and what each means. Codes are not enough: 40203 is both a rate limit and a lack of points."""

import re
from collections.abc import Callable

from market_data.exceptions import BadRequest, NotPermitted, Permanent, ProviderError, RateLimited, Transient

_UNITS = {"秒": 1.0, "分钟": 60.0, "小时": 3600.0, "天": 86400.0, "日": 86400.0}


def _rate_limited(message: str) -> RateLimited:
    count = re.search(r"(\d+)\s*次", message)
    unit = re.search(r"[每/]\s*\d*\s*(秒|分钟|小时|天|日)", message)
    return RateLimited(message, int(count[1]) if count else None, _UNITS[unit[1]] if unit else 60.0)


_TABLE: list[tuple[str, Callable[[str], ProviderError]]] = [
    (r"IP", Permanent),
    (r"频率|频繁|过快|最多(访问|请求|调用)|每分钟|每小时|每天|每日", _rate_limited),
    (r"(?i)token|令牌|密钥", Permanent),
    (r"权限|积分|未授权", NotPermitted),
    (r"禁用|恶意|封禁|黑名单", Permanent),
    (r"必填参数|接口名|请确认参数", BadRequest),
]


def error_for(message: str, secret: str = "") -> ProviderError:
    """The error a text stands for; the order of the table matters. What nothing matches is worth another try.

    The whole text is looked at; what is shown of it has no `secret`.
    """
    shown = message.replace(secret, "***") if secret else message
    for pattern, make in _TABLE:
        if re.search(pattern, message):
            return make(shown)
    return Transient(shown)
