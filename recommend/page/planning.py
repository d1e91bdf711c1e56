"""A profile's page from the model: what is known is put in numbers, composed, tried out in places, and kept a while.

A page stays as it is for some minutes while nothing that it rests on changes: rows do not move between two looks, and
what is fetched later fits what was sent first. What the viewer does makes it anew at once (the taste's version).
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as made_field
from uuid import UUID

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from catalog.types import Image
from recommend import rows
from recommend.engine import score
from recommend.engine.model import Floats, Model
from recommend.page import enjoying
from recommend.page.compose import Composer, Opinion, Viewer
from recommend.page.field import Bound, Field, best
from recommend.page.lines import Lead, Line, Plan
from recommend.page.ordering import Candidate
from recommend.page.shared import SHARED, Version, Watched
from recommend.page.standing import LIKED, PRAISED, WATCHED, Standing
from recommend.trials.choosing import Chooser

#: Below this share of what speaks for a title no single one is the reason.
REASON = 0.25
#: Candidates for the big picture, and how many of the best take turns, a day each; fewer in a small catalogue.
BILLBOARD_AMONG, BILLBOARD_CHOICE = 12, 8
#: What must be known of a profile before a match is said: one title that it watched to its end.
ENOUGH = 1.0
#: Closer to the middle than this a match says nothing that anybody could use.
UNDECIDED = 5
#: A page is kept so long while nothing changes, in seconds, one that was cut short not long; and so many bytes of them.
KEPT_FOR, KEPT_CUT_FOR, KEPT_BYTES = 600.0, 10.0, 48_000_000
#: What a page keeps, in bytes, beside its titles; and for each of them: its id, and a place in a row and in a table.
_PAGE_BYTES, _TITLE_BYTES = 8_000, 220
#: After so many seconds of processor time rows that have to be thought of are left out (the study's §5.9).
BUDGET = 0.030
#: So many of the first rows of a small catalogue are not tried elsewhere.
FIXED_FEW = 3
#: Titles that may be tried out, of those that suit and are not on the page; so many of them new ones, and for how many
#: seconds a title is new.
TRIED_AMONG, TRIED_NEW, NEW_FOR = 20, 10, 7 * 86_400.0


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """A plan, and who decided what was tried in it."""

    plan: Plan
    chooser: Chooser
    model_version: str
    #: Of titles that have several pictures the one that this profile is shown.
    pictures: Mapping[UUID, Image] = made_field(default_factory=dict)
    #: Whether there was time for all rows.
    whole: bool = True

    @property
    def bytes(self) -> int:
        """What keeping it costs at most, about: ids are shared while the catalogue is not read anew."""
        plan = self.plan
        held = sum(len(line.ids) for line in plan.lines) + len(plan.billboard) + 2 * len(plan.leads)
        return _PAGE_BYTES + _TITLE_BYTES * held

    @property
    def ticket(self) -> str:
        """What the browser sends back with what was seen (docs/recommend-trials.md)."""
        return self.chooser.ticket(self.model_version)


class Kept:
    """The latest pages by profile. Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: OrderedDict[UUID, tuple[object, float, Planned]] = OrderedDict()
        self._bytes = 0

    def get(self, profile_id: UUID, key: object) -> Planned | None:
        """The profile's page, if it rests on the same things and is young enough."""
        with self._lock:
            had = self._pages.get(profile_id)
        if had is None or had[0] != key:
            return None
        lasts = KEPT_FOR if had[2].whole else KEPT_CUT_FOR
        return had[2] if time.monotonic() - had[1] <= lasts else None

    def put(self, profile_id: UUID, key: object, planned: Planned) -> None:
        """Keep a page."""
        if settings.PAGES_REMEMBER_SECONDS <= 0:
            return
        with self._lock:
            if (old := self._pages.pop(profile_id, None)) is not None:
                self._bytes -= old[2].bytes
            self._pages[profile_id] = (key, time.monotonic(), planned)
            self._bytes += planned.bytes
            while self._bytes > KEPT_BYTES:
                self._bytes -= self._pages.popitem(last=False)[1][2].bytes

    def forget(self) -> None:
        """Make every page anew."""
        with self._lock:
            self._pages.clear()
            self._bytes = 0


KEPT = Kept()


def planned(standing: Standing, model: Model, model_version: str, version: Version) -> Planned:
    """The rows of a profile's page. No query but what the trials ask when the page is made anew."""
    profile, taste, switches = standing.profile, standing.taste, standing.switches
    field = SHARED.field(version)
    key = (
        taste.version, version, model_version, profile.maturity, profile.is_kid, profile.blocked,
        standing.now.toordinal(), field.turns(standing.now.timestamp()),
    )  # fmt: skip
    if (had := KEPT.get(profile.id, key)) is not None and had.chooser.within_share():
        return had
    chooser = Chooser(
        profile.id,
        standing.now,
        steady=switches.steady or not switches.personal,
        kids=profile.is_kid,
    )
    made = _Page(standing, field, SHARED.bound(model, field), chooser).planned(model_version)
    KEPT.put(profile.id, key, made)
    return made


def viewer_of(standing: Standing, field: Field, watched: Watched) -> Viewer:
    """Who looks, in numbers; and what is watched here."""
    profile = standing.profile
    now = standing.now.timestamp()
    opinions = tuple(
        Opinion(place, entry.weight, entry.at.timestamp())
        for entry in standing.entries
        if (place := field.place.get(entry.title_id)) is not None
    )
    return Viewer(
        opinions=opinions,
        eligible=field.open_to(profile.maturity, now, without=standing.hidden),
        seen=field.flags(standing.seen),
        trend=watched.values,
        now=now,
        common=watched.common,
        lasting=watched.lasting,
    )


def composer_of(standing: Standing, model: Model, version: Version) -> Composer:
    """All scores of a profile, for whoever ranks something else than the home page."""
    field, profile = SHARED.field(version), standing.profile
    watched = SHARED.trend(field, profile.maturity, kids=profile.is_kid)
    return Composer(field, SHARED.bound(model, field), viewer_of(standing, field, watched))


def percents(composer: Composer, places: Sequence[int]) -> dict[int, int]:
    """How well titles should suit, 1 … 99, by place: 50 is where nothing speaks for or against one.

    Above it stands how much of what suits at all suits less. Nothing is said where too little is known, or of what the
    viewer did something with itself.
    """
    taste = composer.taste
    known = sum(max(0.0, one.weight) for one in composer.viewer.opinions)
    if known < ENOUGH:
        return {}
    own = {one.place for one in composer.viewer.opinions}
    wanted = np.array([place for place in places if place not in own], np.int64)
    values = taste[wanted]
    told = np.full(len(wanted), 50.0)
    for sign in (1, -1):
        speak = np.flatnonzero((sign * values > 0) & np.isfinite(values))
        if len(speak):
            side = np.sort(sign * taste[(sign * taste > 0) & np.isfinite(taste)])
            shares = np.searchsorted(side, sign * values[speak], side="right") / len(side)
            told[speak] = np.clip(np.rint(50 + sign * 49 * shares), 1, 99)
    return {
        place: int(percent)
        for place, percent in zip(wanted.tolist(), told.tolist(), strict=True)
        if abs(percent - 50) > UNDECIDED
    }


class _Page:
    """One page on its way."""

    def __init__(self, standing: Standing, field: Field, bound: Bound, chooser: Chooser) -> None:
        self.standing, self.field, self.bound, self.chooser = standing, field, bound, chooser
        self.begun = time.thread_time()
        profile = standing.profile
        watched = SHARED.trend(field, profile.maturity, kids=profile.is_kid)
        self.spoken = watched.told
        viewer = replace(viewer_of(standing, field, watched), knobs=dict(chooser.knobs))
        self.composer = Composer(field, bound, viewer)
        self.praised = {entry.title_id for entry in standing.entries if entry.kind in (*PRAISED, *LIKED)}
        #: What may be given as a reason in the words that rows and cards have: it was liked, or really watched.
        self.causes = self.praised | {
            entry.title_id for entry in standing.entries if entry.weight > 0 and entry.kind in WATCHED
        }

    def planned(self, model_version: str) -> Planned:
        composer, field = self.composer, self.field
        liked = enjoying.genres(self.standing.entries, field, memory=composer.knobs.memory)
        self.chooser.leaning = liked[0] if liked else ""
        order = composer.ordered(self._candidates())
        by_key = {row.key: row for row in order}
        # The first row of the page's own judgement stays where it is; the others may be tried elsewhere. Where rows
        # share titles those that the viewer is known by do.
        fixed = FIXED_FEW if composer.tiny else 1
        arranged = self.chooser.arrange_rows([row.key for row in order], fixed)
        chances = dict(zip(arranged.order, arranged.propensities, strict=True))
        shelves = [
            rows.Shelf(key, tuple(by_key[key].places.tolist()), elastic=by_key[key].kind == "genre")
            for key in arranged.order
        ]
        eligible = int(composer.viewer.eligible.sum())
        shown = rows.arrange(shelves, catalogue=eligible, mine=self._mine())
        lines = [self._line(shelf, by_key[shelf.key], chances[shelf.key]) for shelf in shown]
        lines = self._tried(lines)
        billboard = composer.billboard(BILLBOARD_AMONG)
        places = [each for shelf in shown for each in shelf.titles]
        places += [field.place[line.tried[0]] for line in lines if line.tried]
        counts = np.einsum("gn,n->g", field.shelves, composer.viewer.eligible.astype(np.float32))
        plan = Plan(
            lines=tuple(lines),
            billboard=tuple(field.ids[each] for each in billboard),
            drawn=max(3, min(BILLBOARD_CHOICE, eligible // 8)),
            leads=self._leads(lines, billboard.tolist()),
            match={
                field.ids[place]: percent
                for place, percent in percents(composer, [*places, *billboard.tolist()]).items()
            },
            counts={slug: int(count) for slug, count in zip(field.genres, counts, strict=True)},
            liked_genres=liked,
            personal=composer.personal,
        )
        varied = SHARED.several_pictures().intersection(each for line in lines for each in line.ids)
        pictures = (
            {each: image for each, (_id, image) in self.chooser.backdrops(sorted(varied)).items()}
            if varied
            else {}
        )
        return Planned(plan, self.chooser, model_version, pictures, composer.whole)

    def _mine(self) -> set[int]:
        """What the viewer's own rows show in sight: what was begun, and the list."""
        standing = self.standing
        begun = dict.fromkeys(one.title_id for one in standing.bookmarks)
        ids = [*list(begun)[: rows.IN_SIGHT], *list(standing.listed)[: rows.IN_SIGHT]]
        return set(self.field.places(ids).tolist())

    def _candidates(self) -> list[Candidate]:
        """Rows to choose from, with Top picks mixed of two where an experiment compares them."""
        found = self.composer.candidates(lambda: time.thread_time() - self.begun > BUDGET)
        if (arms := self.chooser.mixing()) is not None:
            lists = [[self.field.ids[each] for each in self.composer.picks(arm)] for arm in arms]
            mixed = self.chooser.mix(*lists, length=20).order
            places = self.field.places(mixed)
            found = [replace(row, places=places) if row.kind == "picks" else row for row in found]
        found = [self._told(row) for row in found]
        return [row for row in found if len(row.places) >= rows.FEWEST_CARDS]

    def _told(self, row: Candidate) -> Candidate:
        """Of a trend, and of what is popular, what enough accounts watched: else it would tell of a neighbour."""
        if row.kind not in ("trending", "popular"):
            return row
        may = self.spoken if row.kind == "trending" else SHARED.famous(self.field, self.bound)
        told = [each for each in row.places.tolist() if self.field.ids[each] in may]
        return replace(row, places=np.array(told, np.int64))

    def _line(self, shelf: rows.Shelf[int], row: Candidate, chance: float) -> Line:
        because = self.field.ids[row.because] if row.because >= 0 else None
        return Line(
            key=shelf.key,
            kind=row.kind,
            ids=tuple(self.field.ids[each] for each in shelf.titles),
            because=because,
            liked=because in self.praised,
            propensity=chance,
        )

    def _tried(self, lines: list[Line]) -> list[Line]:
        """Put one title that little is known of into Top picks or New here, if this profile may be asked."""
        for number, line in enumerate(lines):
            if line.kind not in ("picks", "new"):
                continue
            if not self.chooser.tries:
                return lines
            tried = self.chooser.try_title(line.key, self._untried(lines))
            if tried is None:
                return lines
            ids = list(line.ids)
            ids.insert(min(tried.position, len(ids)), tried.title_id)
            lines[number] = replace(
                line, ids=tuple(ids[: rows.LONGEST_ROW]), tried=(tried.title_id, tried.propensity)
            )
            return lines
        return lines

    def _untried(self, lines: Sequence[Line]) -> dict[UUID, float]:
        """Titles that suit and are not on the page, with their score as a share of the best one's.

        What was published in the last seven days comes first and counts as if it suited best: its score is borrowed
        from titles like it, and nobody has had the time to contradict that.
        """
        composer = self.composer
        scores: Floats = np.where(composer.fresh, composer.taste, np.float32(score.NEVER))
        scores[self.field.places(each for line in lines for each in line.ids)] = score.NEVER
        young = self.field.published > composer.viewer.now - NEW_FOR
        new = best(np.where(young, scores, np.float32(score.NEVER)), TRIED_NEW)
        places = best(np.where(young, np.float32(score.NEVER), scores), TRIED_AMONG - len(new))
        highest = float(scores[places[0]]) if len(places) else 0.0
        shares = (scores[places] / highest).clip(0.0) if highest > 0 else np.ones(len(places))
        found = dict.fromkeys((self.field.ids[each] for each in new), 1.0)
        return found | {
            self.field.ids[each]: float(share) for each, share in zip(places, shares, strict=True)
        }

    def _shares(self, places: Sequence[int], knobs: score.Knobs) -> NDArray[np.float64]:
        numbers = [int(self.bound.number[each]) for each in places]
        return score.shares(self.bound.model, self.composer.entries, numbers, knobs)

    def _leads(self, lines: Sequence[Line], billboard: Sequence[int]) -> dict[UUID, Lead]:
        """What mostly speaks for the titles of Top picks and of the big picture."""
        composer = self.composer
        if not composer.personal:
            return {}
        picks = [self.field.place[each] for line in lines if line.kind == "picks" for each in line.ids]
        places = [each for each in dict.fromkeys([*picks, *billboard]) if self.bound.known[each]]
        # Each by the sums that ranked it.
        further = set(picks) - composer.head - set(billboard)
        parts = (
            (composer.knobs, [each for each in places if each not in further]),
            (score.wider(composer.knobs), [each for each in places if each in further]),
        )
        told = [
            (place, row)
            for knobs, some in parts
            for place, row in zip(some, self._shares(some, knobs), strict=True)
        ]
        found: dict[UUID, Lead] = {}
        for place, row in told:
            if not len(row):
                continue
            which = int(np.argmax(row))
            origin = composer.origins[which]
            if row[which] >= REASON and composer.viewer.eligible[origin] and origin != place:
                cause = self.field.ids[origin]
                if cause in self.causes:
                    found[self.field.ids[place]] = Lead(cause, float(row[which]), cause in self.praised)
        return found
