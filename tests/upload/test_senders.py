"""Two tabs, dead connections, a full disk, a quota: one sender at a time, and clear words for the other."""

import asyncio
import errno
import os
import shutil
from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest

from accounts.tests.factories import client_of
from catalog import intake, models, services
from catalog.tests.factories import make_title
from catalog.tus import parts, senders
from tests.upload.data import HEAD
from tests.upload.site import PREFIX, Site
from tests.upload.wire import Wire, piece

pytestmark = pytest.mark.django_db(transaction=True)

FILM = HEAD + bytes(range(256)) * 40


@pytest.fixture
def wire(olu) -> Wire:
    """Olu's browser."""
    return Wire(client_of(olu))


class Slow:
    """A body whose sender falls silent after its first part."""

    def __init__(self, first: bytes) -> None:
        self.first, self.under_way, self.more = first, asyncio.Event(), asyncio.Event()

    async def body(self) -> AsyncIterator[bytes]:
        yield self.first
        self.under_way.set()
        await self.more.wait()


def while_sending(wire: Wire, path: str, then) -> tuple:
    """Have tab one send and fall silent; do `then(slow)` meanwhile; returns (first's answer, what `then` returned)."""

    async def both() -> tuple:
        slow = Slow(FILM[:5000])
        first = asyncio.create_task(wire.send("PATCH", path, slow.body(), **piece(0)))
        await slow.under_way.wait()
        got = await then(slow)
        return await first, got

    return asyncio.run(both())


def test_a_second_tab_is_told_and_the_first_goes_on(wire, olu) -> None:
    path, second = wire.create(len(FILM)), Wire(client_of(olu), tab="two")

    async def other(slow: Slow):
        answer = await second.send("PATCH", path, [FILM], **piece(0))
        slow.more.set()
        return answer

    first, answer = while_sending(wire, path, other)
    assert (answer.status, answer.error["code"]) == (423, "elsewhere")
    assert "another tab" in answer.error["message"]
    assert (first.status, first.offset) == (204, 5000)


@pytest.mark.parametrize("how", ["same tab", "asked", "silent"])
def test_who_may_take_over_does_and_no_byte_is_lost(wire, olu, monkeypatch, how: str) -> None:
    path = wire.create(len(FILM))
    second = Wire(client_of(olu), tab="one" if how == "same tab" else "two")
    more = {"X_Upload_Take_Over": "1"} if how == "asked" else {}
    if how == "silent":
        monkeypatch.setattr(senders, "SILENT", -1.0)

    async def other(slow: Slow):
        stale = await second.send("PATCH", path, [FILM], **piece(0), **more)
        assert (stale.status, stale.error["code"]) == (409, "offset")  # what the first had sent counts
        return await second.send("PATCH", path, [FILM[5000:]], **piece(5000))

    first, answer = while_sending(wire, path, other)
    assert (answer.status, answer.offset) == (204, len(FILM))
    assert (first.status, first.error["code"]) == (423, "taken_over")
    assert parts.path(models.Upload.objects.get().id).read_bytes() == FILM


def test_the_page_hears_who_is_sending_and_how_far(wire, olu) -> None:
    path = wire.create(len(FILM))

    async def look(slow: Slow):
        one = models.Upload.objects.values_list("id", flat=True)
        upload_id = await one.aget()
        tab = senders.current(upload_id)
        slow.more.set()
        return tab

    _first, told = while_sending(wire, path, look)
    assert told is not None
    assert told[0] == "one"
    assert senders.current(models.Upload.objects.get().id) is None


def test_a_stopping_server_keeps_what_had_come(wire) -> None:
    path = wire.create(len(FILM))

    async def stopped() -> None:
        slow = Slow(FILM[:5000])
        first = asyncio.create_task(wire.send("PATCH", path, slow.body(), **piece(0)))
        await slow.under_way.wait()
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first

    asyncio.run(stopped())
    assert wire.ask("HEAD", path).offset == 5000


# Room -------------------------------------------------------------------------------------------------------


def disk(monkeypatch, free: int) -> None:
    """As if the disk had so much room. The real thing is in test_disk.py."""
    real = shutil.disk_usage
    monkeypatch.setattr(intake.shutil, "disk_usage", lambda path: real(path)._replace(free=free))


def test_room_is_asked_for_before_the_first_byte_and_open_uploads_count(
    wire, media_folder, monkeypatch
) -> None:
    monkeypatch.setattr(
        parts, "_allocate", lambda fd, length: None
    )  # a file system that cannot set room aside
    disk(monkeypatch, intake.RESERVE + 50_000_000)
    first = wire.create(20_000_000)
    answer = wire.ask("POST", **Site.announce(20_000_000))
    assert (answer.status, answer.error["code"]) == (507, "no_room")
    assert "There is not enough room: about" in answer.error["message"]
    assert models.Upload.objects.count() == 1
    assert len(list(parts.folder().iterdir())) == 1
    with pytest.raises(intake.CannotTake):
        intake.check_room(20_000_000)  # the plain form and the command ask the same
    wire.ask("DELETE", first)
    assert wire.ask("POST", **Site.announce(20_000_000)).status == 201


def test_room_that_was_set_aside_is_not_counted_twice(wire, media_folder) -> None:
    wire.create(20_000_000)
    upload = models.Upload.objects.get()
    if parts.allocated(upload.id) < 20_000_000:
        pytest.skip("THIS FILE SYSTEM CANNOT SET ROOM ASIDE (fallocate)")
    assert parts.path(upload.id).stat().st_size == 0
    assert intake._promised() == intake._made_of(20_000_000)


def test_a_quota_is_said_in_words(wire, settings) -> None:
    make_title()  # its package takes some, too
    settings.MEDIA_QUOTA_GB = 0.03
    wire.create(20_000_000)
    answer = wire.ask("POST", **Site.announce(20_000_000))
    assert answer.status == 507
    assert "may take 30.0 MB" in answer.error["message"]
    assert "NETFLIXLITE_MEDIA_QUOTA_GB" in answer.error["message"]


def test_a_disk_that_fills_in_the_middle_keeps_what_was_written(wire, monkeypatch) -> None:
    path = wire.create(len(FILM))
    wire.piece(path, 0, FILM[:5000])

    def full(*_args: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(parts, "os", SimpleNamespace(**{**vars(os), "pwrite": full}))
        answer = wire.piece(path, 5000, FILM[5000:])
    assert (answer.status, answer.error["code"]) == (507, "disk_full")
    assert "What was received is kept" in answer.error["message"]
    assert wire.ask("HEAD", path).offset == 5000
    assert wire.piece(path, 5000, FILM[5000:]).offset == len(FILM)


def test_no_title_is_made_for_what_never_arrives(wire) -> None:
    wire.create(len(FILM))
    assert services.count(maturity=99) == 0
    assert PREFIX.startswith("/api/")
