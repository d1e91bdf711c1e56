"""What a browser says was in view becomes impressions, and the draws behind it become decisions.

Twice told is told once. What one profile can move is bounded: cards a day, and a title or a picture counts once a day
for everybody's numbers, however often its page is loaded.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from django.db import transaction

from accounts import services as accounts
from accounts.types import Profile
from catalog import services as catalog
from recommend.signals import reading
from recommend.trials import models, taking_part, tallies, thompson
from recommend.trials.choosing import NO_MODEL, TITLE_KNOWN, Chooser, Shown
from recommend.trials.types import Drawn, Seen, Slot

#: Cards that one report may name, and cards of a profile that are kept of one day.
MOST_AT_ONCE, MOST_A_DAY = 120, 2_000
#: Pages of a profile of one day whose rows count for everybody.
ROWS_A_DAY = 12
#: A title's numbers are kept until they are worth several times what makes it known.
_COUNTED = 4 * TITLE_KNOWN


def shown(drawn: Drawn, what: Sequence[Seen], *, now: datetime) -> int:
    """Keep what was in view of a page; how many cards were new. Nothing is kept for who lets nothing be learnt."""
    profile, switches = accounts.profile(drawn.profile_id), reading.switches(drawn.profile_id)
    if profile is None or not (switches.personal and switches.learn):
        return 0
    report = _Report(profile, drawn, now, tallied=switches.shared, steady=switches.steady)
    return report.keep(what)


@dataclass(slots=True)
class _Report:
    """One report of one page."""

    profile: Profile
    drawn: Drawn
    now: datetime
    tallied: bool
    steady: bool

    def keep(self, what: Sequence[Seen]) -> int:
        """Rows first, then what they add up to."""
        day = tallies.today(self.now)
        so_far = models.Showing.objects.filter(profile_id=self.profile.id, day=day).first()
        left = MOST_A_DAY - (so_far.shown if so_far else 0)
        fresh, known_rows = self._fresh(what, max(0, left))
        taking_part.visit(self.profile.id, self.now)
        if not fresh:
            return 0
        titles = list({seen.title_id for seen in fresh})
        earlier = self._seen_today(titles)
        pictures = self._pictures(titles)
        slots = {(slot.row_key, slot.tried.title_id): slot for slot in self.drawn.slots}
        impressions = [self._impression(seen, slots, pictures) for seen in fresh]
        decisions = self._decisions(fresh, slots, pictures)
        models.Impression.objects.bulk_create(impressions, ignore_conflicts=True)
        models.Decision.objects.bulk_create(decisions, ignore_conflicts=True)
        new_rows = {seen.row_key for seen in fresh} - known_rows
        with transaction.atomic():
            self._count(len(fresh), sum(row.tried for row in impressions))
            kinds = Counter(tallies.kind_of(key) for key in new_rows)
            tallies.add_profile(self.profile.id, {kind: (n, 0.0) for kind, n in kinds.items()}, day)
            if self.tallied:
                tallies.add(self._tally(kinds, set(titles) - earlier, pictures), day)
        return len(fresh)

    def _fresh(self, what: Sequence[Seen], most: int) -> tuple[list[Seen], set[str]]:
        """What is new of it and may be seen by the profile at all, and the rows of this page that were told before."""
        told = set(
            models.Impression.objects.filter(request_id=self.drawn.request_id).values_list(
                "row_key", "title_id"
            )
        )
        once = {(seen.row_key, seen.title_id): seen for seen in list(what)[:MOST_AT_ONCE]}
        wanted = {key: seen for key, seen in once.items() if key not in told}
        there = (
            catalog.among(
                {title_id for _row, title_id in wanted},
                maturity=self.profile.maturity,
                without=self.profile.blocked,
            )
            if wanted
            else set()
        )
        fresh = [seen for (_row, title_id), seen in wanted.items() if title_id in there]
        return fresh[:most], {row for row, _title in told}

    def _seen_today(self, titles: Sequence[UUID]) -> set[UUID]:
        begin = datetime.combine(tallies.today(self.now), time.min, tzinfo=UTC)
        rows = models.Impression.objects.filter(
            profile_id=self.profile.id, title_id__in=titles, at__gte=begin
        )
        return set(rows.values_list("title_id", flat=True))

    def _pictures(self, titles: Sequence[UUID]) -> dict[UUID, Shown]:
        """The draws of pictures, worked out again: they are the same all day. Of yesterday's page nothing is known."""
        if self.drawn.model_version == NO_MODEL:
            return {}
        drawn_on = datetime.fromtimestamp(self.drawn.at, tz=UTC)
        if tallies.today(drawn_on) != tallies.today(self.now):
            return {}
        chooser = Chooser(
            self.profile.id,
            drawn_on,
            steady=self.steady,
            kids=self.profile.is_kid,
            leaning=self.drawn.leaning,
        )
        return {} if self.steady or not chooser.knobs.get("artwork", 1.0) else chooser.pictures(titles)

    def _impression(
        self, seen: Seen, slots: dict[tuple[str, UUID], Slot], pictures: dict[UUID, Shown]
    ) -> models.Impression:
        slot = slots.get((seen.row_key, seen.title_id))
        row_place, propensity = self._place(seen)
        picture = pictures.get(seen.title_id)
        return models.Impression(
            profile_id=self.profile.id,
            request_id=self.drawn.request_id,
            row_key=seen.row_key,
            row_place=row_place,
            position=slot.tried.position if slot else seen.position,
            title_id=seen.title_id,
            artwork_id=picture.chosen if picture else None,
            tried=slot is not None,
            propensity=propensity * (slot.tried.propensity if slot else 1.0),
            team=self.drawn.teams.get(seen.title_id, ""),
            model_version=self.drawn.model_version[:64],
            at=self.now,
        )

    def _place(self, seen: Seen) -> tuple[int, float]:
        """Where its row stood, by our own word where we have one, and how likely that was."""
        if seen.row_key in self.drawn.order:
            place = self.drawn.order.index(seen.row_key)
            return place, self.drawn.propensities[place]
        return seen.row_place, 1.0

    def _decisions(
        self, fresh: Sequence[Seen], slots: dict[tuple[str, UUID], Slot], pictures: dict[UUID, Shown]
    ) -> list[models.Decision]:
        drawn, made = self.drawn, list[models.Decision]()
        common = {"profile_id": self.profile.id, "request_id": drawn.request_id, "at": self.now}
        rest = drawn.order[drawn.fixed :]
        if any(each < 1 for each in drawn.propensities):
            made.append(
                models.Decision(
                    **common,
                    kind=models.Decision.Kind.ROWS,
                    subject="",
                    chosen=rest[0][:80],
                    propensity=drawn.propensities[drawn.fixed],
                    detail={
                        "given": list(drawn.given[drawn.fixed :]),
                        "order": list(rest),
                        "propensities": list(drawn.propensities[drawn.fixed :]),
                        "played": {},
                    },
                )
            )
        for slot in {slots[key] for seen in fresh if (key := (seen.row_key, seen.title_id)) in slots}:
            made.append(
                models.Decision(
                    **common,
                    kind=models.Decision.Kind.SLOT,
                    subject=slot.row_key[:80],
                    title_id=slot.tried.title_id,
                    chosen=str(slot.tried.title_id),
                    propensity=slot.tried.propensity,
                    detail={
                        "position": slot.tried.position,
                        "options": [
                            [str(each), prior, shown, played] for each, prior, shown, played in slot.options
                        ],
                    },
                )
            )
        return made + [self._picture(title_id, picture, common) for title_id, picture in pictures.items()]

    def _picture(self, title_id: UUID, picture: Shown, common: dict[str, object]) -> models.Decision:
        options = list(picture.options.items())
        chances = thompson.chances([option for _id, option in options])
        place = [each for each, _option in options].index(picture.chosen)
        return models.Decision(
            **common,
            kind=models.Decision.Kind.PICTURE,
            subject=str(title_id),
            title_id=title_id,
            chosen=str(picture.chosen),
            propensity=chances[place],
            detail={
                "leaning": self.drawn.leaning,
                "options": [
                    [str(each), round(option.mean, 5), option.shown, option.played]
                    for each, option in options
                ],
            },
        )

    def _count(self, seen: int, tried: int) -> None:
        row, _made = models.Showing.objects.select_for_update().get_or_create(
            profile_id=self.profile.id, day=tallies.today(self.now)
        )
        row.shown, row.tried = row.shown + seen, row.tried + tried
        row.save(update_fields=["shown", "tried"])

    def _tally(
        self, kinds: Counter[str], first_today: set[UUID], pictures: dict[UUID, Shown]
    ) -> dict[str, tuple[float, float]]:
        """What this adds to everybody's numbers."""
        scope, day = tallies.scope(kids=self.profile.is_kid), tallies.today(self.now)
        changes: dict[str, tuple[float, float]] = {}
        pages = models.Impression.objects.filter(
            profile_id=self.profile.id, at__gte=self.now - timedelta(days=1)
        )
        if pages.values("request_id").distinct().count() <= ROWS_A_DAY:
            changes |= {f"{scope}:row:{kind}": (float(n), 0.0) for kind, n in kinds.items()}
        known = tallies.read((f"{scope}:title:{each}" for each in first_today), day)
        changes |= {key: (1.0, 0.0) for key, count in known.items() if count.shown < _COUNTED}
        for title_id in first_today & set(pictures):
            for key in tallies.picture_keys(scope, pictures[title_id].chosen, self.drawn.leaning):
                changes[key] = (1.0, 0.0)
        return changes
