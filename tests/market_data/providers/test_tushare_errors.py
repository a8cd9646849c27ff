"""Every text of Tushare's that is known, old and new, and what it means."""

import pytest

from market_data.exceptions import BadRequest, NotPermitted, Permanent, ProviderError, RateLimited, Transient
from market_data.providers.tushare_errors import error_for

DETAILS = "权限的具体详情访问：https://tushare.pro/document/1?doc_id=108。"
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


@pytest.mark.parametrize(
    ("message", "limit", "window"),
    [
        (f"抱歉，您每分钟最多访问该接口200次，{DETAILS}", 200, MINUTE),
        (f"抱歉，您每小时最多访问该接口10次，{DETAILS}", 10, HOUR),
        (f"抱歉，您每天最多访问该接口8000次，{DETAILS}", 8000, DAY),
        ("抱歉，您访问接口(daily)频率超限(200次/分钟)，具体频次详情：https://tushare.pro/document/1", 200, MINUTE),
        ("抱歉，您访问接口(stock_basic)频率超限(1次/小时)，具体频次详情：https://tushare.pro", 1, HOUR),
        ("抱歉，您访问接口(daily)频率超限(100000次/天)，具体频次详情：https://tushare.pro", 100_000, DAY),
        ("抱歉，您访问接口(daily)频率超限(200 次/分钟)", 200, MINUTE),
        ("访问频率过高，请稍后再试", None, MINUTE),
        ("您每分钟的访问次数已用完", None, MINUTE),
        ("您每小时的访问次数已用完", None, HOUR),
        ("抱歉，您每日最多访问该接口100次", 100, DAY),
        ("每日最多请求次数已用完", None, DAY),
        ("您请求速度过快，请稍后再试", None, MINUTE),
        ("访问过快", None, MINUTE),
    ],
)
def test_a_rate_limit_tells_its_number_and_window(message: str, limit: int | None, window: float) -> None:
    error = error_for(message)
    assert type(error) is RateLimited
    assert (error.limit, error.window, str(error)) == (limit, window, message)


def test_a_daily_limit_without_its_number_is_a_rate_limit() -> None:
    error = error_for("抱歉，您每天的访问次数已用完")
    assert isinstance(error, RateLimited)
    assert error.window == DAY


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("您的IP数量超限，最大数量为2个！", Permanent),
        ("您的token不对，请确认。", Permanent),
        ("token错误", Permanent),
        ("Token无效，请联系管理员", Permanent),
        ("TOKEN无效", Permanent),
        ("您的TOKEN已过期", Permanent),
        ("抱歉，检测到您存在恶意行为，现已被系统禁用！", Permanent),
        (f"抱歉，您没有接口(fina_indicator_vip)访问权限，{DETAILS}", NotPermitted),
        (f"抱歉，您没有访问该接口的权限，{DETAILS}", NotPermitted),
        ("没有接口访问权限", NotPermitted),
        ("抱歉，您的积分不足，请到社区获取积分", NotPermitted),
        ("必填参数, ts_code", BadRequest),
        ("请指定正确的接口名", BadRequest),
        ("查询数据失败，请确认参数！trade_date", BadRequest),
        ("系统内部错误", Transient),
        ("服务器错误，请稍后再试！", Transient),
        ("系统繁忙", Transient),
        ("a wording of next year", Transient),
        ("", Transient),
    ],
)
def test_a_text_is_the_error_it_stands_for(message: str, kind: type[ProviderError]) -> None:
    error = error_for(message)
    assert type(error) is kind
    assert str(error) == message


def test_a_text_is_classified_before_the_token_is_taken_out_of_it() -> None:
    error = error_for("您的token t0ken 无效", "token")
    assert type(error) is Permanent
    assert "token" not in str(error)
