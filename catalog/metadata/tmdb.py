"""The Movie Database: search, details and pictures. Everything that comes from there is made harmless here."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings
from django.utils.translation import gettext as _

from catalog.metadata import description, fetch, ratings
from catalog.metadata.description import Description

API, PICTURES = "https://api.themoviedb.org/3", "https://image.tmdb.org/t/p"
#: Where a person finds a title there.
PAGE = "https://www.themoviedb.org"
_ANSWER_MAX, _PICTURE_MAX = 4 * 1024 * 1024, 24 * 1024 * 1024
_PICTURE_TYPES = ("image/jpeg", "image/png", "image/webp")
_PATH = re.compile(r"/[A-Za-z0-9_-]{1,80}\.(?:jpg|jpeg|png|webp)")
#: Widths that are asked for: to choose from, and to keep.
SMALL, LARGE = "w185", {"poster": "w780", "backdrop": "original"}
FOUND_MAX, SEASONS_MAX = 12, 40
_JOBS = {
    "Director": "director",
    "Screenplay": "writer",
    "Writer": "writer",
    "Original Music Composer": "composer",
}
_IDS = range(1, 2**31)


class CannotLookUp(Exception):
    """The look-up did not work; the text says why and what to do, for an operator."""


@dataclass(frozen=True, slots=True)
class Found:
    """One answer to a search. `poster` is a picture's path there, '' when there is none."""

    id: int
    name: str
    original: str
    year: int | None
    synopsis: str
    poster: str


@dataclass(frozen=True, slots=True)
class Details:
    """All that is known there about one title."""

    id: int
    said: Description
    poster: str
    backdrop: str
    seasons: tuple[int, ...] = ()
    #: What it is called in other languages of the pages, by language: name, tagline and synopsis, each or ''.
    texts: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """What is known there about an episode."""

    season: int
    number: int
    name: str | None
    synopsis: str | None


def is_offered() -> bool:
    """Whether there is a key."""
    return bool(settings.TMDB_KEY)


def search(kind: str, text: str, year: int | None, *, language: str) -> list[Found]:
    """Titles there of this name, best first. `kind` is 'film' or 'series'. Raises `CannotLookUp`."""
    asked: dict[str, Any] = {"query": text[:200], "include_adult": "false", "language": language}
    if year is not None:
        asked["year" if kind == "film" else "first_air_date_year"] = year
    answer = _ask(f"search/{_kind(kind)}", asked)
    return [one for one in map(_found, _list(answer, "results")) if one is not None][:FOUND_MAX]


def details(kind: str, tmdb_id: int, *, language: str) -> Details:
    """One title there. Raises `CannotLookUp`."""
    more = "credits,release_dates" if kind == "film" else "aggregate_credits,content_ratings,external_ids"
    more += ",translations"
    answer = _ask(f"{_kind(kind)}/{int(tmdb_id)}", {"language": language, "append_to_response": more})
    named, dated = ("title", "release_date") if kind == "film" else ("name", "first_air_date")
    genres = description.names(
        (one.get("name") for one in _list(answer, "genres")),
        most=description.GENRES_MAX,
        longest=description.GENRE_MAX,
    )
    return Details(
        id=int(tmdb_id),
        said=Description(
            name=description.line(answer.get(named), description.NAME_MAX),
            year=description.number(answer.get(dated), description.YEARS),
            tagline=description.line(answer.get("tagline"), description.TAGLINE_MAX),
            synopsis=description.paragraphs(answer.get("overview")),
            maturity=_age(answer, language),
            genres=genres or None,
            people=description.numbered(_people(answer)) or None,
            tmdb_id=int(tmdb_id),
            imdb_id=description.imdb(answer.get("imdb_id") or _dict(answer, "external_ids").get("imdb_id")),
        ),
        poster=_path(answer.get("poster_path")),
        backdrop=_path(answer.get("backdrop_path")),
        seasons=tuple(
            number
            for one in _list(answer, "seasons")[:SEASONS_MAX]
            if (number := description.number(one.get("season_number"), range(10_000))) is not None
        ),
        texts=_texts(answer, named),
    )


def season(tmdb_id: int, number: int, *, language: str) -> list[Part]:
    """The episodes of a season there. Raises `CannotLookUp`."""
    answer = _ask(f"tv/{int(tmdb_id)}/season/{int(number)}", {"language": language})
    return [
        Part(
            season=number,
            number=episode,
            name=description.line(one.get("name"), description.NAME_MAX),
            synopsis=description.paragraphs(one.get("overview")),
        )
        for one in _list(answer, "episodes")[:2000]
        if (episode := description.number(one.get("episode_number"), range(1, 10_000))) is not None
    ]


def picture(path: str, size: str) -> fetch.Fetched:
    """A picture there. Raises `CannotLookUp`."""
    if not _PATH.fullmatch(path) or size not in (SMALL, *LARGE.values()):
        raise CannotLookUp(_("There is no such picture."))
    try:
        return fetch.SITE.get(f"{PICTURES}/{size}{path}", most=_PICTURE_MAX, accept=_PICTURE_TYPES)
    except fetch.CannotFetch as error:
        raise CannotLookUp(str(error)) from error


def _ask(path: str, asked: dict[str, Any]) -> dict[str, Any]:
    key, headers = settings.TMDB_KEY, {"Accept": "application/json"}
    if not key:
        raise CannotLookUp(_("There is no TMDB key. Set NETFLIXLITE_TMDB_KEY and start again."))
    if key.startswith("eyJ"):  # a v4 token; the shorter v3 key goes into the query
        headers["Authorization"] = f"Bearer {key}"
    else:
        asked = {**asked, "api_key": key}
    try:
        address = f"{API}/{quote(path)}?{urlencode(asked)}"
        answer = fetch.SITE.get(address, most=_ANSWER_MAX, accept=("application/json",), headers=headers)
        plain = json.loads(answer.data)
    except fetch.CannotFetch as error:
        raise CannotLookUp(_reason(error)) from error
    except (ValueError, RecursionError) as error:
        raise CannotLookUp(_("TMDB's answer could not be read. Try again later.")) from error
    if not isinstance(plain, dict):
        raise CannotLookUp(_("TMDB's answer could not be read. Try again later."))
    return plain


def _reason(error: fetch.CannotFetch) -> str:
    if error.status in (401, 403):
        return _("TMDB does not know the key. Check NETFLIXLITE_TMDB_KEY.")
    if error.status == 404:
        return _("TMDB has no such title.")
    if error.status == 429:
        return _("TMDB asks us to wait. Try again in a minute.")
    return _("TMDB could not be asked: %(reason)s") % {"reason": error}


def _kind(kind: str) -> str:
    return "movie" if kind == "film" else "tv"


def _found(one: dict[str, Any]) -> Found | None:
    number = description.number(one.get("id"), _IDS)
    name = description.line(one.get("title") or one.get("name"), description.NAME_MAX)
    if number is None or name is None:
        return None
    original = description.line(one.get("original_title") or one.get("original_name"), description.NAME_MAX)
    return Found(
        id=number,
        name=name,
        original=original if original and original != name else "",
        year=description.number(one.get("release_date") or one.get("first_air_date"), description.YEARS),
        synopsis=description.line(one.get("overview"), 300) or "",
        poster=_path(one.get("poster_path")),
    )


def _people(answer: dict[str, Any]) -> Iterator[tuple[object, str, object, object]]:
    """Directors or creators first, then the cast as billed, then the rest of those we show."""
    for one in _list(answer, "created_by"):
        yield one.get("name"), "creator", "", one.get("id")
    credits = _dict(answer, "credits") or _dict(answer, "aggregate_credits")
    crew = [one for one in _list(credits, "crew") if isinstance(one.get("job"), str)]
    for one in crew:
        if one["job"] == "Director":
            yield one.get("name"), "director", "", one.get("id")
    for one in _list(credits, "cast")[:25]:
        roles = _list(one, "roles")
        played = one.get("character") or (roles[0].get("character") if roles else "")
        yield one.get("name"), "cast", played, one.get("id")
    for one in crew:
        if one["job"] != "Director" and one["job"] in _JOBS:
            yield one.get("name"), _JOBS[one["job"]], "", one.get("id")


def _age(answer: dict[str, Any], language: str) -> int | None:
    """The age that the reader's own country asks for, else the strictest that any country of a few does."""
    said: dict[str, list[int]] = {}
    for one in _list(_dict(answer, "release_dates"), "results"):
        for release in _list(one, "release_dates"):
            age = ratings.age(str(release.get("certification") or ""))
            if age is not None:
                said.setdefault(str(one.get("iso_3166_1")), []).append(age)
    for one in _list(_dict(answer, "content_ratings"), "results"):
        age = ratings.age(str(one.get("rating") or ""))
        if age is not None:
            said.setdefault(str(one.get("iso_3166_1")), []).append(age)
    country = language.partition("-")[2].upper()
    near = said.get(country) or [
        age for place in ("US", "GB", "DE", "FR", "NL", "IN") for age in said.get(place, [])
    ]
    return max(near, default=None)


def _texts(answer: dict[str, Any], named: str) -> dict[str, dict[str, str]]:
    """What is said in the other languages of the pages; of several countries the language's own, else the first."""
    own = settings.LANGUAGE_CODE.partition("-")[0]
    wanted = {tag for tag, _name in settings.LANGUAGES if tag.partition("-")[0] != own}
    found: dict[str, dict[str, str]] = {}
    for one in _list(_dict(answer, "translations"), "translations"):
        language, country = one.get("iso_639_1"), one.get("iso_3166_1")
        if not isinstance(language, str) or language not in wanted:
            continue
        data = _dict(one, "data")
        said = {
            "name": description.line(data.get(named), description.NAME_MAX) or "",
            "tagline": description.line(data.get("tagline"), description.TAGLINE_MAX) or "",
            "synopsis": description.paragraphs(data.get("overview")) or "",
        }
        if any(said.values()) and (language not in found or country == language.upper()):
            found[language] = said
    return found


def _path(value: object) -> str:
    return value if isinstance(value, str) and _PATH.fullmatch(value) else ""


def _list(answer: dict[str, Any], name: str) -> list[dict[str, Any]]:
    value = answer.get(name)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _dict(answer: dict[str, Any], name: str) -> dict[str, Any]:
    value = answer.get(name)
    return value if isinstance(value, dict) else {}
