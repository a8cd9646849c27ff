"""Wake-up messages. The work itself is in the database, so a lost or a doubled message does no harm."""

import logging
from typing import Any

from celery import current_app
from kombu.exceptions import OperationalError

log = logging.getLogger(__name__)

RUN_QUEUED = "scheduling.run_queued"


def wake(queue: str) -> None:
    """Have a worker of this queue look into the database."""
    publish_once(RUN_QUEUED, queue, queue)


def publish_once(task: str, queue: str, *args: str) -> None:
    """Send a message unless one is waiting in the queue already. The sweep makes up for what cannot be sent."""
    with current_app.connection_for_write() as connection:
        away: tuple[type[BaseException], ...] = (OperationalError, OSError, *connection.connection_errors)
        try:
            if not _has_message(connection, queue):
                current_app.send_task(task, args=args, queue=queue, connection=connection, retry=False)
        except away as error:
            log.warning("The broker took no message for %s; the next sweep tries again: %s", queue, error)


def _has_message(connection: Any, queue: str) -> bool:
    with connection.channel() as channel:
        try:
            return bool(channel.queue_declare(queue, passive=True).message_count)
        except connection.channel_errors:
            return False
