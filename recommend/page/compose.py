"""What one viewer's page is made of: candidates for every row, and the order of rows. Pure: numbers in, numbers out.

What may not be seen, was hidden or is blocked is masked before anything is ranked. How rows come about: the study's
§5.6; why several rows with different jobs instead of one clever list: §3.3.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from recommend import rows as arranging
from recommend.engine import diversity, score
from recommend.engine.model import Flags, Floats
from recommend.engine.score import Entry, Knobs
from recommend.page import ordering
from recommend.page.field import Bound, Field, Places, best, best_of, first
from recommend.page.ordering import DEPTH, Candidate

#: Top picks are chosen among so many, so that they are not all of one kind.
AMONG = 100
#: Genres are filled from so many of the best titles; a genre that finds too few there looks further.
WELL_KNOWN = 3000
#: At most so many rows of what goes with one title, from so many of the latest things that were liked.
BECAUSE_MOST, LIKED_LOOKED_AT = 3, 20
#: At most so many rows, the viewer's own not counted.
ROWS_MOST = 18
#: A catalogue of fewer titles than this (those that the viewer may see) is a small one.
SMALL = 400
#: From this weight on a title was liked, or watched well enough to say so.
LIKED = 0.5
#: What was liked is offered again after so many seconds; in a small catalogue, where it is missed sooner, after fewer.
AGAIN_AFTER, AGAIN_SOON = 45 * 86_400.0, 14 * 86_400.0
#: In a small catalogue what goes with a title far less than what goes with it best is left out of its row.
ALSO = 0.2


class Opinion(NamedTuple):
    """What the viewer did with the title at this place of the field: for (above 0) or against; `at` in seconds."""

    place: int
    weight: float
    at: float


@dataclass(frozen=True, slots=True, eq=False)
class Viewer:
    """Whom the page is for. `opinions` come newest first; empty for a stranger, or who wants nothing personal.

    `eligible` and `seen`: bool (n,). `trend`: float32 (n,). `common`: that of it behind which several accounts are, by
    which titles are scored; None: all of it. `lasting`: the trend of lists that look further; None: `common`. `knobs`
    are what an experiment turns (docs/recommend-trials.md).
    """

    opinions: tuple[Opinion, ...]
    eligible: Flags
    seen: Flags
    trend: Floats
    now: float
    knobs: Mapping[str, float] = field(default_factory=dict)
    common: Floats | None = None
    lasting: Floats | None = None


class Composer:
    """All scores of one page, each computed once."""

    def __init__(self, field: Field, bound: Bound, viewer: Viewer) -> None:
        self.field, self.bound, self.viewer = field, bound, viewer
        self.dim = float(viewer.knobs.get("dim", 0.1))
        self.knobs = _knobs(viewer.knobs)
        known = [(one, int(bound.number[one.place])) for one in viewer.opinions]
        self.entries = [Entry(number, one.weight) for one, number in known if number >= 0]
        #: Of each entry the place of its title in the field.
        self.origins = [one.place for one, number in known if number >= 0]
        self.fresh = viewer.eligible & ~viewer.seen
        #: A small catalogue has few titles for each taste: rows that would show the same ones again are left out, and
        #: a row of three is one.
        self.size = int(viewer.eligible.sum())
        self.small = self.size < SMALL
        #: So few that rows share titles (recommend/rows.py).
        self.tiny = self.size < arranging.SMALL
        self.fewest = 3 if self.small else 8
        #: The places of Top picks (of two, where an experiment mixes them) that the blend ranked; the others are of the
        #: list that looks further.
        self.head: frozenset[int] = frozenset()
        #: Whether all rows were thought of; False where there was no time.
        self.whole = True
        self._score()

    def _score(self) -> None:
        bound, viewer, knobs = self.bound, self.viewer, self.knobs
        # What falls has a trend a little below 0 (engine/trend.py): more than an experiment's low floor makes up for.
        common = np.maximum(self._common, np.float32(1e-3 - knobs.trend_floor))
        trend = bound.to_model(common, 0).astype(np.float32)
        eligible = bound.to_model(viewer.eligible, False).astype(np.bool_)
        scores = score.score(bound.model, self.entries, trend, eligible, knobs)
        self.following = bound.to_field(scores.following, 0)
        self.taste = bound.to_field(scores.taste, 0)
        self.blend = bound.to_field(scores.blend, 0)
        # What the model does not know yet stands as if nothing spoke for it.
        late = ~bound.known
        base = knobs.a * np.log(knobs.following_floor) + knobs.b * np.log(knobs.taste_floor)
        self.blend[late] = np.log(common[late] + np.float32(knobs.trend_floor)) + np.float32(base)
        hidden = ~viewer.eligible
        for each in (self.following, self.taste, self.blend):
            each[hidden] = score.NEVER

    @property
    def _common(self) -> Floats:
        return self.viewer.trend if self.viewer.common is None else self.viewer.common

    @property
    def personal(self) -> bool:
        """Whether anything is known of this viewer."""
        return any(each.weight > 0 for each in self.entries)

    @cached_property
    def dimmed(self) -> Floats:
        """The blend, less what everybody watches anyway: float32 (n,)."""
        made: Floats = self.blend - np.float32(self.dim) * self.bound.fame
        return made

    @cached_property
    def leading(self) -> Places:
        """The best of it that the viewer has not seen."""
        return best_of(self.dimmed, self.unseen, AMONG)

    @cached_property
    def unseen(self) -> Places:
        """What may be offered and the viewer has not seen."""
        return np.flatnonzero(self.fresh)

    @cached_property
    def worth(self) -> Floats:
        """float32 (n,): how likely each title is to be played, beside the likeliest; 0 for what may not be seen."""
        highest = self.blend.max(initial=score.NEVER)
        made: Floats = np.exp(self.blend - highest) if np.isfinite(highest) else np.zeros_like(self.blend)
        return made

    @cached_property
    def leaning(self) -> Floats:
        """float32 (genres,): shares of what the viewer liked, the latest most; they sum to 1, or are all 0."""
        opinions = self.viewer.opinions
        held = self.field.shelves[:, [one.place for one in opinions]]
        weights = np.array([one.weight for one in opinions], np.float32)
        counting = np.maximum(weights, 0) * score.fading(weights, self.knobs)
        found: Floats = held @ (counting / np.maximum(held.sum(axis=0), 1))
        total = float(found.sum())
        return found / np.float32(total) if total > 0 else found

    # Rows ---------------------------------------------------------------------------------------------------

    def candidates(self, late: Callable[[], bool] = lambda: False) -> list[Candidate]:
        """Every row that has enough to show. Once it is `late()`, the dear ones are left out: what is new, watched
        here or of a genre is quickly said, and a page is never waited for. `whole` says whether all were thought of.
        """
        made = [self._picks(), self._next(), self._trending()]
        made += () if late() else self._because()
        made += () if late() else [self._taste()]
        self.whole = not late()
        made += [self._new(), *self._genres()]
        made += [self._gems() if self.whole else None, self._again(), self._popular()]
        return [each for each in made if each is not None]

    def _row(self, key: str, kind: str, places: Places, **more: float) -> Candidate | None:
        return Candidate(key, kind, places, **more) if len(places) >= self.fewest else None  # type: ignore[arg-type]

    def picks(self, knobs: Mapping[str, float] | None = None) -> Places:
        """Top picks: the blend, less what everybody watches anyway, not all of one kind; then what looks further, for
        where rows above have taken the first ones. `head` says which are of the blend."""
        turned = {**self.viewer.knobs, **(knobs or {})}
        one = self if knobs is None else Composer(self.field, self.bound, _turned(self.viewer, turned))
        dimmed, leading = one.dimmed, one.leading
        known = leading[self.bound.known[leading]]
        if len(known) < self.fewest:
            self.head |= frozenset(leading.tolist())
            return leading
        numbers = self.bound.number[known]
        rank = {int(number): place for number, place in zip(numbers, known, strict=True)}
        scores = np.full(len(self.bound.model), score.NEVER, np.float32)
        scores[numbers] = dimmed[known]
        chosen = diversity.mmr(scores, numbers, self.bound.model.content, 20, turned.get("mmr", 0.2))
        head = np.array([rank[int(each)] for each in chosen], np.int64)
        self.head |= frozenset(head.tolist())
        scores = one.wide.copy()
        scores[head] = score.NEVER
        return np.concatenate((head, best(scores, DEPTH)))[:DEPTH]

    @cached_property
    def wide(self) -> Floats:
        """float32 (n,): scores of what is unseen with taste weighing more and a trend that lasts (`score.wider`)."""
        knobs = score.wider(self.knobs)
        watched = self.viewer.lasting if self.viewer.lasting is not None else self._common
        trend = np.maximum(watched, np.float32(1e-3 - knobs.trend_floor))
        return score.blended(self.bound.model, self.taste, self.following, trend, self.fresh, knobs)

    def _picks(self) -> Candidate | None:
        return self._row("picks", "picks", self.picks()) if self.personal else None

    def _next(self) -> Candidate | None:
        """What people go on with after what this viewer watched last."""
        if not self.personal:
            return None
        return self._row("next", "next", self._best(self.following, DEPTH))

    def _taste(self) -> Candidate | None:
        """What looks further: what goes with all that the viewer liked, in the mix of genres that it watches."""
        if not self.personal:
            return None
        leading = best_of(self.wide, np.flatnonzero(self.fresh & (self.taste > 0)), AMONG)
        if len(leading) < self.fewest:
            return None
        trade = self.viewer.knobs.get("calibration", 0.2)
        head = diversity.calibrated(self.wide, leading, self.field.shelved[leading], self.leaning, 20, trade)
        rest = leading[~np.isin(leading, head)]
        return self._row("taste", "taste", np.concatenate((head, rest))[:DEPTH])

    def _trending(self) -> Candidate | None:
        trend = self.viewer.trend
        found = best_of(trend, np.flatnonzero(self.viewer.eligible & (trend > 0)), DEPTH)
        return Candidate("trending", "trending", found) if len(found) >= 3 else None

    def _because(self) -> list[Candidate]:
        """What goes with single titles that the viewer liked lately, of genres that differ."""
        made: list[Candidate] = []
        taken: list[Flags] = []
        liked = [
            (entry.title, place, entry.weight)
            for entry, place in zip(self.entries, self.origins, strict=True)
            if entry.weight >= LIKED and self.viewer.eligible[place]
        ]
        looked = 0
        for number, place, weight in liked[:LIKED_LOOKED_AT]:
            genres = self.field.shelved[place]
            if any(2 * int((genres & each).sum()) > int(genres.sum()) for each in taken):
                continue
            found = self.bound.to_field(score.because(self.bound.model, number), score.NEVER)
            if self.tiny:
                # What two people of one house watched goes together by chance: nobody would see why.
                found[~(self.field.shelved & genres).any(axis=1)] = 0
                found = np.where(found >= ALSO * found[self.fresh].max(initial=0), found, np.float32(0))
            row = self._row(
                f"because-{self.field.ids[place].hex}", "because",
                self._best(found, DEPTH), because=place,
                # The latest come first; of a few titles those that were loved.
                lean=weight if self.tiny else 1.0,
            )  # fmt: skip
            looked += 1
            if row is not None:
                made.append(row)
                taken.append(genres)
            if len(made) == BECAUSE_MOST or looked == 2 * BECAUSE_MOST:
                break
        return made

    def _genres(self) -> list[Candidate]:
        """A row a genre: by taste within it, and what is watched here where taste says nothing."""
        if not self.field.genres:
            return []
        floor = np.float32(self.knobs.taste_floor)
        ranked = np.log(np.maximum(self.taste, 0) + floor)
        ranked += np.float32(0.3) * np.log(self.viewer.trend + np.float32(0.1))
        ranked += np.float32(0.1) * self.bound.fame
        among = self.unseen
        if self.tiny:
            # A shelf of a few holds what was seen as well, behind the rest.
            among = np.flatnonzero(self.viewer.eligible)
            ranked[self.viewer.seen] -= np.float32(100)
        leading = best_of(ranked, among, WELL_KNOWN)
        shelved = self.field.shelved[leading]
        lean = self.leaning
        made = []
        for number, slug in enumerate(self.field.genres):
            places = leading[shelved[:, number]][:DEPTH]
            if len(places) < 20 and len(leading) == WELL_KNOWN:
                places = best_of(ranked, self.unseen[self.field.shelved[self.unseen, number]], DEPTH)
            weight = 0.3 + 2.0 * float(lean[number]) if self.personal else 0.6
            if len(places) >= min(3, self.fewest):
                made.append(Candidate(f"genre-{slug}", "genre", places, lean=weight))
        return made

    def _new(self) -> Candidate | None:
        found = first(self.fresh, DEPTH)
        return Candidate("new", "new", found) if len(found) >= 3 else None

    def _gems(self) -> Candidate | None:
        """What speaks to this taste, and few have watched."""
        if not self.personal:
            return None
        rare = self.fresh & self.bound.rare & (self.viewer.trend <= 0) & (self.taste > 0)
        dimmed = self.taste / self.bound.renown
        return self._row("gems", "gems", best_of(dimmed, np.flatnonzero(rare), DEPTH))

    def _again(self) -> Candidate | None:
        """What the viewer liked best, some time ago."""
        after, fewest = (AGAIN_SOON, 3) if self.tiny else (AGAIN_AFTER, 4)
        old = [
            (one.weight, -one.at, one.place)
            for one in self.viewer.opinions
            if one.weight >= 0.9 and self.viewer.now - one.at > after and self.viewer.eligible[one.place]
        ]
        places = np.array([place for _weight, _age, place in sorted(old, reverse=True)], np.int64)
        return Candidate("again", "again", places[:DEPTH]) if len(places) >= fewest else None

    def _popular(self) -> Candidate | None:
        leading = self.bound.leading
        found = leading[self.fresh[leading]][:DEPTH]
        return Candidate("popular", "popular", found) if len(found) >= 3 else None

    def _best(self, scores: Floats, k: int) -> Places:
        """The best of what is unseen and has a score above 0."""
        return best_of(scores, np.flatnonzero(self.fresh & (scores > 0)), k)

    # Order --------------------------------------------------------------------------------------------------

    def ordered(self, rows: Sequence[Candidate], most: int = ROWS_MOST) -> list[Candidate]:
        """At most so many of the rows, in the order in which they stand on the page."""
        if self.small:
            rows = [row for row in rows if row.kind not in ("next", "taste")]
        if self.tiny:
            appeal = np.where(self.viewer.seen, np.float32(0.5), np.float32(1)) * self._appeal
            return ordering.in_turns(rows, appeal, self.size, most)
        return ordering.by_worth(rows, self.worth, most)

    @property
    def _appeal(self) -> Floats:
        """float32 (n,): how much of what speaks for the title that suits best speaks for each."""
        highest = float(self.taste[self.fresh].max(initial=0))
        if not self.personal or highest <= 0:
            return self.worth
        made: Floats = np.clip(self.taste / np.float32(highest), 0, 1) + np.float32(0.1)
        return made

    def billboard(self, k: int) -> Places:
        """Candidates for the big picture, best first: what suits, fresh and unseen; else whatever there is."""
        return self.leading[:k] if len(self.leading) else best(self.blend, k)


def _turned(viewer: Viewer, knobs: Mapping[str, float]) -> Viewer:
    return replace(viewer, knobs=knobs)


def _knobs(turned: Mapping[str, float]) -> Knobs:
    """The engine's knobs, as they are turned; popularity divides where a row says so, not in the blend itself."""
    usual = Knobs()
    return replace(
        usual,
        a=turned.get("a", usual.a),
        b=turned.get("b", usual.b),
        prior=turned.get("prior", usual.prior),
        trend_floor=turned.get("trend_floor", usual.trend_floor),
        memory=turned.get("memory", usual.memory),
        lately=turned.get("lately", usual.lately),
        dim=0.0,
    )
