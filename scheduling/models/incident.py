"""Faults that people are told of."""

from django.db import models
from django.db.models import Q


class Incident(models.Model):
    """A fault from when it was first seen until it was over. The same `key` is open at most once."""

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=200, help_text="Tells the fault from others: what is at fault, and where.")
    kind = models.CharField(max_length=32)
    text = models.TextField(help_text="What is wrong, and what to do.")
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField(help_text="When it was last found to go on.")
    closed_at = models.DateTimeField(null=True)
    told_at = models.DateTimeField(null=True, help_text="When people were told of it.")
    told_over_at = models.DateTimeField(null=True, help_text="When people were told that it was over.")

    class Meta:
        db_table = "scheduler_incident"
        ordering = ["-opened_at"]
        constraints = [models.UniqueConstraint(fields=["key"], condition=Q(closed_at=None), name="incident_open_once")]
        indexes = [models.Index(fields=["-opened_at"], name="incident_opened")]

    def __str__(self) -> str:
        return f"{self.key}: {self.text[:80]}"
