"""Titles speak the viewer's language where somebody has written it, and their own where not."""

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from catalog import models, services, texts
from catalog.tests.factories import make_title
from catalog.types import Kind


@pytest.fixture
def title(db: None) -> models.Title:
    made = make_title(
        name="The long dusk", tagline="It gets late", synopsis="A lamp, a road.", packaged=False
    )
    row = models.Title.objects.get(id=made.id)
    row.texts.create(language="de", name="Die lange Dämmerung", synopsis="Eine Lampe, eine Straße.")
    row.texts.create(language="de-at", tagline="Spät wird es")
    return row


def test_a_title_speaks_the_viewers_language_and_its_own_where_nothing_is_written(
    title: models.Title,
) -> None:
    with translation.override("de"):
        said = services.title(title.id)
    assert said is not None
    assert (said.name, said.synopsis) == ("Die lange Dämmerung", "Eine Lampe, eine Straße.")
    assert said.tagline == "It gets late"
    with translation.override("fr"):
        french = services.title(title.id)
    assert french is not None
    assert french.name == "The long dusk"


def test_a_country_asks_its_language_before_the_title_itself(title: models.Title) -> None:
    with translation.override("de-at"):
        said = services.title(title.id)
    assert said is not None
    assert (said.tagline, said.name) == ("Spät wird es", "Die lange Dämmerung")


@pytest.mark.parametrize(
    ("spoken", "own", "asked"),
    [
        ("en", "en", ()),
        ("en-gb", "en", ("en-gb",)),
        ("pt-br", "en", ("pt-br", "pt")),
        ("hi", "en", ("hi",)),
        ("en", "de", ("en",)),
        ("de", "de", ()),
    ],
)
def test_the_chain_ends_before_the_catalogues_own_language(
    spoken: str, own: str, asked: tuple[str, ...], settings: LazySettings
) -> None:
    settings.LANGUAGE_CODE = own
    assert texts.chain(spoken) == asked


def test_outside_any_language_titles_speak_their_own(title: models.Title) -> None:
    with translation.override(None):
        said = services.title(title.id)
    assert said is not None
    assert said.name == "The long dusk"


def test_seasons_episodes_genres_and_videos_speak_it_too(db: None) -> None:
    series = services.create_title(name="Harbour", kind=Kind.SERIES, genres=("Crime", "Animals"))
    services.add_season(title_id=series.id, number=2)
    episode = services.add_episode(
        title_id=series.id, season=1, number=1, name="Fog", synopsis="Nobody sees."
    )
    models.Video.objects.create(episode_id=episode.id)
    models.TitleText.objects.create(title_id=series.id, language="es", name="Puerto")
    models.EpisodeText.objects.create(episode_id=episode.id, language="es", name="Niebla")
    models.SeasonText.objects.create(
        season=models.Season.objects.get(title_id=series.id, number=1), language="es", name="El principio"
    )
    models.GenreText.objects.create(
        genre=models.Genre.objects.get(name="Animals"), language="es", name="Fauna"
    )
    with translation.override("es"):
        seasons = services.seasons(series.id)
        (video,) = services.videos(models.Video.objects.values_list("id", flat=True)).values()
        genres = [genre.name for genre in services.genres()]
        found = services.title(series.id)
    assert seasons[0].name == "El principio"
    assert seasons[0].episodes[0].name == "Niebla"
    assert seasons[0].episodes[0].synopsis == "Nobody sees."
    assert video.name == "Puerto · S1 E1 · Niebla"
    assert genres == ["Crime", "Fauna"]
    assert found is not None
    assert {genre.name for genre in found.genres} == {"Crime", "Fauna"}


def _cost(count: int) -> int:
    ids = [make_title(name=f"Film {count}-{number}", packaged=False).id for number in range(count)]
    models.TitleText.objects.bulk_create(
        models.TitleText(title_id=title_id, language="ar", name="فيلم") for title_id in ids
    )
    with translation.override("ar"), CaptureQueriesContext(connection) as made:
        assert {title.name for title in services.titles(ids).values()} == {"فيلم"}
    return len(made)


def test_other_languages_cost_as_many_queries_for_one_title_as_for_many(db: None) -> None:
    assert _cost(1) == _cost(5)


def test_a_title_is_said_in_a_language_once_and_anew(title: models.Title) -> None:
    assert services.set_title_text(title_id=title.id, language="fr", name=" Le long crépuscule ")
    assert not services.set_title_text(title_id=title.id, language="fr", name="Autre", replace=False)
    assert not services.set_title_text(title_id=title.id, language="fr", name="Le long crépuscule")
    assert services.set_title_text(title_id=title.id, language="fr", name="Le crépuscule")
    assert [row.name for row in title.texts.filter(language="fr")] == ["Le crépuscule"]


def test_what_is_no_language_and_what_is_no_title_is_refused(title: models.Title) -> None:
    with pytest.raises(services.InvalidTitle, match="Write a language"):
        services.set_title_text(title_id=title.id, language="Deutsch!", name="x")
    with pytest.raises(services.InvalidTitle):
        services.set_title_text(title_id=title.id, language="de", name="x" * 201)
    with pytest.raises(LookupError):
        services.set_episode_text(episode_id=title.id, language="de", name="x")
    with pytest.raises(LookupError):
        services.set_genre_text(slug="no-such-genre", language="de", name="x")
