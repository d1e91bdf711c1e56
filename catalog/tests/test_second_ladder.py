"""A second ladder is of the same film as the first, and comes behind every film that nobody can watch yet."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from catalog import models, services, types
from catalog.media import av1, chunks
from catalog.services import operating
from catalog.tests.factories import make_package
from netflixlite.jobs import models as jobs_of
from netflixlite.jobs import services as jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def ready(tmp_path: Path, settings: Any) -> types.IngestTicket:
    settings.MEDIA_ROOT, settings.AV1 = tmp_path / "media", "idle"
    film = tmp_path / "Night Mail.mkv"
    film.write_bytes(b"film" * 100)
    ticket = services.ingest(path=str(film))
    jobs_of.Job.objects.update(state="done")
    make_package(ticket.video_id)
    return ticket


def test_films_for_later_come_before_it(ready: types.IngestTicket, tmp_path: Path) -> None:
    """A library's films come in as "later": they must not wait for the AV1 of those before them."""
    other = tmp_path / "Listen to Britain.mkv"
    other.write_bytes(b"film" * 100)
    later = services.ingest(path=str(other))
    operating.set_urgency(later.video_id, -1)
    job = jobs.job(later.job_id)
    assert job is not None
    lowest = job.priority - 60 + chunks.LADDER
    assert lowest > av1.PRIORITY + 100, "it waits while such a part waits"
    assert av1.PRIORITY + max(more for _, more in chunks._SHORT) < lowest


def test_pictures_of_an_older_file_never_join_a_newer_package(ready: types.IngestTicket) -> None:
    package = models.Package.objects.get(video_id=ready.video_id)
    assert not av1._is_of_another(package, ready.source_id)
    source = models.Source.objects.get(id=ready.source_id)
    source.created_at = timezone.now() - timedelta(hours=2)
    source.save()
    newer = models.Source.objects.create(video_id=ready.video_id, name="fixed.mkv", bytes=1)
    assert not av1._is_of_another(package, ready.source_id), "the newer one is not encoded yet"
    models.Source.objects.filter(id=newer.id).update(created_at=package.published_at - timedelta(minutes=5))
    assert av1._is_of_another(package, ready.source_id)
    source.delete()
    assert av1._is_of_another(package, ready.source_id)


def test_it_has_the_subtitles_in_the_picture_that_the_first_one_has(ready: types.IngestTicket) -> None:
    assert av1._burn(ready.source_id) is None
    source = models.Source.objects.get(id=ready.source_id)
    models.Source.objects.update(options=source.options | {"burn": 3})
    assert av1._burn(ready.source_id) == 3


def test_a_film_is_as_ready_as_it_was_when_encoding_it_again_is_stopped(ready: types.IngestTicket) -> None:
    operating.encode_again(ready.video_id, preset="superfast")
    assert services.ingest_status(ready.video_id).state is types.IngestState.QUEUED
    assert operating.stop(ready.video_id)
    assert services.ingest_status(ready.video_id).state is types.IngestState.READY
    assert not operating.stop(ready.video_id), "nothing is being done any more"


def test_a_film_whose_first_ladder_is_stopped_is_not_ready(ready: types.IngestTicket) -> None:
    operating.encode_again(ready.video_id)
    models.Package.objects.update(stage="early")
    assert operating.stop(ready.video_id)
    assert services.ingest_status(ready.video_id).state is types.IngestState.FAILED
