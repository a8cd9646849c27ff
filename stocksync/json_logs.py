"""The log as one JSON object a line, for programs that collect logs."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from market_data.scrubbing import without
from stocksync.secrets import known_secrets


class JsonFormatter(logging.Formatter):
    """time, level, logger, message, process; while a job runs its execution and Celery task; a trace where one is."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
            **_running(),
        }
        if record.exc_info:
            entry["trace"] = self.formatException(record.exc_info)
        return without(json.dumps(entry, ensure_ascii=False), known_secrets())


def _running() -> dict[str, str]:
    """The execution that this process works on. The keeper of each is a handler of the root logger while it runs."""
    found = [handler.execution for handler in logging.getLogger().handlers if hasattr(handler, "execution")]
    if len(found) != 1:
        return {}
    ids = {"job_id": found[0].job_id, "execution_id": str(found[0].id), "celery_task_id": found[0].celery_task_id}
    return {name: value for name, value in ids.items() if value}
