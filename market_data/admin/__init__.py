"""The admin pages, by subject. Importing a module registers its models."""

from market_data.admin import concepts, coverage, failures, provider_state, reports, securities, sync_tasks

__all__ = ["concepts", "coverage", "failures", "provider_state", "reports", "securities", "sync_tasks"]
