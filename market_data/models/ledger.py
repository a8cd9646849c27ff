"""The ledger: what of each dataset is there, what is not, and what the source has confirmed not to have."""

from datetime import date

from django.db import models

WHOLE = date(1970, 1, 1)
"""Stands for "the whole list" where a partition has no day: NULLs would not be unique on every database."""


class Partition(models.Model):
    """A dataset's part that is complete or not: a trading day, or the whole of a list (trade_date WHOLE).

    `expected` counts the symbols that should have a row, `got` those of them that have one, `absent` those
    that the source has confirmed not to have. `answers` counts clean answers for the whole market, an hour
    or more apart, `answer_days` the days on which a clean answer came.
    """

    class State(models.TextChoices):
        NOT_DUE = "not_due"
        MISSING = "missing"
        PARTIAL = "partial"
        COMPLETE = "complete"
        ABSENT = "absent"
        SUSPECT = "suspect"
        FAILED = "failed"

    id = models.BigAutoField(primary_key=True)
    dataset = models.CharField(max_length=32)
    trade_date = models.DateField(default=WHOLE)
    state = models.CharField(max_length=8, choices=State.choices, default=State.MISSING)
    expected = models.PositiveIntegerField(default=0)
    got = models.PositiveIntegerField(default=0)
    absent = models.PositiveIntegerField(default=0)
    answers = models.PositiveSmallIntegerField(default=0)
    answered_at = models.DateTimeField(null=True, help_text="The last clean answer for the whole market.")
    answer_days = models.PositiveSmallIntegerField(default=0, db_default=0)
    answered_on = models.DateField(null=True, help_text="The last day on which a clean answer came.")
    asked_at = models.DateTimeField(null=True, help_text="The last request that touched it.")
    ask_after = models.DateTimeField(null=True, help_text="When it is asked again; empty: never, or with the next run.")
    reason = models.CharField(
        max_length=255, blank=True, default="", db_default="", help_text="Why an answer is not believed."
    )
    accepted_at = models.DateTimeField(null=True, help_text="When a person took what there is for all there is.")
    accepted_by = models.CharField(max_length=150, blank=True, default="", db_default="")

    class Meta:
        db_table = "coverage"
        constraints = [models.UniqueConstraint("dataset", "trade_date", name="coverage_partition")]
        indexes = [models.Index("dataset", "state", "trade_date", name="coverage_by_state")]
        verbose_name = "coverage"
        verbose_name_plural = "coverage"

    def __str__(self) -> str:
        return f"{self.dataset} {'whole' if self.trade_date == WHOLE else self.trade_date}: {self.state}"


class CoverageCell(models.Model):
    """A symbol and day that was asked for, cleanly answered, and not there. Settled ones are `absent`."""

    pk = models.CompositePrimaryKey("dataset", "symbol", "trade_date")
    dataset = models.CharField(max_length=32)
    symbol = models.CharField(max_length=16)
    trade_date = models.DateField()
    absent = models.BooleanField(default=False)
    answers = models.PositiveSmallIntegerField(default=1, help_text="Clean answers, an hour or more apart.")
    rechecks = models.PositiveSmallIntegerField(default=0, help_text="Clean answers after it was settled.")
    first_asked_at = models.DateTimeField()
    asked_at = models.DateTimeField()
    ask_after = models.DateTimeField(null=True, help_text="When a settled cell is asked again.")

    class Meta:
        db_table = "coverage_cells"
        indexes = [
            models.Index("dataset", "trade_date", name="cells_by_day"),
            models.Index("dataset", "ask_after", name="cells_by_ask_after"),
        ]

    def __str__(self) -> str:
        return f"{self.dataset} {self.symbol} {self.trade_date}"


class ListDoubt(models.Model):
    """An answer for a list, or a part of it, that is not believed yet: what is stored stays as it is.

    It is believed when it comes alike three times, eight hours apart, or when a person accepts it.
    """

    pk = models.CompositePrimaryKey("dataset", "key")
    dataset = models.CharField(max_length=32)
    key = models.CharField(max_length=64, help_text="Which of the list's calls.")
    digest = models.CharField(max_length=32, help_text="Tells whether the next answer is alike.")
    times = models.PositiveSmallIntegerField(default=1, help_text="How often it came alike, eight hours apart.")
    counted_at = models.DateTimeField()
    reason = models.CharField(max_length=255)
    accepted = models.BooleanField(default=False)

    class Meta:
        db_table = "list_doubts"

    def __str__(self) -> str:
        return f"{self.dataset} {self.key}: {self.reason}"


class CoverageMark(models.Model):
    """A span of days whose counts changed with the transaction that wrote this row, and are to be counted again.

    Rows are only ever inserted and deleted: a counter that does not see a row yet cannot lose it.
    """

    id = models.BigAutoField(primary_key=True)
    dataset = models.CharField(max_length=32, db_index=True)
    start_date = models.DateField()
    end_date = models.DateField()
    unlisted = models.BooleanField(default=False, help_text="Rows of symbols that are in no list came.")

    class Meta:
        db_table = "coverage_marks"

    def __str__(self) -> str:
        return f"{self.dataset} {self.start_date} to {self.end_date}"


class Revision(models.Model):
    """A stored row that the source changed later: what it was before."""

    id = models.BigAutoField(primary_key=True)
    dataset = models.CharField(max_length=32)
    symbol = models.CharField(max_length=16, blank=True)
    trade_date = models.DateField(null=True)
    before = models.JSONField()
    revised_at = models.DateTimeField()

    class Meta:
        db_table = "revisions"
        indexes = [models.Index("dataset", "symbol", "trade_date", name="revisions_by_key")]

    def __str__(self) -> str:
        return f"{self.dataset} {self.symbol} {self.trade_date} before {self.revised_at}"


class Origin(models.Model):
    """Whether this database holds real or made-up data. One row, written with the first data, never changed."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    made_up = models.BooleanField()

    class Meta:
        db_table = "data_origin"
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_origin")]

    def __str__(self) -> str:
        return "made-up data" if self.made_up else "real data"
