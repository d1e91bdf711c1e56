"""How well a title should suit a profile: a figure for people, and the true reason for it. Pure: data in, data out.

The figure is the affinity by which rows are sorted (scoring.py), put on a scale that people know: 50 is where nothing
speaks for or against, 99 the most that can be said. What the profile did with the title itself does not count: that it
was watched is no forecast. Where too little is known to say anything, nothing is said.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from recommend import scoring

#: What must be known of titles that share a genre or a person with this one: about one that was watched to its end.
ENOUGH = 1.0
#: Closer to the middle than this says nothing that anybody could use.
UNDECIDED = 5


@dataclass(frozen=True, slots=True)
class Match:
    """`percent` is 1 … 99. The reason is a `genre` (a slug) or a `person` (a name); the other one is ''.

    Above 50 it is what the profile likes most of the title, below 50 what it likes least.
    """

    percent: int
    genre: str = ""
    person: str = ""


def match(
    about: scoring.Features,
    signals: Iterable[scoring.Signal],
    features: Mapping[UUID, scoring.Features],
    *,
    now: datetime,
) -> Match | None:
    """How a title suits the profile that gave these signals; None when too little is known.

    `features` are those of the titles that the signals are about; what is not in it counts nothing.
    """
    others = [each for each in signals if each.title_id != about.id and each.title_id in features]
    if _evidence(about, others, features, now=now) < ENOUGH:
        return None
    taste = scoring.taste_of(others, features, now=now)
    value = max(-1.0, min(1.0, scoring.affinity(about, taste)))
    percent = round(50 + 49 * value)
    if abs(percent - 50) <= UNDECIDED:
        return None
    return _because(about, taste, percent)


def _evidence(
    about: scoring.Features,
    signals: Iterable[scoring.Signal],
    features: Mapping[UUID, scoring.Features],
    *,
    now: datetime,
) -> float:
    """How much is known of titles that have something in common with this one."""
    return sum(
        abs(each.weight) * scoring.decay(now - each.at)
        for each in signals
        if features[each.title_id].genres & about.genres or features[each.title_id].people & about.people
    )


def _because(about: scoring.Features, taste: scoring.Taste, percent: int) -> Match | None:
    """The figure with what moved it most to its side; None when nothing can be named."""
    side = 1 if percent > 50 else -1
    # As they weigh in `affinity` near its middle.
    share = 0.5 / max(1, len(about.genres)) ** 0.5
    said = [(side * share * taste.genres.get(slug, 0.0), Match(percent, genre=slug)) for slug in about.genres]
    said += [(side * 0.5 * taste.people.get(name, 0.0), Match(percent, person=name)) for name in about.people]
    worth, found = max(said, key=lambda each: (each[0], each[1].genre, each[1].person), default=(0.0, None))
    return found if worth > 0 else None
