"""What is tried on one page. Everything is drawn from (profile, day): the same all day, and can be worked out again.

`Chooser` is for whoever builds a page: it reads once what all its questions need, remembers what it decided, and gives
the ticket that comes back with what was seen. The functions below it ask one question each.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID, uuid4

from django.utils import timezone

from accounts import services as accounts
from catalog import services as catalog
from catalog.types import Image
from recommend.signals import reading
from recommend.trials import drafting, experiments, models, tallies, thompson, tickets
from recommend.trials.types import Arranged, Drafted, Drawn, Slot, Tried

#: A row's plays per showing before anybody has played anything, and how many showings that guess is worth: enough that
#: rows are nudged and not shuffled on a new server.
ROW_RATE, ROW_STRENGTH = 0.03, 400.0
#: Each place down in the order that the page gave costs so much: its own judgement counts too.
PLACE_WEIGHT = 0.93
#: The same for single titles (for one of the best score), and for pictures.
TITLE_RATE, TITLE_STRENGTH = 0.02, 50.0
PICTURE_RATE, PICTURE_STRENGTH = 0.03, 60.0
#: What is known of everybody counts so many showings for those who lean to one genre.
LEANING_STRENGTH = 40.0
#: A tried title stands at one of these places of a row (from 0): never the first, one in ten.
SLOT_PLACES = range(4, 10)
#: Of a profile's cards of a day at most so many are tried ones.
TRIED_SHARE = 0.05
#: A title that was shown so often is known well enough: it is not tried any more.
TITLE_KNOWN = 30.0
#: What stands for a model's version in the ticket of a page that was made without one: no picture was drawn on it.
NO_MODEL = "none"
#: Of more candidates only the first are drawn from.
SLOT_OPTIONS = 20


@dataclass(frozen=True, slots=True)
class Shown:
    """The picture that was drawn for a title, and what is known of each it might have been."""

    chosen: UUID
    image: Image
    options: Mapping[UUID, thompson.Option]


class Chooser:
    """One page of one profile. `steady`: nothing is tried, everything is as given. `leaning`: a genre's slug or ''.

    At most nine small queries, however long the page: experiments (two), the day's count, rows (two), titles, pictures
    (two) and what is known of them.
    """

    def __init__(
        self, profile_id: UUID, now: datetime, *, steady: bool = False, kids: bool = False, leaning: str = ""
    ) -> None:
        self.profile_id, self.now, self.leaning = profile_id, now, leaning
        self.day = tallies.today(now)
        self.steady, self._scope = steady, tallies.scope(kids=kids)
        self._arranged, self._given, self._fixed = Arranged((), ()), tuple[str, ...](), 0
        self._slots: list[Slot] = []
        self._mixed: tuple[str, dict[UUID, str]] = ("", {})

    @cached_property
    def _running(self) -> tuple[experiments.Running, ...]:
        return () if self.steady else experiments.running()

    @cached_property
    def knobs(self) -> Mapping[str, float]:
        """What is turned for this profile by the experiments it takes part in (knobs.py); empty for most."""
        return experiments.turned(self.profile_id, self._running)

    def variant(self, experiment: str) -> str:
        """The arm of a running experiment, '' for none."""
        found = next((one for one in self._running if one.key == experiment), None)
        return experiments.arm_of(found, self.profile_id) if found else ""

    def _seed(self, what: str) -> int:
        return thompson.seed_of(self.profile_id, self.day, what)

    def arrange_rows(self, keys: Sequence[str], fixed: int) -> Arranged:
        """Rows in the order to show: the first `fixed` stay, the others are drawn, each by how its kind does here and
        with this profile, and by its place in `keys` (best first)."""
        given = tuple(keys)
        fixed = max(0, min(fixed, len(given)))
        rest = given[fixed:]
        if self.steady or len(rest) < 2 or not self.knobs.get("arrange", 1.0):
            arranged = Arranged(given, (1.0,) * len(given))
        else:
            kinds = list(dict.fromkeys(tallies.kind_of(key) for key in rest))
            order, chances = thompson.arrange(
                self._row_options(kinds),
                [kinds.index(tallies.kind_of(key)) for key in rest],
                [PLACE_WEIGHT**place for place in range(len(rest))],
                seed=self._seed("rows"),
            )
            arranged = Arranged(given[:fixed] + tuple(rest[i] for i in order), (1.0,) * fixed + chances)
        self._arranged, self._given, self._fixed = arranged, given, fixed
        return arranged

    def _row_options(self, kinds: Sequence[str]) -> list[thompson.Option]:
        everybody = tallies.read((f"{self._scope}:row:{kind}" for kind in kinds), self.day)
        own = tallies.read_profile(self.profile_id, self.day)
        made = []
        for kind in kinds:
            known = everybody[f"{self._scope}:row:{kind}"]
            prior = thompson.Option(ROW_RATE, ROW_STRENGTH, known.shown, known.played).mean
            mine = own.get(kind, tallies.NOTHING)
            made.append(thompson.Option(prior, ROW_STRENGTH, mine.shown, mine.played))
        return made

    @cached_property
    def _may_try(self) -> bool:
        return not self.steady and self._has_room()

    @property
    def tries(self) -> bool:
        """Whether `try_title` may put anything anywhere now: so that nobody ranks candidates for nothing."""
        return not self._slots and self._may_try

    def within_share(self) -> bool:
        """Whether this page may be shown once more as it is: with a tried card only while the day has room for it."""
        return not self._slots or self._has_room()

    def _has_room(self) -> bool:
        """Whether one more tried card stays within the day's share."""
        row = models.Showing.objects.filter(profile_id=self.profile_id, day=self.day).first()
        share = self.knobs.get("tried_share", TRIED_SHARE)
        return row is not None and row.tried + 1 <= share * row.shown

    def try_title(self, row_key: str, candidates: Mapping[UUID, float] | Sequence[UUID]) -> Tried | None:
        """A title that little is known of, and where to put it in a row; None when nothing is to be tried now.

        `candidates` are eligible titles that are not on the page, best first, with the score expected of each as a
        share of the best one's (1 for all when none is given). The bound is one slot a page, and five in a hundred of
        the cards that were in view today.
        """
        if self._slots or not candidates or not self._may_try:
            return None
        scored = candidates if isinstance(candidates, Mapping) else dict.fromkeys(candidates, 1.0)
        first = dict(list(scored.items())[:SLOT_OPTIONS])
        known = tallies.read((f"{self._scope}:title:{each}" for each in first), self.day)
        options = []
        for title_id, score in first.items():
            count = known[f"{self._scope}:title:{title_id}"]
            if count.shown < TITLE_KNOWN:
                options.append((title_id, TITLE_RATE * min(max(score, 0.05), 1.0), count.shown, count.played))
        if not options:
            return None
        posteriors = [
            thompson.Option(prior, TITLE_STRENGTH, shown, played) for _id, prior, shown, played in options
        ]
        chosen = thompson.pick(posteriors, seed=self._seed(f"slot:{row_key}"))
        # Where it stands is a fair draw of its own, so both chances multiply.
        place = random.Random(self._seed(f"place:{row_key}")).choice(SLOT_PLACES)  # noqa: S311
        tried = Tried(
            title_id=options[chosen][0],
            position=place,
            propensity=thompson.chances(posteriors)[chosen] / len(SLOT_PLACES),
        )
        self._slots.append(Slot(row_key, tried, tuple(options)))
        return tried

    def mixing(self) -> tuple[Mapping[str, float], Mapping[str, float]] | None:
        """The knobs of both arms when Top picks are to be mixed for this profile, else None: then there is one list."""
        one = self._mixing
        return None if one is None else (one.arms[0][2], one.arms[1][2])

    @cached_property
    def _mixing(self) -> experiments.Running | None:
        for one in self._running:
            mixes = one.method == models.Experiment.Method.INTERLEAVE and len(one.arms) == 2
            if mixes and experiments.arm_of(one, self.profile_id):
                return one
        return None

    def mix(self, first: Sequence[UUID], second: Sequence[UUID], *, length: int = 20) -> Drafted:
        """Both arms' rankings in one list, in the order of `mixing()`; `first` alone when nothing is mixed."""
        one = self._mixing
        if one is None:
            return Drafted(tuple(first[:length]), ("",) * min(length, len(first)))
        seed = self._seed(f"mix:{one.id}")
        order, sides = drafting.draft(first, second, seed=seed, length=length)
        teams = tuple(one.arms[side][0] if side >= 0 else "" for side in sides)
        self._mixed = (one.key, {each: team for each, team in zip(order, teams, strict=True) if team})
        return Drafted(order, teams)

    def choose_artwork(self, titles: Sequence[UUID]) -> dict[UUID, UUID]:
        """The picture to show of each title that has several; what is not in the answer shows its first one."""
        if self.steady or not self.knobs.get("artwork", 1.0):
            return {}
        return {title_id: shown.chosen for title_id, shown in self.pictures(titles).items()}

    def backdrops(self, titles: Sequence[UUID]) -> dict[UUID, tuple[UUID, Image]]:
        """The same with the pictures themselves, for whoever draws cards."""
        if self.steady or not self.knobs.get("artwork", 1.0):
            return {}
        return {each: (shown.chosen, shown.image) for each, shown in self.pictures(titles).items()}

    def pictures(self, titles: Sequence[UUID]) -> dict[UUID, Shown]:
        """Of each title with several pictures the drawn one, and what is known of all of them."""
        several = catalog.picture_choices(titles)
        keys = [key for ids in several.values() for each in ids for key in self._picture_keys(each)]
        known = tallies.read(keys, self.day)
        made = {}
        for title_id, ids in several.items():
            options = {each: self._picture_option(each, known) for each in ids}
            chosen = thompson.pick(list(options.values()), seed=self._seed(f"picture:{title_id}"))
            picture_id = list(ids)[chosen]
            made[title_id] = Shown(picture_id, ids[picture_id], options)
        return made

    def _picture_keys(self, artwork_id: UUID) -> list[str]:
        return tallies.picture_keys(self._scope, artwork_id, self.leaning)

    def _picture_option(self, artwork_id: UUID, known: Mapping[str, tallies.Count]) -> thompson.Option:
        counts = [known[key] for key in self._picture_keys(artwork_id)]
        whole = thompson.Option(PICTURE_RATE, PICTURE_STRENGTH, counts[0].shown, counts[0].played)
        if len(counts) == 1:
            return whole
        return thompson.Option(whole.mean, LEANING_STRENGTH, counts[1].shown, counts[1].played)

    def ticket(self, model_version: str = "", request_id: UUID | None = None) -> str:
        """All that was decided, signed, for the page to send back with what was seen (impressions.py)."""
        arranged, (experiment, teams) = self._arranged, self._mixed
        return tickets.write(
            Drawn(
                profile_id=self.profile_id,
                request_id=request_id or uuid4(),
                at=self.now.timestamp(),
                given=self._given,
                fixed=self._fixed,
                order=arranged.order,
                propensities=arranged.propensities,
                slots=tuple(self._slots),
                experiment=experiment,
                teams=teams,
                leaning=self.leaning,
                model_version=model_version,
            )
        )


def of(profile_id: UUID, now: datetime) -> Chooser:
    """The chooser of a profile as its own switches want it."""
    profile, switches = accounts.profile(profile_id), reading.switches(profile_id)
    steady = profile is None or switches.steady or not switches.personal
    return Chooser(profile_id, now, steady=steady, kids=bool(profile and profile.is_kid))


def variant(profile_id: UUID, experiment: str) -> str:
    """`Chooser.variant` for whoever asks this alone."""
    return of(profile_id, timezone.now()).variant(experiment)


def arrange_rows(profile_id: UUID, keys: Sequence[str], fixed: int, now: datetime) -> Arranged:
    """`Chooser.arrange_rows` for whoever asks this alone."""
    return of(profile_id, now).arrange_rows(keys, fixed)


def try_title(
    profile_id: UUID, row_key: str, candidates: Mapping[UUID, float] | Sequence[UUID], now: datetime
) -> Tried | None:
    """`Chooser.try_title` for whoever asks this alone."""
    return of(profile_id, now).try_title(row_key, candidates)


def choose_artwork(profile_id: UUID, titles: Sequence[UUID], now: datetime) -> dict[UUID, UUID]:
    """`Chooser.choose_artwork` for whoever asks this alone."""
    return of(profile_id, now).choose_artwork(titles)
