"""A second ladder, in AV1, joins a film that can be watched already, and takes nothing from anybody."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from catalog import manifests, services, types
from catalog.media import av1
from catalog.models import Package, Source, Video
from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import JobState
from tests.media import clips

pytestmark = pytest.mark.slow


@pytest.fixture
def idle(settings: Any) -> None:
    """Films get AV1 when the machine is idle."""
    settings.AV1 = "idle"


def renditions(video_id: object) -> list[types.Rendition]:
    """The pictures of a video's current package."""
    row = Package.objects.get(id=Video.objects.get(id=video_id).current_package_id)
    return [
        one
        for one in manifests.parse(row.manifest.encode()).renditions
        if one.kind == types.RenditionKind.VIDEO
    ]


def test_av1_joins_a_film_on_the_same_grid(ingest: Callable, clip, idle):
    ticket, job = ingest(clip, av1="idle")
    assert job.state is JobState.DONE
    before = renditions(ticket.video_id)
    (added,) = jobs.find(kind=av1.KIND)
    assert added.state is JobState.QUEUED
    assert added.priority == av1.PRIORITY
    assert jobs.run_here(added.id).state is JobState.DONE
    after = renditions(ticket.video_id)
    assert [one.name for one in after[: len(before)]] == [one.name for one in before]
    assert [one.sha256 for one in after[: len(before)]] == [one.sha256 for one in before]
    fresh = after[len(before) :]
    assert len(fresh) >= 3
    assert {one.codecs.partition(".")[0] for one in fresh} == {"av01"}
    grid = [segment.duration for segment in before[0].segments]
    assert all([segment.duration for segment in one.segments] == grid for one in fresh)
    assert services.ingest_status(ticket.video_id).state is types.IngestState.READY
    av1.look()
    assert len(jobs.find(kind=av1.KIND, state=JobState.QUEUED)) == 0, "it has all that it can get"


def test_a_film_waits_for_its_av1_while_others_are_encoded(ingest: Callable, clip, home, idle):
    ticket, _job = ingest(clip, av1="idle")
    (added,) = jobs.find(kind=av1.KIND)
    other = services.ingest(path=str(clip), options=types.IngestOptions(ladder="light", av1="never"))
    job = jobs.run_here(added.id)
    assert job.state is JobState.QUEUED
    assert "idle" in job.note
    assert not av1.has_av1(Package.objects.get(video_id=ticket.video_id, replaced_at=None).manifest)
    jobs.cancel(other.job_id)


def test_who_wants_none_gets_none(ingest: Callable, clip, settings, idle):
    ingest(clip, av1="never")
    settings.AV1 = "never"
    ingest(clips.film(clip.with_name("other.mp4"), seconds=2), av1="")
    av1.look()
    assert jobs.find(kind=av1.KIND) == []


def test_films_of_before_are_found_by_looking(ingest: Callable, clip, settings, idle):
    settings.AV1 = "never"
    ticket, _job = ingest(clip, av1="")
    assert jobs.find(kind=av1.KIND) == []
    settings.AV1 = "idle"
    av1.look()
    av1.look()
    (added,) = jobs.find(kind=av1.KIND)
    assert json.loads(json.dumps(added.payload))["video"] == str(ticket.video_id)


def test_a_film_whose_source_is_gone_is_left_as_it_is(ingest: Callable, clip, settings, idle):
    settings.AV1 = "never"
    ticket, _job = ingest(clip, av1="")
    settings.AV1 = "idle"
    source = Source.objects.get(video_id=ticket.video_id)
    av1.store.source_file(source).unlink()
    av1.look()
    assert jobs.find(kind=av1.KIND) == []
