"""The studio's look-up at TMDB, with a server on this machine in its place."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.tests.factories import client_of, make_operator, make_user
from catalog import models, services
from catalog.metadata import fetch, tmdb
from catalog.tests.factories import make_series
from catalog.tests.pictures import picture_file
from catalog.types import Credit
from tests.library.elsewhere import Answer, Asked, Elsewhere, elsewhere

pytestmark = pytest.mark.django_db

FILM = {
    "id": 41382,
    "title": "Night Mail",
    "release_date": "1936-02-04",
    "tagline": "This is the night mail.",
    "overview": "A train carries the post from London to Scotland.",
    "genres": [{"name": "Documentary"}],
    "imdb_id": "tt0028020",
    "poster_path": "/poster.jpg",
    "backdrop_path": "/back.jpg",
    "credits": {
        "crew": [{"name": "Harry Watt", "job": "Director"}, {"name": "X", "job": "Grip"}],
        "cast": [{"name": "Stuart Legg", "character": "Narrator"}],
    },
    "release_dates": {"results": [{"iso_3166_1": "GB", "release_dates": [{"certification": "U"}]}]},
}
SERIES = {
    "id": 7,
    "name": "The Lamplighters",
    "first_air_date": "1999-01-01",
    "seasons": [{"season_number": 0}, {"season_number": 1}],
    "created_by": [{"name": "Ada"}],
    "aggregate_credits": {"cast": [{"name": "Eve", "roles": [{"character": "Lamp"}]}]},
    "content_ratings": {"results": [{"iso_3166_1": "US", "rating": "TV-14"}]},
}
SEASON = {"episodes": [{"episode_number": 1, "name": "Dusk", "overview": "It gets dark."}]}


class Database:
    """What the made server answers; a test may change it."""

    def __init__(self) -> None:
        self.film: Any = dict(FILM)
        self.found: list[Any] = [FILM, {"id": 9, "title": "Night Male"}]
        self.status = 200

    def __call__(self, asked: Asked) -> Answer:
        if self.status != 200:
            return Answer({"status_message": "no"}, status=self.status)
        if asked.host == "image.tmdb.org":
            return Answer(picture_file(200, 300, form="JPEG"), media_type="image/jpeg")
        pages: dict[str, Any] = {
            "/3/search/movie": {"results": self.found},
            "/3/search/tv": {"results": [SERIES]},
            "/3/movie/41382": self.film,
            "/3/tv/7": SERIES,
            "/3/tv/7/season/1": SEASON,
        }
        return Answer(pages[asked.path]) if asked.path in pages else Answer({}, status=404)


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def server(database: Database, tmp_path: Path, settings, monkeypatch) -> Iterator[Elsewhere]:
    settings.TMDB_KEY = "a" * 32
    with elsewhere(tmp_path / "elsewhere", database) as there:
        monkeypatch.setattr(fetch, "SITE", there.fetcher)
        yield there


@pytest.fixture
def studio(db) -> Client:
    return client_of(make_operator("olu"))


@pytest.fixture
def film() -> models.Title:
    title = services.create_title(name="Night Mail")
    return models.Title.objects.get(id=title.id)


def page(client: Client, title: models.Title, more: str = "") -> str:
    return client.get(f"/admin/catalog/title/{title.pk}/lookup/{more}").content.decode()


def test_search_shows_what_was_found(server: Elsewhere, studio: Client, film: models.Title) -> None:
    html = page(studio, film)
    assert "Night Male" in html
    assert "London to Scotland" in html
    assert f"/admin/catalog/title/{film.pk}/lookup/41382/" in html
    asked = server.asked[0]
    assert (asked.host, asked.query["query"], asked.query["api_key"]) == (
        "api.themoviedb.org",
        ["Night Mail"],
        ["a" * 32],
    )
    assert "a" * 32 not in html


def test_a_token_is_sent_as_a_token(server: Elsewhere, studio: Client, film: models.Title, settings) -> None:
    settings.TMDB_KEY = "eyJtoken"
    page(studio, film)
    assert server.asked[0].headers["Authorization"] == "Bearer eyJtoken"
    assert "api_key" not in server.asked[0].query


def test_what_would_change_is_shown_and_nothing_is_changed(
    server, studio: Client, film: models.Title
) -> None:
    services.update_title(title_id=film.pk, synopsis="Mine.")
    html = page(studio, film, "41382/")
    assert "Mine." in html
    assert "London to Scotland" in html
    assert "edited by hand" in html
    assert "Harry Watt (director), Stuart Legg (Narrator)" in html
    film.refresh_from_db()
    assert (film.synopsis, film.year) == ("Mine.", None)
    # Chosen already: what is empty. Not chosen: what a person wrote.
    checked = [
        piece.split('"')[0]
        for piece in html.split('name="take" value="')[1:]
        if "checked" in piece.split(">")[0]
    ]
    assert checked == ["year", "tagline", "genres", "people", "poster", "backdrop"]


def test_what_is_chosen_is_taken(
    server, studio: Client, film: models.Title, settings, tmp_path: Path
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    services.update_title(title_id=film.pk, synopsis="Mine.")
    answer = studio.post(
        f"/admin/catalog/title/{film.pk}/lookup/41382/",
        {"take": ["year", "genres", "people", "poster", "maturity", "nonsense"]},
    )
    assert answer.status_code == 302
    title = services.title(film.pk)
    assert (title.year, title.synopsis, title.maturity, title.tagline) == (1936, "Mine.", 0, "")
    assert title.people == (Credit("Harry Watt", "director"), Credit("Stuart Legg", "cast", "Narrator"))
    assert title.poster is not None
    assert title.backdrop is None
    film.refresh_from_db()
    assert (film.tmdb_id, film.imdb_id) == (41382, "tt0028020")
    again = page(studio, film, "41382/")
    assert "the same" in again


def _translated(language: str, country: str, **data: str) -> dict[str, Any]:
    return {"iso_639_1": language, "iso_3166_1": country, "data": data}


def test_what_it_is_called_elsewhere_comes_along_and_spares_what_a_person_wrote(
    server, database: Database, studio: Client, film: models.Title
) -> None:
    database.film["translations"] = {
        "translations": [
            _translated("de", "AT", title="Nachtpost (AT)"),
            _translated("de", "DE", title="Nachtpost", overview="Ein Zug.\u202e"),
            _translated("fr", "FR", title="", overview="Un train.", tagline="Le courrier."),
            _translated("nl", "NL", title="Nachtpost"),
            {"iso_639_1": ["es"], "data": "x"},
        ]
    }
    film.texts.create(language="fr", tagline="À moi")
    address = f"/admin/catalog/title/{film.pk}/lookup/41382/"
    answer = studio.post(address, {"field": ["name"]}, follow=True).content.decode()
    assert "texts in 2 languages" in answer
    said = {text.language: (text.name, text.tagline, text.synopsis) for text in film.texts.all()}
    assert said == {"de": ("Nachtpost", "", "Ein Zug."), "fr": ("", "À moi", "Un train.")}


def test_a_series_gets_the_names_of_its_episodes(server, studio: Client) -> None:
    series = make_series(seasons=(2,), packaged=False, published=False)
    row = models.Title.objects.get(id=series.id)
    first, _second = models.Episode.objects.order_by("number")
    models.Episode.objects.filter(id=first.id).update(written={"name": first.name})
    assert "TV-14" not in page(studio, row, "7/")
    studio.post(f"/admin/catalog/title/{row.pk}/lookup/7/", {"take": ["people", "episodes", "maturity"]})
    first.refresh_from_db()
    assert (first.name, first.synopsis) == ("Dusk", "It gets dark.")
    row.refresh_from_db()
    assert row.maturity == 14
    assert [str(one) for one in row.credits.all()] == ["Ada (creator)", "Eve (cast)"]


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "does not know the key"),
        (429, "asks us to wait"),
        (500, "could not be asked"),
        (404, "no such title"),
    ],
)
def test_trouble_is_said(server, database, studio, film, status: int, words: str) -> None:
    database.status = status
    assert words in page(studio, film)
    answer = studio.get(f"/admin/catalog/title/{film.pk}/lookup/41382/", follow=True)
    assert words in answer.content.decode()


HOSTILE = "<script>alert(1)</script>\u202e" + "x" * 5000


@pytest.mark.parametrize(
    "film_there",
    [
        FILM
        | {
            "title": HOSTILE,
            "tagline": HOSTILE,
            "overview": HOSTILE * 50,
            "genres": [{"name": HOSTILE}] * 99,
        },
        FILM | {"credits": {"cast": [{"name": HOSTILE, "character": HOSTILE}] * 5000, "crew": "none"}},
        FILM | {"poster_path": "/../../etc/passwd", "backdrop_path": "https://evil.example/x.jpg"},
        FILM
        | {"id": "x", "release_date": 5, "genres": None, "credits": [], "release_dates": "x", "title": None},
        [],
        "text",
    ],
)
def test_hostile_answers_stay_words(
    server, database, studio, film, film_there: Any, settings, tmp_path
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    database.film = film_there
    answer = studio.get(f"/admin/catalog/title/{film.pk}/lookup/41382/", follow=True)
    html = answer.content.decode()
    assert "<script>alert" not in html
    assert "/etc/passwd" not in html
    assert "evil.example" not in html
    everything = ["name", "year", "tagline", "synopsis", "genres", "people", "poster", "backdrop"]
    studio.post(f"/admin/catalog/title/{film.pk}/lookup/41382/", {"take": everything})
    film.refresh_from_db()
    film.full_clean()
    assert film.credits.count() <= 60


def test_pictures_come_through_the_site(server, studio: Client) -> None:
    answer = studio.get(f"/admin/catalog/title/lookup/{tmdb.SMALL}/poster.jpg")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert server.asked[0].path == "/t/p/w185/poster.jpg"
    for path in ("original/poster.jpg", "w185/x.svg", "w185/..x.jpg"):
        assert studio.get(f"/admin/catalog/title/lookup/{path}").status_code in (403, 404)


def test_without_a_key_there_is_no_look_up(studio: Client, film: models.Title, settings) -> None:
    settings.TMDB_KEY = ""
    assert studio.get(f"/admin/catalog/title/{film.pk}/lookup/").status_code == 404
    assert "lookup/" not in studio.get(f"/admin/catalog/title/{film.pk}/change/").content.decode()
    settings.TMDB_KEY = "k"
    assert f"{film.pk}/lookup/" in studio.get(f"/admin/catalog/title/{film.pk}/change/").content.decode()


def test_only_operators_look_up(server, film: models.Title, studio: Client) -> None:
    for client in (client_of(make_user("ada")), Client()):
        assert client.get(f"/admin/catalog/title/{film.pk}/lookup/").status_code == 302
        assert client.get("/admin/catalog/title/lookup/w185/poster.jpg").status_code == 302
    assert server.asked == []
