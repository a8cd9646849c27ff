"""What is stored for each symbol and trading day. The largest tables: no foreign keys, two indexes each."""

from django.db import models


class DailyBar(models.Model):
    """One trading day of a symbol, unadjusted. Prices in currency units, volume in shares, amount in currency units."""

    pk = models.CompositePrimaryKey("symbol", "trade_date")
    symbol = models.CharField(max_length=16)
    trade_date = models.DateField(db_index=True)
    open = models.FloatField(null=True)
    high = models.FloatField(null=True)
    low = models.FloatField(null=True)
    close = models.FloatField(null=True)
    pre_close = models.FloatField(null=True, help_text="The previous close, ex-right.")
    change = models.FloatField(null=True)
    pct_chg = models.FloatField(null=True, help_text="Percent, as the provider gave it.")
    volume = models.FloatField(null=True)
    amount = models.FloatField(null=True)
    provider = models.CharField(max_length=8, db_default="tushare", help_text="Where the row came from.")

    class Meta:
        db_table = "daily"

    def __str__(self) -> str:
        return f"{self.symbol} {self.trade_date}"


class AdjFactor(models.Model):
    """The cumulative adjustment factor. Backward price = price x factor; forward = backward / last factor."""

    pk = models.CompositePrimaryKey("symbol", "trade_date")
    symbol = models.CharField(max_length=16)
    trade_date = models.DateField(db_index=True)
    adj_factor = models.FloatField(null=True)

    class Meta:
        db_table = "adj_factor"

    def __str__(self) -> str:
        return f"{self.symbol} {self.trade_date}"


class DailyBasic(models.Model):
    """Valuation of a symbol on a day. Shares in shares, values in currency units, rates and yields in percent."""

    pk = models.CompositePrimaryKey("symbol", "trade_date")
    symbol = models.CharField(max_length=16)
    trade_date = models.DateField(db_index=True)
    close = models.FloatField(null=True)
    turnover_rate = models.FloatField(null=True)
    turnover_rate_f = models.FloatField(null=True)
    volume_ratio = models.FloatField(null=True)
    pe = models.FloatField(null=True, help_text="Empty for a loss.")
    pe_ttm = models.FloatField(null=True)
    pb = models.FloatField(null=True)
    ps = models.FloatField(null=True)
    ps_ttm = models.FloatField(null=True)
    dv_ratio = models.FloatField(null=True)
    dv_ttm = models.FloatField(null=True)
    total_share = models.FloatField(null=True)
    float_share = models.FloatField(null=True)
    free_share = models.FloatField(null=True)
    total_mv = models.FloatField(null=True)
    circ_mv = models.FloatField(null=True)

    class Meta:
        db_table = "daily_basic"

    def __str__(self) -> str:
        return f"{self.symbol} {self.trade_date}"
