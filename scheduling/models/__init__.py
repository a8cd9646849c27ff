"""Every table of scheduling."""

from scheduling.models.coordination import Heartbeat, Lease, Pool
from scheduling.models.execution import Execution, ExecutionLine
from scheduling.models.incident import Incident
from scheduling.models.job_config import JobConfig
from scheduling.models.tally import ExecutionTally

__all__ = ["Execution", "ExecutionLine", "ExecutionTally", "Heartbeat", "Incident", "JobConfig", "Lease", "Pool"]
