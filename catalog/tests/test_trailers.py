"""Trailers: a title's own, handed in, told and removed as any video, and never taken for the film."""

from typing import Any

import pytest

from accounts.tests.factories import client_of, make_operator
from catalog import keyring, models, services, store
from catalog.services.ingesting import check_place, register
from catalog.tests.factories import make_package, make_series, make_title
from catalog.tus import places
from catalog.tus.protocol import Wanted
from catalog.types import Title

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _files_of_its_own(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def film() -> Title:
    return make_title(name="Night Mail", maturity=7)


def trailer_of(title: Title) -> models.Video:
    return models.Video.objects.create(trailer_of_id=title.id)


def test_a_trailer_is_its_title_s_and_not_the_film(film: Title) -> None:
    video = trailer_of(film)
    assert services.trailer(film.id) is None, "it cannot be played yet"
    assert services.trailer_video(film.id) == video.id
    make_package(video.id)
    assert services.trailer(film.id) == video.id
    found, again = services.video(video.id), services.title(film.id)
    assert found is not None
    assert again is not None
    assert (found.trailer, found.title_id, found.episode_id) == (True, film.id, None)
    assert (found.name, found.maturity, found.available) == ("Night Mail: trailer", 7, True)
    assert again.video_id == film.video_id
    assert services.next_episode(video.id) is None
    assert set(services.published_packages()) == {
        models.Video.objects.get(id=one).current_package_id for one in (film.video_id, video.id)
    }


def test_a_series_has_one_too_and_it_makes_nothing_of_it_playable() -> None:
    series = make_series(packaged=False)
    video = trailer_of(series)
    make_package(video.id)
    again = services.title(series.id)
    assert again is not None
    assert (services.trailer(series.id), again.playable) == (video.id, False)
    assert services.first_video(series.id) is None


def test_it_is_handed_in_for_a_title_and_not_for_an_episode(film: Title) -> None:
    ticket = register(
        source_id=models.uuid.uuid4(), size=5, source_name="t.mp4", title_id=film.id, trailer=True
    )
    assert ticket.title_id == film.id
    assert ticket.video_id == services.trailer_video(film.id)
    (work,) = [one for one in services.title_statuses(film.id) if one.status.video_id == ticket.video_id]
    assert (work.title_name, work.name) == ("Night Mail", "Night Mail: trailer")
    order = store.video_for_ingest(video_id=ticket.video_id, source_id=ticket.source_id)
    assert (order.title_id, order.episode_id, order.name) == (film.id, None, "Night Mail: trailer")
    part = services.seasons(make_series().id)[0].episodes[0]
    with pytest.raises(services.CannotIngest, match="not for an episode"):
        check_place(title_id=None, episode_id=part.id, trailer=True)
    with pytest.raises(services.CannotIngest, match="no such title"):
        check_place(title_id=None, episode_id=None, trailer=True)


def test_an_upload_says_that_it_is_one(film: Title) -> None:
    series = make_series()
    for title in (film, series):
        wanted = Wanted(
            length=1, name="x.mp4", title=str(title.id), episode="", sha256="", modified=0, trailer=True
        )
        assert places.of(wanted) == (title.id, None, {"trailer": 1})


def test_no_picture_of_a_title_is_taken_from_it(film: Title) -> None:
    video = trailer_of(film)
    assert store.needs_artwork(video_id=video.id) == ()
    store.set_artwork_from_film(video_id=video.id, kind="poster", data=b"no picture at all")
    assert models.Artwork.objects.count() == 0


def test_it_is_encrypted_with_its_title(film: Title) -> None:
    video = trailer_of(film)
    assert keyring.wanted(video.id) is None
    models.Title.objects.filter(id=film.id).update(encrypted=True)
    assert keyring.wanted(video.id) is not None


def test_it_goes_with_its_title(film: Title) -> None:
    make_package(trailer_of(film).id)
    services.remove_title(film.id)
    assert (models.Video.objects.count(), models.Package.objects.count()) == (0, 0)


def test_the_studio_has_a_place_for_it(film: Title) -> None:
    client = client_of(make_operator("olu"))
    page = client.get(f"/admin/catalog/title/{film.id}/change/").content.decode()
    assert "Drop the trailer here" in page
    assert f"/admin/catalog/title/{film.id}/upload/?trailer=1" in page
