"""Counts that outlive the records they were counted from."""

from django.db import models


class ExecutionTally(models.Model):
    """How many ended runs of a job housekeeping has deleted: what is counted in total never shrinks."""

    job_id = models.CharField(max_length=100)
    status = models.CharField(max_length=16)
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        db_table = "scheduler_execution_tally"
        constraints = [models.UniqueConstraint(fields=["job_id", "status"], name="tally_of_job")]

    def __str__(self) -> str:
        return f"{self.job_id} {self.status}: {self.count}"
