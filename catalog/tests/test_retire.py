"""When sources and replaced packages go, and when they stay."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from catalog import manifests, models, retire, services, store, types
from catalog.tests.factories import make_package
from netflixlite.jobs import models as jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def ready(tmp_path: Path, settings: Any) -> types.IngestTicket:
    """A film whose ladder is there, and whose job is over."""
    settings.MEDIA_ROOT, settings.ARCHIVE_DIR, settings.AV1 = (
        tmp_path / "media",
        tmp_path / "archive",
        "never",
    )
    film = tmp_path / "Night Mail.mkv"
    film.write_bytes(b"film" * 100)
    ticket = services.ingest(path=str(film))
    jobs.Job.objects.update(state="done")
    make_package(ticket.video_id)
    return ticket


def test_a_source_is_kept_unless_its_sender_said_otherwise(ready: types.IngestTicket) -> None:
    assert retire.retire_sources() == 0
    models.Source.objects.update(keep=False)
    assert retire.retire_sources() == 1
    assert not store.source_path(ready.source_id).exists()
    assert retire.retire_sources() == 0


def test_a_source_is_archived_and_still_there_to_encode_again(
    ready: types.IngestTicket, settings: Any
) -> None:
    settings.SOURCES = "archive"
    assert retire.retire_sources() == 1
    source = models.Source.objects.get()
    assert source.archived_at is not None
    kept = store.source_file(source)
    assert kept == settings.ARCHIVE_DIR / str(source.id) / "Night Mail.mkv"
    assert kept.read_bytes() == b"film" * 100
    assert not store.source_path(source.id).exists()
    services.retry_ingest(ready.video_id)
    services.remove_title(ready.title_id)
    assert kept.exists(), "an archive is for keeping"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("..", "source.bin"),
        ("...", "source.bin"),
        ("夜" * 255, "夜" * 66),
        ("夜" * 251 + ".mkv", "夜" * 65 + ".mkv"),
        (f"a.{'b' * 250}", f"a.{'b' * 198}"),
        (".mkv", ".mkv"),
        ("Night Mail.mkv", "Night Mail.mkv"),
    ],
)
def test_whatever_its_sender_called_it_it_can_be_archived(
    ready: types.IngestTicket, settings: Any, sent: str, kept: str
) -> None:
    """Such a source was copied again and again, and never went."""
    settings.SOURCES = "archive"
    models.Source.objects.update(name=sent)
    assert retire.retire_sources() == 1
    assert (
        store.source_file(models.Source.objects.get()) == settings.ARCHIVE_DIR / str(ready.source_id) / kept
    )
    assert not store.source_path(ready.source_id).exists()


def _another_disk(*_: object) -> None:
    raise OSError(18, "another disk")


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("links", [True, False])
def test_archiving_may_be_cut_off_at_any_step(
    ready: types.IngestTicket, settings: Any, monkeypatch: pytest.MonkeyPatch, links: bool, again: bool
) -> None:
    settings.SOURCES = "archive"
    place = store.source_path(ready.source_id)
    place.with_name("source.pt-BR.srt").write_text("words")
    if not links:
        monkeypatch.setattr("os.link", _another_disk)
    asked: list[models.Source] = []

    def is_needed(source: models.Source) -> bool:
        asked.append(source)
        if len(asked) == 2 and not again:
            raise RuntimeError("the plug is pulled")
        return len(asked) == 2  # while it was copied somebody wanted it encoded anew

    with monkeypatch.context() as cut:
        cut.setattr(retire, "_is_needed", is_needed)
        if again:
            assert retire.retire_sources() == 0
        else:
            with pytest.raises(RuntimeError):
                retire.retire_sources()
    assert store.source_file(models.Source.objects.get()).read_bytes() == b"film" * 100
    assert retire.retire_sources() == 1
    kept = store.source_file(models.Source.objects.get())
    assert kept.read_bytes() == b"film" * 100
    assert kept.with_name("Night Mail.pt-BR.srt").read_text() == "words"
    assert sorted(file.name for file in kept.parent.iterdir()) == ["Night Mail.mkv", "Night Mail.pt-BR.srt"]
    assert not place.parent.exists()


def test_an_archive_that_cannot_be_written_costs_nothing(ready: types.IngestTicket, settings: Any) -> None:
    settings.SOURCES = "archive"
    settings.ARCHIVE_DIR.write_text("a file where the folder should be")
    assert retire.retire_sources() == 0
    assert store.source_path(ready.source_id).exists()


def test_a_source_stays_while_something_is_made_of_it(ready: types.IngestTicket, settings: Any) -> None:
    settings.SOURCES = "remove"
    jobs.Job.objects.update(state="queued")
    assert retire.retire_sources() == 0
    jobs.Job.objects.update(state="done")
    settings.AV1 = "idle"
    assert retire.retire_sources() == 0, "a second ladder may be ordered soon"
    models.Package.objects.update(published_at=timezone.now() - timedelta(hours=1))
    assert retire.retire_sources() == 1


def test_replaced_packages_go_when_nobody_watches_them(
    ready: types.IngestTicket, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = services.current_package(ready.video_id).id
    new = make_package(ready.video_id, duration=99)
    watched = [old]
    monkeypatch.setattr(retire, "_holders", [lambda ids: set(ids) & set(watched)])
    assert retire.retire_packages() == 0, "somebody may just be opening it"
    models.Package.objects.filter(id=old).update(replaced_at=timezone.now() - timedelta(hours=2))
    assert retire.retire_packages() == 0, "somebody watches it"
    watched.clear()
    assert retire.retire_packages() == 1
    assert not models.Package.objects.filter(id=old).exists()
    assert not default_storage.exists(manifests.key(old, "manifest.json"))
    assert services.current_package(ready.video_id).id != old
    assert new
