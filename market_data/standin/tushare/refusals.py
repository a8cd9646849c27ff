"""The texts and codes with which Tushare refuses a call."""

from market_data.standin.tushare.quotas import Quota

PERMISSIONS = "权限的具体详情访问：https://tushare.pro/document/1?doc_id=108。"
UNITS = {"minute": "分钟", "hour": "小时", "day": "天"}


class Refusal(Exception):
    """A call that gets a code and a message instead of data. `outcome` is its name in the call log."""

    def __init__(self, outcome: str, code: int, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.code = code
        self.message = message


def banned() -> Refusal:
    return Refusal("banned", 40101, "抱歉，检测到您存在恶意行为，现已被系统禁用！")


def bad_token() -> Refusal:
    return Refusal("bad_token", 40101, "您的token不对，请确认。")


def too_many_ips() -> Refusal:
    return Refusal("ip_limit", 40204, "您的IP数量超限，最大数量为2个！")


def unknown_interface() -> Refusal:
    return Refusal("unknown_api", 50101, "请指定正确的接口名")


def not_permitted(api: str) -> Refusal:
    return Refusal("denied", 40203, f"抱歉，您没有接口({api})访问权限，{PERMISSIONS}")


def missing_parameter(name: str) -> Refusal:
    return Refusal("missing_parameter", 50101, f"必填参数, {name}")


def bad_query() -> Refusal:
    return Refusal("bad_query", 50101, "查询数据失败，请确认参数！")


def over_quota(api: str, quota: Quota, wording: str) -> Refusal:
    """`wording` holds `old` or `new` (default) and a unit (default minute), parted by a comma."""
    words = wording.split(",")
    unit = next((text for name, text in UNITS.items() if name in words), UNITS["minute"])
    if "old" in words:
        message = f"抱歉，您每{unit}最多访问该接口{quota.calls}次，{PERMISSIONS}"
    else:
        message = (
            f"抱歉，您访问接口({api})频率超限({quota.calls}次/{unit})，"
            "具体频次详情：https://tushare.pro/document/1?doc_id=290。"
        )
    return Refusal("quota", 40203, message)
