"""What the catalogue promises to the apps above it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from catalog import events, models, removal, services, types
from catalog.tests.factories import make_package, make_series, make_title, make_video

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard():
    """News that was sent."""
    news: list[object] = []

    def listen(sender, event, **kwargs) -> None:
        news.append(event)

    for signal in (events.title_published, events.title_removed, events.package_published):
        signal.connect(listen, weak=False)
    yield news
    for signal in (events.title_published, events.title_removed, events.package_published):
        signal.disconnect(listen)


# Reading ------------------------------------------------------------------------------------------------


def test_a_film_is_told_with_all_that_a_card_needs() -> None:
    title = make_title(
        name="Night Mail",
        year=1936,
        genres=("Documentary", "Drama"),
        people=[types.Credit("Basil Wright", "director"), types.Credit("Pat Jackson", "cast", "Himself")],
    )
    assert title.slug == "night-mail"
    assert title.kind is types.Kind.FILM
    assert title.playable
    assert title.runtime == timedelta(seconds=10)
    assert [genre.slug for genre in title.genres] == ["documentary", "drama"]
    assert [credit.person for credit in title.people] == ["Basil Wright", "Pat Jackson"]
    assert services.title_by_slug("night-mail") == title


def test_browse_shows_only_what_the_profile_may_see_now() -> None:
    now = timezone.now()
    seen = make_title(name="Seen", maturity=7)
    make_title(name="Too old", maturity=12)
    make_title(name="Hidden", published=False)
    make_title(name="Not yet", available_from=now + timedelta(days=1))
    make_title(name="No more", available_until=now - timedelta(days=1))
    window = make_title(
        name="Window", available_from=now - timedelta(days=1), available_until=now + timedelta(days=1)
    )
    found = services.browse(maturity=7, order=types.Order.NAME)
    assert [title.id for title in found] == [seen.id, window.id]
    assert services.count(maturity=7) == 2
    assert services.count(maturity=18) == 3


def test_a_title_above_the_age_is_not_there() -> None:
    title = make_title(maturity=16)
    assert services.title(title.id) is not None
    assert services.title(title.id, maturity=15) is None
    assert services.title_by_slug(title.slug, maturity=15) is None
    assert services.titles([title.id, uuid4()], maturity=16).keys() == {title.id}


def test_browse_sorts_filters_and_pages() -> None:
    now = timezone.now()
    for number, name in enumerate(["Anna", "Bill", "Cato"]):
        make_title(
            name=name,
            year=2000 - number,
            genres=("Drama" if number else "Comedy",),
            published_at=now - timedelta(days=number),
        )
    make_series(name="Dodo", genres=("Comedy",), published_at=now - timedelta(days=9))

    def names(**query) -> list[str]:
        return [title.name for title in services.browse(maturity=18, **query)]

    assert names() == ["Anna", "Bill", "Cato", "Dodo"]
    assert names(kind=types.Kind.SERIES) == ["Dodo"]
    assert names(genre_slug="comedy") == ["Anna", "Dodo"]
    assert names(order=types.Order.NAME, limit=2, offset=1) == ["Bill", "Cato"]
    assert names(order=types.Order.YEAR, kind=types.Kind.FILM) == ["Anna", "Bill", "Cato"]
    assert names(limit=-3) == []


def test_genres_for_a_profile_are_those_where_it_finds_something() -> None:
    make_title(name="One", genres=("Comedy",), maturity=0)
    make_title(name="Two", genres=("Horror",), maturity=18)
    assert [genre.name for genre in services.genres()] == ["Comedy", "Horror"]
    assert [genre.name for genre in services.genres(maturity=7)] == ["Comedy"]


def test_the_number_of_queries_does_not_grow_with_the_list(django_assert_max_num_queries) -> None:
    for number in range(12):
        make_title(
            name=f"Film {number}", genres=("Drama", "Comedy"), people=[types.Credit(f"P{number}", "cast")]
        )
    make_series()
    with django_assert_max_num_queries(5):
        assert len(services.browse(maturity=18)) == 13
    ids = list(models.Title.objects.values_list("id", flat=True))
    with django_assert_max_num_queries(4):
        assert len(services.titles(ids)) == 13
    with django_assert_max_num_queries(8):
        assert services.search("film", maturity=18)


def test_lists_are_narrowed_to_years_and_ages() -> None:
    old = make_title(name="Night Mail", year=1936, maturity=0)
    late = make_title(name="Blow-Up", year=1966, maturity=16)
    make_title(name="Undated", maturity=7)
    seen = {"maturity": 18}
    assert [one.id for one in services.browse(years=(1930, 1939), **seen)] == [old.id]
    assert {one.name for one in services.browse(up_to=7, **seen)} == {"Night Mail", "Undated"}
    assert services.count(years=(1960, 1969), **seen) == 1
    assert services.among([old.id, late.id], years=(1960, 1969), **seen) == {late.id}
    assert services.newest_ids(up_to=0, **seen) == [old.id]
    assert services.range_of(**seen) == types.Range(decades=(1960, 1930), ages=(0, 7, 16))
    assert services.range_of(maturity=7) == types.Range(decades=(1930,), ages=(0, 7))


def test_traits_are_what_scoring_asks() -> None:
    people = [types.Credit(f"Person {number}", "cast") for number in range(30)]
    title = make_title(year=1936, genres=("Drama", "Comedy"), people=people)
    traits = services.traits([title.id])[title.id]
    assert (traits.kind, traits.year, traits.genres) == (types.Kind.FILM, 1936, {"drama", "comedy"})
    assert traits.people == {f"Person {number}" for number in range(10)}


def test_cards_come_without_people() -> None:
    title = make_title(people=[types.Credit("Basil Wright", "director")])
    assert services.titles([title.id], people=False)[title.id].people == ()
    [whole] = services.titles([title.id])[title.id].people
    assert (whole.person, whole.slug) == ("Basil Wright", "basil-wright")


# Series -------------------------------------------------------------------------------------------------


def test_the_next_episode_goes_over_the_end_of_a_season() -> None:
    series = make_series(seasons=(2, 1))
    parts = [part for season in services.seasons(series.id) for part in season.episodes]
    assert [(part.season, part.number) for part in parts] == [(1, 1), (1, 2), (2, 1)]
    assert services.first_video(series.id) == parts[0].video_id
    assert services.next_episode(parts[0].video_id) == parts[1]
    assert services.next_episode(parts[1].video_id) == parts[2]
    assert services.next_episode(parts[2].video_id) is None


def test_what_cannot_be_played_is_passed_over() -> None:
    series = make_series(seasons=(1,))
    services.add_episode(title_id=series.id, season=1, number=2, name="Not yet")
    later = services.add_episode(title_id=series.id, season=1, number=3, name="Ready")
    make_package(make_video(episode_id=later.id))
    following = services.next_episode(services.first_video(series.id))
    assert following is not None
    assert following.id == later.id


def test_specials_come_last_and_do_not_follow_the_story() -> None:
    series = make_series(seasons=(1,))
    special = services.add_episode(title_id=series.id, season=0, number=1, name="Making of")
    make_package(make_video(episode_id=special.id))
    assert [season.number for season in services.seasons(series.id)] == [1, 0]
    assert services.next_episode(services.first_video(series.id)) is None


def test_what_follows_many_videos_is_asked_for_at_once(django_assert_num_queries) -> None:
    series = [make_series(name=f"Series {number}", seasons=(2,)) for number in range(3)]
    film = make_title()
    first = [services.first_video(one.id) for one in series]
    with django_assert_num_queries(4):
        following = services.next_episodes([*first, film.video_id, uuid4()])
    assert {video: (one.title_id, one.number) for video, one in following.items()} == {
        video: (one.id, 2) for video, one in zip(first, series, strict=True)
    }


def test_a_film_has_no_next_episode() -> None:
    title = make_title()
    assert services.first_video(title.id) == title.video_id
    assert services.next_episode(title.video_id) is None


def test_a_video_says_whose_it_is_and_whether_it_may_be_seen() -> None:
    series = make_series(name="The Lamplighters", maturity=12)
    video = services.video(services.first_video(series.id))
    assert (video.title_id, video.maturity, video.available) == (series.id, 12, True)
    assert video.name == "The Lamplighters · S1 E1 · Part 1"
    services.unpublish(series.id)
    assert services.video(video.id).available is False
    assert services.video(uuid4()) is None


# Publishing and removing --------------------------------------------------------------------------------


def test_publishing_is_news_once(heard, django_capture_on_commit_callbacks) -> None:
    title = make_title(published=False)
    with django_capture_on_commit_callbacks(execute=True):
        services.publish(title.id)
    with django_capture_on_commit_callbacks(execute=True):
        again = services.publish(title.id)
    assert [event for event in heard if isinstance(event, types.TitlePublished)] == [
        types.TitlePublished(title.id)
    ]
    assert again.published_at is not None
    assert services.unpublish(title.id).published_at is None


@pytest.mark.parametrize("kind", [types.Kind.FILM, types.Kind.SERIES])
def test_what_cannot_be_played_is_not_published(kind: types.Kind) -> None:
    title = services.create_title(name="Empty", kind=kind)
    with pytest.raises(services.NotPlayable, match="“Empty”"):
        services.publish(title.id)
    assert services.title(title.id).published_at is None


def test_a_refused_film_says_why_it_is_not_published() -> None:
    title = services.create_title(name="Broken")
    video = make_video(title_id=title.id)
    models.Video.objects.filter(id=video).update(state="refused", reason="It holds no picture.")
    with pytest.raises(services.NotPlayable, match="It holds no picture"):
        services.publish(title.id)


def test_removing_a_title_leaves_nothing(heard, media_folder, django_capture_on_commit_callbacks) -> None:
    from catalog.tests.pictures import picture_file

    title = make_title()
    package = services.current_package(title.video_id)
    services.set_artwork(title_id=title.id, kind="poster", data=picture_file())
    assert any(path.is_file() for path in media_folder.rglob("*"))
    with django_capture_on_commit_callbacks(execute=True):
        services.remove_title(title.id)
    assert types.TitleRemoved(title.id, (title.video_id,)) in heard
    assert services.title(title.id) is None
    assert services.package(package.id) is None
    assert [path for path in media_folder.rglob("*") if path.is_file()] == []
    services.remove_title(title.id)


# Editing ------------------------------------------------------------------------------------------------


def test_two_titles_of_one_name_have_addresses_of_their_own() -> None:
    first, second = (services.create_title(name="Dune & Sons") for _ in range(2))
    assert (first.slug, second.slug) == ("dune-sons", "dune-sons-2")
    assert services.create_title(name="東京物語").slug == "title"


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", {"name": "  "}),
        ("maturity", {"name": "X", "maturity": 40}),
        ("year", {"name": "X", "year": 12}),
    ],
)
def test_values_that_make_no_sense_are_refused_by_name(field: str, values: dict[str, object]) -> None:
    with pytest.raises(services.InvalidTitle) as caught:
        services.create_title(**values)
    assert field in (caught.value.field, "__all__") or field in str(caught.value).lower()


def test_a_changed_title_is_found_under_its_new_name() -> None:
    title = make_title(name="Old")
    services.update_title(
        title_id=title.id, name="Brand new", people=[types.Credit("Agnès Varda", "director")]
    )
    assert [one.id for one in services.search("brand", maturity=18)] == [title.id]
    assert [one.id for one in services.search("agnes", maturity=18)] == [title.id]
    assert services.search("old", maturity=18) == []


def test_a_film_has_no_seasons() -> None:
    film = services.create_title(name="Film")
    with pytest.raises(services.InvalidTitle):
        services.add_season(title_id=film.id, number=1)
    with pytest.raises(services.InvalidTitle):
        services.add_episode(title_id=film.id, season=1, number=1, name="No")


def test_an_episode_number_is_given_once() -> None:
    series = make_series(seasons=(1,), packaged=False, published=False)
    with pytest.raises(services.InvalidTitle, match="already"):
        services.add_episode(title_id=series.id, season=1, number=1, name="Twice")


# The database's own word --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda film, part: models.Video.objects.create(title=film, episode=part),
        lambda film, part: models.Video.objects.create(),
        lambda film, part: models.Video.objects.create(title=film, state="refused", reason=""),
        lambda film, part: models.Video.objects.create(title=film, state="whatever"),
        lambda film, part: models.Season.objects.create(title=part.season.title, number=part.season.number),
        lambda film, part: models.Episode.objects.create(season=part.season, number=part.number, name="x"),
        lambda film, part: models.Episode.objects.create(season=part.season, number=0, name="x"),
        lambda film, part: models.Title.objects.create(name="x", slug=film.slug),
        lambda film, part: models.Title.objects.create(name="x", slug="x", maturity=22),
        lambda film, part: models.Title.objects.create(
            name="x",
            slug="x",
            available_from=timezone.now(),
            available_until=timezone.now() - timedelta(days=1),
        ),
        lambda film, part: models.Artwork.objects.create(kind="poster", width=1, height=1, accent="#000000"),
    ],
)
def test_the_database_refuses_what_makes_no_sense(make) -> None:
    film = models.Title.objects.create(name="Film", slug="film")
    series = models.Title.objects.create(name="Series", slug="series", kind="series")
    part = models.Episode.objects.create(
        season=models.Season.objects.create(title=series, number=1), number=1, name="One"
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        make(film, part)
    assert models.Video.objects.count() == 0


def test_genres_in_any_script_get_addresses_of_their_own() -> None:
    title = services.create_title(
        name="\u0930\u093e\u0924",
        genres=["\u0939\u093e\u0938\u094d\u092f", "\u0928\u093e\u091f\u0915", "Sci-Fi", "Sci Fi"],
    )
    assert len({genre.slug for genre in title.genres}) == 4
    assert services.create_title(name="\u0926\u093f\u0928").slug != title.slug


def test_a_storage_that_fails_does_not_keep_a_removed_title_from_being_news(
    heard, monkeypatch, django_capture_on_commit_callbacks
) -> None:
    def broken(_leavings: object) -> None:
        raise RuntimeError("the bucket is away")

    monkeypatch.setattr(removal, "sweep", broken)
    title = make_title()
    with django_capture_on_commit_callbacks(execute=True):
        services.remove_title(title.id)
    assert services.title(title.id) is None
    assert [type(event) for event in heard].count(types.TitleRemoved) == 1
