"""What the player shows beside the film: names, episodes with progress, the episode before, the thumb."""

from typing import Any
from uuid import uuid4

import pytest

from accounts.types import Profile
from catalog import services as catalog
from playback.tests.factories import make_bookmark
from recommend import services as recommend
from recommend.types import Thumb
from tests.pages.conftest import House


def beside(house: House, who: Profile, video: Any) -> Any:
    return house.client(who).get(f"/api/v1/videos/{video}/beside")


def parts(house: House) -> list[Any]:
    return [part for season in catalog.seasons(house.series.id) for part in season.episodes]


def test_an_episode_comes_with_its_season_and_how_far_each_part_is(house: House) -> None:
    first, second = parts(house)[:2]
    make_bookmark(profile_id=house.ada.id, video_id=first.video_id, finished=True)
    answer = beside(house, house.ada, second.video_id).json()
    assert answer["title"] == house.series.name
    assert answer["title_url"] == f"/title/{house.series.slug}/"
    assert answer["subtitle"] == f"S1 E2 · {second.name}"
    assert answer["previous"]["video"] == str(first.video_id)
    episodes = answer["seasons"][0]["episodes"]
    assert [(one["number"], one["finished"]) for one in episodes][:2] == [(1, True), (2, False)]
    assert episodes[0]["progress"] == 1
    assert beside(house, house.ada, first.video_id).json()["previous"] is None


def test_a_film_has_no_episodes_but_a_thumb(house: House) -> None:
    film = house.films[0]
    recommend.rate(profile_id=house.ada.id, title_id=film.id, thumb=Thumb.UP)
    answer = beside(house, house.ada, film.video_id).json()
    assert (answer["seasons"], answer["previous"], answer["subtitle"]) == ([], None, "")
    assert (answer["thumb"], answer["thumb_url"]) == ("up", f"/api/v1/thumbs/{film.id}")
    assert answer["synopsis"] == film.synopsis


def test_nothing_is_said_of_what_a_profile_may_not_see(house: House) -> None:
    assert beside(house, house.ben, house.grown_up.video_id).status_code == 404
    assert beside(house, house.ada, house.hidden.video_id or uuid4()).status_code == 404
    assert beside(house, house.ada, uuid4()).status_code == 404


def test_the_number_of_questions_does_not_grow_with_the_series(
    house: House, django_assert_max_num_queries: Any
) -> None:
    make_bookmark(profile_id=house.ada.id, video_id=parts(house)[0].video_id)
    client = house.client(house.ada)
    address = f"/api/v1/videos/{parts(house)[0].video_id}/beside"
    client.get(address)
    with django_assert_max_num_queries(24):
        assert client.get(address).status_code == 200


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_it_can_only_be_read(house: House, method: str) -> None:
    assert getattr(house.client(house.ada), method)(f"/api/v1/videos/{uuid4()}/beside").status_code == 405
