"""When to train, and whether what was trained may be served. Pure: figures in, words out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

#: Training follows so many new signals, or this share of all there were, whichever is more; and so much time.
NEW_SIGNALS, NEW_SHARE = 200, 0.02
SOONEST = timedelta(hours=1)
DAILY = timedelta(days=1)
#: Or it follows so many new titles as a share of those that were learnt: while a library is read in, say.
NEW_TITLES, SOONEST_FOR_TITLES = 0.2, timedelta(minutes=10)
#: It follows sooner where there are so many times as many as were learnt: in the first minutes of a site most titles
#: come after the first model, and would all have to borrow from the few that it knows.
MANY_TIMES, SOONEST_FOR_MANY = 1.5, timedelta(minutes=1)
#: A training that failed or was refused is not tried again before this.
AFTER_TROUBLE = timedelta(hours=6)
#: What somebody withdrew has to be out of what is served within this time.
WITHDRAWN_WITHIN = timedelta(hours=24)

#: Held-out plays from which on a comparison counts, and below which nothing at all can be said.
ENOUGH_PLAYS, ENOUGH_VIEWERS = 200, 20
FEWEST_PLAYS = 10
#: A candidate may be so much worse than what is served, for figures jump from day to day.
NOT_WORSE = 0.95


class Occasion(StrEnum):
    """Why a training was begun."""

    FIRST = "first"
    WITHDRAWN = "withdrawn"
    NEW_SIGNALS = "new signals"
    NEW_TITLES = "new titles"
    DAILY = "daily"
    ASKED = "asked"


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known when somebody asks whether to train. `model_at`: when the signals of what is served were read."""

    now: datetime
    titles: int
    model_at: datetime | None
    signals: int = 0
    new_signals: int = 0
    learnt_titles: int = 0
    withdrawn_at: datetime | None = None
    trouble_at: datetime | None = None


def due(standing: Standing) -> Occasion | None:
    """Why to train now; None when there is no reason to."""
    if standing.titles == 0:
        return None
    if standing.model_at is not None and is_owed(standing.model_at, standing.withdrawn_at):
        wait = SOONEST
        # Within a day is soon enough: who takes back something each minute must not keep the machine training.
        soon = standing.now - standing.model_at < SOONEST
        occasion: Occasion | None = None if soon else Occasion.WITHDRAWN
    else:
        wait = AFTER_TROUBLE
        occasion = _usual(standing)
    if standing.trouble_at is not None and standing.now - standing.trouble_at < wait:
        return None
    return occasion


def _usual(standing: Standing) -> Occasion | None:
    if standing.model_at is None:
        return Occasion.FIRST
    age = standing.now - standing.model_at
    if age >= SOONEST and standing.new_signals >= max(NEW_SIGNALS, NEW_SHARE * standing.signals):
        return Occasion.NEW_SIGNALS
    if age >= SOONEST_FOR_TITLES and standing.titles > (1 + NEW_TITLES) * standing.learnt_titles:
        return Occasion.NEW_TITLES
    if age >= SOONEST_FOR_MANY and standing.titles >= MANY_TIMES * standing.learnt_titles > 0:
        return Occasion.NEW_TITLES
    return Occasion.DAILY if age >= DAILY and standing.new_signals > 0 else None


def is_owed(read_at: datetime, withdrawn_at: datetime | None) -> bool:
    """Whether a model whose signals were read then still has in it what somebody withdrew."""
    return withdrawn_at is not None and read_at <= withdrawn_at


# What the figures say ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Against:
    """A candidate beside something else on the same plays, by NDCG@10: the ratio of the means, and the difference with
    its 95 % interval (whole viewers drawn, because plays of one viewer are not independent).
    """

    ratio: float
    difference: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Trial:
    """Held-out plays of a training: how many, by how many viewers, and the candidate beside each of the others."""

    plays: int = 0
    viewers: int = 0
    against: Mapping[str, Against] = field(default_factory=dict)

    @property
    def enough(self) -> bool:
        """Whether the means themselves count; below, only what is beyond doubt does."""
        return self.plays >= ENOUGH_PLAYS and self.viewers >= ENOUGH_VIEWERS


class Verdict(StrEnum):
    """What the gate says; `PASSED` and `UNDECIDED` let a candidate through."""

    PASSED = "passed"
    UNDECIDED = "too few plays to judge"
    BROKEN = "broken"
    WORSE_THAN_SERVED = "worse than what is served"
    WORSE_THAN_POPULAR = "worse than what is popular"


def gate(trial: Trial, faults: Sequence[str], *, withdrawn: bool = False) -> Verdict:
    """Whether a candidate may be served. `faults` of its arrays always stop it.

    With enough plays it must find more than popularity, and not less than 95 % of what is served. With few, only a
    difference beyond doubt stops it. `withdrawn`: what is served must go in any case, so it is not compared with it.
    """
    if faults:
        return Verdict.BROKEN
    if trial.plays < FEWEST_PLAYS:
        return Verdict.UNDECIDED
    served = trial.against.get("served")
    if served is not None and not withdrawn and _worse(served, NOT_WORSE, enough=trial.enough):
        return Verdict.WORSE_THAN_SERVED
    popular = trial.against.get("popular")
    if popular is not None and _worse(popular, 1.0, enough=trial.enough):
        return Verdict.WORSE_THAN_POPULAR
    return Verdict.PASSED if trial.enough else Verdict.UNDECIDED


def lets_through(verdict: Verdict) -> bool:
    """Whether what got this verdict is served."""
    return verdict in (Verdict.PASSED, Verdict.UNDECIDED)


def to_go_back(trial: Trial) -> bool:
    """Whether plays since a version went live show beyond doubt that the one before it was better."""
    before = trial.against.get("before")
    return before is not None and trial.plays >= ENOUGH_PLAYS and before.ratio < NOT_WORSE and before.high < 0


def _worse(found: Against, least: float, *, enough: bool) -> bool:
    beyond_doubt = found.high < 0
    return found.ratio < least and (enough or beyond_doubt)


def strongest_plain(trial: Trial) -> str:
    """Which of what is the same for all was hardest to beat: 'popular' or 'trending'."""
    return min(("popular", "trending"), key=lambda name: trial.against[name].ratio)


class Help(StrEnum):
    """Whether personalisation helps here."""

    YES = "yes"
    NO = "no"
    UNDECIDED = "not enough to decide"


def helps(trial: Trial, *, beside: str = "popular") -> Help:
    """What the plays say of personal rows beside ones that are the same for all: an interval that holds 0 decides
    nothing, and neither do a handful of plays.
    """
    found = trial.against.get(beside)
    if found is None or trial.plays < FEWEST_PLAYS or found.low <= 0 <= found.high:
        return Help.UNDECIDED
    return Help.YES if found.low > 0 else Help.NO
