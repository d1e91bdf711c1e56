"""Many at once: tastes and sums stay what signals and votes say. On SQLite writers come one after the other anyway."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, connections
from django.utils import timezone

from accounts.tests.factories import make_profile
from catalog.tests.factories import make_title
from recommend.signals import models, reading, trends, writing
from recommend.signals.shapes import Act, Did

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(databases="__all__", transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
]


def test_devices_erasures_and_summing_at_the_same_moment():
    profiles = [make_profile(f"Profile {n}") for n in range(6)]
    films = [make_title(name=f"Film {n}") for n in range(4)]
    wrong: list[str] = []

    def live(profile, step):
        try:
            for number in range(20):
                watch(profile, films[number * step % 4])
                if number % 7 == 0:
                    trends.rebuild()
                if number % 5 == 0:
                    writing.forget_title_of(profile.id, films[number % 4].id)
                if number % 9 == 0 and step == 2:
                    writing.erase(profile.id)
        except Exception as error:  # any, of a thread: it is told below
            wrong.append(repr(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=live, args=(profiles[n // 2], n % 3 + 1)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    before = reading.trend(18, kids=False, days=30)
    trends.rebuild()
    assert before == pytest.approx(reading.trend(18, kids=False, days=30), abs=0.01)
    for profile in profiles:
        kept = reading.taste(profile.id)
        writing.rebuild(profile.id)
        made = reading.taste(profile.id)
        assert [(one.title_id, one.weight) for one in kept.entries] == [
            (one.title_id, one.weight) for one in made.entries
        ]
        assert models.Vote.objects.filter(profile_id=profile.id).count() <= len(films)


def watch(profile, film):
    hour = timedelta(hours=1)
    writing.record(
        Act(
            profile.id,
            film.id,
            Did.WATCHED,
            timezone.now(),
            ref=uuid4(),
            value=0.95,
            watched=hour,
            length=hour,
        )
    )
