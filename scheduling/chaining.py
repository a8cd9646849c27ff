"""Jobs that run after another job."""

from django.db import transaction

from scheduling import admission
from scheduling.exceptions import ConfigurationError
from scheduling.models import Execution, JobConfig
from scheduling.models.execution import Trigger


def check_run_after(job_id: str, leader: JobConfig | None) -> None:
    """Raises ConfigurationError where the job would, through others, run after itself."""
    path = [job_id]
    while leader is not None:
        path.append(leader.job_id)
        if leader.job_id in path[:-1]:
            circle = " after ".join(path)
            raise ConfigurationError(f"A job cannot run after itself: {circle}.", "run_after")
        leader = leader.run_after


def start_followers(execution: Execution) -> list[Execution]:
    """Create one run of each job that comes after this run's job; again for the same run, nothing new."""
    followers = JobConfig.objects.filter(run_after__job_id=execution.job_id).values_list("job_id", flat=True)
    return [started for job_id in followers if (started := _start(job_id, f"after {execution.id}"))]


@transaction.atomic
def _start(job_id: str, key: str) -> Execution | None:
    config = admission.locked(job_id)
    if config is None or (config.periodic_task and not config.enabled):
        return None
    if Execution.objects.filter(job_id=job_id, idempotency_key=key).exists():
        return None
    reason = admission.why_not(config) or admission.overlap_reason(config)
    return admission.admit(config, Trigger.AFTER, config.job_kwargs, reason, idempotency_key=key)
