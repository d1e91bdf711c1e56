"""Celery as a doorbell: one task that wakes this process's slots.

Acknowledged when fetched, never retried, no results, no ETA, no remote control: nothing that a lost message or a dead
broker could take away (docs/decisions/0003).
"""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from celery import Celery
from celery.utils import nodenames
from celery.worker import WorkController
from django.conf import settings
from kombu import Queue
from kombu.transport import TRANSPORT_ALIASES

from netflixlite.jobs import hints

log = logging.getLogger("netflixlite.jobs")

#: Seconds until a consumer that failed is started again.
_AGAIN_AFTER = 5.0
#: URL scheme of the transport in `netflixlite.jobs.transport`.
_FILES = "wakefiles"
TRANSPORT_ALIASES[_FILES] = "netflixlite.jobs.transport:Transport"

_on_wake: Callable[[], None] | None = None


def make_app(url: str, folder: Path) -> Celery:
    """A Celery app on the broker at `url`, or on files in `folder` when that is ''."""
    # RabbitMQ 4 wants quorum queues; the other brokers know no kinds of queue.
    arguments = {"x-queue-type": "quorum"} if url.startswith("amqp") else None
    made = Celery("netflixlite", set_as_current=False)
    options: dict[str, Any] = {"socket_connect_timeout": 2}
    if not url:
        options = {
            "data_folder_in": str(folder / "messages"),
            "data_folder_out": str(folder / "messages"),
            "control_folder": str(folder / "control"),
            # Half of this is the usual time from commit to claim; each look costs one listing of an empty folder.
            "polling_interval": 0.05,
        }
    made.conf.update(
        broker_url=url or f"{_FILES}://localhost",
        broker_transport_options=options,
        broker_connection_timeout=2,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        task_default_queue=hints.QUEUE,
        task_queues=[Queue(hints.QUEUE, queue_arguments=arguments)],
        worker_detect_quorum_queues=True,
        task_ignore_result=True,
        task_acks_late=False,
        task_publish_retry=False,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        task_serializer="json",
        accept_content=["json"],
        result_backend=None,
        timezone="UTC",
    )
    made.task(name=hints.TASK)(wake)
    return made


def wake() -> None:
    """The task: tell the slots of this process to look at the queue."""
    if _on_wake is not None:
        _on_wake()


def listen(on_wake: Callable[[], None]) -> None:
    """Consume wake-ups in this thread for as long as the process lives, broker or no broker. Never returns.

    Runs beside the work, never around it: the process's signals are not Celery's, and a broker that fails, in
    whatever way its client may fail, costs nothing but the latency of the workers' own looking.
    """
    global _on_wake
    _on_wake = on_wake
    for noisy in ("celery", "kombu"):  # a line for each wake-up, else
        logging.getLogger(noisy).setLevel(logging.WARNING)
    while True:
        try:
            WorkController(
                app=app,
                hostname=nodenames.default_nodename("worker"),
                pool="solo",
                concurrency=1,
                queues=[hints.QUEUE],
                without_gossip=True,
                without_mingle=True,
                without_heartbeat=True,
            ).start()
        except (Exception, SystemExit) as error:
            log.warning("The job broker cannot be used, jobs start up to 2 s later: %s", error)
        time.sleep(_AGAIN_AFTER)


app = make_app(settings.BROKER_URL, Path(settings.BROKER_DIR))
