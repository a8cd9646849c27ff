"""What companies report. Every version that a source ever gave is kept, and none is changed."""

from django.db import models


class Report(models.Model):
    """One version of a company's report on a period, which ends on `end_date`.

    `content` tells versions of the same period apart: it is made of every field. `rest` holds the fields that have no
    column of their own. `first_seen_at` is when this version came here: no source says when it was restated.
    """

    id = models.BigAutoField(primary_key=True)
    symbol = models.CharField(max_length=16)
    ann_date = models.DateField(null=True, help_text="When it was announced.")
    end_date = models.DateField(help_text="The last day of the period.")
    update_flag = models.CharField(max_length=4, blank=True, help_text="1: the source has updated it.")
    rest = models.JSONField(default=dict)
    content = models.CharField(max_length=48)
    first_seen_at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.symbol} {self.end_date} of {self.ann_date}"


def _versions(table: str) -> tuple[list[models.BaseConstraint], list[models.Index]]:
    """Each version once; found by period and by announcement."""
    once = models.UniqueConstraint(fields=["symbol", "end_date", "content"], name=f"{table}_version")
    by_period = models.Index("end_date", "symbol", name=f"{table}_by_period")
    return [once], [by_period, models.Index("ann_date", name=f"{table}_by_ann_date")]


class FinaIndicator(Report):
    """Financial indicators of a report. Amounts in yuan, per-share values in yuan, ratios and growth in percent."""

    eps = models.FloatField(null=True)
    dt_eps = models.FloatField(null=True)
    bps = models.FloatField(null=True)
    ocfps = models.FloatField(null=True)
    cfps = models.FloatField(null=True)
    roe = models.FloatField(null=True)
    roe_waa = models.FloatField(null=True)
    roe_dt = models.FloatField(null=True)
    roa = models.FloatField(null=True)
    roic = models.FloatField(null=True)
    gross_margin = models.FloatField(null=True)
    grossprofit_margin = models.FloatField(null=True)
    netprofit_margin = models.FloatField(null=True)
    profit_dedt = models.FloatField(null=True)
    debt_to_assets = models.FloatField(null=True)
    current_ratio = models.FloatField(null=True)
    quick_ratio = models.FloatField(null=True)
    ebit = models.FloatField(null=True)
    ebitda = models.FloatField(null=True)
    fcff = models.FloatField(null=True)
    fcfe = models.FloatField(null=True)
    netdebt = models.FloatField(null=True)
    working_capital = models.FloatField(null=True)
    basic_eps_yoy = models.FloatField(null=True)
    netprofit_yoy = models.FloatField(null=True)
    dt_netprofit_yoy = models.FloatField(null=True)
    tr_yoy = models.FloatField(null=True)
    or_yoy = models.FloatField(null=True)
    q_sales_yoy = models.FloatField(null=True)

    class Meta:
        db_table = "fina_indicator"
        constraints, indexes = _versions("fina_indicator")


class IncomeStatement(Report):
    """An income statement, from the start of the year to the end of the period. Amounts in yuan."""

    f_ann_date = models.DateField(null=True, help_text="When it was really announced.")
    report_type = models.CharField(max_length=4, blank=True)
    comp_type = models.CharField(max_length=4, blank=True)
    basic_eps = models.FloatField(null=True)
    diluted_eps = models.FloatField(null=True)
    total_revenue = models.FloatField(null=True)
    revenue = models.FloatField(null=True)
    total_cogs = models.FloatField(null=True)
    operate_profit = models.FloatField(null=True)
    total_profit = models.FloatField(null=True)
    income_tax = models.FloatField(null=True)
    n_income = models.FloatField(null=True)
    n_income_attr_p = models.FloatField(null=True)
    minority_gain = models.FloatField(null=True)
    ebit = models.FloatField(null=True)
    ebitda = models.FloatField(null=True)
    rd_exp = models.FloatField(null=True)

    class Meta:
        db_table = "income"
        constraints, indexes = _versions("income")


class BalanceSheet(Report):
    """A balance sheet at the end of the period. Amounts in yuan, shares in shares."""

    f_ann_date = models.DateField(null=True, help_text="When it was really announced.")
    report_type = models.CharField(max_length=4, blank=True)
    comp_type = models.CharField(max_length=4, blank=True)
    total_share = models.FloatField(null=True)
    money_cap = models.FloatField(null=True)
    accounts_receiv = models.FloatField(null=True)
    inventories = models.FloatField(null=True)
    total_cur_assets = models.FloatField(null=True)
    fix_assets = models.FloatField(null=True)
    goodwill = models.FloatField(null=True)
    total_nca = models.FloatField(null=True)
    total_assets = models.FloatField(null=True)
    total_cur_liab = models.FloatField(null=True)
    total_ncl = models.FloatField(null=True)
    total_liab = models.FloatField(null=True)
    total_hldr_eqy_exc_min_int = models.FloatField(null=True)
    total_hldr_eqy_inc_min_int = models.FloatField(null=True)

    class Meta:
        db_table = "balancesheet"
        constraints, indexes = _versions("balancesheet")


class CashFlow(Report):
    """A cash flow statement, from the start of the year to the end of the period. Amounts in yuan."""

    f_ann_date = models.DateField(null=True, help_text="When it was really announced.")
    report_type = models.CharField(max_length=4, blank=True)
    comp_type = models.CharField(max_length=4, blank=True)
    net_profit = models.FloatField(null=True)
    n_cashflow_act = models.FloatField(null=True)
    c_pay_acq_const_fiolta = models.FloatField(null=True)
    n_cashflow_inv_act = models.FloatField(null=True)
    n_cash_flows_fnc_act = models.FloatField(null=True)
    free_cashflow = models.FloatField(null=True)
    n_incr_cash_cash_equ = models.FloatField(null=True)
    c_cash_equ_beg_period = models.FloatField(null=True)
    c_cash_equ_end_period = models.FloatField(null=True)

    class Meta:
        db_table = "cashflow"
        constraints, indexes = _versions("cashflow")


class Disclosure(models.Model):
    """When a company means to announce its report on a period, and when it did."""

    pk = models.CompositePrimaryKey("symbol", "end_date")
    symbol = models.CharField(max_length=16)
    end_date = models.DateField()
    ann_date = models.DateField(null=True, help_text="When the dates were last announced.")
    pre_date = models.DateField(null=True, help_text="The day it is planned for.")
    actual_date = models.DateField(null=True, db_index=True, help_text="The day it was announced on.")
    modify_date = models.CharField(max_length=255, blank=True, help_text="The days it was put off to.")

    class Meta:
        db_table = "disclosure_date"

    def __str__(self) -> str:
        return f"{self.symbol} {self.end_date}"
