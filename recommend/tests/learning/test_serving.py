"""Which model answers: the pointer's, the one before it when files are damaged, none at last. Never an error."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError

from catalog.tests.factories import make_title
from recommend.learning import publishing, serving, shelf, tending, watching
from recommend.learning.models import ModelVersion, Serving
from recommend.signals import models as signals
from recommend.tests.learning.conftest import made
from tests.conftest import wait_for

pytestmark = pytest.mark.django_db


@pytest.fixture
def commit(django_capture_on_commit_callbacks):
    return django_capture_on_commit_callbacks


def damage(one: ModelVersion) -> None:
    file = next(shelf.folder(one.folder).glob("taste.weights*"))
    content = bytearray(file.read_bytes())
    content[-1] ^= 0xFF
    file.write_bytes(content)


def test_nothing_answers_at_first():
    assert serving.current() is None
    assert serving.state() == serving.ModelState()


def test_the_pointer_is_followed(serve):
    first = serve()
    assert serving.state().version == first.name
    second = serve()
    model, state = serving.current_state()
    assert (state.version, state.source, state.fallback_reason) == (second.name, "live", "")
    assert len(model) == 6


def test_damaged_files_are_passed_over_and_then_left(serve, commit):
    first, second = serve(), serve()
    damage(second)
    serving.forget()
    assert serving.current() is not None
    assert serving.state().source == "earlier"
    assert second.name in serving.state().fallback_reason
    assert shelf.suspects() == {second.folder}

    with commit(execute=True):
        assert watching.heal()
    assert publishing.pointer().version == first
    assert serving.state() == serving.ModelState(first.name, first.made_at, "live", "", 0)
    second.refresh_from_db()
    assert (second.state, second.folder) == ("torn", "")
    assert shelf.suspects() == set()


def test_with_both_damaged_nothing_answers_and_nothing_breaks(serve, commit):
    first, second = serve(), serve()
    damage(first)
    shelf.remove(second.folder)
    serving.forget()
    assert serving.current() is None
    assert serving.state().fallback_reason
    with commit(execute=True):
        watching.heal()
    with commit(execute=True):
        watching.heal()
    assert publishing.pointer().version is None


def test_a_note_about_files_that_are_whole_again_is_forgotten(serve):
    first = serve()
    shelf.suspect(first.folder)
    assert not watching.heal()
    assert shelf.suspects() == set()
    assert publishing.pointer().version == first


def test_a_database_that_does_not_answer_changes_nothing(serve, monkeypatch):
    first = serve()

    def broken(*_: object, **__: object) -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr("recommend.learning.models.Serving.objects.filter", broken)
    assert serving.current() is not None
    assert serving.state().version == first.name


def test_two_are_kept_and_files_of_others_go(serve):
    versions = [serve() for _ in range(4)]
    there = {each.name for each in shelf.root().iterdir() if each.is_dir()}
    assert there == {versions[2].folder, versions[3].folder}
    assert list(ModelVersion.objects.exclude(folder="")) == [versions[3], versions[2]]


def test_going_back_and_what_is_pinned(serve, commit):
    first, _second = serve(), serve()
    with commit(execute=True):
        assert publishing.go_back("worse") == first
    assert serving.state().version == first.name
    with pytest.raises(publishing.CannotMove):
        publishing.go_back("again")
    publishing.pin(pinned=True)
    serve()
    assert serving.state().version == first.name


def test_what_somebody_withdrew_does_not_come_back(serve):
    old = serve(read_at=datetime.now(UTC) - timedelta(hours=2))
    publishing.pin(pinned=True)
    signals.Mark.objects.create(name="withdrawn", at=datetime.now(UTC) - timedelta(hours=1))
    fresh = serve(read_at=datetime.now(UTC))
    pointer = publishing.pointer()
    assert (pointer.version, pointer.previous, pointer.pinned) == (fresh, None, False)
    assert not shelf.folder(old.folder).exists()
    old.refresh_from_db()
    assert old.folder == ""


def test_titles_that_came_later_are_in_it(serve):
    first = serve(made(described=datetime.now(UTC) - timedelta(hours=1)))
    assert serving.state().extended == 0
    new = make_title(name="Brand new", packaged=False, genres=["war"])
    model, state = serving.current_state()
    assert new.id in model.index
    assert (state.version, state.extended) == (first.name, 1)
    assert len(serving.current()) == 7
    serve()
    assert serving.state().extended == 0


def test_names_of_folders_cannot_lead_elsewhere():
    for name in ("", "..", "../up", "a/b", "/etc"):
        with pytest.raises(ValueError, match="name of a model"):
            shelf.folder(name)


@pytest.mark.django_db(transaction=True)
def test_pages_go_on_while_a_newer_one_is_mapped(serve, settings, monkeypatch):
    first, second = serve(), serve()
    Serving.objects.update(version=first, revision=10)
    assert serving.refresh().version == first.name
    settings.TESTING = False
    monkeypatch.setattr(serving, "LOOK_EVERY", 0.0)
    Serving.objects.update(version=second, revision=11)
    assert serving.current() is not None
    wait_for(lambda: serving.state().version == second.name, what="the newer version")
    new = make_title(name="Brand new", packaged=False, genres=["war"])
    wait_for(lambda: new.id in serving.current().index, what="the new title")


def test_who_withdraws_more_does_not_put_off_what_was_withdrawn_first(serve, settings):
    settings.LEARNING = False
    begun = datetime.now(UTC)
    serve(read_at=begun - timedelta(hours=1))
    signals.Mark.objects.create(name="withdrawn", at=begun)
    tending.tend(begun + timedelta(minutes=1))
    signals.Mark.objects.update(at=begun + timedelta(hours=20))
    assert publishing.pointer().version is not None
    tending.tend(begun + timedelta(hours=25))
    assert publishing.pointer().version is None
