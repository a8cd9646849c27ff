"""The admin pages, by subject. Importing a module registers its models."""

from scheduling.admin import beat_pages, executions, jobs, pools

__all__ = ["beat_pages", "executions", "jobs", "pools"]
