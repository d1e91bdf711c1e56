"""Titles of a town. Pure: the same for the same seed.

What draws people to a title is its cluster: one of three tones of one of ten moods. A mood shows in genres and people,
though not always; a tone shows nowhere, and only who watched what tells of it. So metadata help, and do not suffice.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Moods, with the genres that they mostly have and the ages that their titles ask for.
MOODS: tuple[tuple[str, tuple[str, ...], tuple[int, ...]], ...] = (
    ("thrills", ("Thriller", "Crime", "Mystery"), (13, 16, 16)),
    ("fear", ("Horror", "Thriller", "Mystery"), (16, 18, 18)),
    ("laughs", ("Comedy", "Romance", "Family"), (0, 7, 13)),
    ("hearts", ("Romance", "Drama", "Music"), (7, 13, 13)),
    ("worlds", ("Science fiction", "Adventure", "Action"), (7, 13, 16)),
    ("past", ("History", "War", "Drama"), (13, 13, 16)),
    ("facts", ("Documentary", "History", "Music"), (0, 7, 13)),
    ("fights", ("Action", "War", "Crime"), (13, 16, 18)),
    ("drawn", ("Animation", "Family", "Fantasy"), (0, 0, 7)),
    ("tales", ("Family", "Fantasy", "Adventure"), (0, 0, 7)),
)
TONES = 3
CLUSTERS = len(MOODS) * TONES
#: The moods that are for children.
FOR_KIDS = (8, 9)
#: People of each mood, of whom a title has this many.
_PEOPLE, _CAST = 40, 5
#: What share of the titles comes while the season goes on.
_ARRIVING = 0.2


@dataclass(frozen=True, slots=True)
class Titles:
    """Arrays by title. `likeness` (titles, CLUSTERS) sums to 1; `appeal` is how much is heard of it; `episodes` 0 for
    a film; `arrives` is a day of the season, below 0 for what was there before."""

    likeness: NDArray[np.float64]
    mood: NDArray[np.int64]
    quality: NDArray[np.float64]
    appeal: NDArray[np.float64]
    maturity: NDArray[np.int64]
    year: NDArray[np.int64]
    episodes: NDArray[np.int64]
    arrives: NDArray[np.float64]
    genres: tuple[tuple[str, ...], ...]
    people: tuple[tuple[str, ...], ...]

    def __len__(self) -> int:
        return len(self.mood)


def make(count: int, *, days: int, seed: int) -> Titles:
    """This many titles, of which a fifth comes during a season of so many days."""
    chance = np.random.default_rng(seed)
    mood = chance.integers(len(MOODS), size=count)
    tone = chance.integers(TONES, size=count)
    likeness = 0.15 * chance.dirichlet(np.full(CLUSTERS, 0.3), size=count)
    likeness[np.arange(count), mood * TONES + tone] += 0.85
    genres, people = [], []
    for one in mood:
        named = [name for name in MOODS[one][1] if chance.random() < 0.7]
        if chance.random() < 0.25:
            named.append(MOODS[int(chance.integers(len(MOODS)))][1][0])
        genres.append(tuple(dict.fromkeys(named or [MOODS[one][1][0]])))
        cast = (int(each) for each in np.minimum(chance.zipf(1.5, _CAST), _PEOPLE))
        of = one if chance.random() < 0.8 else int(chance.integers(len(MOODS)))
        people.append(tuple(dict.fromkeys(f"Player {of}-{each}" for each in cast)))
    arrives = np.where(
        chance.random(count) < _ARRIVING, chance.uniform(0, days, count), -chance.uniform(1, 400, count)
    )
    return Titles(
        likeness=likeness,
        mood=mood,
        quality=chance.normal(size=count),
        appeal=np.exp(chance.normal(0, 1.2, count)),
        maturity=np.array([chance.choice(MOODS[one][2]) for one in mood]),
        year=chance.integers(1950, 2026, size=count),
        episodes=np.where(chance.random(count) < 0.2, chance.integers(4, 13, count), 0),
        arrives=arrives,
        genres=tuple(genres),
        people=tuple(people),
    )
