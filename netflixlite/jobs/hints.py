"""Wake-ups. A hint says "look at the queue", carries nothing, and may be lost: workers look by themselves too."""

import atexit
import logging
import threading
import time

log = logging.getLogger("netflixlite.jobs")

#: Name of the Celery task and of its queue.
TASK = "netflixlite.wake"
QUEUE = "wake"
#: One hint wakes one worker; more of them at once than there are workers would wake nobody else.
_AT_ONCE = 32


class _Sender:
    """Publishes in a thread of its own, so that a slow or dead broker never holds up who enqueues."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._pending = 0
        self._busy = False
        self._thread: threading.Thread | None = None
        self._complained = 0.0

    def wake(self) -> None:
        with self._condition:
            self._pending += 1
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="job-hints", daemon=True)
                self._thread.start()
            self._condition.notify_all()

    def flush(self, seconds: float) -> None:
        """Wait until what is pending has been sent: a command that enqueues and exits would lose it."""
        with self._condition:
            self._condition.wait_for(lambda: not (self._pending or self._busy), timeout=seconds)

    def _run(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._pending > 0)
                number, self._pending, self._busy = min(self._pending, _AT_ONCE), 0, True
            try:
                self._publish(number)
            except Exception as error:  # whatever a broker's client raises: work goes on without hints
                if time.monotonic() - self._complained > 60 or not self._complained:
                    self._complained = time.monotonic()
                    log.warning("The job broker cannot be reached, jobs start up to 2 s later: %s", error)
            finally:
                with self._condition:
                    self._busy = False
                    self._condition.notify_all()

    @staticmethod
    def _publish(number: int) -> None:
        from netflixlite.jobs.broker import app  # Celery takes half a second to import

        with (
            app.connection_for_write(connect_timeout=2) as connection,
            app.amqp.Producer(connection) as producer,
        ):
            for _hint in range(number):
                app.send_task(TASK, queue=QUEUE, producer=producer, retry=False, ignore_result=True)


_sender = _Sender()


def wake() -> None:
    """Wake a worker, soon; returns at once and never raises."""
    _sender.wake()


@atexit.register
def flush() -> None:
    """Give pending hints two seconds to go out."""
    _sender.flush(2.0)
