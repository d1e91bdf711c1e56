"""The home page: rows and the big picture, with titles and words, from a plan; without a model from what is new."""

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db import DatabaseError

from accounts.types import Profile
from catalog import services as catalog
from catalog.types import Title
from recommend import kids, rows, scoring
from recommend.learning import serving
from recommend.page import own, plain, words
from recommend.page.lines import Line
from recommend.page.planning import Planned, planned
from recommend.page.shared import SHARED, Version
from recommend.page.standing import Standing
from recommend.types import Card, Home, Row, Source

log = logging.getLogger("recommend.page")


def home(
    profile: Profile,
    *,
    now: datetime,
    first: int | None = None,
    behind: int = 0,
    keys: Collection[str] = (),
) -> Home:
    """The page of a profile. Cards come in rows from number `behind` to before `first` (all), and, where `keys` are
    given, only in those of them; the others come without cards and words, so that their order is known. The big picture
    comes with the page's beginning alone.
    """
    standing = Standing(profile, now)
    model, state = serving.current_state()
    version = catalog.version()
    if model is None or not len(model):
        return plain.home(standing)
    try:
        made = planned(standing, model, state.version, version)
    except DatabaseError:
        raise
    except Exception:  # whatever is wrong with a model or its numbers, the page has another answer
        log.exception("A page could not be made with the model %s; it is made without.", state.version)
        return plain.home(standing)
    whole = _Whole(standing, version, made, _wanted(first, behind, keys), big=not behind and not keys)
    return whole.home(state.version, made.ticket)


def _wanted(first: int | None, behind: int, keys: Collection[str]) -> Callable[[int, str], bool]:
    def wanted(number: int, key: str) -> bool:
        return number >= behind and (first is None or number < first) and (not keys or key in keys)

    return wanted


class _Whole:
    """One page, put together."""

    def __init__(
        self,
        standing: Standing,
        version: Version,
        made: Planned,
        wanted: Callable[[int, str], bool],
        *,
        big: bool,
    ) -> None:
        self.standing, self.plan, self.wanted, self.big = standing, made.plan, wanted, big
        self.pictures = made.pictures
        self.version = version
        self.titles: dict[UUID, Title] = {}
        self.asked: set[UUID] = set()
        self._ask(self._ids())
        self.billed = self._billed()

    def _ask(self, ids: list[UUID]) -> None:
        """Read titles, all at once, as this profile may see them now."""
        profile = self.standing.profile
        found = SHARED.titles(ids, maturity=profile.maturity, version=self.version)
        self.titles |= {each: title for each, title in found.items() if each not in profile.blocked}
        self.asked.update(ids)

    def _ids(self) -> list[UUID]:
        """Every title that the page shows or names: asked for at once."""
        standing, plan = self.standing, self.plan
        own_ids = [one.title_id for one in standing.bookmarks]
        own_ids += list(standing.listed)[: rows.LONGEST_ROW]
        # As many of the viewer's own rows come first as there seem to be; what is wrong about that is read later.
        mine = bool(standing.bookmarks) + bool(standing.listed)
        shown = [line for number, line in enumerate(plan.lines, mine) if self.wanted(number, line.key)]
        top = any(self.wanted(number, line.key) for number, line in enumerate(plan.lines[: rows.NEAR], mine))
        big = plan.billboard if self.big or top else ()
        leads = (plan.leads[each].title_id for each in big if each in plan.leads)
        named = (each for line in shown for each in self._named(line))
        return list(dict.fromkeys([*own_ids, *big, *leads, *named]))

    def _named(self, line: Line) -> list[UUID]:
        """What a row shows, and what it and its cards name as their reasons."""
        named = [] if line.because is None else [line.because]
        if line.kind == "picks":
            leads = self.plan.leads
            named += dict.fromkeys(leads[each].title_id for each in line.ids if each in leads)
        return [*line.ids, *named]

    def home(self, model_version: str, ticket: str) -> Home:
        begun = own.going_on(self.standing, self.titles)
        self.progress = {card.title.id: card for card in begun}
        listed = list(self.standing.listed)[: rows.LONGEST_ROW]
        kept = [self._card(self.titles[each]) for each in listed if self._playable(each)]
        mine = own.own_rows(begun, kept)
        if self.standing.profile.is_kid:
            mine = [self._for_kids(row) for row in mine]
        made = [row if self.wanted(number, row.key) else _bare(row) for number, row in enumerate(mine)]
        for line in self.plan.lines:
            if not self.wanted(len(made), line.key):
                made.append(Row(line.key, "", "", ()))
            elif (row := self._row(line)) is not None:
                made.append(row)
        return Home(
            billboard=self._billboard() if self.big else None,
            rows=tuple(made),
            source=Source.TASTE if self.plan.personal else Source.TREND,
            model_version=model_version,
            ticket=ticket,
            listed=frozenset(self.standing.listed),
            is_new=self.standing.is_new,
        )

    def _playable(self, title_id: UUID) -> bool:
        title = self.titles.get(title_id)
        return title is not None and title.playable and title_id not in self.standing.hidden

    def _row(self, line: Line) -> Row | None:
        """The row with its cards; None when what it is about, or all that is in it, was withdrawn since."""
        if not self.asked.issuperset(self._named(line)):
            self._ask(self._named(line))
        if line.because is not None and line.because not in self.titles:
            return None
        source, ground = words.GROUNDS[line.kind]
        name, reason = words.row_words(line, self.plan, self.titles)
        tried, chance = line.tried or (None, 1.0)
        cards = tuple(
            self._card(
                self.titles[each],
                # The row says it already where it grew from one title.
                reason=words.lead_words(self.plan.leads.get(each), self.titles)
                if line.kind == "picks"
                else "",
                source=Source.TRIAL if each == tried else source,
                propensity=chance if each == tried else 1.0,
            )
            for each in self._in_order(line)
            if self._playable(each)
        )
        if not cards:
            return None
        row = Row(
            line.key, name, reason, cards,
            source=source, ground=ground, because=line.because, propensity=line.propensity,
        )  # fmt: skip
        return self._for_kids(row) if self.standing.profile.is_kid else row

    def _in_order(self, line: Line) -> Sequence[UUID]:
        """The row's titles; the big picture does not stand beside itself in the first rows under it."""
        near = any(line is each for each in self.plan.lines[: rows.NEAR])
        if not near or self.billed not in line.ids[: rows.IN_SIGHT] or len(line.ids) <= rows.FEWEST_CARDS:
            return line.ids
        others = [each for each in line.ids if each != self.billed]
        return (
            [*others[: rows.IN_SIGHT], self.billed, *others[rows.IN_SIGHT :]]
            if len(others) > rows.IN_SIGHT
            else others
        )

    def _for_kids(self, row: Row) -> Row:
        seed = self.titles[row.because].name if row.because in self.titles else ""
        name, reason = kids.named(row.key, row.name, seed=seed)
        return Row(
            row.key, name, reason, row.cards,
            source=row.source, ground=row.ground, because=row.because, propensity=row.propensity,
        )  # fmt: skip

    def _card(
        self, title: Title, *, reason: str = "", source: Source = Source.OWN, propensity: float = 1.0
    ) -> Card:
        begun = self.progress.get(title.id)
        same = begun is not None and begun.video_id == title.video_id
        return Card(
            title=title,
            video_id=title.video_id,
            progress=begun.progress if begun and same else None,
            picture=self.pictures.get(title.id),
            reason=reason,
            source=source,
            match=self.plan.match.get(title.id),
            propensity=propensity,
        )

    def _billed(self) -> UUID | None:
        """The day's big picture, of the best that have one; the same all day while nothing changes. Those of which can
        be said why come first, and what the viewer's own rows show comes last.
        """
        held = [self.titles[each] for each in self.plan.billboard if each in self.titles]
        pictured = [title for title in held if title.backdrop and self._playable(title.id)]
        own_rows = {one.title_id for one in self.standing.bookmarks} | self.standing.listed.keys()
        best = [title for title in pictured if title.id not in own_rows] or pictured
        best = best[: self.plan.drawn] or [
            title for title in self.titles.values() if title.backdrop and self._playable(title.id)
        ]
        told = [title for title in best if self._caption(title)] or best
        return scoring.draw(
            f"{self.standing.profile.id}:{self.standing.now:%Y-%m-%d}", [title.id for title in told]
        )

    def _caption(self, title: Title) -> str:
        return words.billboard_words(title, self.plan, self.titles, kid=self.standing.profile.is_kid)

    def _billboard(self) -> Card | None:
        if self.billed is None:
            return None
        title = self.titles[self.billed]
        return Card(
            title=title,
            video_id=title.video_id or catalog.first_video(title.id),
            caption=self._caption(title),
            source=Source.TASTE if self.plan.personal else Source.TREND,
            match=self.plan.match.get(title.id),
        )


def _bare(row: Row) -> Row:
    return Row(row.key, "", "", ())
