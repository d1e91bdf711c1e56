"""Writes what a scan found into rows: titles, seasons, episodes, and the library's own memory of files.

Runs inside short transactions: nothing here reads a file or waits for anything.
"""

import os
from dataclasses import dataclass, field
from uuid import UUID

from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _

from catalog import models
from catalog.library import names
from catalog.library.finding import Finding
from catalog.library.orders import Orders, words
from catalog.metadata import applying
from catalog.models import LibraryFile


@dataclass
class Memory:
    """What a scan knows of the catalogue, so that ten thousand files do not ask ten thousand times.

    Another process may change the catalogue meanwhile; the database's constraints notice what matters, and the
    batch is then done again with a fresh memory.
    """

    slugs: set[str] = field(default_factory=set)
    #: (kind, folded name) → (id, year) of titles.
    titles: dict[tuple[str, str], list[tuple[UUID, int | None]]] = field(default_factory=dict)
    #: Key of a series → its title.
    series: dict[str, UUID] = field(default_factory=dict)
    #: Title → (season, number) → episode.
    episodes: dict[UUID, dict[tuple[int, int], models.Episode]] = field(default_factory=dict)

    @classmethod
    def load(cls) -> "Memory":
        """Read it."""
        memory = cls()
        for title_id, kind, name, year, slug in models.Title.objects.values_list(
            "id", "kind", "name", "year", "slug"
        ):
            memory.slugs.add(slug)
            memory.titles.setdefault((kind, names.fold(name)), []).append((title_id, year))
        rows = LibraryFile.objects.filter(kind=LibraryFile.Kind.SERIES, title__isnull=False)
        memory.series = dict(rows.values_list("key", "title_id"))
        return memory

    def free_slug(self, text: str) -> str:
        """An address that no title has; it is taken from now on."""
        stem = slugify(text)[:100] or "title"
        slug, number = stem, 2
        while slug in self.slugs:
            slug, number = f"{stem}-{number}", number + 1
        self.slugs.add(slug)
        return slug

    def title_of(self, kind: str, name: str, year: int | None, *, loose: bool) -> UUID | None:
        """A title of this name and year. `loose`: either may not say its year, when only one has the name."""
        same = self.titles.get((kind, names.fold(name)), [])
        exact = [one for one in same if one[1] == year]
        if exact:
            return exact[0][0]
        vague = [one for one in same if one[1] is None or year is None]
        return vague[0][0] if loose and len(vague) == 1 == len(same) else None

    def learn(self, row: models.Title) -> None:
        """A title was made."""
        self.titles.setdefault((row.kind, names.fold(row.name)), []).append((row.id, row.year))

    def parts(self, title_id: UUID) -> dict[tuple[int, int], models.Episode]:
        """The episodes of a series."""
        if title_id not in self.episodes:
            rows = models.Episode.objects.filter(season__title_id=title_id).select_related("season")
            self.episodes[title_id] = {(row.season.number, row.number): row for row in rows}
        return self.episodes[title_id]


class Booker:
    """Books findings in one transaction."""

    def __init__(self, memory: Memory, orders: Orders) -> None:
        self.memory = memory
        self.orders = orders
        self.shelf = applying.Shelf()
        self.now = timezone.now()

    def series(self, finding: Finding, row: LibraryFile | None) -> None:
        """A series: made when it is new; described anew when its company changed."""
        key = finding.guess.key
        title_id = (row.title_id if row else None) or self.memory.series.get(key)
        said, guess = finding.description, finding.guess
        if title_id is None and row is None:
            title_id = self.memory.title_of("series", said.name or guess.name, said.year, loose=True)
        title = models.Title.objects.filter(id=title_id).first() if title_id else None
        if title is None and row is not None and row.title_id is None:
            return  # a person removed the series; new episodes do not bring it back
        if title is None:
            title = self._make("series", finding)
        elif row is None or row.company != finding.company_hash:
            applying.apply(title, said, shelf=self.shelf)
        row = row or LibraryFile(path=finding.seen.path, orders=self.orders.plain())
        self._note(row, finding, LibraryFile.Kind.SERIES)
        row.title = title
        row.save()
        self.memory.series[key] = title.id

    def film(self, finding: Finding, row: LibraryFile | None) -> str:
        """A film. Returns what happened: 'new', 'changed' or 'skipped'."""
        fresh = row is None
        row = row or LibraryFile(path=finding.seen.path, orders=self.orders.plain())
        title = models.Title.objects.filter(id=row.title_id).first() if row.title_id else None
        if title is None and not fresh and row.kind == LibraryFile.Kind.FILM:
            self._note(row, finding, LibraryFile.Kind.FILM)  # a person removed it: it stays away
            row.save()
            return "changed"
        if title is None:
            said = finding.description
            title_id = self.memory.title_of("film", said.name or "", said.year, loose=False)
            if title_id and (held := self._held(title_id, None, row.path)):
                return self._skip(row, finding, held)
            title = models.Title.objects.filter(id=title_id).first() if title_id else None
        elif row.missing_at and (held := self._held(title.id, None, row.path)):
            return self._skip(row, finding, held)
        if title is None:
            title = self._make("film", finding)
        else:
            applying.apply(title, finding.description, shelf=self.shelf)
        self._note(row, finding, LibraryFile.Kind.FILM)
        row.title, row.episode = title, None
        row.save()
        return "new" if fresh else "changed"

    def episode(self, finding: Finding, row: LibraryFile | None) -> str:
        """An episode of a series that is booked already. Returns as `film`."""
        fresh, guess = row is None, finding.guess
        row = row or LibraryFile(path=finding.seen.path, orders=self.orders.plain())
        series_id = self.memory.series.get(series_key(guess))
        said = finding.said
        season = (
            said.season
            if said and said.season is not None and len(guess.episodes) == 1
            else guess.season or 0
        )
        number = said.episode if said and said.episode and len(guess.episodes) == 1 else guess.episodes[0]
        if series_id is None or (
            not fresh and row.kind == LibraryFile.Kind.EPISODE and row.episode_id is None
        ):
            self._note(row, finding, LibraryFile.Kind.EPISODE)  # a person removed it: it stays away
            row.save()
            return "changed"
        known = models.Episode.objects.select_related("season")
        before = known.filter(id=row.episode_id).first() if row.episode_id else None
        parts = self.memory.parts(series_id)
        part = parts.get((season, number))
        doubtful = part is not None and (part != before or row.missing_at)
        if doubtful and (held := self._held(series_id, part, row.path)):
            return self._skip(row, finding, held)
        if part is None:
            part = self._make_part(series_id, season, number, finding)
            parts[(season, number)] = part
        elif finding.said or guess.episode_name:
            applying.apply_to_episode(
                part,
                name=finding.said.name if finding.said and finding.said.name else guess.episode_name or None,
                synopsis=finding.said.synopsis if finding.said else None,
            )
        if before is not None and before != part:
            self._move_video(before, part)
        self._note(row, finding, LibraryFile.Kind.EPISODE)
        row.title_id, row.episode = series_id, part
        row.save()
        return "new" if fresh else "changed"

    def trailer(self, finding: Finding, row: LibraryFile | None) -> str:
        """A trailer of what is here: the first one of a title is taken. Returns as `film`."""
        fresh, guess = row is None, finding.guess
        row = row or LibraryFile(path=finding.seen.path, orders=self.orders.plain())
        if not fresh and row.kind == LibraryFile.Kind.TRAILER and row.title_id is None:
            self._note(row, finding, LibraryFile.Kind.TRAILER)  # a person removed the title: it stays away
            row.save()
            return "changed"
        title_id = (
            row.title_id
            or self.memory.title_of("film", guess.name, guess.year, loose=True)
            or self.memory.series.get(series_key(guess))
            or self.memory.title_of("series", guess.name, guess.year, loose=True)
        )
        if title_id is None:
            return self._skip(row, finding, words("extra"))
        if held := self._held_trailer(title_id, row.path):
            return self._skip(row, finding, held)
        self._note(row, finding, LibraryFile.Kind.TRAILER)
        row.title_id, row.episode = title_id, None
        row.save()
        return "new" if fresh else "changed"

    def left_out(self, finding: Finding, row: LibraryFile | None) -> None:
        """A file that is no film, with the reason in words."""
        self._skip(row or LibraryFile(path=finding.seen.path), finding, words(finding.guess.why))

    def trouble(self, path: str, code: str) -> None:
        """An entry that could not even be looked at."""
        LibraryFile.objects.update_or_create(
            path=path,
            defaults={"kind": LibraryFile.Kind.SKIPPED, "problem": words(code), "missing_at": None},
            create_defaults={"kind": LibraryFile.Kind.SKIPPED, "problem": words(code), "seen_at": self.now},
        )

    def _make(self, kind: str, finding: Finding) -> models.Title:
        said = finding.description
        title = applying.create(
            kind=kind,
            slug=self.memory.free_slug(said.name or finding.guess.name),
            said=said,
            maturity=self.orders.age,
            shelf=self.shelf,
        )
        self.memory.learn(title)
        # A trailer of it that was here before it has its turn at the next scan.
        trailer = names.Guess("trailer", name=title.name, year=title.year).key
        LibraryFile.objects.filter(key=trailer, kind=LibraryFile.Kind.SKIPPED).update(modified_ns=0)
        return title

    def _make_part(self, series_id: UUID, season: int, number: int, finding: Finding) -> models.Episode:
        parent, _made = models.Season.objects.get_or_create(title_id=series_id, number=season)
        said = finding.said
        name = (said.name if said else None) or finding.guess.episode_name
        synopsis = (said.synopsis if said else None) or ""
        name = name or _("Episode %(number)s") % {"number": number}
        return models.Episode.objects.create(
            season=parent,
            number=number,
            name=name,
            synopsis=synopsis,
            written={"name": name, "synopsis": synopsis},
        )

    def _held(self, title_id: UUID, part: models.Episode | None, path: str) -> str:
        """Why a film or an episode cannot have this file, because it has another; '' when it can."""
        rows = LibraryFile.objects.filter(missing_at__isnull=True).exclude(path=path)
        rows = (
            rows.filter(episode=part) if part else rows.filter(title_id=title_id, kind=LibraryFile.Kind.FILM)
        )
        other = rows.exclude(kind=LibraryFile.Kind.SKIPPED).first()
        if other is not None and os.path.lexists(other.path):
            return _("Another version of the same is used: %(path)s. Remove one of the two.") % {
                "path": other.path
            }
        sources = models.Source.objects.filter(path="")
        sources = sources.filter(video__episode=part) if part else sources.filter(video__title_id=title_id)
        if sources.exists():
            return _("It is in the catalogue already, from an upload, which is kept.")
        return ""

    def _held_trailer(self, title_id: UUID, path: str) -> str:
        """Why a title cannot have this trailer, because it has another; '' when it can."""
        rows = LibraryFile.objects.filter(kind=LibraryFile.Kind.TRAILER, title_id=title_id, missing_at=None)
        other = rows.exclude(path=path).first()
        if other is not None and os.path.lexists(other.path):
            return _("Another trailer of the same is used: %(path)s.") % {"path": other.path}
        if models.Source.objects.filter(path="", video__trailer_of_id=title_id).exists():
            return _("It has a trailer already, from an upload, which is kept.")
        return ""

    def _skip(self, row: LibraryFile, finding: Finding, why: str) -> str:
        self._note(row, finding, LibraryFile.Kind.SKIPPED)
        row.problem, row.title, row.episode = why, None, None
        row.save()
        return "skipped"

    def _note(self, row: LibraryFile, finding: Finding, kind: LibraryFile.Kind) -> None:
        """The file as it is now. Another content means another source; the old package plays on until it is made."""
        seen = finding.seen
        if row.source_id is not None and (row.bytes != seen.bytes or finding.other_content):
            row.source_id, row.fingerprint = None, ""
        row.bytes, row.modified_ns = seen.bytes, seen.modified_ns
        row.company, row.kind, row.key = finding.company_hash, kind, finding.guess.key
        row.problem = finding.problem
        row.seen_at, row.missing_at = self.now, None

    def _move_video(self, before: models.Episode, after: models.Episode) -> None:
        """A file was renamed from one episode to another: what was made of it goes along."""
        if models.Video.objects.filter(episode=after).exists():
            return
        models.Video.objects.filter(episode=before).update(episode=after)
        unedited = all(applying.is_free(f, getattr(before, f), before.written) for f in ("name", "synopsis"))
        if unedited and before.written:
            self.memory.parts(before.season.title_id).pop((before.season.number, before.number), None)
            before.delete()


def series_key(guess: names.Guess) -> str:
    """The key of the series that an episode belongs to."""
    return names.Guess("series", name=guess.name, year=guess.year).key
