"""Files as a broker: whole messages, each taken once, in folders that may vanish."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from celery import Celery

from netflixlite.jobs import broker, hints


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Celery]:
    made = broker.make_app("", tmp_path / "broker")
    yield made
    made.close()


@pytest.fixture
def channel(app: Celery) -> Iterator[Any]:
    with app.connection_for_read() as connection:
        yield connection.default_channel


def wake(app: Celery, times: int = 1) -> None:
    for _time in range(times):
        app.send_task(hints.TASK, queue=hints.QUEUE, retry=False, ignore_result=True)


def test_a_message_is_taken_once(app: Celery, channel: Any, tmp_path: Path) -> None:
    wake(app, 2)
    assert channel._size(hints.QUEUE) == 2
    assert channel._get(hints.QUEUE)["headers"]["task"] == hints.TASK
    channel._get(hints.QUEUE)
    with pytest.raises(Empty):
        channel._get(hints.QUEUE)
    assert list((tmp_path / "broker" / "messages").iterdir()) == [], "nothing is left behind"


def test_half_written_and_broken_messages_hurt_nobody(app: Celery, channel: Any, tmp_path: Path) -> None:
    with pytest.raises(Empty):
        channel._get(hints.QUEUE)
    folder = tmp_path / "broker" / "messages"
    (folder / "1_a.part").write_text('{"half')
    (folder / f"1_b.{hints.QUEUE}.msg").write_text("")
    wake(app)
    assert channel._get(hints.QUEUE)["headers"]["task"] == hints.TASK


def test_unread_messages_do_not_pile_up(app: Celery, channel: Any) -> None:
    wake(app, 100)
    assert channel._size(hints.QUEUE) == 64
    assert channel._purge(hints.QUEUE) == 64
    assert channel._size(hints.QUEUE) == 0


def test_a_vanished_folder_comes_back(app: Celery, channel: Any, tmp_path: Path) -> None:
    wake(app)
    shutil.rmtree(tmp_path / "broker")
    with pytest.raises(Empty):
        channel._get(hints.QUEUE)
    wake(app)
    assert channel._get(hints.QUEUE)


def test_two_readers_and_a_writer_lose_and_repeat_nothing(app: Celery, tmp_path: Path) -> None:
    number, taken, lock, over = 300, [], threading.Lock(), threading.Event()

    def read() -> None:
        with app.connection_for_read() as connection:
            while True:
                finish = over.is_set()
                try:
                    message = connection.default_channel._get(hints.QUEUE)
                except Empty:
                    if finish:
                        return
                    continue
                with lock:
                    taken.append(message["headers"]["id"])

    readers = [threading.Thread(target=read) for _reader in range(2)]
    for reader in readers:
        reader.start()
    sent = []
    with app.connection_for_write() as connection:
        for index in range(number):
            message = {"headers": {"id": index}}
            before = len(list((tmp_path / "broker" / "messages").glob("*.msg"))) if index else 0
            if before < 60:  # the limit of unread messages is another test's
                connection.default_channel._put(hints.QUEUE, message)
                sent.append(index)
    over.set()
    for reader in readers:
        reader.join(30)
    assert len(sent) > 60
    assert sorted(taken) == sent


def test_an_amqp_broker_gets_a_quorum_queue(tmp_path: Path) -> None:
    app = broker.make_app("amqp://guest@localhost//", tmp_path)
    (queue,) = app.conf.task_queues
    assert queue.queue_arguments == {"x-queue-type": "quorum"}
    assert app.conf.task_acks_late is False
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.result_backend is None
