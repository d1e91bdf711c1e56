"""What a season's log says. Pure."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from bench._town.people import Person
from bench._town.season import Log
from recommend.engine.metrics import gini

#: Coverage and evenness are looked at over so many weeks together.
WEEKS = 2
#: A taste is followed when the page has this share of what it had of the old taste before it changed.
FOLLOWED = 0.8


@dataclass(frozen=True, slots=True)
class Told:
    """`found` and `finished`: shares of the visits that looked for a suggestion. `liked`: share of what is at first
    sight in the moods that the person likes then. `recovery`: median of the plays in the new moods until the page
    follows (of those who are followed: `recovered`). `coverage`, `gini`, `moods`: by fortnight."""

    found: float
    finished: float
    liked: float
    recovery: float
    recovered: float
    recoveries: list[int | None]
    coverage: list[float]
    gini: list[float]
    moods: list[float]
    unfit: int


def told(log: Log, people: list[Person]) -> Told:
    """All of it."""
    recoveries = [found for found in _recoveries(log, people) if found != -1]
    followed = [each for each in recoveries if each is not None]
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
        recovery=float(np.median(followed)) if followed else float("inf"),
        recovered=round(len(followed) / max(1, len(recoveries)), 2),
        recoveries=recoveries,
        coverage=coverage,
        gini=uneven,
        moods=moods,
        unfit=len(log.unfit),
    )


def _liked(log: Log, people: list[Person]) -> float:
    shares = []
    for who, day, before, after, _plays in log.offers:
        turns = people[who].turns
        shares.append(after if turns is not None and day >= turns else before)
    return float(np.mean(shares)) if shares else 0.0


def _recoveries(log: Log, people: list[Person]) -> list[int | None]:
    """For everybody who turns: plays in the new moods until followed; None: never; -1: too few visits to say."""
    visits = defaultdict(list)
    for who, day, before, after, plays in log.offers:
        visits[who].append((day, before, after, plays))
    found: list[int | None] = []
    for who, person in enumerate(people):
        if person.turns is None:
            continue
        earlier = [before for day, before, _after, _plays in visits[who] if day < person.turns][-10:]
        later = [(after, plays) for day, _before, after, plays in visits[who] if day >= person.turns]
        if len(earlier) < 5 or len(later) < 5:
            found.append(-1)
            continue
        wanted = FOLLOWED * float(np.mean(earlier))
        # Two pages on end, so that one lucky page is not called following.
        shares = [after for after, _plays in later]
        at = next((n for n in range(len(shares) - 1) if min(shares[n : n + 2]) >= wanted), None)
        found.append(None if at is None else later[at][1])
    return found
