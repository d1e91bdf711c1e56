"""Titles for cards are what titles are, less their people."""

from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from catalog import models, services
from catalog.finding.rows import SearchChange
from catalog.services.reading import title_value, with_cards
from catalog.tests.factories import make_series, make_title

pytestmark = pytest.mark.django_db


def _made():
    titles = [
        make_title(name="Night mail", genres=["Drama", "Mystery"], year=1936, maturity=12),
        make_title(name="Draft", published=False, packaged=False),
        make_series(name="The lamplighters", seasons=(2, 1)),
    ]
    row = models.Title.objects.get(id=titles[0].id)
    for kind, widths in (("poster", [240, 480]), ("backdrop", [480, 960, 1440])):
        models.Artwork.objects.create(
            title=row, kind=kind, widths=widths, width=widths[-1], height=800, accent="#123456"
        )
    models.TitleText.objects.create(title=row, language="de", name="Nachtpost", synopsis="Ein Zug.")
    models.GenreText.objects.create(
        genre=models.Genre.objects.get(slug="drama"), language="de", name="Schauspiel"
    )
    return titles


@pytest.mark.parametrize("language", ["en", "de", "de-at", "fr"])
def test_a_card_says_of_a_title_what_its_page_says(language):
    made = _made()
    with translation.override(language):
        whole = {row.id: title_value(row) for row in with_cards(models.Title.objects.all())}
        found = services.titles([each.id for each in made], people=False)
    assert len(found) == 3
    assert found == {each: replace(title, people=()) for each, title in whole.items()}
    if language == "de":
        assert found[made[0].id].name == "Nachtpost"
        assert "Schauspiel" in [genre.name for genre in found[made[0].id].genres]


def test_cards_are_asked_for_in_three_queries_however_many():
    made = _made()
    with CaptureQueriesContext(connection) as queries:
        services.titles([each.id for each in made], people=False, maturity=18)
    assert len(queries) == 3
    assert services.titles([], people=False) == {}


def test_a_glance_knows_what_may_be_seen_and_played():
    drama, draft, series = _made()
    seen = {each.id: each for each in services.overview()}
    assert seen[drama.id].maturity == 12
    assert seen[drama.id].year == 1936
    assert set(seen[drama.id].genres) == {"drama", "mystery"}
    assert (seen[drama.id].playable, seen[draft.id].playable, seen[series.id].playable) == (True, False, True)
    assert (seen[drama.id].published > 0, seen[draft.id].published) == (True, 0)
    assert seen[series.id].series
    assert [each.id for each in services.overview([drama.id])] == [drama.id]


def test_what_changed_since_is_told_while_it_can_be_told():
    drama, _draft, series = _made()
    before = services.version()
    assert services.changed_since(before) == set()
    services.unpublish(series.id)
    services.remove_title(drama.id)
    assert services.changed_since(before) == {series.id, drama.id}
    assert services.changed_since((before[0], before[1] + 1)) is None, "another row under the same number"
    assert services.changed_since(None) is None


def _noted(number, title):
    SearchChange.objects.create(id=number, kind="title", subject=title.id, mark=number, at=timezone.now())


def test_a_change_that_comes_to_light_after_later_ones_is_told():
    drama, draft, series = _made()
    newest = services.version()[0]
    _noted(newest + 3, draft)
    before = (newest + 3, newest + 3, newest, newest + 3)  # as PostgreSQL tells it
    assert services.changed_since(before) == set()
    _noted(newest + 2, drama)
    assert services.changed_since(before) == {drama.id}
    _noted(newest + 4, series)
    assert services.changed_since(before) == {drama.id, series.id}


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_the_version_tells_of_a_change_that_comes_to_light_after_later_ones():
    drama, draft, series = _made()
    newest = services.version()[0]
    _noted(newest + 3, draft)
    before = services.version()
    assert services.version() == before
    _noted(newest + 2, drama)
    between = services.version()
    assert between != before
    assert (services.changed_since(before), services.changed_since(between)) == ({drama.id}, set())
    _noted(newest + 1, series)
    assert services.version() not in (before, between)
    assert services.changed_since(between) == {series.id}
    SearchChange.objects.all().delete()
    assert services.version() is None
    _noted(newest + 5000, draft)
    before = services.version()
    _noted(newest + 4999, drama)
    assert services.changed_since(before) == {drama.id}
