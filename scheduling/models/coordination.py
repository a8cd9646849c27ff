"""What several processes agree on."""

from django.core.validators import MinValueValidator
from django.db import models


class Pool(models.Model):
    """A named limit on how many executions run at once, across all jobs that name it."""

    name = models.CharField(max_length=64, unique=True)
    slots = models.PositiveIntegerField(
        default=1, validators=[MinValueValidator(1)], help_text="Executions that may run at the same time."
    )

    class Meta:
        db_table = "scheduler_pool"
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name} ({self.slots})"


class Lease(models.Model):
    """A duty that one process has at a time, until its lease runs out."""

    name = models.CharField(max_length=64, primary_key=True)
    holder = models.CharField(max_length=128)
    until = models.DateTimeField()
    seconds = models.FloatField(default=0, help_text="Its length; one that ends further ahead than that is void.")

    class Meta:
        db_table = "scheduler_lease"

    def __str__(self) -> str:
        return f"{self.name}: {self.holder}"


class Heartbeat(models.Model):
    """What a process last said of itself; every moment is the database's."""

    process = models.CharField(max_length=128, primary_key=True)
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField()
    clock_offset_seconds = models.FloatField(help_text="How far its host's clock is ahead of the database's.")

    class Meta:
        db_table = "scheduler_heartbeat"
        ordering = ["process"]

    def __str__(self) -> str:
        return self.process
