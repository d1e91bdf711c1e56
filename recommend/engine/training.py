"""Train a model from what viewers did and what titles are about. Needs scipy: only the training process imports this.

Which way is taken follows the size (docs/recommend-engine.md): one dense matrix for taste over the most watched titles,
a smaller one for what comes next, neighbours for the rest, and factors when the catalogue is larger than all that. The
same events, titles and settings make the same model.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommend.engine import content as about_titles
from recommend.engine.model import Content, Floats, Model, Numbers, Rows, indexed
from recommend.engine.train_factors import available, factors, merged, rows
from recommend.engine.train_following import following
from recommend.engine.train_matrix import affordable
from recommend.engine.train_tail import tail
from recommend.engine.train_taste import taste

#: Below so many viewers a server is a small house.
SMALL_HOUSE = 250
#: On sparse data a quarter of a pair counts within a day alone, and a quarter within a week.
NEAR = ((1.0, 0.25), (7.0, 0.25))


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """What viewers did, sorted by time: arrays of one length.

    `viewer`, `title`: int32 numbers from 0; titles are places in what training is given. `weight`: float32, how much it
    speaks for the title; 0 and below is left out (a dislike belongs into the scoring, not into training). `at`:
    float64, seconds. `account`: int32, who shares a house; None: every viewer is alone.
    """

    viewer: Numbers
    title: Numbers
    weight: Floats
    at: NDArray[np.float64]
    account: Numbers | None = None

    def __len__(self) -> int:
        return len(self.viewer)


class Pairs(Protocol):
    """A symmetric matrix over titles by its entries that are not 0: the diagonal and both halves."""

    @property
    def rows(self) -> Numbers: ...
    @property
    def columns(self) -> Numbers: ...
    @property
    def values(self) -> Floats: ...


@dataclass(frozen=True, slots=True)
class Settings:
    """How to train. None leaves the choice to what the data is like.

    `head`: most titles in the dense matrix of taste; `step_head` in that of what comes next; `two_scales_to`: up to so
    many titles the past is seen on two scales; `scales` says which, and () leaves what comes next out. `fill`: titles
    without events join the head up to so many, where content speaks for them. `least`: events a title needs to be
    trained. `ridge`, `drop`: EDLAE's λ and p. `power`: viewers weigh n^-power. `alpha`: weight of content in the Gram.
    `beta`: weight of a seed. `width`: weights kept of each row. `support`: accounts that must have watched both of two
    titles for the pair to count. `memory`: bytes the trainer may use. `lent`: how much of their neighbours' scores
    titles get that were watched too seldom, where all others were: they had their chance. `near`: (days, share):
    in taste that share of a pair counts only when one viewer watched both within so many days (`train_taste.by_time`).
    """

    head: int = 30_000
    step_head: int = 15_000
    two_scales_to: int = 6_000
    fill: int = 3_000
    least: int = 2
    ridge: float | None = None
    drop: float | None = None
    step_ridge: float | None = None
    power: float | None = None
    alpha: float | None = None
    beta: float = 0.0
    width: int = 500
    scales: tuple[float, ...] | None = None
    support: int = 1
    memory: int | None = None
    dense_to: int = 50_000
    factors: int = 128
    wide_head: int = 20_000
    neighbours: int = 30
    lent: float = 0.5
    near: tuple[tuple[float, float], ...] | None = None


def train(
    titles: Sequence[UUID],
    events: Events,
    content: Content,
    settings: Settings | None = None,
    *,
    seed: Pairs | None = None,
) -> Model:
    """A model of all `titles`; `content` has a row for each of them, in their order, and so have `seed`'s numbers.

    Raises `TooLarge` before allocating, when the head does not fit.
    """
    chosen = settings or Settings()
    used = _liked(events)
    signals = np.bincount(used.title, minlength=len(titles))
    known = _known(content, seed)
    order = np.lexsort((np.arange(len(signals)), ~known, -signals))
    watched = int((signals >= chosen.least).sum())
    wide = watched > chosen.dense_to and available()
    head = _head(watched, int((known | (signals > 0)).sum()), chosen)
    dense = min(head, chosen.wide_head) if wide else head
    place = np.full(len(titles), -1, np.int64)
    place[order] = np.arange(len(titles))
    mine = _placed(used, place, watched if wide else head)
    about = about_titles.chosen(content, order.tolist())
    strength = _strength(mine, dense, chosen)
    taste_rows = _taste(mine, dense, about, _lent(seed, place, dense), chosen, strength)
    if wide:
        factored = factors(_watched(mine, watched)[0], size=chosen.factors)
        taste_rows = merged(taste_rows, rows(factored, width=chosen.width))
    scales, step_rows = _following(mine, len(taste_rows), dense, chosen)
    told: dict[str, str | int | float] = {
        "events": len(used),
        "viewers": len(np.unique(used.viewer)),
        "titles": len(titles),
        "head": dense,
        "trained": len(taste_rows),
        "ridge": strength.ridge,
        "drop": strength.drop,
        "power": strength.power,
        "alpha": strength.alpha,
        "near": ", ".join(f"{days:g} d {share:g}" for days, share in strength.near),
        "beta": chosen.beta if seed is not None else 0.0,
        "way": "factors" if wide else "dense",
    }
    names = tuple(titles[number] for number in order.tolist())
    popularity = np.bincount(place[used.title], used.weight, len(titles)).astype(np.float32)
    whole = Model(names, indexed(names), taste_rows, step_rows, scales, popularity, about, told)
    if len(taste_rows) == len(titles):
        return whole
    # Where unwatched titles fill the head, those beyond it are as good.
    return _with_tail(whole, chosen.neighbours, chosen.lent if watched >= len(taste_rows) else 1.0)


def _with_tail(whole: Model, neighbours: int, lent: float) -> Model:
    """The titles beyond the trained ones borrow from those."""
    trained = len(whole.taste)
    late = about_titles.chosen(whole.content, range(trained, len(whole)))
    known = about_titles.chosen(whole.content, range(trained))
    return replace(whole, tail=tail(replace(whole, content=known), late, neighbours, lent))


def _known(content: Content, seed: Pairs | None) -> NDArray[np.bool_]:
    """Titles of which something is known before anybody watches them."""
    known = np.diff(content.indptr) > 0
    if seed is not None:
        known[seed.rows] = True
    return known


def _liked(events: Events) -> Events:
    """Only what speaks for a title, in order of time within viewers."""
    liked = np.flatnonzero(events.weight > 0)
    order = liked[np.lexsort((liked, events.at[liked], events.viewer[liked]))]
    account = events.viewer if events.account is None else events.account
    return Events(
        events.viewer[order], events.title[order], events.weight[order], events.at[order], account[order]
    )


def _head(watched: int, worth: int, settings: Settings) -> int:
    """How many titles are trained: those watched often enough, and others of which something is known up to `fill`."""
    head = max(watched, min(settings.fill, worth))
    if settings.memory is not None:
        head = min(head, affordable(settings.memory))
    return min(head, settings.head)


def _placed(events: Events, place: NDArray[np.int64], head: int) -> Events:
    """Events by the places of their titles; those beyond the head are left out."""
    places = place[events.title].astype(np.int32)
    kept = places < head
    account = events.viewer if events.account is None else events.account
    return Events(events.viewer[kept], places[kept], events.weight[kept], events.at[kept], account[kept])


def _watched(events: Events, titles: int) -> tuple[sparse.csr_matrix, NDArray[np.float64]]:
    """Viewers times titles, the largest weight where there are several; and when, in the order of its entries."""
    kept = events.title < titles
    viewer, title, weight = events.viewer[kept], events.title[kept], events.weight[kept]
    _, rows = np.unique(viewer, return_inverse=True)
    code = rows.astype(np.int64) * titles + title
    order = np.lexsort((-weight, code))
    first = order[np.concatenate((np.ones(min(1, len(order)), bool), np.diff(code[order]) > 0))]
    shape = (int(rows.max(initial=-1)) + 1, titles)
    # By row and column already, so the matrix keeps this order.
    return (
        sparse.csr_matrix((weight[first], (rows[first], title[first])), shape, np.float32),
        events.at[kept][first],
    )


def _allowed(events: Events, titles: int, support: int) -> sparse.csr_matrix | None:
    """Pairs of titles that at least so many accounts have watched both of; None: all are."""
    if support <= 1:
        return None
    account = events.viewer if events.account is None else events.account
    alone = Events(account, events.title, np.ones(len(events), np.float32), events.at)
    watched, _at = _watched(alone, titles)
    pairs = (watched.T @ watched).tocsr()
    return (pairs >= support).astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Strength:
    """EDLAE's λ and p, the power of viewers' weights, the weight of content, and what is near in time."""

    ridge: float
    drop: float
    power: float
    alpha: float
    near: tuple[tuple[float, float], ...] = ()


def _strength(events: Events, head: int, settings: Settings) -> _Strength:
    """How firmly taste is learnt, by what the data is like.

    Dense data as in the study's §3.1, small houses as in §3.5 (what few people did must not outweigh what titles are
    about); for sparse data as chosen on viewers that the benchmark does not judge, where weights for viewers gave
    nothing and what is near in time much; where data is dense, or few, that gave nothing (docs/recommend-engine.md).
    """
    if len(np.unique(events.viewer)) < SMALL_HOUSE:
        usual = _Strength(100.0, 0.3, 0.5, 5.0)
    elif len(events) >= 50 * max(1, head):
        usual = _Strength(200.0, 0.5, 0.5, 3.0)
    else:
        usual = _Strength(60.0, 0.3, 0.0, 3.0, NEAR)
    return _Strength(
        usual.ridge if settings.ridge is None else settings.ridge,
        usual.drop if settings.drop is None else settings.drop,
        usual.power if settings.power is None else settings.power,
        usual.alpha if settings.alpha is None else settings.alpha,
        usual.near if settings.near is None else settings.near,
    )


def _lent(seed: Pairs | None, place: NDArray[np.int64], head: int) -> sparse.csr_matrix | None:
    """What a seed says of the titles in the head."""
    if seed is None:
        return None
    where, other = place[seed.rows], place[seed.columns]
    both = (where < head) & (other < head)
    return sparse.csr_matrix((seed.values[both], (where[both], other[both])), (head, head), np.float32)


def _taste(
    events: Events,
    head: int,
    about: Content,
    lent: sparse.csr_matrix | None,
    settings: Settings,
    strength: _Strength,
) -> Rows:
    part = about_titles.chosen(about, range(head))
    facts = None
    if part.columns:
        facts = sparse.csr_matrix((part.data, part.indices, part.indptr), (head, part.columns), np.float32)
        facts = facts[:, np.unique(part.indices)]
    watched, at = _watched(events, head)
    return taste(
        watched,
        at=at,
        near=strength.near,
        ridge=strength.ridge,
        drop=strength.drop,
        width=settings.width,
        power=strength.power,
        content=facts,
        alpha=strength.alpha,
        seed=lent,
        beta=settings.beta,
        allowed=_allowed(events, head, settings.support),
        memory=settings.memory,
    )


def _following(
    events: Events, trained: int, head: int, settings: Settings
) -> tuple[tuple[float, ...], tuple[Rows, ...]]:
    """Scales and rows of what comes next; titles beyond its own head have empty rows."""
    titles = min(head, settings.step_head)
    if settings.memory is not None:
        titles = min(titles, affordable(settings.memory // 2))
    scales = settings.scales
    if scales is None:
        scales = (3.0, 30.0) if titles <= settings.two_scales_to else (5.0,)
    if not scales or not titles:
        return (), ()
    kept = events.title < titles
    dense = int(kept.sum()) >= 50 * max(1, titles)
    made = following(
        events.viewer[kept],
        events.title[kept],
        events.weight[kept],
        titles=titles,
        scales=scales,
        ridge=settings.step_ridge if settings.step_ridge is not None else (200.0 if dense else 100.0),
        width=settings.width,
        allowed=_allowed(events, titles, settings.support),
        memory=settings.memory,
    )
    return scales, tuple(_lengthened(each, trained) for each in made)


def _lengthened(rows: Rows, titles: int) -> Rows:
    more = Rows.empty(titles - len(rows), rows.targets.shape[1])
    return Rows(np.concatenate((rows.targets, more.targets)), np.concatenate((rows.weights, more.weights)))
