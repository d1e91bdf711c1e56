"""A catalogue of any size for benchmarks: films and series with people, genres and years, the same for the same number.

Names are made of common words (few of them often, as in real catalogues) and of made-up ones; people of common first
names and made-up last ones, who return in many titles.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

# fmt: off
# ruff: noqa: SIM905 (lists of two hundred words read better so)
_COMMON = (
    "the of and a in night day man woman love last dark house city star war king queen girl boy little big great black "
    "white red blue golden lost secret return story life death time world island river mountain sea road street train "
    "summer winter spring heart blood fire water stone iron silver shadow light moon sun dream garden bridge letter "
    "school family mother father brother sister daughter son doctor captain hunter stranger ghost dragon wolf bird "
    "horse dance song music game party wedding holiday christmas murder mystery escape hunt chase battle empire "
    "kingdom legend hero master planet space robot machine code midnight morning sunday friday forever never always "
    "home away under over beyond between"
).split()
_FIRST = (
    "Anna Maria Tom John Sofia Lukas Emma Noah Olivia Liam Ava Elena Marta Igor Yuki Ahmed Priya Wei Chloé José "
    "Zoë Björn Søren Łukasz Inès Rafael Nina Oscar Hugo Clara Felix Ida Vera Omar Leïla Kenji Mina Ravi Asha Paulo"
).split()
_GENRES = (
    "Action", "Adventure", "Animation", "Comedy", "Crime", "Documentary", "Drama", "Family", "Fantasy", "History",
    "Horror", "Music", "Mystery", "Romance", "Science fiction", "Thriller", "War", "Western",
)
_SYLLABLES = (
    "ka lo mi ra ven tor bel shi nor dan el ar is ta mon ser qui jo har den wil son ber gra ste pha ril ona eth ium "
    "ost ing var dor kel mar tin sca ple ru fi zu"
).split()
# fmt: on
#: Titles of one insert.
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Made:
    """What a benchmark asks for: some titles' names, and some people's."""

    names: tuple[str, ...]
    people: tuple[str, ...]


def fill(count: int, *, seed: int = 7, credits: int = 9) -> Made:
    """Put this many titles into the (empty) database; Django must be set up."""
    from catalog import models
    from catalog.search import text

    chance = random.Random(seed)
    words = [_word(chance) for _ in range(max(400, count // 6))]
    people = _people(models, chance, max(50, count * 2))
    genres = [models.Genre(slug=name.lower().replace(" ", "-"), name=name) for name in _GENRES]
    models.Genre.objects.bulk_create(genres)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    names: list[str] = []
    for start in range(0, count, _BATCH):
        titles, shelved, parts = [], [], []
        for number in range(start, min(count, start + _BATCH)):
            name, kind = _name(chance, words), "series" if number % 5 == 0 else "film"
            row = models.Title(
                slug=f"t-{number}", kind=kind, name=name, year=chance.randint(1930, 2025),
                synopsis=" ".join(chance.choices(_COMMON, k=30)), maturity=chance.choice((0, 0, 6, 12, 16, 18)),
                published_at=now - timedelta(minutes=number),
            )  # fmt: skip
            # The busiest has some hundreds of parts at 50,000 titles, as in life; most have one or two.
            cast = [people[int(len(people) * chance.random() ** 2)] for _ in range(credits)]
            cast = list({one.id: one for one in cast}.values())
            shelf = chance.sample(genres, chance.randint(1, 3))
            row.search_index = text.of_title(
                name=name, kind=kind, year=row.year, people=[(one.name, "") for one in cast],
                genres=[one.name for one in shelf],
            )  # fmt: skip
            titles.append(row)
            names.append(name)
            shelved += [models.Title.genres.through(title_id=row.id, genre_id=one.id) for one in shelf]
            parts += [
                models.Credit(title=row, person=one, role="cast" if place else "director", position=place)
                for place, one in enumerate(cast)
            ]
        models.Title.objects.bulk_create(titles)
        models.Title.genres.through.objects.bulk_create(shelved)
        models.Credit.objects.bulk_create(parts)
    return Made(tuple(names), tuple(one.name for one in people))


def say(count: int, *, seed: int = 9) -> list[str]:
    """Have this many lines said in the first films, 1,000 in each; returns some of them."""
    from catalog import models

    chance = random.Random(seed)
    words = [*_COMMON, *(_word(chance) for _ in range(8000))]
    weights = [1 / place for place in range(1, len(words) + 1)]
    said: list[str] = []
    rows = models.Title.objects.filter(kind="film").order_by("slug")[: count // 1000]
    for title in rows:
        video = models.Video.objects.create(title=title, state="ready")
        spoken = models.SpokenVideo.objects.create(video=video, title=title, package_id=video.id.hex)
        track = models.SpokenTrack.objects.create(spoken=spoken, language="en", sha256="0" * 64)
        drawn = chance.choices(words, weights=weights, k=8000)
        texts = [" ".join(drawn[at * 8 : at * 8 + chance.randint(3, 8)]) for at in range(1000)]
        models.SpokenLine.objects.bulk_create(
            models.SpokenLine(track=track, start_ms=4000 * place, text=text, words=text)
            for place, text in enumerate(texts)
        )
        said += texts[:3]
    return said


def _people(models: Any, chance: random.Random, count: int) -> list[Any]:
    rows = []
    for number in range(count):
        last = _word(chance).capitalize()
        rows.append(models.Person(name=f"{chance.choice(_FIRST)} {last}", slug=f"p-{number}"))
    for some in _batches(rows):
        models.Person.objects.bulk_create(some)
    return rows


def _batches(rows: Sequence[Any]) -> Iterator[list[Any]]:
    left = iter(rows)
    while some := list(islice(left, 5000)):
        yield some


def _word(chance: random.Random) -> str:
    return "".join(chance.choices(_SYLLABLES, k=chance.randint(2, 4)))


def _name(chance: random.Random, words: Sequence[str]) -> str:
    """One to six words, of which the common ones are common; now and then a number, a hyphen, an accent, a part."""
    said = []
    for _ in range(chance.choices((1, 2, 3, 4, 5, 6), weights=(12, 30, 27, 16, 10, 5))[0]):
        if chance.random() < 0.6:
            said.append(_COMMON[min(int(chance.paretovariate(0.5)) - 1, len(_COMMON) - 1)])
        else:
            said.append(chance.choice(words))
    name = " ".join(word if word in ("of", "and", "a", "in") else word.capitalize() for word in said)
    name = name[:1].upper() + name[1:]
    turn = chance.random()
    if turn < 0.06:
        name = f"{name} {chance.choice(('II', 'III', 'IV', '2', '3'))}"
    elif turn < 0.1:
        name = f"{name}: {chance.choice(words).capitalize()}"
    elif turn < 0.14:
        name = name.replace(" ", "-", 1)
    elif turn < 0.18:
        name = name.replace("e", "é", 1)
    return name
