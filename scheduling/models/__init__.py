"""Every table of scheduling."""

from scheduling.models.coordination import Lease, Pool
from scheduling.models.execution import Execution, ExecutionLine
from scheduling.models.job_config import JobConfig

__all__ = ["Execution", "ExecutionLine", "JobConfig", "Lease", "Pool"]
