"""Daily bars of symbols of any market. No foreign keys, two indexes, as for all bars."""

from django.db import models


class GlobalBar(models.Model):
    """One trading day of a symbol at its exchange, as Yahoo gives it with `auto_adjust=False`.

    Prices are adjusted for every split up to the day on which they were fetched, and not for dividends. They and the
    dividends, per share, are in the unit that `currency` names (GBp: pence); volume is in shares, adjusted for splits
    too. `splits` is new shares per old one, 0 on other days.
    """

    pk = models.CompositePrimaryKey("symbol", "trade_date")
    symbol = models.CharField(max_length=16)
    trade_date = models.DateField(db_index=True)
    open = models.FloatField(null=True)
    high = models.FloatField(null=True)
    low = models.FloatField(null=True)
    close = models.FloatField(null=True)
    volume = models.FloatField(null=True)
    dividends = models.FloatField(null=True)
    splits = models.FloatField(null=True)
    currency = models.CharField(max_length=8)
    provider = models.CharField(max_length=8, db_default="yfinance", help_text="Where the row came from.")

    class Meta:
        db_table = "global_daily"

    def __str__(self) -> str:
        return f"{self.symbol} {self.trade_date}"
