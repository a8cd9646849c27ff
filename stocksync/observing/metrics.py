"""Every figure that is told, by name; computed from the database when it is asked for, so any process may answer."""

from collections.abc import Iterator

from market_data.queries import measuring as of_data
from scheduling import clock, heartbeats, incidents
from scheduling import measuring as of_jobs
from stocksync.observing.exposition import Metric, Sample

THIS_PROCESS = "web"


def _heartbeats() -> Iterator[Sample]:
    yield from (((heart.process,), heart.age_seconds) for heart in of_jobs.heartbeats())
    yield from (((heart["process"],), heart["heartbeat_age_seconds"]) for heart in heartbeats.processes())


def _clocks() -> Iterator[Sample]:
    yield from (((heart["process"],), heart["clock_offset_seconds"]) for heart in heartbeats.processes())
    yield (THIS_PROCESS,), clock.distance()


METRICS = (
    Metric(
        "stocksync_dataset_behind_sessions",
        "gauge",
        "Days that are due and later than the newest settled one; quarters for reports.",
        ("dataset",),
        of_data.sessions_behind,
    ),
    Metric(
        "stocksync_coverage_partitions",
        "gauge",
        "Days, quarters or lists in the ledger, by state.",
        ("dataset", "state"),
        of_data.partitions_by_state,
    ),
    Metric(
        "stocksync_provider_calls_total",
        "counter",
        "Calls that sync tasks made, by how they ended: done, split, failed.",
        ("provider", "interface", "outcome"),
        of_data.calls_by_outcome,
    ),
    Metric(
        "stocksync_budget_used_ratio",
        "gauge",
        "Share of the account's tightest limit that is used in its present window.",
        ("account",),
        of_data.budget_used,
    ),
    Metric(
        "stocksync_rows_total",
        "counter",
        "Rows that sync tasks stored: inserted, updated, unchanged.",
        ("dataset", "change"),
        of_data.rows_by_change,
    ),
    Metric(
        "stocksync_open_failures",
        "gauge",
        "Requests and rows that were given up and are not resolved.",
        ("dataset",),
        of_data.open_failures,
    ),
    Metric(
        "stocksync_executions_total",
        "counter",
        "Runs of jobs, by how they ended.",
        ("job", "status"),
        of_jobs.executions_by_status,
    ),
    Metric(
        "stocksync_execution_seconds", "gauge", "How long the job's latest run took.", ("job",), of_jobs.latest_seconds
    ),
    Metric("stocksync_queue_length", "gauge", "Runs that wait for a worker.", ("queue",), of_jobs.queue_lengths),
    Metric(
        "stocksync_clock_offset_seconds",
        "gauge",
        "How far a process's clock is ahead of the database's.",
        ("process",),
        _clocks,
    ),
    Metric(
        "stocksync_heartbeat_age_seconds", "gauge", "How long ago a process was heard of.", ("process",), _heartbeats
    ),
    Metric("stocksync_open_incidents", "gauge", "Faults that go on, by kind.", ("kind",), incidents.open_by_kind),
)
