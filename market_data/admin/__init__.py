"""The admin pages, by subject. Importing a module registers its models."""

from market_data.admin import coverage, failures, provider_state, reports, securities, sync_tasks

__all__ = ["coverage", "failures", "provider_state", "reports", "securities", "sync_tasks"]
