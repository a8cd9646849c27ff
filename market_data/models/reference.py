"""What everything else is measured against: securities, trading days, suspensions."""

from django.db import models


class Security(models.Model):
    """A stock that is or was listed. Delisted ones are kept.

    `inferred` rows come from bars whose symbol is in no list: their `list_date` is the first bar and
    their `delist_date` lies some days behind the last. One that no list names any more ends after the day on which
    a list named it last, `listed_on`; `moved_to` is the code that it trades under since, where that is known.
    """

    symbol = models.CharField(primary_key=True, max_length=16)
    code = models.CharField(max_length=16, blank=True)
    name = models.CharField(max_length=64, blank=True)
    area = models.CharField(max_length=32, blank=True)
    industry = models.CharField(max_length=32, blank=True)
    fullname = models.CharField(max_length=255, blank=True)
    enname = models.CharField(max_length=255, blank=True)
    cnspell = models.CharField(max_length=32, blank=True)
    market = models.CharField(max_length=16, blank=True)
    exchange = models.CharField(max_length=16, blank=True)
    curr_type = models.CharField(max_length=8, blank=True)
    list_status = models.CharField(max_length=2, blank=True)
    list_date = models.DateField(null=True)
    delist_date = models.DateField(null=True)
    is_hs = models.CharField(max_length=2, blank=True)
    inferred = models.BooleanField(default=False, db_default=False)
    listed_on = models.DateField(null=True, help_text="The last day on which a list of the source named it.")
    moved_to = models.CharField(max_length=16, blank=True, default="", db_default="")

    class Meta:
        db_table = "stock_basic"
        verbose_name_plural = "securities"
        ordering = ["symbol"]

    def __str__(self) -> str:
        return f"{self.symbol} {self.name}".strip()


class TradingDay(models.Model):
    """A calendar day of an exchange. The mainland exchanges share the calendar of SSE."""

    pk = models.CompositePrimaryKey("exchange", "trade_date")
    exchange = models.CharField(max_length=8)
    trade_date = models.DateField()
    is_open = models.BooleanField()
    pretrade_date = models.DateField(null=True)

    class Meta:
        db_table = "trade_cal"

    def __str__(self) -> str:
        return f"{self.exchange} {self.trade_date}"


class Suspension(models.Model):
    """A suspension ("S") or resumption ("R"). With a timing it is a halt within the day: the day has a bar."""

    pk = models.CompositePrimaryKey("symbol", "trade_date", "suspend_type", "suspend_timing")
    symbol = models.CharField(max_length=16)
    trade_date = models.DateField(db_index=True)
    suspend_type = models.CharField(max_length=4)
    suspend_timing = models.CharField(max_length=64, blank=True)

    class Meta:
        db_table = "suspend_d"

    def __str__(self) -> str:
        return f"{self.symbol} {self.trade_date} {self.suspend_type}"
