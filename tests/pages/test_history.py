"""History: what was watched, by day, and taking it back."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.tests.factories import make_profile
from catalog import services as catalog
from playback import services as playback
from playback.tests.factories import make_bookmark, make_viewing
from tests.pages.conftest import House

pytestmark = pytest.mark.django_db(databases=["default", "telemetry"])


def test_history_stands_by_day_and_names_episodes(house: House) -> None:
    now = timezone.now()
    part = catalog.seasons(house.series.id)[0].episodes[1]
    make_viewing(profile_id=house.ada.id, video_id=part.video_id, ended_at=now, fraction=0.4)
    for _again in range(2):
        make_viewing(
            profile_id=house.ada.id, video_id=house.films[2].video_id, ended_at=now - timedelta(days=3)
        )
    page = house.client(house.ada).get("/history/")
    first, second = page.context["days"]
    assert (first.near, second.near) == ("Today", "")
    [entry] = first.entries
    assert (entry.title.id, entry.part, entry.is_series) == (house.series.id, "S1 E2 · Part 2", True)
    assert [each.title.id for each in second.entries] == [house.films[2].id], "once a day"
    assert "S1 E2 · Part 2" in page.content.decode()


def test_one_is_removed_with_its_effect_on_rows(house: House) -> None:
    film, other = house.films[0], house.films[2]
    for each in (film, other):
        make_viewing(profile_id=house.ada.id, video_id=each.video_id)
    client = house.client(house.ada)
    assert "row-continue" in client.get("/").content.decode()
    answer = client.post("/history/", {"video": film.video_id}, follow=True)
    assert "Removed from the history." in answer.content.decode()
    assert [entry.title.id for entry in answer.context["days"][0].entries] == [other.id]
    assert "row-continue" not in client.get("/").content.decode(), "its bookmark went, too"


def test_a_series_and_everything_are_removed_at_once(house: House) -> None:
    for season in catalog.seasons(house.series.id):
        for part in season.episodes:
            make_viewing(profile_id=house.ada.id, video_id=part.video_id)
    make_viewing(profile_id=house.ada.id, video_id=house.films[0].video_id)
    client = house.client(house.ada)
    answer = client.post("/history/", {"title": house.series.id}, follow=True)
    assert "4 entries were removed." in answer.content.decode()
    client.post("/history/", {"all": "1"})
    assert playback.watched(house.ada.id) == []
    assert "Nothing watched yet" in client.get("/history/").content.decode()


def test_earlier_sheets_go_on_where_the_last_one_ended(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("netflixlite.pages.history.SHEET", 3)
    now = timezone.now()
    for number, film in enumerate(house.films[:5]):
        make_viewing(profile_id=house.ada.id, video_id=film.video_id, ended_at=now - timedelta(days=number))
    client, address, seen = house.client(house.ada), "/history/", []
    while address:
        page = client.get(address)
        seen += [entry.title.id for day in page.context["days"] for entry in day.entries]
        address = page.context["on_url"] and f"/history/{page.context['on_url']}"
    assert seen == [film.id for film in house.films[:5]]
    assert client.get("/history/?before=rubbish").status_code == 200
    assert client.get("/history/?before=2026-13-45").status_code == 200


def test_a_child_sees_its_history_and_leaves_it(house: House) -> None:
    make_viewing(profile_id=house.ben.id, video_id=house.films[0].video_id)
    kid = house.client(house.ben)
    page = kid.get("/history/").content.decode()
    assert house.films[0].name in page
    assert 'name="video"' not in page
    assert kid.post("/history/", {"all": "1"}).status_code == 403
    assert len(playback.watched(house.ben.id)) == 1
    assert kid.get(f"/profiles/{house.ben.id}/history/").status_code == 302


def test_grown_ups_look_after_their_childrens_history_and_nobody_elses(house: House) -> None:
    make_viewing(profile_id=house.ben.id, video_id=house.films[0].video_id)
    make_bookmark(profile_id=house.ben.id, video_id=house.films[0].video_id)
    client = house.client(house.ada)
    address = f"/profiles/{house.ben.id}/history/"
    assert "What Ben watched" in client.get(address).content.decode()
    client.post(address, {"video": house.films[0].video_id})
    assert playback.watched(house.ben.id) == []
    assert client.get(f"/profiles/{make_profile().id}/history/").status_code == 404


def test_what_may_not_be_seen_any_more_is_not_named(house: House) -> None:
    make_viewing(profile_id=house.ben.id, video_id=house.grown_up.video_id)
    assert house.grown_up.name not in house.client(house.ben).get("/history/").content.decode()
