"""What a viewer's acts with one title are worth. Pure: facts in, an opinion out; no models, no clock.

The weights of likes, half-watched titles and dislikes were measured (graded weights beat counting all alike by 7 to
9 %; a mild minus for a dislike shows a fifth fewer of them and costs nothing, a strong one costs much); the others are
judgement (docs/recommend-signals.md). Two numbers each: what it teaches the model, and what it adds to the viewer's own
scores.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from uuid import UUID

from recommend.signals.shapes import Did, Kind

#: From this share of a film on it counts as finished, and from this one as watched.
FINISHED, WATCHED = 0.9, 0.25
#: A shorter look is a peek: less of the film than this, or less time (less than a tenth of a short film).
PEEK_SHARE, PEEK_TIME, PEEK_OF_SHORT = 0.03, 120.0, 0.1
#: What was left and not gone on with for so long is abandoned.
ABANDONED_AFTER = timedelta(days=7)
#: Episodes after which a series counts for two thirds of a finished film (1 - 1/e).
EPISODES = 3.0
#: What an episode counts that began by itself, and in whose first ten minutes nobody touched anything.
ALONE = 0.5
#: The picture must have moved for this share of what somebody is said to have seen: who jumps to the end saw nothing
#: of it; who watches at double speed did.
MOVED = 0.45


class BadWeight(ValueError):
    """A weight in the settings cannot be read."""


@dataclass(frozen=True, slots=True)
class Worth:
    """`train` is what it teaches the model (0 and up), `score` what it adds to its viewer's scores."""

    train: float
    score: float


@dataclass(frozen=True, slots=True)
class Weights:
    """What everything is worth. `again` is added for every further time that a film was finished, up to `most`."""

    finished: Worth = Worth(1.0, 1.0)
    watched: Worth = Worth(0.5, 0.5)
    up: Worth = Worth(1.0, 1.0)
    double_up: Worth = Worth(1.3, 1.5)
    down: Worth = Worth(0.1, -0.3)
    picked: Worth = Worth(1.0, 1.0)
    left: Worth = Worth(0.0, -0.05)
    abandoned: Worth = Worth(0.0, -0.1)
    listed: Worth = Worth(0.2, 0.3)
    hidden: Worth = Worth(0.0, -0.1)
    again: Worth = Worth(0.25, 0.25)
    most: Worth = Worth(1.5, 1.5)


def weights(said: Mapping[str, str]) -> Weights:
    """The weights with what the settings say otherwise: {"down": "0.1/-0.3"}, train/score. Raises BadWeight."""
    known = {field.name for field in fields(Weights)}
    changes: dict[str, Worth] = {}
    for name, text in said.items():
        if name not in known:
            raise BadWeight(f"there is no weight {name!r}; there are {', '.join(sorted(known))}")
        train, _slash, score = text.partition("/")
        try:
            worth = Worth(float(train), float(score))
        except ValueError:
            raise BadWeight(f"{name} is {text!r}; write it as train/score, like 0.1/-0.3") from None
        if not (0 <= worth.train <= 10 and -10 <= worth.score <= 10):
            raise BadWeight(f"{name} is {text!r}; train is 0 to 10 and score -10 to 10")
        changes[name] = worth
    return replace(Weights(), **changes)


@dataclass(frozen=True, slots=True)
class Fact:
    """One act as it is stored: see `shapes.Act`. Times of watching are in seconds.

    What does not count hides its title, if it is a wish to do so, and says nothing else.
    """

    did: Did
    value: float
    at: datetime
    video_id: UUID | None = None
    watched: float = 0.0
    length: float = 0.0
    over: bool = True
    part: bool = False
    counts: bool = True
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a profile's acts with a title come to. `kind` is None when they say nothing (a peek)."""

    kind: Kind | None
    worth: Worth
    at: datetime
    seen: bool = False
    hidden: bool = False


_NOTHING = Worth(0.0, 0.0)


def opinion(
    facts: Sequence[Fact], weights: Weights, *, now: datetime, since: datetime | None = None
) -> Opinion | None:
    """What a profile thinks of one title; None when nothing is left of what it did.

    What was before it took the title back counts nothing, wishes for the page apart. Of what was before `since` (it
    started anew) only stays that it was seen, and that a thumb down hides it: the thumb is still there to be seen.
    """
    taken_back = max((fact.at for fact in facts if fact.did is Did.FORGOTTEN), default=None)
    left = [
        fact
        for fact in facts
        if fact.did is not Did.FORGOTTEN and (taken_back is None or fact.at > taken_back or not fact.counts)
    ]
    if not left:
        return None
    shares = _shares([fact for fact in left if fact.did is Did.WATCHED])
    seen = any(share >= WATCHED for share in shares.values())
    down = any(fact.did is Did.THUMB and fact.value < 0 for fact in left)
    fresh = left if since is None else [fact for fact in left if fact.at > since]
    at = max(fact.at for fact in fresh or left)
    if not fresh:
        return Opinion(None, _NOTHING, at, seen=seen, hidden=down)
    hidden = down or any(fact.did is Did.HIDDEN for fact in fresh)
    counting = [fact for fact in fresh if fact.counts]
    kind, worth = _verdict(counting, weights, now=now) if counting else (None, _NOTHING)
    return Opinion(kind, worth, at, seen=seen, hidden=hidden)


def _verdict(facts: Sequence[Fact], weights: Weights, *, now: datetime) -> tuple[Kind | None, Worth]:
    """The strongest that these acts say: a verdict before watching, watching before a wish."""
    watching = _watching([fact for fact in facts if fact.did is Did.WATCHED], weights, now=now)
    thumb = max((fact for fact in facts if fact.did is Did.THUMB), key=lambda fact: fact.at, default=None)
    if thumb is not None and thumb.value < 0:
        return Kind.DOWN, weights.down
    if thumb is not None:
        kind, said = (Kind.DOUBLE_UP, weights.double_up) if thumb.value > 1 else (Kind.UP, weights.up)
        return kind, _larger(said, watching[1])
    did = {fact.did for fact in facts}
    if Did.PICKED in did:
        return Kind.PICKED, _larger(weights.picked, watching[1])
    if watching[1].score > 0:
        return watching
    if Did.HIDDEN in did:
        return Kind.HIDDEN, weights.hidden
    if Did.LISTED in did and watching[0] is None:
        return Kind.LISTED, weights.listed
    return watching


def _watching(facts: Sequence[Fact], weights: Weights, *, now: datetime) -> tuple[Kind | None, Worth]:
    """What watching alone says."""
    if not facts:
        return None, _NOTHING
    shares = _shares(facts)
    best = max(shares.values())
    if best >= WATCHED:
        if any(fact.part for fact in facts):
            # What came by itself and ran in front of nobody, as far as anybody knows, counts half.
            chosen = {fact.video_id for fact in facts if not fact.alone}
            episodes = sum(
                (1.0 if share >= FINISHED else 0.5) * (1.0 if video_id in chosen else ALONE)
                for video_id, share in shares.items()
                if share >= WATCHED
            )
            part = 1.0 - math.exp(-episodes / EPISODES)
            return Kind.SERIES, Worth(weights.finished.train * part, weights.finished.score * part)
        if best < FINISHED:
            return Kind.WATCHED, weights.watched
        times = sum(1 for fact in facts if _share([fact]) >= FINISHED)
        return (Kind.AGAIN, _again(weights, times)) if times > 1 else (Kind.FINISHED, weights.finished)
    if not all(fact.over for fact in facts) or _peeked(facts, best):
        return None, _NOTHING
    if now - max(fact.at for fact in facts) >= ABANDONED_AFTER:
        return Kind.ABANDONED, weights.abandoned
    return Kind.LEFT, weights.left


def _shares(facts: Sequence[Fact]) -> dict[UUID | None, float]:
    """How much of each video was seen, 0 … 1, over all viewings of it."""
    by_video: dict[UUID | None, list[Fact]] = {}
    for fact in facts:
        by_video.setdefault(fact.video_id, []).append(fact)
    return {video_id: _share(told) for video_id, told in by_video.items()}


def _share(facts: Sequence[Fact]) -> float:
    furthest = max(fact.value for fact in facts)
    length = max(fact.length for fact in facts)
    if length <= 0:
        return furthest
    return min(furthest, sum(fact.watched for fact in facts) / (MOVED * length))


def _peeked(facts: Sequence[Fact], share: float) -> bool:
    watched = sum(fact.watched for fact in facts)
    length = max(fact.length for fact in facts)
    short = PEEK_OF_SHORT * length if length > 0 else PEEK_TIME
    return share < PEEK_SHARE or watched < min(PEEK_TIME, short)


def _again(weights: Weights, times: int) -> Worth:
    once, more, most = weights.finished, weights.again, weights.most
    return Worth(
        max(once.train, min(most.train, once.train + (times - 1) * more.train)),
        max(once.score, min(most.score, once.score + (times - 1) * more.score)),
    )


def _larger(one: Worth, other: Worth) -> Worth:
    return Worth(max(one.train, other.train), max(one.score, other.score))
