"""What a look-up would change about a title, line by line, for a person to choose from; and doing what was chosen."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog import artwork, models
from catalog.metadata import applying, tmdb
from catalog.models import Credit

#: What is asked for each title, in the order in which it is shown. Numbers of databases go along unasked.
SHOWN = ("name", "year", "maturity", "tagline", "synopsis", "genres", "people")
_SILENT = frozenset({"tmdb_id", "imdb_id"})


@dataclass(frozen=True, slots=True)
class Line:
    """One field: as it is, as it would be. `edited`: a person wrote what is there. `take`: chosen unless unchosen."""

    field: str
    label: str
    now: str
    new: str
    same: bool
    edited: bool
    take: bool


def lines(row: models.Title, found: tmdb.Details) -> list[Line]:
    """What the look-up says, beside what the title says; fields of which it says nothing are left out."""
    new, now = applying.values(found.said), applying.current(row)
    looked_up = row.written.get("tmdb") or {}
    answer = []
    for field in SHOWN:
        if field not in new:
            continue
        same = _comparable(field, now[field]) == _comparable(field, new[field])
        free = applying.is_free(field, now[field], row.written) or now[field] == looked_up.get(field)
        # Nobody says that a film is for all ages by leaving the age of a new one alone.
        free = free or (field == "maturity" and field not in row.written and now[field] == 0)
        answer.append(
            Line(
                field=field,
                label=_label(field),
                now=_said(field, now[field]),
                new=_said(field, new[field]),
                same=same,
                edited=not free and not same,
                take=free and not same,
            )
        )
    return answer


def take(
    row: models.Title,
    found: tmdb.Details,
    *,
    fields: Iterable[str],
    pictures: dict[str, bytes],
    parts: list[tmdb.Part],
) -> list[str]:
    """Write what was chosen; returns what changed, in words. Raises `artwork.BadImage` before anything is written.

    What a person chose here is that person's: an NFO does not change it later. Episodes keep names that were edited.
    """
    for kind, data in pictures.items():
        artwork.draw(data, kind=kind)
    chosen = frozenset(fields) & set(SHOWN)
    with transaction.atomic():
        locked = models.Title.objects.select_for_update().get(pk=row.pk)
        changed = applying.apply(locked, found.said, chosen=chosen | _SILENT)
        values = applying.values(found.said)
        locked.written = {
            **{field: value for field, value in locked.written.items() if field not in chosen | _SILENT},
            "tmdb": {field: values[field] for field in SHOWN if field in chosen and field in values},
        }
        locked.save(update_fields=["written"])
        said = [_label(field) for field in changed if field in SHOWN]
        if languages := applying.apply_texts(locked, found.texts):
            said.append(
                ngettext("texts in %(n)d language", "texts in %(n)d languages", languages) % {"n": languages}
            )
        if renamed := _take_parts(locked, parts):
            said.append(_("%(count)d episodes") % {"count": renamed})
    for kind, data in pictures.items():
        artwork.keep(kind=kind, data=data, title_id=row.pk)
        said.append({"poster": _("poster"), "backdrop": _("backdrop")}[kind])
    return said


def _take_parts(row: models.Title, parts: list[tmdb.Part]) -> int:
    known = {(part.season, part.number): part for part in parts}
    renamed = 0
    for episode in models.Episode.objects.filter(season__title=row).select_related("season"):
        part = known.get((episode.season.number, episode.number))
        if part is None:
            continue
        renamed += bool(applying.apply_to_episode(episode, name=part.name, synopsis=part.synopsis))
    return renamed


def _comparable(field: str, value: Any) -> Any:
    return sorted(name.casefold() for name in value) if field == "genres" else value


def _said(field: str, value: Any) -> str:
    """A value for people; of long lists the beginning."""
    if value in (None, "", []):
        return ""
    if field == "genres":
        return ", ".join(value)
    if field == "people":
        roles = dict(Credit.Role.choices)
        shown = [f"{person} ({character or roles.get(role, role)})" for person, role, character in value[:8]]
        more = len(value) - len(shown)
        return ", ".join(shown) + (_(" and %(count)d more") % {"count": more} if more > 0 else "")
    return str(value)


def _label(field: str) -> str:
    return {
        "name": _("name"),
        "year": _("year"),
        "maturity": _("age"),
        "tagline": _("tagline"),
        "synopsis": _("synopsis"),
        "genres": _("genres"),
        "people": _("people"),
    }[field]
