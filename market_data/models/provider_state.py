"""What is known about an account at a provider."""

from django.db import models


class RateLimitState(models.Model):
    """The calls an account made lately, in the form that `market_data.ratelimit` keeps."""

    account = models.CharField(primary_key=True, max_length=64)
    state = models.JSONField(default=dict)

    class Meta:
        db_table = "rate_limit_state"

    def __str__(self) -> str:
        return self.account


class InterfaceDenial(models.Model):
    """An interface that the account may not call, as the provider said."""

    pk = models.CompositePrimaryKey("account", "api_name")
    account = models.CharField(max_length=64)
    api_name = models.CharField(max_length=64)
    message = models.TextField()
    denied_at = models.DateTimeField()

    class Meta:
        db_table = "interface_denials"

    def __str__(self) -> str:
        return f"{self.account} {self.api_name}"


class LearntCap(models.Model):
    """The most rows that an interface gives this account in an answer, where that is fewer than is documented."""

    pk = models.CompositePrimaryKey("account", "interface")
    account = models.CharField(max_length=64)
    interface = models.CharField(max_length=64)
    rows = models.PositiveIntegerField()
    learnt_at = models.DateTimeField()

    class Meta:
        db_table = "learnt_caps"

    def __str__(self) -> str:
        return f"{self.account} {self.interface}: {self.rows}"


class LearntStart(models.Model):
    """The first day of which a source has anything of a dataset, as asking for earlier ones has shown."""

    dataset = models.CharField(primary_key=True, max_length=32)
    first_day = models.DateField()
    learnt_at = models.DateTimeField()

    class Meta:
        db_table = "learnt_starts"

    def __str__(self) -> str:
        return f"{self.dataset} from {self.first_day}"


class CircuitState(models.Model):
    """A host that refused to answer lately. While `open_until` lies ahead, no process asks it."""

    host = models.CharField(primary_key=True, max_length=255)
    refusals = models.PositiveIntegerField(default=0, help_text="In a row; an answer sets it back.")
    last_refusal = models.TextField(blank=True)
    refused_at = models.DateTimeField(null=True)
    open_until = models.DateTimeField(null=True, help_text="No call before; then one tries. Empty: calls go.")

    class Meta:
        db_table = "circuit_states"

    def __str__(self) -> str:
        return self.host
