"""What is known before a request is sent, by which its answer is judged."""

from datetime import date, timedelta

from django.db.models import Sum

from market_data.datasets import Dataset, Parts
from market_data.engine.ledger import expectations, lists
from market_data.engine.running.narrowing import can_narrow
from market_data.engine.storing.judging import Question
from market_data.models import Partition, SyncRequest

USUAL_DAYS = timedelta(days=365)


class Asking:
    """Makes the questions of one run."""

    def __init__(self, dataset: Dataset, start: date, end: date) -> None:
        self.start = start
        self._dataset = dataset
        self._listed: dict[date, int] = {}
        if dataset.parts == Parts.EVENTS:
            days = expectations.open_days(start, end)
            counts = expectations.count_listed(dataset, days).tolist() if days else []
            self._listed = dict(zip(days, counts, strict=True))

    def question(self, request: SyncRequest, cap: int) -> Question:
        """Reads the database where the answer is judged by what is stored."""
        dataset = self._dataset
        pages = (dataset.by_day, dataset.as_list)
        is_paged = not request.symbols and any(shape.page_rows for shape in pages if shape)
        return Question(
            shape=request.shape,
            cap=cap,
            expected=request.expected_rows,
            usual=self._usual(request) if dataset.parts == Parts.EVENTS else 0.0,
            least=int(request.about.get("least", 0)),
            before=lists.rows_before(dataset, request.about.get("like")) if dataset.parts == Parts.WHOLE else 0,
            is_paged=is_paged,
            can_narrow=can_narrow(dataset, request),
        )

    def _usual(self, request: SyncRequest) -> float:
        """How many events these days have by the rate of the days around them, or by the least that is declared."""
        days = [day for day in self._listed if request.start_date <= day <= request.end_date]
        listed = sum(self._listed[day] for day in days)
        around = Partition.objects.filter(
            dataset=self._dataset.name,
            state=Partition.State.COMPLETE,
            trade_date__range=(request.start_date - USUAL_DAYS, request.end_date + USUAL_DAYS),
        ).exclude(trade_date__range=(request.start_date, request.end_date))
        known = list(around.order_by("trade_date").values_list("trade_date", flat=True))
        rows = around.aggregate(rows=Sum("got"))["rows"] or 0
        then = int(expectations.count_listed(self._dataset, known).sum()) if known else 0
        # Where no list of stocks is there, a day counts like another.
        rate = rows / then * listed if then else rows / max(1, len(known)) * len(days)
        return max(rate, self._dataset.plausible.rate * listed)
