"""What a season's log says. Pure."""

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from bench._town.people import Person
from bench._town.season import Log
from recommend.engine import metrics
from recommend.engine.metrics import gini

#: Coverage and evenness are looked at over so many weeks together.
WEEKS = 2
#: A taste is followed when the page has this share of what it had of the old taste before it changed.
FOLLOWED = 0.8
#: One page says little (its twenty first slots go in steps of .05): the pages of who has played so many and of
#: who has played up to two fewer are taken together, of at least so many people. So many plays are looked at.
PLAYS, PEOPLE, LOOKED = 3, 4, 10

#: Plays, from and to, whose pages are compared with others of the same visits.
STRETCHES = ((1, 2), (3, 5), (6, 9))


@dataclass(frozen=True, slots=True)
class Told:
    """`found` and `finished`: shares of the visits that looked for a suggestion. `liked`: share of what is at first
    sight in the moods that the person likes then. `turned`: by plays in the new moods since turning, what pages have of
    them beside what they had of the old ones, and of how many people. `recovery`: so many plays until that is
    `FOLLOWED` and stays so. `each`: the same for everybody alone, and strictly: until two of their pages on
    end have it; `recovered` is the share of those who get there. `coverage`, `gini`, `moods`: by fortnight."""

    found: float
    finished: float
    liked: float
    recovery: int | None
    turned: dict[int, tuple[float, int]]
    recovered: float
    each: list[int | None]
    coverage: list[float]
    gini: list[float]
    moods: list[float]
    unfit: int


def told(log: Log, people: list[Person]) -> Told:
    """All of it."""
    turners = _turners(log, people)
    alone = [_alone(former, pages) for former, pages in turners]
    turned = _turned(turners)
    fortnights = sorted({week // WEEKS for week in log.shown if week >= 0})
    whole = [each for each in fortnights if all(WEEKS * each + n in log.shown for n in range(WEEKS))]
    coverage, uneven, moods = [], [], []
    for each in whole:
        counts = np.zeros(log.titles)
        seen: list[int] = []
        for week in range(WEEKS * each, WEEKS * each + WEEKS):
            for title, count in log.shown[week].items():
                counts[title] += count
            seen += log.variety[week]
        coverage.append(round(float((counts > 0).mean()), 3))
        uneven.append(round(gini(counts), 3))
        moods.append(round(float(np.mean(seen)), 1))
    return Told(
        found=round(log.found / max(1, log.visits), 3),
        finished=round(log.finished / max(1, log.visits), 3),
        liked=round(_liked(log, people), 3),
        recovery=_recovery(turned),
        turned=turned,
        recovered=round(sum(plays is not None for plays in alone) / max(1, len(alone)), 2),
        each=alone,
        coverage=coverage,
        gini=uneven,
        moods=moods,
        unfit=len(log.unfit),
    )


def compared(log: Log) -> dict[str, tuple[float, float, metrics.Estimate]]:
    """By plays in the new moods: what pages have of them at first sight, what the others have, and the difference of
    the two on the same visits, each person counting alike."""
    found = {}
    for first, last in STRETCHES:
        mine: dict[int, list[tuple[float, float]]] = defaultdict(list)
        for who, plays, share, other in log.beside:
            if first <= plays <= last:
                mine[who].append((share, other))
        if len(mine) >= PEOPLE:
            means = np.array([np.mean(each, axis=0) for each in mine.values()])
            found[f"{first} to {last}"] = (
                round(float(means[:, 0].mean()), 3),
                round(float(means[:, 1].mean()), 3),
                metrics.paired(means[:, 0], means[:, 1]),
            )
    return found


def _liked(log: Log, people: list[Person]) -> float:
    shares = []
    for who, day, before, after, _plays in log.offers:
        turns = people[who].turns
        shares.append(after if turns is not None and day >= turns else before)
    return float(np.mean(shares)) if shares else 0.0


def _turners(log: Log, people: list[Person]) -> list[tuple[float, list[tuple[int, float]]]]:
    """Of everybody who turns what pages had of the old moods before, and what each had of the new ones after so many
    plays in them. Who came too seldom to say anything is left out."""
    visits = defaultdict(list)
    for who, day, before, after, plays in log.offers:
        visits[who].append((day, before, after, plays))
    found = []
    for who, person in enumerate(people):
        if person.turns is None:
            continue
        earlier = [before for day, before, _after, _plays in visits[who] if day < person.turns][-10:]
        later = [(plays, after) for day, _before, after, plays in visits[who] if day >= person.turns]
        if len(earlier) >= 5 and len(later) >= 5:
            found.append((float(np.mean(earlier)), later))
    return found


def _turned(turners: list[tuple[float, list[tuple[int, float]]]]) -> dict[int, tuple[float, int]]:
    """By plays in the new moods up to `LOOKED`: the pages of everybody who played so many, each person counting alike;
    and how many people. They are the same people all along, or those who are not followed would drop out of it."""
    there = [(former, pages) for former, pages in turners if pages[-1][0] >= LOOKED]
    total = sum(former for former, _pages in there)
    if len(there) < PEOPLE or total <= 0:
        return {}
    found = {}
    for plays in range(PLAYS - 1, LOOKED + 1):
        # Everybody's plays grow by one from page to page, so everybody has pages for each.
        have = [[share for at, share in pages if plays - PLAYS < at <= plays] for _former, pages in there]
        found[plays] = (round(float(sum(np.mean(shares) for shares in have)) / total, 2), len(there))
    return found


def _recovery(turned: dict[int, tuple[float, int]]) -> int | None:
    """The plays after which pages have enough of the new moods and go on to have it; one more than was looked at when
    they never do, None when too few played so many to say."""
    if not turned:
        return None
    lacking = [plays for plays, (share, _people) in turned.items() if share < FOLLOWED]
    return max(lacking, default=PLAYS - 2) + 1


def _alone(former: float, pages: list[tuple[int, float]]) -> int | None:
    """Plays until two pages on end, so that a lucky one is not called following; None: never."""
    for (plays, share), (_plays, next_share) in pairwise(pages):
        if min(share, next_share) >= FOLLOWED * former:
            return plays
    return None
