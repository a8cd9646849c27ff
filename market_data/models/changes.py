"""That stored rows changed, noted by the database itself."""

from django.db import models


class DataChange(models.Model):
    """Rows of a year of a table changed; the transaction that changed them adds this.

    `token` is a random number. The sum of a year's tokens is the version of its rows: what was read at one version is
    true for as long as the version stays, and two histories, such as that of a restored backup, never agree by chance.
    Writers only add, so they never wait for each other. `month` is 0 in years that were over when the rows changed;
    `year` is 0 for rows without a day.
    """

    id = models.BigAutoField(primary_key=True)
    table = models.CharField(max_length=32)
    year = models.SmallIntegerField()
    month = models.SmallIntegerField()
    token = models.BigIntegerField()

    class Meta:
        db_table = "data_changes"
        indexes = [models.Index("table", "year", "month", name="data_changes_by_part")]

    def __str__(self) -> str:
        return f"{self.table} {self.year}"
