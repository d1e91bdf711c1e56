"""The tus protocol, word by word, and what becomes of what arrives."""

import base64
import hashlib
import os
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest
from django.utils import timezone

from accounts.tests.factories import client_of, make_operator, make_profile
from catalog import models, services, store, types
from catalog.tests.factories import make_series
from catalog.tus import finishing, ledger, parts
from netflixlite.jobs import services as jobs
from netflixlite.jobs.errors import JobFailed
from netflixlite.jobs.types import JobState
from tests.upload.data import HEAD
from tests.upload.site import PREFIX, Site
from tests.upload.wire import GONE, Wire, piece

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "telemetry"])

FILM = HEAD + bytes(range(256)) * 40


@pytest.fixture
def wire(olu) -> Wire:
    """Olu's browser."""
    return Wire(client_of(olu))


def row() -> models.Upload:
    return models.Upload.objects.get()


def finish() -> None:
    """Do the finishing jobs, as a worker would."""
    for job in jobs.find(kind=ledger.FINISH_KIND, state=JobState.QUEUED):
        jobs.run_here(job.id)


def checksum(data: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"


# From the first byte to a film -------------------------------------------------------------------------


def test_a_film_in_pieces_becomes_a_source_and_nothing_else_is_left(wire, media_folder) -> None:
    title = services.create_title(name="Night Mail")
    path = wire.create(len(FILM), "../../Night\tMail.mp4", title=str(title.id))
    assert wire.ask("HEAD", path).offset == 0
    first = wire.piece(path, 0, FILM[:5000], FILM[5000:6000])
    assert (first.status, first.offset) == (204, 6000)
    assert first.headers["tus-resumable"] == "1.0.0"
    assert parsedate_to_datetime(first.headers["upload-expires"]) > timezone.now() + timedelta(days=6)
    assert wire.piece(path, 6000, FILM[6000:]).offset == len(FILM)
    assert row().state == "finishing"
    finish()
    source = models.Source.objects.get()
    assert str(source.id) == path.rsplit("/", 1)[1]
    assert (source.name, source.sha256) == ("NightMail.mp4", hashlib.sha256(FILM).hexdigest())
    assert store.source_path(source.id).read_bytes() == FILM
    assert source.video.title_id == title.id
    assert row().state == "done"
    files = [file.name for file in media_folder.rglob("*") if file.is_file()]
    assert files == ["source.bin"]
    assert jobs.find(kind=store.INGEST_KIND)[0].payload["source"] == str(source.id)
    assert wire.ask("HEAD", path).offset == len(FILM)


def test_without_a_title_a_hidden_film_is_made_of_the_files_name(wire) -> None:
    answer = wire.ask(
        "POST",
        PREFIX,
        [FILM],
        Content_Type="application/offset+octet-stream",
        **Site.announce(len(FILM), "Nanook.of.the.North.(1922).mkv"),
    )
    assert (answer.status, answer.offset) == (201, len(FILM))
    finish()
    title = services.title(models.Title.objects.get().id)
    assert (title.name, title.year, title.published_at) == ("Nanook of the North", 1922, None)


def test_an_episode_finds_its_place_by_its_name_and_is_made_when_it_has_arrived(wire) -> None:
    series = make_series(seasons=(1,), packaged=False, published=False)
    path = wire.create(len(FILM), "The Lamplighters S02E03 The Storm.mkv", title=str(series.id))
    assert [season.number for season in services.seasons(series.id)] == [1]
    wire.piece(path, 0, FILM)
    finish()
    made = services.seasons(series.id)[1].episodes[0]
    assert (made.number, made.video_id) == (3, models.Video.objects.get().id)
    path = wire.create(len(FILM), "lamplighters 1x01.mkv", title=str(series.id))
    wire.piece(path, 0, FILM)
    finish()
    assert models.Video.objects.filter(episode=services.seasons(series.id)[0].episodes[0].id).exists()
    refused = wire.ask("POST", **Site.announce(9, "Lamplighters.mkv", title=str(series.id)))
    assert (refused.status, refused.error["code"]) == (422, "episode")
    assert "S01E02" in refused.error["message"]


def test_what_came_before_a_cut_counts_and_the_rest_follows(wire) -> None:
    path = wire.create(len(FILM))
    assert wire.piece(path, 0, FILM[:4500], GONE).status == 0
    assert wire.ask("HEAD", path).offset == 4500
    assert wire.piece(path, 4500, FILM[4500:]).offset == len(FILM)


# What is refused, and how ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status", "words"),
    [
        ({"Upload_Offset": "7"}, 409, "stands at 0 bytes"),
        ({"Upload_Offset": "-1"}, 400, "Upload-Offset"),
        ({"Upload_Offset": "٣"}, 400, "Upload-Offset"),
        ({"Content_Type": "video/mp4"}, 415, "offset+octet-stream"),
        ({"Tus_Resumable": "0.2.2"}, 412, "1.0.0"),
        ({"Tus_Resumable": ""}, 412, "1.0.0"),
        ({"Upload_Checksum": "crc32 AAAA"}, 400, "sha256"),
        ({"Upload_Checksum": "sha256 ***"}, 400, "base64"),
        ({"Upload_Checksum": "sha256 AAAA"}, 400, "length"),
    ],
)
def test_a_piece_that_does_not_fit_is_refused_in_words(wire, headers, status: int, words: str) -> None:
    path = wire.create(len(FILM))
    headers = {name: value.encode().decode("latin-1") for name, value in headers.items()}
    answer = wire.ask("PATCH", path, [FILM], **{**piece(0), **headers})
    assert answer.status == status
    assert words in answer.error["message"]
    assert answer.headers["tus-resumable"] == "1.0.0"
    assert wire.ask("HEAD", path).offset == 0


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"Upload_Length": ""}, "Upload-Length"),
        ({"Upload_Length": "1e9"}, "Upload-Length"),
        ({"Upload_Length": "9" * 30}, "Upload-Length"),
        ({"Upload_Length": "0"}, "empty"),
        ({"Upload_Length": "", "Upload_Defer_Length": "1"}, "not supported"),
        ({"Upload_Metadata": "filename ***"}, "filename"),
        ({"Upload_Metadata": "a YQ==,a YQ=="}, "twice"),
        ({"Upload_Metadata": f"sha256 {base64.b64encode(b'abc').decode()}"}, "64"),
        ({"Upload_Metadata": f"title {base64.b64encode(b'abc').decode()}"}, "title"),
        ({"Upload_Metadata": f"title {base64.b64encode(b'0' * 32).decode()}"}, "no such title"),
    ],
)
def test_an_announcement_that_makes_no_sense_is_refused(wire, headers, words: str) -> None:
    answer = wire.ask("POST", **{**Site.announce(100), **headers})
    assert answer.status in (400, 422)
    assert words in answer.error["message"]
    assert models.Upload.objects.count() == 0


def test_more_than_was_announced_is_refused(wire) -> None:
    path = wire.create(5000)
    assert wire.piece(path, 0, FILM[:5001]).status == 413
    assert wire.ask("HEAD", path).offset == 0
    assert wire.piece(path, 0, FILM[:5000]).status == 204
    assert wire.piece(path, 5000, b"x").error["code"] == "complete"


def test_a_damaged_piece_is_thrown_away_and_a_cut_one_too(wire) -> None:
    path = wire.create(len(FILM))
    for algorithm in ("sha1", "sha256", "md5"):
        answer = wire.piece(path, 0, FILM[:4999] + b"?", Upload_Checksum=checksum(FILM[:5000], algorithm))
        assert (answer.status, answer.error["code"]) == (460, "checksum_mismatch")
    wire.piece(path, 0, FILM[:4000], GONE, Upload_Checksum=checksum(FILM[:5000]))
    assert wire.ask("HEAD", path).offset == 0
    assert wire.piece(path, 0, FILM[:5000], Upload_Checksum=checksum(FILM[:5000])).offset == 5000


def test_what_can_be_no_film_is_refused_at_its_first_bytes(wire, media_folder) -> None:
    zipped = b"PK\x03\x04" + bytes(9000)
    path = wire.create(len(zipped), "film.mkv")
    answer = wire.piece(path, 0, zipped[:6000])
    assert (answer.status, answer.error["code"]) == (422, "not_a_film")
    assert "Unpack it" in answer.error["message"]
    assert row().state == "refused"
    assert not [file for file in media_folder.rglob("*") if file.is_file()]
    assert "Unpack it" in wire.piece(path, 6000, zipped[6000:]).error["message"]


def test_a_file_that_arrived_changed_is_refused_and_dropped(wire, media_folder) -> None:
    path = wire.create(len(FILM), sha256="0" * 64)
    wire.piece(path, 0, FILM)
    finish()
    assert row().state == "refused"
    assert "arrived changed" in row().reason
    assert models.Source.objects.count() == 0
    assert not [file for file in media_folder.rglob("*") if file.is_file()]


def test_a_title_that_went_meanwhile_takes_its_upload_along(wire, media_folder) -> None:
    title = services.create_title(name="Gone")
    path = wire.create(len(FILM), title=str(title.id))
    wire.piece(path, 0, FILM[:5000])
    services.remove_title(title.id)
    assert wire.piece(path, 5000, FILM[5000:]).error["code"] == "gone"


def test_what_this_server_can_do(wire) -> None:
    answer = wire.ask("OPTIONS", Tus_Resumable="")
    assert answer.status == 204
    assert answer.headers["tus-version"] == "1.0.0"
    assert {"creation", "checksum", "termination", "expiration"} <= set(
        answer.headers["tus-extension"].split(",")
    )
    assert "sha1" in answer.headers["tus-checksum-algorithm"].split(",")


def test_senders_that_cannot_patch_post(wire) -> None:
    path = wire.create(len(FILM))
    answer = wire.ask("POST", path, [FILM], X_HTTP_Method_Override="PATCH", **piece(0))
    assert (answer.status, answer.offset) == (204, len(FILM))


def test_a_sender_can_tell_whether_a_file_continues_this_one(wire) -> None:
    path = wire.create(len(FILM))
    wire.piece(path, 0, FILM[:5000])
    told = wire.client.get(path).json()
    assert told["tail"] == {"from": 0, "to": 5000, "sha256": hashlib.sha256(FILM[:5000]).hexdigest()}


# Who may ----------------------------------------------------------------------------------------------------


def test_only_operators_upload_and_only_their_own(wire, ada, media_folder) -> None:
    path = wire.create(len(FILM))
    kid = make_profile("Kim", user=make_operator("kims"), is_kid=True)
    from django.test import Client

    for client, status in ((Client(), 401), (client_of(ada), 403), (client_of(kid), 403)):
        other = Wire(client)
        assert other.ask("POST", **Site.announce(100)).status == status
        assert other.ask("HEAD", path).status == status
        assert other.piece(path, 0, FILM).status == status
        assert other.ask("DELETE", path).status == status
    second = Wire(client_of(make_operator("second")))
    assert second.ask("HEAD", path).status == 404
    assert second.piece(path, 0, FILM).status == 404
    forged = Wire(wire.client)
    answer = forged.ask("PATCH", path, [FILM], **{**piece(0), "X_CSRFToken": ""})
    assert answer.status == 403
    assert "CSRF" in answer.error["message"]
    assert wire.ask("HEAD", path).offset == 0


def test_a_session_that_ended_keeps_what_had_come(wire, olu) -> None:
    path = wire.create(len(FILM))
    wire.piece(path, 0, FILM[:5000])
    wire.client.logout()
    answer = wire.piece(path, 5000, FILM[5000:])
    assert answer.status == 401
    again = Wire(client_of(olu))
    assert again.ask("HEAD", path).offset == 5000
    assert again.piece(path, 5000, FILM[5000:]).offset == len(FILM)


# What is tended ---------------------------------------------------------------------------------------------


def test_giving_up_leaves_nothing(wire, media_folder) -> None:
    path = wire.create(len(FILM))
    wire.piece(path, 0, FILM[:5000])
    assert wire.ask("DELETE", path).status == 204
    assert wire.ask("HEAD", path).status == 404
    assert wire.ask("DELETE", path).status == 404
    assert not [file for file in media_folder.rglob("*") if file.is_file()]


def test_uploads_that_nobody_continues_expire_and_lost_work_is_found(wire, media_folder) -> None:
    old, new = wire.create(len(FILM)), wire.create(len(FILM))
    models.Upload.objects.filter(id=old.rsplit("/", 1)[1]).update(
        expires_at=timezone.now() - timedelta(seconds=1)
    )
    finishing.tend()
    assert wire.ask("HEAD", old).status == 404
    wire.piece(new, 0, FILM)
    for job in jobs.find(kind=ledger.FINISH_KIND):
        jobs.cancel(job.id)
    finishing.tend()
    finishing.tend()
    assert len(jobs.find(kind=ledger.FINISH_KIND, state=JobState.QUEUED)) == 1
    finish()
    assert row().state == "done"


def test_a_second_run_of_the_finishing_does_no_harm(wire) -> None:
    """As after a kill between the end of the transaction and the last tidying, or by a worker that had frozen."""
    path = wire.create(len(FILM))
    wire.piece(path, 0, FILM)
    upload = row()
    parts.stand_as(upload.id, store.source_path(upload.id))
    finish()
    models.Upload.objects.update(state="finishing")
    ledger.enqueue(upload.id, upload.name)
    finish()
    assert store.source_path(upload.id).read_bytes() == FILM
    assert models.Source.objects.count() == 1
    assert models.Video.objects.get().state == types.IngestState.QUEUED


def test_a_disk_that_lost_some_of_it_is_believed_not_the_row(wire) -> None:
    path = wire.create(len(FILM))
    wire.piece(path, 0, FILM[:6000])
    os.truncate(parts.path(row().id), 5000)
    assert wire.piece(path, 6000, FILM[6000:]).error["code"] == "offset"
    assert wire.ask("HEAD", path).offset == 5000
    assert wire.piece(path, 5000, FILM[5000:]).offset == len(FILM)
    finish()
    assert models.Source.objects.get().sha256 == hashlib.sha256(FILM).hexdigest()


def test_a_finishing_that_fails_says_why_and_is_tried_again(wire, monkeypatch) -> None:
    path = wire.create(len(FILM))
    wire.piece(path, 0, FILM)

    def unreadable(*_args: object, **_more: object) -> str:
        raise JobFailed("The disk could not be read.")

    with monkeypatch.context() as patch:
        patch.setattr(parts, "sha256", unreadable)
        finish()
    finishing.tend()
    assert (row().state, row().reason) == ("finishing", "The disk could not be read.")
    assert not jobs.find(kind=ledger.FINISH_KIND, state=JobState.QUEUED)
    monkeypatch.setattr(finishing, "AGAIN", timedelta(0))
    finishing.tend()
    finish()
    assert (row().state, row().reason) == ("done", "")
