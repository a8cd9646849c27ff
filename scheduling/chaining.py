"""Jobs that run after another job."""

from scheduling import admission
from scheduling.exceptions import ConfigurationError
from scheduling.models import Execution, JobConfig
from scheduling.models.execution import Trigger
from scheduling.transactions import bounded


def check_run_after(job_id: str, leader: JobConfig | None) -> None:
    """Raises ConfigurationError where the job would, through others, run after itself."""
    path = [job_id]
    while leader is not None:
        path.append(leader.job_id)
        if leader.job_id in path[:-1]:
            circle = " after ".join(path)
            raise ConfigurationError(f"A job cannot run after itself: {circle}.", "run_after")
        leader = leader.run_after


def is_followed(job_id: str) -> bool:
    return JobConfig.objects.filter(run_after__job_id=job_id).exists()


def start_followers(execution: Execution) -> None:
    """Create one run of each job that comes after this run's job; again for the same run, nothing new.

    One whose job another transaction holds is left for the next sweep.
    """
    due = Execution.objects.filter(id=execution.id, followers_due=True)
    if not due.exists():
        return
    followers = JobConfig.objects.filter(run_after__job_id=execution.job_id).values_list("job_id", flat=True)
    held = [job_id for job_id in followers if not _start(job_id, f"after {execution.id}")]
    if not held:
        with bounded():
            due.update(followers_due=False)


@bounded()
def _start(job_id: str, key: str) -> bool:
    """False where the job is held; it is to be asked for again."""
    config = admission.locked_now(job_id)
    if config is None:
        return not JobConfig.objects.filter(job_id=job_id).exists()
    if config.periodic_task and not config.enabled:
        return True
    if not Execution.objects.filter(job_id=job_id, idempotency_key=key).exists():
        reason = admission.why_not(config) or admission.overlap_reason(config)
        admission.admit(config, Trigger.AFTER, config.job_kwargs, reason, idempotency_key=key)
    return True
