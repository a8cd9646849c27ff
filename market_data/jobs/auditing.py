"""The job that checks what is stored against itself."""

from typing import Annotated

from pydantic import AfterValidator, Field

from market_data.demo import demo_provider
from market_data.engine import sync
from market_data.engine.audit.auditing import audit, audited
from market_data.engine.audit.findings import Finding, Report
from market_data.engine.audit.repairing import repair as ask_again
from market_data.engine.audit.scope import Scope
from market_data.exceptions import MarketDataError, UsageError
from market_data.jobs.syncing import session_of
from scheduling.context import Context, Outcome, Status
from scheduling.registry import JobKwargs, job

FINDINGS_KEPT = 1000


def _audited(name: str) -> str:
    try:
        return next(iter(audited([name])))
    except UsageError as error:
        raise ValueError(str(error)) from error


class Audit(JobKwargs):
    """What to check, and what to do about it."""

    datasets: list[Annotated[str, AfterValidator(_audited)]] = Field([], description="Which datasets; none: all.")
    repair: bool = Field(False, description="Ask again for what was found, within SYNC_RECHECK_MAX_CALLS.")


@job("audit", title="Audit", default_cron="0 10 * * 6", kwargs_model=Audit)
def audit_stored(context: Context, datasets: list[str], repair: bool) -> Outcome:
    """Check what is stored against itself: bars against the ones before them, prices against turnover, valuation,
    money flow and limits, reports against their sums. Makes no call unless it is told to repair."""
    report = audit(datasets, Scope(), FINDINGS_KEPT)
    context.log(f"{report.checked} rows checked, {report.findings} findings")
    context.checkpoint()
    if repair and report.cells:
        report = _repaired(context, datasets, report.cells)
    if not report.findings:
        return Outcome(Status.SUCCESS, report.as_json())
    kinds = ", ".join(f"{count} {kind}" for kind, count in report.kinds.items())
    return Outcome(Status.PARTIAL, report.as_json(), f"Stored data contradicts itself ({kinds}): see `audit`.")


def _repaired(context: Context, datasets: list[str], findings: list[Finding]) -> Report:
    """What is still found after those cells were asked for again."""
    with demo_provider(context.log):
        repaired = ask_again(findings, session_of(context))
    context.log(repaired.sentence)
    context.checkpoint()
    if repaired.exit_code == sync.PERMANENT:
        raise MarketDataError(repaired.sentence)
    return audit(datasets, Scope(), FINDINGS_KEPT)
