"""What the answers of a run teach about the source: its row cap, its columns, where its history begins."""

import logging

from market_data.engine.ledger import caps, coverage
from market_data.engine.running import beginning, tasks
from market_data.engine.running.asking import Asking
from market_data.engine.running.fetching import Fetched, Fetching, fetch
from market_data.engine.storing.judging import Verdict
from market_data.exceptions import ProviderError
from market_data.models import SyncRequest, SyncTask
from market_data.providers.base import Stopped

log = logging.getLogger(__name__)

CAPS_ARE_ROUND = 100


class Lessons:
    """Learnt in one run for `account`; `cap` is the row cap as it is known so far."""

    def __init__(self, run: Fetching, asking: Asking, task: SyncTask, account: str, cap: int) -> None:
        self.cap = cap
        self._run = run
        self._asking = asking
        self._task = task
        self._account = account
        self._said: set[str] = set()
        self._looked_back = False

    def learn(self, request: SyncRequest, fetched: Fetched, inserted: int) -> None:
        """From an answer that was stored with so many new rows. What is to be planned anew is dropped."""
        self._say_what_lacks(fetched.lacking)
        self._learn_cap(request, fetched, inserted)
        is_empty = fetched.judgement.verdict == Verdict.SUSPECT and not fetched.table.num_rows
        if is_empty and not self._looked_back and beginning.may_begin_later(self._run.dataset, request.end_date):
            # Before all older days are asked for one by one, see whether the source has any so old.
            tasks.drop_waiting_requests(self._task)

    def look_back(self) -> None:
        """Once in a run, where days before the oldest stored one are doubted, see where the history begins."""
        if self._looked_back or not beginning.is_past_doubted(self._run.dataset):
            return
        self._looked_back = True
        if beginning.learn(self._run, self._asking.start, self.cap):
            coverage.refresh(self._run.dataset)

    def _say_what_lacks(self, lacking: tuple[str, ...]) -> None:
        new = [name for name in lacking if name not in self._said]
        if new:
            self._said.update(new)
            log.warning("%s: the answers lack %s; these columns stay empty.", self._run.dataset.name, ", ".join(new))

    def _learn_cap(self, request: SyncRequest, fetched: Fetched, inserted: int) -> None:
        """Once it is sure that answers are cut at fewer rows than was known, have the plan made anew with that.

        It is, where an answer says so, or where what it lacked comes when it is asked for differently.
        """
        cut = fetched.judgement.cap if fetched.has_more else int(request.about.get("cut_at", 0))
        if not cut or cut >= self.cap or not (fetched.has_more or inserted):
            return
        if not fetched.has_more and cut % CAPS_ARE_ROUND and not self._is_cut_again(request, cut):
            return
        log.warning("%s: answers are cut at %d rows; the rest is asked for apart.", self._run.dataset.name, cut)
        self.cap = cut
        caps.note(self._account, self._run.dataset.api_name, cut)
        tasks.drop_waiting_requests(self._task)
        tasks.ask_again(self._run.dataset, self._task, cut)

    def _is_cut_again(self, request: SyncRequest, cut: int) -> bool:
        """Whether the market's answer still ends there: one that came while the source was filling its day does not."""
        if "probes" not in request.about:
            return True
        market = SyncRequest(shape="date", start_date=request.start_date, end_date=request.end_date)
        try:
            again = fetch(self._run, market, self._asking.question(market, self.cap))
        except (ProviderError, Stopped):
            return False
        return bool(again.table.num_rows + len(again.refused) == cut)
