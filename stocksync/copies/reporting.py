"""What the commands that copy databases share."""

from typing import Any

from scheduling.management.reporting import INCOMPLETE, REFUSED, ReportingCommand
from stocksync.copies.exceptions import CopyError, InUse


class CopyingCommand(ReportingCommand):
    def _report(self, options: dict[str, Any]) -> tuple[dict[str, Any] | None, int]:
        try:
            return super()._report(options)
        except InUse as error:
            return self._fail(error, REFUSED)
        except (CopyError, OSError) as error:
            return self._fail(error, INCOMPLETE)
