"""Why nothing, or not everything, can be expected: then nothing missing proves nothing."""

from datetime import date

from market_data.datasets import Dataset, Parts, Rhythm, dataset_named
from market_data.engine.ledger import clock, expectations
from market_data.models import WHOLE, Partition, Security, TradingDay


def unknown_days(dataset: Dataset, start: date, end: date) -> list[date]:
    """The weekdays of the window that are due and in no calendar, ascending."""
    if not _goes_by_calendar(dataset):
        return []
    return expectations.unknown_weekdays(start, min(end, clock.last_due_day(dataset, clock.now())))


def sentences(dataset: Dataset, start: date, end: date) -> list[str]:
    """Each reason in a sentence that says what to do; none where all that is due can be expected."""
    found = [_about_calendar(dataset, start, end)] if _goes_by_calendar(dataset) else []
    if dataset.parts == Parts.CELLS:
        found.append(_about_stocks())
    return [sentence for sentence in found if sentence]


def _goes_by_calendar(dataset: Dataset) -> bool:
    return dataset.rhythm == Rhythm.SESSIONS and (dataset.parts != Parts.WHOLE or bool(dataset.horizon_days))


def _about_calendar(dataset: Dataset, start: date, end: date) -> str:
    if not TradingDay.objects.exists():
        return "There is no trading calendar, so no day can be expected: run `sync trade_cal`."
    days = unknown_days(dataset, start, end)
    if not days:
        return ""
    span = f"{days[0]:%Y%m%d}" if len(days) == 1 else f"{days[0]:%Y%m%d} to {days[-1]:%Y%m%d}"
    return f"No calendar knows {len(days)} weekdays that are due ({span}): run `sync trade_cal` until it does."


def _about_stocks() -> str:
    if not Security.objects.exclude(list_date=None).exists():
        return "No stocks are known, so none can be expected: run `sync stock_basic`."
    name = dataset_named("stock_basic").name
    doubted = Partition.objects.filter(
        dataset=name, trade_date=WHOLE, state=Partition.State.SUSPECT, answered_at=None
    ).first()
    if doubted is None:
        return ""
    return (
        f"The stock list is not believed ({doubted.reason}): run `sync {name}` again, or `gaps {name} --accept whole`."
    )
