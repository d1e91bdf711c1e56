"""What the demo catalogue contains, read from `catalogue.toml` into frozen values. Nothing is made here."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from netflixlite.demo.paint import Palette

#: The long one: playable early, long enough to watch for a minute.
FEATURE_SLUG = "the-long-dusk"
#: The short one that is made before everything else, so that something plays within seconds.
FIRST_SLUG = "paper-forest"
_DATA = Path(__file__).with_name("catalogue.toml")


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: `kind` is 'scene' (a painter), 'frames' (an animator) or 'source' (an ffmpeg generator)."""

    kind: str
    what: str
    seed: int
    palette: Palette


@dataclass(frozen=True, slots=True)
class Music:
    """What to play: `key` is a MIDI note, `tempo` in beats a minute."""

    key: int
    scale: str
    tempo: int
    style: str
    texture: str


@dataclass(frozen=True, slots=True)
class Film:
    """One video to make: `seconds` of `shots` with `music`, `subtitles` by language code."""

    key: str
    name: str
    over: str
    shots: tuple[Shot, ...]
    seconds: int
    music: Music | None
    subtitles: tuple[str, ...]
    footage: str = ""
    moment: float = 0.0


@dataclass(frozen=True, slots=True)
class DemoEpisode:
    """A part of a series and its video."""

    season: int
    number: int
    name: str
    synopsis: str
    film: Film


@dataclass(frozen=True, slots=True)
class DemoTitle:
    """A title to put into the catalogue. `film` is None for a series. People are invented."""

    slug: str
    name: str
    kind: str
    year: int
    maturity: int
    genres: tuple[str, ...]
    tagline: str
    synopsis: str
    director: str
    writer: str
    cast: tuple[tuple[str, str], ...]
    credit: str
    poster: str
    shots: tuple[Shot, ...]
    film: Film | None
    episodes: tuple[DemoEpisode, ...]


@cache
def titles() -> tuple[DemoTitle, ...]:
    """Every title of the demo, in the order of making."""
    found = [_title(raw) for raw in tomllib.loads(_DATA.read_text(encoding="utf-8"))["title"]]
    return tuple(sorted(found, key=lambda title: (title.slug != FIRST_SLUG, title.slug != FEATURE_SLUG)))


def _title(raw: dict[str, Any]) -> DemoTitle:
    shots = tuple(_shot(each) for each in raw.get("shots", ()))
    music = Music(**raw["music"]) if "music" in raw else None
    parts = raw.get("episode", ())
    film = None
    if not parts:
        film = Film(
            key=raw["slug"],
            name=raw["name"],
            over=f"A film by {raw['director']}" if raw.get("director") else "",
            shots=shots,
            seconds=raw["seconds"],
            music=music,
            subtitles=tuple(raw.get("subtitles", ())),
            footage=raw.get("footage", ""),
            moment=float(raw.get("moment", 0.0)),
        )
    return DemoTitle(
        slug=raw["slug"],
        name=raw["name"],
        kind=raw.get("kind", "film"),
        year=raw["year"],
        maturity=raw["maturity"],
        genres=tuple(raw["genres"]),
        tagline=raw["tagline"],
        synopsis=raw["synopsis"],
        director=raw.get("director", ""),
        writer=raw.get("writer", ""),
        cast=tuple((name, character) for name, character in raw.get("cast", ())),
        credit=raw.get("credit", ""),
        poster=raw["poster"],
        shots=shots,
        film=film,
        episodes=tuple(_episode(raw, each, shots, music) for each in parts),
    )


def _episode(
    series: dict[str, Any], raw: dict[str, Any], shots: tuple[Shot, ...], music: Music | None
) -> DemoEpisode:
    return DemoEpisode(
        season=raw["season"],
        number=raw["number"],
        name=raw["name"],
        synopsis=raw["synopsis"],
        film=Film(
            key=f"{series['slug']}-s{raw['season']}e{raw['number']}",
            name=raw["name"],
            over=f"{series['name']} · S{raw['season']} E{raw['number']}",
            shots=(_shot(raw["shot"]),) if "shot" in raw else shots,
            seconds=series["seconds"],
            music=music,
            subtitles=tuple(raw.get("subtitles", ())),
        ),
    )


def _shot(raw: dict[str, Any]) -> Shot:
    kind = next(kind for kind in ("scene", "frames", "source") if kind in raw)
    return Shot(kind=kind, what=raw[kind], seed=raw["seed"], palette=Palette(*raw["palette"]))
