"""From a call to its reply: gate, faults, data, log."""

import itertools
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Event, Lock
from typing import Any

from market_data.standin import replies
from market_data.standin.call_log import Call, CallLog
from market_data.standin.faults import FRAME_FAULTS, HTTP_FAULTS, draw_fault
from market_data.standin.market.tables import Frame, Market
from market_data.standin.replies import Reply
from market_data.standin.tushare.answering import answer
from market_data.standin.tushare.gate import check_access, check_quota
from market_data.standin.tushare.questions import Question, question
from market_data.standin.tushare.quotas import Quotas
from market_data.standin.tushare.refusals import Refusal
from market_data.standin.tushare.rules import Rules

NOTHING = Frame([], [])


class Desk:
    """Answers calls under the rules of the moment. Setting `stopping` ends all waiting."""

    def __init__(self, market: Market, rules: Rules, log: Path | None) -> None:
        self.market = market
        self.rules = rules
        self.log = CallLog(log)
        self.stopping = Event()
        self._quotas = Quotas()
        self._numbers = itertools.count()
        # One answer at a time: threads that fight over the interpreter need half as much processor time again.
        self._encoding = Lock()

    def reply(self, body: Mapping[str, Any]) -> Reply:
        """Answer one call after the latency; it counts, and is logged, before the waiting."""
        at, arrived = time.time(), time.monotonic()
        rules, asked = self.rules, question(body)
        outcome, frame, reply = self._answered(rules, asked, str(body.get("token", "")), arrived)
        self.log.add(
            Call(at, asked.api, body.get("params") or {}, body.get("fields"), outcome, frame.size, frame.has_more)
        )
        self.stopping.wait(rules.latency + (rules.hang if outcome == "timeout" else 0))
        return reply

    def _answered(self, rules: Rules, asked: Question, token: str, arrived: float) -> tuple[str, Frame, Reply]:
        number = next(self._numbers)
        try:
            check_access(rules, self.market, token, asked.api)
            check_quota(rules, self._quotas, asked.api, arrived)
            fault = draw_fault(rules.fault_rates, rules.seed, number) if number >= rules.fault_start else ""
            spoiled = _without_data(fault, number)
            if spoiled:
                return fault, NOTHING, spoiled
            with self._encoding:
                return self._with_data(rules, asked, fault, number)
        except Refusal as refusal:
            return refusal.outcome, NOTHING, replies.refused(refusal, number)

    def _with_data(self, rules: Rules, asked: Question, fault: str, number: int) -> tuple[str, Frame, Reply]:
        honest = answer(self.market, rules, asked)
        frame = FRAME_FAULTS[fault](honest) if fault in FRAME_FAULTS else honest
        reply = replies.data(frame, number)
        if fault == "broken_json":
            return fault, frame, replies.broken(reply)
        return (fault if frame != honest else "ok"), frame, reply


def _without_data(fault: str, number: int) -> Reply | None:
    if fault in HTTP_FAULTS:
        return replies.page(HTTP_FAULTS[fault])
    if fault in ("reset", "timeout"):
        return replies.closed()
    if fault == "html":
        return replies.page(200)
    return replies.null_data(number) if fault == "null_data" else None
