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
