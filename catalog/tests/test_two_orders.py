"""Two orders for one video at a time: the older one, which no longer counts, must not harm the newer one."""

import os
from pathlib import Path

import pytest

from catalog import models, services, store, types
from catalog.services import ingesting
from catalog.tests.factories import make_package
from netflixlite.jobs import models as jobs_of
from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import JobState

pytestmark = pytest.mark.django_db


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "Night Mail.mkv"
    path.write_bytes(os.urandom(3000))
    return path


def _runs(job_id: object) -> None:
    """As if a worker had the job in hand."""
    jobs_of.Job.objects.filter(id=job_id).update(state="running", lease_until="2099-01-01T00:00:00Z")


@pytest.mark.parametrize("how", ["refused", "failed", "quarantined"])
def test_what_is_wrong_with_an_older_file_costs_the_newer_one_nothing(film: Path, how: str) -> None:
    older = services.ingest(path=str(film))
    newer = services.ingest(path=str(film), title_id=older.title_id)
    if how == "refused":
        store.mark_refused(video_id=older.video_id, source_id=older.source_id, reason="It is no film.")
        assert not store.source_path(older.source_id).exists()
    elif how == "failed":
        store.mark_failed(video_id=older.video_id, source_id=older.source_id, reason="It went wrong.")
    else:
        store.quarantine(source_id=older.source_id, reason="It kills.")
    assert store.source_path(newer.source_id).stat().st_size == 3000
    assert services.ingest_status(older.video_id).state is types.IngestState.QUEUED


def test_encoding_anew_while_the_job_runs_is_a_job_of_its_own(film: Path) -> None:
    first = services.ingest(path=str(film))
    _runs(first.job_id)
    again = ingesting.reencode(first.video_id, types.IngestOptions(ladder="light"))
    assert again.job_id != first.job_id, "the first one is being cancelled: nothing would come of it"
    stopped, fresh = jobs.job(first.job_id), jobs.job(again.job_id)
    assert stopped is not None
    assert fresh is not None
    assert jobs_of.Job.objects.get(id=first.job_id).cancel_requested
    assert (fresh.state, fresh.payload["options"]["ladder"]) == (JobState.QUEUED, "light")
    assert services.ingest_status(first.video_id).job_id == again.job_id


def test_an_early_package_never_replaces_a_ladder(film: Path) -> None:
    ticket = services.ingest(path=str(film))
    other = make_package(ticket.video_id)
    whole = make_package(ticket.video_id, duration=99)
    early = models.Package.objects.get(id=other).manifest.encode()
    store.record_package(video_id=ticket.video_id, manifest=early, stage=store.EARLY)
    assert models.Video.objects.get(id=ticket.video_id).current_package_id == whole
    assert services.ingest_status(ticket.video_id).state is types.IngestState.READY


def test_a_package_without_its_key_takes_nobodys_place(film: Path) -> None:
    ticket = services.ingest(path=str(film))
    locked = make_package(ticket.video_id, key=bytes(16))
    open_one = make_package(ticket.video_id, duration=99)
    models.ContentKey.objects.all().delete()
    manifest = models.Package.objects.get(id=locked).manifest.encode()
    with pytest.raises(ValueError, match="key"):
        store.swap_package(video_id=ticket.video_id, base=open_one, manifest=manifest)
    assert models.Video.objects.get(id=ticket.video_id).current_package_id == open_one
