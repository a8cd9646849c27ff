"""What is stored beside bars and lists: money flow, price limits, former names, moved codes, index bars."""

from django.db import models


class MoneyFlow(models.Model):
    """What was bought and sold of a stock on a day, by size of order. Volumes in shares, amounts in yuan.

    Small orders are below 50,000 yuan, medium ones below 200,000, large ones below a million, extra large ones
    from there on. The net is bought less sold.
    """

    pk = models.CompositePrimaryKey("symbol", "trade_date")
    symbol = models.CharField(max_length=16)
    trade_date = models.DateField(db_index=True)
    buy_sm_vol = models.FloatField(null=True)
    buy_sm_amount = models.FloatField(null=True)
    sell_sm_vol = models.FloatField(null=True)
    sell_sm_amount = models.FloatField(null=True)
    buy_md_vol = models.FloatField(null=True)
    buy_md_amount = models.FloatField(null=True)
    sell_md_vol = models.FloatField(null=True)
    sell_md_amount = models.FloatField(null=True)
    buy_lg_vol = models.FloatField(null=True)
    buy_lg_amount = models.FloatField(null=True)
    sell_lg_vol = models.FloatField(null=True)
    sell_lg_amount = models.FloatField(null=True)
    buy_elg_vol = models.FloatField(null=True)
    buy_elg_amount = models.FloatField(null=True)
    sell_elg_vol = models.FloatField(null=True)
    sell_elg_amount = models.FloatField(null=True)
    net_mf_vol = models.FloatField(null=True)
    net_mf_amount = models.FloatField(null=True)

    class Meta:
        db_table = "moneyflow"

    def __str__(self) -> str:
        return f"{self.symbol} {self.trade_date}"


class PriceLimit(models.Model):
    """The highest and lowest price at which a stock may trade on a day, in yuan. Suspended days have them too."""

    pk = models.CompositePrimaryKey("symbol", "trade_date")
    symbol = models.CharField(max_length=16)
    trade_date = models.DateField(db_index=True)
    pre_close = models.FloatField(null=True, help_text="The previous close, ex-right; often empty at the source.")
    up_limit = models.FloatField(null=True)
    down_limit = models.FloatField(null=True)

    class Meta:
        db_table = "stk_limit"

    def __str__(self) -> str:
        return f"{self.symbol} {self.trade_date}"


class NameChange(models.Model):
    """A name that a stock has or had, from its first day to its last (none: to this day).

    Tushare gives some names twice, with and without a last day, and a last day comes once the next name is known:
    each is a version of its own, told apart by `content`, and none is changed. The one with a last day counts.
    """

    pk = models.CompositePrimaryKey("symbol", "start_date", "content")
    symbol = models.CharField(max_length=16)
    name = models.CharField(max_length=64)
    start_date = models.DateField()
    end_date = models.DateField(null=True)
    ann_date = models.DateField(null=True, help_text="When the change was announced.")
    change_reason = models.CharField(max_length=64, blank=True)
    rest = models.JSONField(default=dict)
    content = models.CharField(max_length=48)
    first_seen_at = models.DateTimeField()

    class Meta:
        db_table = "namechange"

    def __str__(self) -> str:
        return f"{self.symbol} {self.name} from {self.start_date}"


class MovedCode(models.Model):
    """A stock of Beijing whose code became one of 920xxx in 2025: the same stock, one history."""

    old_symbol = models.CharField(primary_key=True, max_length=16)
    new_symbol = models.CharField(max_length=16, db_index=True)
    name = models.CharField(max_length=64, blank=True)
    list_date = models.DateField(null=True)

    class Meta:
        db_table = "bse_mapping"
        ordering = ["old_symbol"]

    def __str__(self) -> str:
        return f"{self.old_symbol} is {self.new_symbol}"


class IndexBar(models.Model):
    """One trading day of an index. Levels in points, volume in shares, amount in yuan."""

    pk = models.CompositePrimaryKey("symbol", "trade_date")
    symbol = models.CharField(max_length=16)
    trade_date = models.DateField(db_index=True)
    open = models.FloatField(null=True)
    high = models.FloatField(null=True)
    low = models.FloatField(null=True)
    close = models.FloatField(null=True)
    pre_close = models.FloatField(null=True)
    change = models.FloatField(null=True)
    pct_chg = models.FloatField(null=True, help_text="Percent, as the provider gave it.")
    volume = models.FloatField(null=True)
    amount = models.FloatField(null=True)

    class Meta:
        db_table = "index_daily"

    def __str__(self) -> str:
        return f"{self.symbol} {self.trade_date}"
