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

from catalog.types import Image
from recommend import rows
from recommend.engine import score
from recommend.engine.model import Floats, Model
from recommend.page.compose import Candidate, Composer, Opinion, Viewer
from recommend.page.field import Bound, Field, best
from recommend.page.lines import Lead, Line, Plan
from recommend.page.shared import SHARED, Version
from recommend.page.standing import LIKED, PRAISED, WATCHED, Standing
from recommend.trials.choosing import Chooser

#: Below this share of what speaks for a title no single one is the reason.
REASON = 0.25
#: A genre of at least this share of what was liked is one that the profile leans to.
LEANS = 0.12
#: Candidates for the big picture.
BILLBOARD_AMONG = 12
#: What must be known of a profile before a match is said: one title that it watched to its end.
ENOUGH = 1.0
#: Closer to the middle than this a match says nothing that anybody could use.
UNDECIDED = 5
#: A page is kept so long while nothing changes, in seconds; and so many of them.
KEPT_FOR, KEPT_MOST = 600.0, 4000
#: Titles that may be tried out, of those that suit and are not on the page.
TRIED_AMONG = 20


@dataclass(frozen=True, slots=True, eq=False)
class Planned:
    """A plan, and who decided what was tried in it."""

    plan: Plan
    chooser: Chooser
    model_version: str
    #: Of titles that have several pictures the one that this profile is shown.
    pictures: Mapping[UUID, Image] = made_field(default_factory=dict)

    @property
    def ticket(self) -> str:
        """What the browser sends back with what was seen (docs/recommend-trials.md)."""
        return self.chooser.ticket(self.model_version)


class Kept:
    """The latest pages by profile. Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: OrderedDict[UUID, tuple[object, float, Planned]] = OrderedDict()

    def get(self, profile_id: UUID, key: object) -> Planned | None:
        """The profile's page, if it rests on the same things and is young enough."""
        with self._lock:
            had = self._pages.get(profile_id)
        if had is None or had[0] != key or time.monotonic() - had[1] > KEPT_FOR:
            return None
        return had[2]

    def put(self, profile_id: UUID, key: object, planned: Planned) -> None:
        """Keep a page."""
        if settings.PAGES_REMEMBER_SECONDS <= 0:
            return
        with self._lock:
            self._pages[profile_id] = (key, time.monotonic(), planned)
            self._pages.move_to_end(profile_id)
            while len(self._pages) > KEPT_MOST:
                self._pages.popitem(last=False)

    def forget(self) -> None:
        """Make every page anew."""
        with self._lock:
            self._pages.clear()


KEPT = Kept()


def planned(standing: Standing, model: Model, model_version: str, version: Version) -> Planned:
    """The rows of a profile's page. No query but what the trials ask when the page is made anew."""
    profile, taste, switches = standing.profile, standing.taste, standing.switches
    key = (
        taste.version, version, model_version, profile.maturity, profile.is_kid, profile.blocked,
        standing.now.toordinal(),
    )  # fmt: skip
    if (had := KEPT.get(profile.id, key)) is not None and had.chooser.within_share():
        return had
    field = SHARED.field(version)
    chooser = Chooser(
        profile.id,
        standing.now,
        steady=switches.steady or not switches.personal,
        kids=profile.is_kid,
    )
    made = _Page(standing, field, SHARED.bound(model, field), chooser).planned(model_version)
    KEPT.put(profile.id, key, made)
    return made


def viewer_of(standing: Standing, field: Field, trend: Floats, common: Floats) -> Viewer:
    """Who looks, in numbers; what is watched here, and what of it is common, as `Shared.trend` says."""
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
        trend=trend,
        now=now,
        common=common,
    )


def composer_of(standing: Standing, model: Model, version: Version) -> Composer:
    """All scores of a profile, for whoever ranks something else than the home page."""
    field, profile = SHARED.field(version), standing.profile
    trend, _spoken, common = SHARED.trend(field, profile.maturity, kids=profile.is_kid)
    return Composer(field, SHARED.bound(model, field), viewer_of(standing, field, trend, common))


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
    above, below = np.sort(taste[taste > 0]), np.sort(-taste[(taste < 0) & np.isfinite(taste)])
    found: dict[int, int] = {}
    for place in places:
        value = float(taste[place])
        if place in own or not np.isfinite(value) or value == 0:
            continue
        side = above if value > 0 else below
        share = float(np.searchsorted(side, abs(value), side="right")) / len(side)
        percent = round(50 + 49 * share) if value > 0 else round(50 - 49 * share)
        if abs(percent - 50) > UNDECIDED:
            found[int(place)] = max(1, min(99, percent))
    return found


class _Page:
    """One page on its way."""

    def __init__(self, standing: Standing, field: Field, bound: Bound, chooser: Chooser) -> None:
        self.standing, self.field, self.bound, self.chooser = standing, field, bound, chooser
        profile = standing.profile
        trend, self.spoken, common = SHARED.trend(field, profile.maturity, kids=profile.is_kid)
        viewer = replace(viewer_of(standing, field, trend, common), knobs=dict(chooser.knobs))
        self.composer = Composer(field, bound, viewer)
        self.praised = {entry.title_id for entry in standing.entries if entry.kind in (*PRAISED, *LIKED)}
        #: What may be given as a reason in the words that rows and cards have: it was liked, or really watched.
        self.causes = self.praised | {
            entry.title_id for entry in standing.entries if entry.weight > 0 and entry.kind in WATCHED
        }

    def planned(self, model_version: str) -> Planned:
        composer, field = self.composer, self.field
        leaning = composer.leaning
        liked = [field.genres[each] for each in np.argsort(-leaning, kind="stable") if leaning[each] >= LEANS]
        self.chooser.leaning = liked[0] if liked else ""
        order = composer.ordered(self._candidates())
        by_key = {row.key: row for row in order}
        # The first row of the page's own judgement stays where it is; the others may be tried elsewhere.
        arranged = self.chooser.arrange_rows([row.key for row in order], 1)
        chances = dict(zip(arranged.order, arranged.propensities, strict=True))
        shelves = [
            rows.Shelf(key, tuple(by_key[key].places.tolist()), elastic=by_key[key].kind == "genre")
            for key in arranged.order
        ]
        eligible = int(composer.viewer.eligible.sum())
        shown = rows.arrange(shelves, catalogue=eligible)
        lines = [self._line(shelf, by_key[shelf.key], chances[shelf.key]) for shelf in shown]
        lines = self._tried(lines)
        billboard = composer.billboard(BILLBOARD_AMONG)
        places = [field.place[each] for line in lines for each in line.ids]
        counts = composer.viewer.eligible.astype(np.int32) @ field.shelved.astype(np.int32)
        plan = Plan(
            lines=tuple(lines),
            billboard=tuple(field.ids[each] for each in billboard),
            leads=self._leads(lines, billboard.tolist()),
            match={
                field.ids[place]: percent
                for place, percent in percents(composer, [*places, *billboard.tolist()]).items()
            },
            counts={slug: int(count) for slug, count in zip(field.genres, counts, strict=True)},
            liked_genres=tuple(liked),
            personal=composer.personal,
        )
        varied = SHARED.several_pictures().intersection(each for line in lines for each in line.ids)
        pictures = (
            {each: image for each, (_id, image) in self.chooser.backdrops(sorted(varied)).items()}
            if varied
            else {}
        )
        return Planned(plan, self.chooser, model_version, pictures)

    def _candidates(self) -> list[Candidate]:
        """Rows to choose from, with Top picks mixed of two where an experiment compares them."""
        found = self.composer.candidates()
        if (arms := self.chooser.mixing()) is not None:
            lists = [[self.field.ids[each] for each in self.composer.picks(arm)] for arm in arms]
            mixed = self.chooser.mix(*lists, length=20).order
            places = self.field.places(mixed)
            found = [replace(row, places=places) if row.kind == "picks" else row for row in found]
        found = [self._told(row) if row.kind == "trending" else row for row in found]
        return [row for row in found if len(row.places) >= rows.FEWEST_CARDS]

    def _told(self, row: Candidate) -> Candidate:
        """Of a trend what enough accounts watched: else it would tell what a neighbour watches."""
        told = [each for each in row.places.tolist() if self.field.ids[each] in self.spoken]
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
        """Titles that suit and are not on the page, with their score as a share of the best one's."""
        composer = self.composer
        scores: Floats = np.where(composer.fresh, composer.taste, np.float32(score.NEVER))
        scores[self.field.places(each for line in lines for each in line.ids)] = score.NEVER
        places = best(scores, TRIED_AMONG)
        highest = float(scores[places[0]]) if len(places) else 0.0
        if highest <= 0:
            return {self.field.ids[each]: 1.0 for each in places}
        return {self.field.ids[each]: max(0.0, float(scores[each]) / highest) for each in places}

    def _leads(self, lines: Sequence[Line], billboard: Sequence[int]) -> dict[UUID, Lead]:
        """What mostly speaks for the titles of Top picks and of the big picture."""
        composer = self.composer
        if not composer.personal:
            return {}
        picks = [self.field.place[each] for line in lines if line.kind == "picks" for each in line.ids]
        places = [each for each in dict.fromkeys([*picks, *billboard]) if self.bound.known[each]]
        numbers = [int(self.bound.number[each]) for each in places]
        shares = score.shares(self.bound.model, composer.entries, numbers, composer.knobs)
        found: dict[UUID, Lead] = {}
        for place, row in zip(places, shares, strict=True):
            if not len(row):
                continue
            which = int(np.argmax(row))
            origin = composer.origins[which]
            if row[which] >= REASON and composer.viewer.eligible[origin] and origin != place:
                cause = self.field.ids[origin]
                if cause in self.causes:
                    found[self.field.ids[place]] = Lead(cause, float(row[which]), cause in self.praised)
        return found
