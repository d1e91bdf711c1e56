"""Who is who: finding the row of a person that a source names, and addresses of people's pages.

Two people may have one name. A source that numbers people (TMDB) tells them apart; a source that only names them
means whoever of that name stands in the title already, else whoever we have known longest.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from django.utils.text import slugify

from catalog import models
from catalog.types import Credit

#: Letters of a name in an address; a number may come after them.
STEM_MAX = 64


def rows_for(parts: Sequence[Credit], *, title_id: UUID | None = None) -> list[models.Person]:
    """The row of each part's person, in the order of the parts; unknown people are made. Within a transaction."""
    by_number = _numbered(parts)
    by_name = _named({one.person for one in parts if one.tmdb_id not in by_number}, title_id)
    fresh: dict[object, models.Person] = {}
    adopted: list[models.Person] = []
    rows = []
    for one in parts:
        row = by_number.get(one.tmdb_id) if one.tmdb_id else None
        if row is None:
            row = _by_name(one, by_name.get(one.person, []))
            if row is not None and one.tmdb_id and row.tmdb_id is None:
                row.tmdb_id = one.tmdb_id
                by_number[one.tmdb_id] = row
                adopted.append(row)
        if row is None:
            key = one.tmdb_id or one.person
            row = fresh.setdefault(key, models.Person(name=one.person, tmdb_id=one.tmdb_id))
        rows.append(row)
    _address(list(fresh.values()))
    models.Person.objects.bulk_create(fresh.values())
    models.Person.objects.bulk_update(adopted, ["tmdb_id"])
    return rows


def stem(name: str) -> str:
    """A name in letters of an address; one in a script that addresses cannot carry gives figures made of it."""
    figures = hashlib.blake2b(name.encode(), digest_size=4).hexdigest()
    return slugify(name)[:STEM_MAX].strip("-") or f"person-{figures}"


def free_slug(name: str) -> str:
    """An address that no other person has."""
    row = models.Person(name=name)
    _address([row])
    return row.slug


def _numbered(parts: Iterable[Credit]) -> dict[int | None, models.Person]:
    numbers = {one.tmdb_id for one in parts if one.tmdb_id}
    if not numbers:
        return {}
    return {row.tmdb_id: row for row in models.Person.objects.filter(tmdb_id__in=numbers)}


def _named(names: set[str], title_id: UUID | None) -> dict[str, list[models.Person]]:
    """People by name: those of this title first, then whoever has the bare address, which is the first that came."""
    found: dict[str, list[models.Person]] = defaultdict(list)
    for row in models.Person.objects.filter(name__in=names):
        found[row.name].append(row)
    here: set[UUID] = set()
    if title_id and any(len(several) > 1 for several in found.values()):
        here = set(models.Credit.objects.filter(title_id=title_id).values_list("person_id", flat=True))
    for several in found.values():
        several.sort(key=lambda row: (row.id not in here, len(row.slug), row.slug))
    return found


def _by_name(one: Credit, several: list[models.Person]) -> models.Person | None:
    """Who is meant by a name; with a number, only somebody whose number is not known to be another."""
    if not one.tmdb_id:
        return several[0] if several else None
    return next((row for row in several if row.tmdb_id in (None, one.tmdb_id)), None)


def _address(rows: Sequence[models.Person]) -> None:
    """Give rows that are not saved yet addresses that are free: one query for all, one more where a name is taken."""
    if not rows:
        return
    stems = {id(row): stem(row.name) for row in rows}
    taken = set(models.Person.objects.filter(slug__in=set(stems.values())).values_list("slug", flat=True))
    numbered: Mapping[str, set[str]] = {
        each: set(models.Person.objects.filter(slug__startswith=f"{each}-").values_list("slug", flat=True))
        for each in taken
    }
    for row in rows:
        bare = stems[id(row)]
        slug, number = bare, 2
        while slug in taken or slug in numbered.get(bare, ()):
            slug, number = f"{bare}-{number}", number + 1
        row.slug = slug
        taken.add(slug)
