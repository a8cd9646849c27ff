"""Concepts and their members, as we saw them: sources tell today's only."""

from django.db import models
from django.db.models import Q


class ConceptBoard(models.Model):
    """A concept, from the day it was first seen to the day it was gone.

    Sources: ths is Tonghuashun by Tushare, dc is Eastmoney by Tushare, em is Eastmoney by AkShare.
    """

    id = models.BigAutoField(primary_key=True)
    source = models.CharField(max_length=4)
    code = models.CharField(max_length=16)
    name = models.CharField(max_length=64, blank=True)
    from_date = models.DateField()
    to_date = models.DateField(null=True, help_text="The day on which it was not there any more.")

    class Meta:
        db_table = "concept_boards"
        constraints = [
            models.UniqueConstraint(fields=["source", "code"], condition=Q(to_date=None), name="one_open_board")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.source} {self.code})"


class ConceptMember(models.Model):
    """A stock in a concept, from the day it was first seen there to the day it was not any more."""

    id = models.BigAutoField(primary_key=True)
    source = models.CharField(max_length=4)
    board = models.CharField(max_length=16, help_text="The board's code.")
    symbol = models.CharField(max_length=16)
    name = models.CharField(max_length=64, blank=True)
    from_date = models.DateField()
    to_date = models.DateField(null=True, help_text="The day on which it was not there any more.")

    class Meta:
        db_table = "concept_members"
        constraints = [
            models.UniqueConstraint(
                fields=["source", "board", "symbol"], condition=Q(to_date=None), name="one_open_membership"
            )
        ]
        indexes = [models.Index("symbol", "source", name="concepts_by_symbol")]

    def __str__(self) -> str:
        return f"{self.symbol} in {self.source} {self.board}"
