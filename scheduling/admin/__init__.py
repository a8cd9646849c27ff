"""The admin pages, by subject. Importing a module registers its models."""

from scheduling.admin import beat_pages, executions, incidents, jobs, pools, result_pages

__all__ = ["beat_pages", "executions", "incidents", "jobs", "pools", "result_pages"]
