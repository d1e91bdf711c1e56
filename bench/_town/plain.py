"""Plain shops to compare with: by popularity, by chance, and one that reads minds."""

from collections.abc import Sequence

import numpy as np

from bench._town.people import Person, Tastes
from bench._town.season import Play, Shelf
from bench._town.titles import MOODS, Titles

#: Rows and slots of their pages.
ROWS, SLOTS = 8, 20


class Plain:
    """What all plain shops share: what may be shown to whom, on rows by mood's first genre below the leading one."""

    def __init__(self, titles: Titles, people: list[Person], *, seed: int = 0) -> None:
        self.titles, self.people = titles, people
        self._chance = np.random.default_rng(seed)
        self._seen = np.zeros((len(people), len(titles)), bool)

    def watched(self, play: Play) -> None:
        """Who saw what is known to any shop: it is not offered again."""
        self._seen[play.who, play.title] = True

    def night(self, day: int) -> None:
        """Nothing to train."""

    def page(self, who: int, day: float) -> Sequence[Shelf]:
        """One leading row and rows by genre, all sorted by `worth`, without what this person saw."""
        may = (self.titles.maturity <= self.people[who].maturity) & (self.titles.arrives <= day)
        may &= ~self._seen[who]
        worth = np.where(may, self.worth(who, day), -np.inf)
        order = [int(each) for each in np.argsort(-worth, kind="stable")[: int(may.sum())]]
        shelves, taken = [Shelf("top", order[:SLOTS])], set(order[:SLOTS])
        genres = list(dict.fromkeys(genres[0] for _name, genres, _ages in MOODS))
        for genre in sorted(genres, key=lambda each: -self.leans(who, each))[: ROWS - 1]:
            held = [one for one in order if genre in self.titles.genres[one] and one not in taken][:SLOTS]
            taken.update(held)
            shelves.append(Shelf(genre, held))
        return shelves

    def worth(self, who: int, day: float) -> np.ndarray:
        """(titles,): what is shown first."""
        raise NotImplementedError

    def leans(self, who: int, genre: str) -> float:
        """Which genres come first."""
        return 0.0


class ByChance(Plain):
    """As it comes."""

    def worth(self, who: int, day: float) -> np.ndarray:
        """A new order each time."""
        return self._chance.random(len(self.titles))


class ByPopularity(Plain):
    """What is watched most, what was watched lately above."""

    def __init__(self, titles: Titles, people: list[Person], *, seed: int = 0) -> None:
        super().__init__(titles, people, seed=seed)
        self._counts = np.zeros(len(titles))
        self._noise = 0.01 * self._chance.random(len(titles))

    def watched(self, play: Play) -> None:
        """One more, if it was more than a look."""
        super().watched(play)
        if play.fraction > 0.05:
            self._counts[play.title] += 1

    def night(self, day: int) -> None:
        """What was watched a week ago counts half."""
        self._counts *= 0.5 ** (1 / 7)

    def worth(self, who: int, day: float) -> np.ndarray:
        """By the counts."""
        return self._counts + self._noise


class ByMind(Plain):
    """Knows what nobody can know: how much each would enjoy everything. The most that a page could reach."""

    def __init__(self, titles: Titles, people: list[Person], tastes: Tastes) -> None:
        super().__init__(titles, people)
        self.tastes = tastes

    def worth(self, who: int, day: float) -> np.ndarray:
        """By true joy."""
        return self.tastes.enjoys(who)
