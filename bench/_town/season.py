"""A season in a town: evening after evening somebody opens the home page, looks, chooses, and watches, or gives up.

A shop is whatever makes pages: the real site (served.py), or one of the plain ones below to compare with. People see
the first slots of a page more often than the last, misjudge what they see, and a part of what they watch they have
heard of elsewhere. Everything by chance comes from the seed; what one person does depends on what the shop showed.
"""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bench._town.people import Person, Tastes
from bench._town.titles import Titles

#: How likely a slot is looked at: falls by these factors from row to row, and from slot to slot.
BY_ROW, BY_SLOT = 0.75, 0.85
#: What a title must promise to be chosen, and how much a glance misjudges it.
WANTED, GLANCE = 3.0, 0.6
#: Share of evenings on which somebody comes for something heard of elsewhere.
HEARD = 0.25
#: From this much joy a title is watched to its end more often than not; how steep that is.
LASTS, STEEP = 2.7, 1.8
#: How many slots of a page count for what it says of a taste.
TOP = 20
#: The slots that a person's screen shows of a row, for what was seen by anyone.
SEEN_SLOTS = 8
#: With fewer titles than this rows share some; so many rows may stand on one screen.
FEW, SCREEN = 200, 3


@dataclass(frozen=True, slots=True)
class Shelf:
    """A row of a page. `own`: what the viewer put there or began, no suggestion."""

    key: str
    titles: Sequence[int]
    own: bool = False


@dataclass(frozen=True, slots=True)
class Play:
    """Somebody watched so much (0 … 1) of a title: its film, or the episode of this number."""

    who: int
    title: int
    episode: int
    fraction: float
    day: float
    heard: bool


class Shop(Protocol):
    """What makes pages. Days are days of the season, with their fraction."""

    def page(self, who: int, day: float) -> Sequence[Shelf]:
        """The home page of somebody now, best row first."""

    def watched(self, play: Play) -> None:
        """Somebody has watched something."""

    def night(self, day: int) -> None:
        """A day is over: time to train."""


@dataclass(slots=True)
class Log:
    """What happened. `offers` is, for each visit, (person, day, share of the top slots in the moods liked before, in
    those liked after, plays in the new moods since turning). `beside` is, for each visit of who has turned, (person,
    plays in the new moods, share of the top slots in them, the same on the page that it is compared with). `shown`
    counts, for each week, how often each title was in sight. `visits`, `found` (from the page), `finished`, `joy` are
    of suggestions only."""

    titles: int
    plays: list[Play] = field(default_factory=list)
    offers: list[tuple[int, float, float, float, int]] = field(default_factory=list)
    beside: list[tuple[int, int, float, float]] = field(default_factory=list)
    shown: dict[int, Counter[int]] = field(default_factory=dict)
    variety: dict[int, list[int]] = field(default_factory=dict)
    unfit: list[tuple[int, int, float]] = field(default_factory=list)
    twice: int = 0
    pages: int = 0
    visits: int = 0
    found: int = 0
    finished: int = 0
    joy: float = 0.0


class Season:
    """One town, one shop, so many days."""

    def __init__(self, titles: Titles, people: list[Person], shop: Shop, *, seed: int) -> None:
        self.titles, self.people, self.shop = titles, people, shop
        self.tastes = Tastes(people, titles, seed=seed)
        self.log = Log(titles=len(titles))
        self._chance = np.random.default_rng(seed + 1)
        self._done: list[set[int]] = [set() for _each in people]
        self._series: list[dict[int, int]] = [{} for _each in people]
        self._new_plays = [0] * len(people)
        self._fits = [titles.maturity <= person.maturity for person in people]
        #: Another page for the same moment, which nobody sees: to be compared with the one that is shown.
        self.other: Callable[[int, float], Sequence[Shelf]] | None = None

    def run(self, days: int) -> Log:
        """Let the days pass."""
        for day in range(days):
            self.tastes.move(day)
            coming = [
                (day + self._chance.uniform(0.7, 0.95), number)
                for number, person in enumerate(self.people)
                if self._chance.random() < person.evenings
            ]
            for at, who in sorted(coming):
                self._evening(who, at)
            self.shop.night(day)
        return self.log

    def _evening(self, who: int, at: float) -> None:
        shelves = self.shop.page(who, at)
        self._note(who, at, shelves)
        joy = self.tastes.enjoys(who)
        heard = self._chance.random() < HEARD
        if going_on := self._series_to_go_on(who):
            self._watch(who, going_on, at, joy, heard=True)
            return
        title = self._heard_of(who, at, joy) if heard else self._chosen(who, shelves, joy)
        if not heard:
            self.log.visits += 1
        if title is None:
            return
        if not heard:
            self.log.found += 1
            self.log.joy += float(joy[title])
        self._watch(who, title, at, joy, heard=heard)

    def _series_to_go_on(self, who: int) -> int | None:
        begun = [title for title, n in self._series[who].items() if n < self.titles.episodes[title]]
        return begun[-1] if begun and self._chance.random() < 0.6 else None

    def _heard_of(self, who: int, at: float, joy: NDArray[np.float64]) -> int | None:
        """Something of which there is talk, and that fits: whatever the page shows."""
        may = self._fits[who] & (self.titles.arrives <= at)
        may[list(self._done[who])] = False
        weight = np.where(may, self.titles.appeal * np.exp(np.minimum(joy, 5)), 0)
        return int(self._chance.choice(len(weight), p=weight / weight.sum())) if weight.sum() > 0 else None

    def _chosen(self, who: int, shelves: Sequence[Shelf], joy: NDArray[np.float64]) -> int | None:
        """The best of what was looked at, as it seems; None if nothing seems worth it."""
        best, most = None, WANTED
        for row, shelf in enumerate(each for each in shelves if not each.own):
            for slot, title in enumerate(shelf.titles):
                if self._chance.random() > BY_ROW**row * BY_SLOT**slot or title in self._done[who]:
                    continue
                seems = joy[title] + GLANCE * self._chance.normal()
                if seems > most:
                    best, most = title, seems
        return best

    def _watch(self, who: int, title: int, at: float, joy: NDArray[np.float64], *, heard: bool) -> None:
        ends = 1 / (1 + np.exp(-STEEP * (joy[title] - LASTS)))
        lasts = self._chance.random() < ends
        fraction = 1.0 if lasts else float(np.clip(self._chance.beta(1.2, 3) + 0.1 * joy[title], 0.02, 0.85))
        episode = self._series[who].get(title, 0)
        if self.titles.episodes[title]:
            self._series[who][title] = episode + 1 if lasts else int(self.titles.episodes[title])
            over = self._series[who][title] >= self.titles.episodes[title]
        else:
            over = True
        if over:
            self._done[who].add(title)
        self.log.finished += lasts and not heard
        person = self.people[who]
        if person.turns is not None and at >= person.turns and self.titles.mood[title] in person.after:
            self._new_plays[who] += 1
        play = Play(who, title, episode, fraction, at, heard)
        self.log.plays.append(play)
        self.shop.watched(play)

    def _note(self, who: int, at: float, shelves: Sequence[Shelf]) -> None:
        person, week = self.people[who], int(at // 7)
        self.log.pages += 1
        offered = [shelf.titles for shelf in shelves if not shelf.own]
        for shelf in shelves:
            self.log.unfit += [(who, title, at) for title in shelf.titles if not self._fits[who][title]]
        share = [self._share(offered, liked) for liked in (person.before, person.after)]
        self.log.offers.append((who, at, share[0], share[1], self._new_plays[who]))
        if self.other is not None and person.turns is not None and at >= person.turns:
            others = [shelf.titles for shelf in self.other(who, at) if not shelf.own]
            found = self._share(others, person.after)
            self.log.beside.append((who, self._new_plays[who], share[1], found))
        in_sight = [title for titles in offered for title in titles[:SEEN_SLOTS]]
        self.log.twice += _repeated([titles[:SEEN_SLOTS] for titles in offered], self.log.titles)
        self.log.shown.setdefault(week, Counter()).update(in_sight)
        self.log.variety.setdefault(week, []).append(len({int(self.titles.mood[each]) for each in in_sight}))

    def _share(self, offered: Sequence[Sequence[int]], liked: Collection[int]) -> float:
        """How much of the first rows, a few slots of each, is of these moods: what a page says at first sight."""
        top = [title for titles in offered[:4] for title in titles[: TOP // 4]][:TOP]
        return float(np.isin(self.titles.mood[top], list(liked)).mean()) if top else 0.0


def _repeated(rows: Sequence[Sequence[int]], titles: int) -> int:
    """How often a title is in sight again where it was seen: on the whole page, or in a catalogue of few titles, where
    rows share them, on one screen."""
    apart = SCREEN if titles < FEW else len(rows)
    return sum(
        title in above
        for number, row in enumerate(rows)
        for above in [{each for one in rows[max(0, number - apart + 1) : number] for each in one}]
        for title in row
    )
