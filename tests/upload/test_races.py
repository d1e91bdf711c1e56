"""Things that happen to an upload between two steps of somebody else: none may cost bytes or make a film."""

import asyncio
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.tests.factories import client_of
from catalog import models, services
from catalog.media import sniff
from catalog.tus import finishing, ledger, parts, receiver
from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import JobState
from tests.upload.data import HEAD
from tests.upload.wire import Wire, piece

pytestmark = pytest.mark.django_db(transaction=True)

FILM = HEAD + bytes(range(256)) * 40


@pytest.fixture
def wire(olu) -> Wire:
    """Olu's browser."""
    return Wire(client_of(olu))


def test_an_upload_that_is_given_up_under_its_first_piece_is_answered_in_words(wire, media_folder) -> None:
    path = wire.create(sniff.HEAD * 4)

    async def body():
        yield HEAD + bytes(sniff.HEAD)
        answer = await wire.send("DELETE", path)
        assert answer.status == 204

    answer = asyncio.run(wire.send("PATCH", path, body(), **piece(0)))
    assert (answer.status, answer.error["code"]) == (404, "gone")
    assert not [file for file in media_folder.rglob("*") if file.is_file()]


def test_another_process_that_wrote_meanwhile_is_not_written_over(wire, monkeypatch) -> None:
    """The list of senders is each process's own: between the question and the lock on the file another may write."""
    path = wire.create(len(FILM))

    class Later(receiver.Part):
        """Gets its lock when another process has written the beginning and let go."""

        def __init__(self, upload_id, **more) -> None:
            other = parts.Part(upload_id, offset=0, limit=len(FILM), checksum=None)
            other.write(FILM[:5000])
            other.close()
            ledger.advance(upload_id, at=0, to=5000)
            super().__init__(upload_id, **more)

    with monkeypatch.context() as patch:
        patch.setattr(receiver, "Part", Later)
        answer = wire.piece(path, 0, bytes(3000))
    assert (answer.status, answer.error["code"]) == (409, "offset")
    assert parts.path(models.Upload.objects.get().id).read_bytes() == FILM[:5000]
    assert wire.piece(path, 5000, FILM[5000:]).offset == len(FILM)


def test_an_upload_that_goes_on_while_old_ones_are_looked_for_is_kept(wire, monkeypatch) -> None:
    paths = [wire.create(len(FILM)) for _each in range(3)]
    models.Upload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    real, left = ledger.remove, iter(["continued", "given up", "nobody's"])

    def meanwhile(upload_id, **more) -> None:
        what = next(left)
        if what == "continued":
            models.Upload.objects.filter(id=upload_id).update(expires_at=timezone.now() + timedelta(days=1))
        elif what == "given up":
            real(upload_id)
        real(upload_id, **more)

    monkeypatch.setattr(ledger, "remove", meanwhile)
    finishing.tend()
    assert models.Upload.objects.count() == 1
    assert sum(wire.ask("HEAD", path).status == 200 for path in paths) == 1


def test_nothing_is_made_of_an_upload_that_was_given_up_at_its_last_moment(
    wire, media_folder, monkeypatch
) -> None:
    path = wire.create(len(FILM))
    wire.piece(path, 0, FILM)
    real = finishing._hand_over

    def too_late(*args) -> str:
        models.Upload.objects.all().delete()  # as `ledger.remove` does first; the job is cancelled after that
        return real(*args)

    monkeypatch.setattr(finishing, "_hand_over", too_late)
    [job] = jobs.find(kind=ledger.FINISH_KIND, state=JobState.QUEUED)
    jobs.run_here(job.id)
    assert not models.Source.objects.exists()
    assert services.count(maturity=99) == 0
    assert not list(media_folder.rglob("source.bin"))
