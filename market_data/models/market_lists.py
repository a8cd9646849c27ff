"""What Eastmoney's pages tell of a trading day: limit-ups, the dragon-tiger list, the flow of money.

Prices, amounts and market values in yuan; rates, changes and ratios in percent.
"""

from django.db import models


class LimitUp(models.Model):
    """A stock that closed at its upper limit. ST stocks and the STAR market are not in Eastmoney's pool."""

    pk = models.CompositePrimaryKey("symbol", "trade_date")
    symbol = models.CharField(max_length=16)
    trade_date = models.DateField(db_index=True)
    name = models.CharField(max_length=64, blank=True)
    industry = models.CharField(max_length=64, blank=True)
    close = models.FloatField(null=True)
    pct_chg = models.FloatField(null=True)
    amount = models.FloatField(null=True)
    float_mv = models.FloatField(null=True)
    total_mv = models.FloatField(null=True)
    turnover_ratio = models.FloatField(null=True)
    fd_amount = models.FloatField(null=True, help_text="Buying orders that waited at the limit, in yuan.")
    first_time = models.CharField(max_length=6, blank=True, help_text="When it first reached the limit, HHMMSS.")
    last_time = models.CharField(max_length=6, blank=True, help_text="When it last did.")
    open_times = models.FloatField(null=True, help_text="How often it left the limit again.")
    up_stat = models.CharField(max_length=16, blank=True, help_text="Days/limit-ups in them.")
    limit_times = models.FloatField(null=True, help_text="Limit-ups in a row.")

    class Meta:
        db_table = "limit_up_pool"

    def __str__(self) -> str:
        return f"{self.symbol} {self.trade_date}"


class DragonTiger(models.Model):
    """A stock on the exchanges' list of conspicuous trading; several rows a day where there are several reasons."""

    pk = models.CompositePrimaryKey("symbol", "trade_date", "reason")
    symbol = models.CharField(max_length=16)
    trade_date = models.DateField(db_index=True)
    reason = models.CharField(max_length=255)
    name = models.CharField(max_length=64, blank=True)
    close = models.FloatField(null=True)
    pct_change = models.FloatField(null=True)
    turnover_rate = models.FloatField(null=True)
    amount = models.FloatField(null=True, help_text="Of all trading in the stock, in yuan.")
    l_buy = models.FloatField(null=True, help_text="What the listed seats bought, in yuan.")
    l_sell = models.FloatField(null=True, help_text="What the listed seats sold, in yuan.")
    l_amount = models.FloatField(null=True, help_text="Both together.")
    net_amount = models.FloatField(null=True, help_text="Bought less sold.")
    net_rate = models.FloatField(null=True, help_text="net_amount in percent of amount.")
    amount_rate = models.FloatField(null=True, help_text="l_amount in percent of amount.")
    float_values = models.FloatField(null=True, help_text="Market value of the floating shares, in yuan.")
    comment = models.CharField(max_length=255, blank=True, help_text="Eastmoney's own remark.")

    class Meta:
        db_table = "dragon_tiger"

    def __str__(self) -> str:
        return f"{self.symbol} {self.trade_date} {self.reason}"


class FundFlow(models.Model):
    """Net inflow by size of order: yuan, and percent of the turnover. Main is super large and large together."""

    close = models.FloatField(null=True)
    pct_chg = models.FloatField(null=True)
    main_net_amount = models.FloatField(null=True)
    super_large_net_amount = models.FloatField(null=True)
    large_net_amount = models.FloatField(null=True)
    medium_net_amount = models.FloatField(null=True)
    small_net_amount = models.FloatField(null=True)
    main_net_rate = models.FloatField(null=True)
    super_large_net_rate = models.FloatField(null=True)
    large_net_rate = models.FloatField(null=True)
    medium_net_rate = models.FloatField(null=True)
    small_net_rate = models.FloatField(null=True)

    class Meta:
        abstract = True


class IndividualFundFlow(FundFlow):
    """The flow of money into a stock on a day."""

    pk = models.CompositePrimaryKey("symbol", "trade_date")
    symbol = models.CharField(max_length=16)
    trade_date = models.DateField(db_index=True)

    class Meta:
        db_table = "individual_fund_flow"

    def __str__(self) -> str:
        return f"{self.symbol} {self.trade_date}"


class SectorFundFlow(FundFlow):
    """The flow of money into a sector on a day, as it stood after the close."""

    close = None
    pk = models.CompositePrimaryKey("trade_date", "kind", "name")
    trade_date = models.DateField()
    kind = models.CharField(max_length=16, help_text="industry, concept or region")
    name = models.CharField(max_length=64)
    leading_stock = models.CharField(max_length=64, blank=True, help_text="The stock with the largest main inflow.")

    class Meta:
        db_table = "sector_fund_flow"

    def __str__(self) -> str:
        return f"{self.name} {self.trade_date}"
