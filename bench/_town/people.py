"""Who lives in a town: households of profiles with tastes that drift, and some that change altogether. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench._town.titles import CLUSTERS, FOR_KIDS, MOODS, TONES, Titles

#: What one's own taste, a title's worth and mere chance weigh in how much somebody enjoys it.
TASTE, QUALITY, CHANCE = 5.0, 0.45, 0.6
#: Chance that a taste moves a little within a week, and how much of it goes elsewhere then.
DRIFT, DRIFT_SHARE = 0.15, 0.3
_KIDS_AGES = (7, 7, 10)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who watches. `evenings` is the chance of a visit on a day; `turns` the day when the taste changes
    altogether, None where it does not; `before` and `after` are the moods that are liked."""

    household: int
    kid: bool
    maturity: int
    evenings: float
    turns: float | None
    before: tuple[int, ...]
    after: tuple[int, ...]


class Tastes:
    """How much each person enjoys each cluster, as it is on a day; `move` lets a day pass."""

    def __init__(self, people: list[Person], titles: Titles, *, seed: int) -> None:
        self.people, self.titles = people, titles
        self._chance = np.random.default_rng(seed)
        self.of = np.stack([_taste(person.before, self._chance) for person in people])
        #: What nobody can foresee: how this person and this title get on.
        self._by_chance = self._chance.normal(size=(len(people), len(titles))).astype(np.float32)
        self._turned: set[int] = set()

    def move(self, day: int) -> None:
        """A day passes: some tastes drift, and who turns today turns."""
        for number, person in enumerate(self.people):
            if person.turns is not None and day >= person.turns and number not in self._turned:
                self._turned.add(number)
                self.of[number] = _taste(person.after, self._chance)
            elif self._chance.random() < DRIFT / 7:
                moods = person.after if number in self._turned else person.before
                other = _taste((int(self._chance.choice(_moods(person.kid))), *moods[:1]), self._chance)
                self.of[number] = (1 - DRIFT_SHARE) * self.of[number] + DRIFT_SHARE * other

    def enjoys(self, who: int) -> NDArray[np.float64]:
        """(titles,): how much this person enjoys each title now; 0 is what leaves one cold, 4 a favourite."""
        return (
            TASTE * np.sqrt(np.maximum(0, self.titles.likeness @ self.of[who]))
            + QUALITY * self.titles.quality
            + CHANCE * self._by_chance[who]
        )


def settle(count: int, *, seed: int, turning: float = 0.25, turn_day: float = 45.0) -> list[Person]:
    """This many people in households of up to five; a share of the grown-ups turns to other moods on a day."""
    chance = np.random.default_rng(seed)
    made: list[Person] = []
    household = 0
    while len(made) < count:
        size = int(chance.integers(1, 6))
        for place in range(min(size, count - len(made))):
            kid = place > 0 and chance.random() < 0.45
            moods = _moods(kid)
            drawn = [int(each) for each in chance.permutation(moods)]
            wanted = 2 if len(drawn) > 2 else 1
            made.append(
                Person(
                    household=household,
                    kid=kid,
                    maturity=int(chance.choice(_KIDS_AGES)) if kid else 18,
                    evenings=float(np.clip(chance.gamma(3, 0.15), 0.1, 0.95)),
                    turns=turn_day if not kid and chance.random() < turning else None,
                    before=tuple(drawn[:wanted]),
                    after=tuple(drawn[wanted : 2 * wanted]),
                )
            )
        household += 1
    return made


def _moods(kid: bool) -> list[int]:
    """What children, and what grown-ups, mostly like."""
    return [*FOR_KIDS, 2] if kid else [one for one in range(len(MOODS)) if one not in FOR_KIDS]


def _taste(moods: tuple[int, ...], chance: np.random.Generator) -> NDArray[np.float64]:
    """A taste for these moods: in each one tone above the others; a tenth goes anywhere."""
    taste = 0.1 * chance.dirichlet(np.full(CLUSTERS, 0.5))
    shares = chance.dirichlet(np.full(len(moods), 4.0))
    for mood, share in zip(moods, shares, strict=True):
        taste[mood * TONES : (mood + 1) * TONES] += 0.9 * share * chance.dirichlet(np.full(TONES, 0.5))
    return taste
