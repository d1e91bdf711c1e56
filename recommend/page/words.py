"""What rows and cards say of themselves: names, and reasons that are true."""

from collections.abc import Mapping
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.types import Title
from recommend.page.lines import Lead, Line, Plan
from recommend.types import Ground, Source

#: By kind of row: what chose it, and what its reason rests on.
GROUNDS: Mapping[str, tuple[Source, Ground]] = {
    "picks": (Source.TASTE, Ground.TASTE),
    "next": (Source.TASTE, Ground.TASTE),
    "taste": (Source.TASTE, Ground.TASTE),
    "because": (Source.TASTE, Ground.WATCHED),
    "genre": (Source.CATALOGUE, Ground.GENRE),
    "trending": (Source.TREND, Ground.TREND),
    "popular": (Source.TREND, Ground.POPULAR),
    "new": (Source.CATALOGUE, Ground.NEW),
    "gems": (Source.TASTE, Ground.GEM),
    "again": (Source.OWN, Ground.AGAIN),
}


def row_words(line: Line, plan: Plan, titles: Mapping[UUID, Title]) -> tuple[str, str]:
    """A row's name and reason. `titles` has what it grew from, and at least one of its own."""
    if line.because is not None:
        seed = {"title": titles[line.because].name if line.because in titles else ""}
        liked = line.liked
        name = _("Because you liked %(title)s") % seed if liked else _("Because you watched %(title)s") % seed
        return name, _("They go well with %(title)s.") % seed
    if line.kind == "genre":
        return _genre_words(line, plan, titles)
    words = {
        "picks": (_("Top picks for you"), _("Chosen by what you watched and liked.")),
        "next": (_("Where to go from here"), _("They fit after what you watched last.")),
        "taste": (_("More to your taste"), _("They go with many things that you liked.")),
        "trending": (_("Trending now"), _("Watched most here of late.")),
        "popular": (_("Popular here"), _("Watched most here over time.")),
        "new": (_("New here"), _("The latest additions, newest first.")),
        "gems": (_("Hidden gems"), _("Close to your taste, and few here have found them.")),
        "again": (_("Watch again"), _("You liked these some time ago.")),
    }
    return words[line.kind]


def _genre_words(line: Line, plan: Plan, titles: Mapping[UUID, Title]) -> tuple[str, str]:
    slug = line.key.removeprefix("genre-")
    held = (titles[each] for each in line.ids if each in titles)
    name = next((genre.name for title in held for genre in title.genres if genre.slug == slug), slug)
    if slug in plan.liked_genres:
        return name, _("You have been enjoying %(genre)s.") % {"genre": name}
    n = plan.counts.get(slug, len(line.ids))
    return name, ngettext("%(n)d title here.", "%(n)d titles here.", n) % {"n": n}


def lead_words(lead: Lead | None, titles: Mapping[UUID, Title]) -> str:
    """Why one title is among the picks; '' when no single thing speaks for it."""
    cause = titles.get(lead.title_id) if lead else None
    if lead is None or cause is None:
        return ""
    if lead.liked:
        return _("Because you liked %(title)s") % {"title": cause.name}
    return _("Because you watched %(title)s") % {"title": cause.name}


def billboard_words(title: Title, plan: Plan, titles: Mapping[UUID, Title], *, kid: bool) -> str:
    """Why this is the big picture."""
    if kid:
        return _("Just for you")
    if found := lead_words(plan.leads.get(title.id), titles):
        return found
    liked = [genre.name for genre in title.genres if genre.slug in plan.liked_genres]
    if liked:
        return _("Because you like %(genre)s") % {"genre": liked[0]}
    return ""
