"""Wake-up messages. The work itself is in the database, so a lost or a doubled message does no harm.

A message is a hint, so nobody waits for one: a thread sends it, over connections that give up early, and whoever asked
goes on after LONGEST_WAIT_SECONDS at most. While the broker is silent, nobody waits at all.
"""

import logging
import os
import threading
from typing import Any

from celery import current_app
from kombu import Connection

log = logging.getLogger(__name__)

RUN_QUEUED = "scheduling.run_queued"
LONGEST_WAIT_SECONDS = 1.0
ANSWER_SECONDS = 0.5
# Redis takes the first two, AMQP the others; neither minds those of the other.
QUICK = {
    **dict.fromkeys(("socket_connect_timeout", "socket_timeout"), ANSWER_SECONDS),
    **dict.fromkeys(("read_timeout", "write_timeout"), ANSWER_SECONDS),
}
Message = tuple[str, str, tuple[str, ...]]


def wake(queue: str) -> None:
    """Have a worker of this queue look into the database."""
    publish_once(RUN_QUEUED, queue, queue)


def publish_once(task: str, queue: str, *args: str) -> None:
    """Send a message unless one is waiting in the queue already. The sweep makes up for what cannot be sent."""
    sent = _sender.send((task, queue, args))
    if not sent.wait(0 if _sender.is_silent else LONGEST_WAIT_SECONDS):
        _sender.tell_silence("it does not answer")


def quick_connection() -> Connection:
    """A connection to the broker that waits ANSWER_SECONDS for an answer, and not for ever."""
    return current_app.connection_for_write(connect_timeout=ANSWER_SECONDS, transport_options=QUICK)


class _Sender:
    """Sends what is wanted, one message after the other, in a thread that ends when nothing is left."""

    def __init__(self) -> None:
        self.is_silent = False
        self._lock = threading.Lock()
        self._wanted: dict[Message, threading.Event] = {}
        self._thread: threading.Thread | None = None

    def send(self, message: Message) -> threading.Event:
        """Is set once there has been an attempt. A message that waits for its turn is not wanted twice."""
        with self._lock:
            attempted = self._wanted.setdefault(message, threading.Event())
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="wake-ups", daemon=True)
                self._thread.start()
        return attempted

    def tell_silence(self, reason: object) -> None:
        """Once, until a message gets through again."""
        if not self.is_silent:
            self.is_silent = True
            log.warning("The broker takes no message; the next sweep tries again, this is told once: %s", reason)

    def _work(self) -> None:
        while True:
            with self._lock:
                message = next(iter(self._wanted), None)
                if message is None:
                    self._thread = None
                    return
                attempted = self._wanted.pop(message)
            try:
                self._send(*message)
            finally:
                attempted.set()

    def _send(self, task: str, queue: str, args: tuple[str, ...]) -> None:
        try:
            with quick_connection() as connection:
                # The connections that kombu makes by itself it tries twice, with a pause of two seconds.
                connection.ensure_connection(max_retries=1, interval_start=0)
                if not _has_message(connection, queue):
                    current_app.send_task(task, args=args, queue=queue, connection=connection, retry=False)
        except Exception as error:
            # Whatever a transport raises, nobody is there to act on it.
            self.tell_silence(f"{type(error).__name__}: {error}")
            return
        if self.is_silent:
            self.is_silent = False
            log.info("The broker takes messages again")


def _has_message(connection: Any, queue: str) -> bool:
    with connection.channel() as channel:
        try:
            return bool(channel.queue_declare(queue, passive=True).message_count)
        except connection.channel_errors:
            return False


_sender = _Sender()


def begin_anew() -> None:
    """Forget what is on its way, and that the broker was silent."""
    global _sender
    _sender = _Sender()


# A child has none of its parent's threads, and its locks as they were at that moment.
os.register_at_fork(after_in_child=begin_anew)
