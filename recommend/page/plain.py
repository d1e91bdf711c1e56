"""A page without a model: what is new, what is watched here, and what shares genres and people with what was liked.

Everything comes through `catalog` with the profile's maturity and blocked titles, so nothing that it may not see can
enter a row; there is no second filter to forget.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.types import Profile
from catalog import services as catalog
from catalog.types import Title
from playback import services as playback
from playback.types import Viewing
from recommend import kids, models, rows, scoring, stretch
from recommend.page import own
from recommend.page.standing import LIKED, PRAISED, Standing
from recommend.trials.choosing import NO_MODEL, Chooser
from recommend.types import Card, Ground, Home, Row, Source, Thumb

#: One in this many of the best unseen titles is the day's billboard.
BILLBOARD_CHOICE = 8
#: Of so many of the titles that it watched last all is known, and not only that they count for its taste.
SEEN_LIMIT = 100
#: How far back viewings colour the taste.
HISTORY = timedelta(days=180)
#: Affinity from which a profile is said to like a genre: about one half-watched title of that genre alone.
LEANS = 0.2

#: A shelf with its name and reason for people.
_Wanted = tuple[rows.Shelf[UUID], str, str]


def home(standing: Standing) -> Home:
    """The page of a profile while there is no model."""
    page = Page(standing.profile, standing.now, standing)
    source = Source.TREND if page.trend else Source.CATALOGUE
    made = tuple(page.rows())
    # Nothing is tried on it, but what was seen of it counts: that is what trials begin with.
    chooser = Chooser(standing.profile.id, standing.now, steady=True)
    chooser.arrange_rows([row.key for row in made], len(made))
    return Home(
        billboard=page.billboard(),
        rows=made,
        source=source,
        ticket=chooser.ticket(NO_MODEL),
        listed=frozenset(standing.listed),
        is_new=standing.is_new,
    )


def alike_to(seed: scoring.Features, others: Iterable[scoring.Features]) -> list[UUID]:
    """The ids of what is like `seed`, most alike first; `seed` itself is left out."""
    scores = {each.id: scoring.likeness(seed, each) for each in others if each.id != seed.id}
    return sorted((each for each in scores if scores[each] > 0), key=lambda each: (-scores[each], str(each)))


class Page:
    """All that one page needs, asked for once: a fixed number of queries however large the catalogue is."""

    def __init__(self, profile: Profile, now: datetime, standing: Standing | None = None) -> None:
        self.profile, self.now = profile, now
        self.standing = standing or Standing(profile, now)
        self.personal = self.standing.switches.personal
        self.thumbs = {
            title_id: (Thumb(value), at)
            for title_id, value, at in models.Thumb.objects.filter(profile_id=profile.id).values_list(
                "title_id", "value", "rated_at"
            )
        }
        self.listed = self.standing.listed
        self.viewings: list[Viewing] = (
            playback.viewings_since(profile.id, now - HISTORY) if self.personal else []
        )
        self.bookmarks = self.standing.bookmarks
        self.shared = stretch.stretch(profile.maturity, now, kids=profile.is_kid)
        self.trend = self.shared.trend
        down = {title_id for title_id, (thumb, _at) in self.thumbs.items() if thumb is Thumb.DOWN}
        hidden = down | self.standing.hidden
        #: What this profile may see now and is worth looking at, newest first; and what scoring knows of it.
        self.known, self.features = self._visible()
        #: What discovery may choose from: playable, and not thumbed down.
        self.pool = {
            title_id: title
            for title_id, title in self.known.items()
            if title.playable and title_id not in hidden
        }
        self.taste = scoring.taste_of(self._signals(), self.features, now=now)
        self._seed: Title | None = None
        self.seen = {viewing.title_id for viewing in self.viewings if viewing.fraction >= 0.25}

    def _visible(self) -> tuple[dict[UUID, Title], dict[UUID, scoring.Features]]:
        """What all of this age choose from, and whatever the profile had to do with; without what is blocked on it."""
        blocked = self.profile.blocked
        seen = [viewing.title_id for viewing in self.viewings][:SEEN_LIMIT]
        mentioned = [bookmark.title_id for bookmark in self.bookmarks]
        mentioned += [*list(self.listed)[: rows.LONGEST_ROW], *list(self.thumbs)[:SEEN_LIMIT], *seen]
        known = self.shared.titles | self.shared.also(dict.fromkeys(mentioned))
        known = {each: title for each, title in known.items() if each not in blocked}
        return known, self.shared.traits(known)

    def rows(self) -> list[Row]:
        """Every row that has something to say, in order."""
        begun = own.going_on(self.standing, self.pool)
        going_on = {card.title.id: card for card in begun}
        listed = [each for each in self.listed if each in self.pool][: rows.LONGEST_ROW]
        mine = own.own_rows(begun, [self._card(each, going_on, Source.OWN) for each in listed])
        wanted = [*self._leading(), *self._genres()]
        said = {shelf.key: (name, reason) for shelf, name, reason in wanted}
        in_sight = {*list(going_on)[: rows.IN_SIGHT], *listed[: rows.IN_SIGHT]}
        shelves = [shelf for shelf, _name, _reason in wanted]
        arranged = rows.arrange(shelves, catalogue=len(self.pool), mine=in_sight)
        for shelf in arranged:
            source, ground = _grounds(shelf.key)
            cards = tuple(self._card(each, going_on, source) for each in shelf.titles)
            because = self._seed.id if self._seed and ground is Ground.WATCHED else None
            name, reason = said[shelf.key]
            mine.append(Row(shelf.key, name, reason, cards, source=source, ground=ground, because=because))
        return [self._called(row) for row in mine]

    def _called(self, row: Row) -> Row:
        """The row as it is called for this profile: for a child in words for children."""
        if not self.profile.is_kid:
            return row
        name, reason = kids.named(row.key, row.name, seed=self._seed.name if self._seed else "")
        return replace(row, name=name, reason=reason)

    @cached_property
    def _places(self) -> dict[UUID, int]:
        """Of each title of the pool its place by score: what fits the taste and is fresh first, what was seen last."""
        scores = {
            each: scoring.affinity(self.features[each], self.taste)
            + 0.5 * scoring.freshness(self.features[each], now=self.now)
            - (2.0 if each in self.seen else 0.0)
            for each in self.pool
        }
        ranked = sorted(scores, key=lambda each: (-scores[each], self.pool[each].name, str(each)))
        return {each: place for place, each in enumerate(ranked)}

    def by_score(self, titles: Iterable[Title]) -> list[UUID]:
        """The ids of titles, what fits the taste and is fresh first; what was seen comes last."""
        return sorted((title.id for title in titles), key=self._places.__getitem__)

    def billboard(self) -> Card | None:
        """The day's big picture: fresh, unseen, fitting; the same all day while nothing changes."""
        unseen = [title for title in self.pool.values() if title.backdrop and title.id not in self.seen]
        with_backdrop = unseen or [title for title in self.pool.values() if title.backdrop]
        best = self.by_score(with_backdrop)[:BILLBOARD_CHOICE]
        chosen = scoring.draw(f"{self.profile.id}:{self.now:%Y-%m-%d}", best)
        if chosen is None:
            return None
        title = self.pool[chosen]
        video_id = title.video_id or catalog.first_video(title.id)
        return Card(title=title, video_id=video_id, caption=self.why(title))

    def why(self, title: Title) -> str:
        """In plain words, why this title is the billboard."""
        if self.profile.is_kid:
            return _("Just for you")
        liked = [genre.name for genre in title.genres if self.taste.genres.get(genre.slug, 0.0) > LEANS]
        if liked:
            return _("Because you like %(genre)s") % {"genre": liked[0]}
        return _("New here") if scoring.freshness(self.features[title.id], now=self.now) > 0.5 else ""

    def _signals(self) -> list[scoring.Signal]:
        if not self.personal:
            return []
        if (kept := self.standing.signals(listed=True)) is not None:
            return kept
        signals = [
            scoring.Signal(viewing.title_id, scoring.viewing_weight(viewing.fraction), viewing.ended_at)
            for viewing in self.viewings
        ]
        signals += [
            scoring.Signal(title_id, scoring.THUMB_WEIGHT[thumb.value], at)
            for title_id, (thumb, at) in self.thumbs.items()
        ]
        return signals + [
            scoring.Signal(title_id, scoring.LISTED_WEIGHT, at) for title_id, at in self.listed.items()
        ]

    def _card(self, title_id: UUID, progress: dict[UUID, Card], source: Source) -> Card:
        title = self.pool[title_id]
        begun = progress.get(title_id)
        same = begun is not None and begun.video_id == title.video_id
        return Card(
            title=title,
            video_id=title.video_id,
            progress=begun.progress if begun and same else None,
            source=source,
        )

    def _trending(self) -> list[UUID]:
        ranked = sorted(
            (each for each in self.trend if each in self.pool),
            key=lambda each: (-self.trend[each], str(each)),
        )
        return ranked if len(ranked) >= rows.FEWEST_CARDS else []

    def _because(self) -> tuple[Title, list[UUID]] | None:
        """The latest thing that was really watched or liked, and what is like it and still unseen."""
        liked = [
            signal
            for signal in self._signals()
            if signal.weight >= 0.5
            and signal.title_id in self.known
            and signal.title_id not in self.standing.hidden
        ]
        for signal in sorted(liked, key=lambda each: each.at, reverse=True)[:5]:
            seed = self.known[signal.title_id]
            unseen = [self.features[each] for each in self.pool if each not in self.seen]
            alike = alike_to(self.features[seed.id], unseen)
            if len(alike) >= rows.FEWEST_CARDS:
                return seed, alike
        return None

    def _leading(self) -> list[_Wanted]:
        """Trending, because, new. While too little was watched for a trend the newest lead, and say so."""
        newest = tuple(self.pool)
        trending = self._trending()
        if not trending:
            reason = _("Too little has been watched here to call anything a trend, so the newest come first.")
            return [(rows.Shelf("recent", newest), _("Most recent"), reason)]
        leading = [
            (rows.Shelf("trending", tuple(trending)), _("Trending now"), _("Watched most here of late."))
        ]
        if because := self._because():
            seed, alike = because
            self._seed = seed
            title = {"title": seed.name}
            praised = {one.title_id for one in self.standing.entries if one.kind in (*PRAISED, *LIKED)}
            liked = seed.id in praised
            leading.append(
                (
                    rows.Shelf(f"because-{seed.id.hex}", tuple(alike)),
                    _("Because you liked %(title)s") % title
                    if liked
                    else _("Because you watched %(title)s") % title,
                    _("They share genres or people with %(title)s.") % title,
                )
            )
        leading.append((rows.Shelf("new", newest), _("New here"), _("The latest additions, newest first.")))
        return leading

    def _genres(self) -> list[_Wanted]:
        """A shelf a genre: those the profile leans to first, then those that have most to show."""
        held: dict[str, list[Title]] = {}
        names: dict[str, str] = {}
        for title in self.pool.values():
            for genre in title.genres:
                held.setdefault(genre.slug, []).append(title)
                names[genre.slug] = genre.name
        made = []
        for slug in sorted(
            held, key=lambda each: (-self.taste.genres.get(each, 0.0), -len(held[each]), each)
        ):
            liked = self.taste.genres.get(slug, 0.0) > LEANS
            if liked:
                reason = _("You have been enjoying %(genre)s.") % {"genre": names[slug]}
            else:
                n = len(held[slug])
                reason = ngettext("%(n)d title here.", "%(n)d titles here.", n) % {"n": n}
            shelf = rows.Shelf(f"genre-{slug}", tuple(self.by_score(held[slug])), elastic=True)
            made.append((shelf, names[slug], reason))
        return made


def _grounds(key: str) -> tuple[Source, Ground]:
    if key.startswith("because-"):
        return Source.CATALOGUE, Ground.WATCHED
    if key.startswith("genre-"):
        return Source.CATALOGUE, Ground.GENRE
    return (Source.TREND, Ground.TREND) if key == "trending" else (Source.CATALOGUE, Ground.NEW)
