"""Acts become a taste and a trend in one transaction, and telling them twice changes nothing."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from catalog.tests.factories import make_title
from recommend import services
from recommend.signals import models, reading, reconciling, writing
from recommend.signals.shapes import Act, Did, Kind, Switches
from recommend.types import Thumb

pytestmark = pytest.mark.django_db


def watch(profile, title, *, share=0.95, ago=timedelta(hours=1), ref=None, **more):
    """A viewing of a film of 100 minutes."""
    act = Act(
        profile_id=profile.id,
        title_id=title.id,
        did=Did.WATCHED,
        at=timezone.now() - ago,
        ref=ref or uuid4(),
        value=share,
        video_id=title.video_id,
        watched=timedelta(minutes=100 * share),
        length=timedelta(minutes=100),
        **more,
    )
    return writing.record(act)


def test_what_was_just_watched_is_in_the_next_page_s_taste(ada):
    film = make_title()
    assert reading.taste(ada.id).entries == ()
    version = watch(ada, film)
    taste = reading.taste(ada.id)
    assert taste.version == version == reading.version(ada.id)
    assert [(each.title_id, each.kind, each.weight) for each in taste.entries] == [
        (film.id, Kind.FINISHED, 1.0)
    ]
    assert taste.seen == {film.id}
    assert reading.trend(18, kids=False) == {film.id: pytest.approx(1.0, abs=0.05)}


def test_the_same_viewing_told_again_changes_nothing_and_more_of_it_does(ada):
    film, ref = make_title(), uuid4()
    first = watch(ada, film, share=0.3, ref=ref)
    assert watch(ada, film, share=0.3, ref=ref, ago=timedelta(hours=2)) == first
    assert watch(ada, film, share=0.95, ref=ref) > first
    assert models.Signal.objects.count() == 1
    assert reading.taste(ada.id).entries[0].kind is Kind.FINISHED
    assert list(reading.trend(18, kids=False).values()) == [pytest.approx(1.0, abs=0.05)]


def test_switches_hold(ada):
    film, other = make_title(name="One"), make_title(name="Two")
    writing.set_switches(ada.id, Switches(learn=False, shared=False))
    assert reading.switches(ada.id) == Switches(learn=False, shared=False)
    watch(ada, film)
    assert reading.taste(ada.id).entries == ()
    writing.set_switches(ada.id, Switches(shared=False))
    watch(ada, film)  # it was an hour ago: while nothing was to be learnt
    assert reading.taste(ada.id).entries == ()
    watch(ada, other, ago=timedelta(seconds=-1))
    assert [each.title_id for each in reading.taste(ada.id).entries] == [other.id]
    assert reading.trend(18, kids=False) == {}
    assert list(reading.events_for_training()) == []


def test_taking_back_what_is_not_there_keeps_no_row(ada):
    writing.forget_title_of(ada.id, uuid4())
    assert not models.Signal.objects.exists()


def test_what_is_forgotten_stays_hidden_where_that_was_wished(ada):
    down, hidden, seen = (make_title(name=name) for name in ("Down", "Hidden", "Seen"))
    services.rate(profile_id=ada.id, title_id=down.id, thumb=Thumb.DOWN)
    writing.hide(ada.id, hidden.id)
    watch(ada, seen)
    for film in (down, hidden, seen, down):
        writing.forget_title_of(ada.id, film.id)
    taste = reading.taste(ada.id)
    assert (taste.entries, taste.hidden, taste.seen) == ((), {down.id, hidden.id}, frozenset())
    assert list(reading.events_for_training()) == []
    services.rate(profile_id=ada.id, title_id=down.id, thumb=Thumb.DOWN)  # said again: it counts again
    assert [each.kind for each in reading.taste(ada.id).entries] == [Kind.DOWN]
    services.rate(profile_id=ada.id, title_id=down.id, thumb=None)
    writing.unhide(ada.id, hidden.id)
    assert reading.taste(ada.id).hidden == frozenset()


def test_withdrawals_are_noted_apart_and_the_latest_counts(ada):
    films = [make_title(name=f"Film {n}") for n in range(3)]
    for film in films:
        watch(ada, film)
        writing.forget_title_of(ada.id, film.id)
    last = reading.withdrawn_at()
    assert models.Mark.objects.filter(name__startswith="withdrawn").count() == 3
    reconciling.prune()
    assert models.Mark.objects.filter(name__startswith="withdrawn").count() == 1
    assert reading.withdrawn_at() == last
