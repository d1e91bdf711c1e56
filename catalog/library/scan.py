"""Looks through a library's folder and books what is new, changed, moved or gone. Running it twice changes nothing.

Names, times and NFO files are read outside of transactions; rows are written in short ones, so that people go on
watching (and their beacons writing) while ten thousand files come in.
"""

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Q
from django.utils import timezone

from catalog.library import booking, content, finding, folders
from catalog.library.finding import Finding
from catalog.library.orders import Orders
from catalog.models import LibraryFile, Source

logger = logging.getLogger(__name__)

#: Files that are compared with the rows at once, and files that are written in one transaction.
COMPARE, WRITE = 400, 20
#: Between two transactions others get their turn: SQLite's waiting writers look only now and then, so the pause is a
#: part of what the transaction took (a busy machine stretches it), within these seconds.
BREATH, BREATH_MIN, BREATH_MAX = 0.6, 0.005, 0.25
_TRIES = 5


@dataclass
class Summary:
    """What a scan found, in numbers of files; `titles` is how many titles were made."""

    total: int = 0
    new: int = 0
    changed: int = 0
    moved: int = 0
    unchanged: int = 0
    skipped: int = 0
    arriving: int = 0
    missing: int = 0
    titles: int = 0
    problems: list[str] = field(default_factory=list)


#: Hears (files looked at, files in all).
Report = Callable[[int, int], None]


def scan(
    root: Path,
    *,
    orders: Orders,
    settle: float = 0.0,
    report: Report | None = None,
    check: Callable[[], None] | None = None,
) -> Summary:
    """Look through a folder. Raises `folders.CannotScan`; `check` may raise to end it early, between transactions.

    Files that were changed less than `settle` seconds ago are left for the next scan: they may still be arriving.
    What was booked before an interruption stays, and the next scan goes on from there.
    """
    return _Scan(folders.check_root(root), orders, settle, report, check).run()


class _Scan:
    """One look through a folder."""

    def __init__(
        self,
        root: Path,
        orders: Orders,
        settle: float,
        report: Report | None,
        check: Callable[[], None] | None,
    ) -> None:
        self.root = str(root)
        self.orders = replace(orders, root=self.root)
        self.newest = (time.time() - settle) * 1e9 if settle else float("inf")
        self.report, self.check = report, check
        self.summary = Summary()
        self.memory = booking.Memory.load()
        self.own: dict[str, list[folders.Seen]] = {}
        self.series_seen: set[str] = set()
        self.paths: set[str] = set()
        self.looked = 0

    def run(self) -> Summary:
        self.summary.total = folders.count(Path(self.root))
        before = sum(len(several) for several in self.memory.titles.values())
        troubles: dict[str, str] = {}
        waiting: list[Finding] = []
        for folder in folders.walk(Path(self.root), trouble=troubles.__setitem__):
            if folder.own:
                self.own[folder.path] = folder.own
            waiting += finding.in_folder(folder, self.root)
            while len(waiting) >= COMPARE:
                self._compare(waiting[:COMPARE])
                del waiting[:COMPARE]
        self._compare(waiting)
        self._troubles(troubles)
        self._missing([path for path, code in troubles.items() if code == "unreadable"])
        self.summary.titles = sum(len(several) for several in self.memory.titles.values()) - before
        return self.summary

    # Comparing ----------------------------------------------------------------------------------------------

    def _compare(self, found: list[Finding]) -> None:
        """Find out what is news, and write that."""
        if self.check is not None:
            self.check()
        series = self._series_of(found)
        paths = [one.seen.path for one in (*series, *found)]
        rows = {row.path: row for row in LibraryFile.objects.filter(path__in=paths)}
        moved = self._moved([one for one in found if one.seen.path not in rows])
        news: list[tuple[Finding, LibraryFile | None]] = []
        for one in (*series, *found):
            self.paths.add(one.seen.path)
            row = rows.get(one.seen.path) or moved.get(one.seen.path)
            if one.guess.kind != "series" and one.seen.modified_ns > self.newest:
                self.summary.arriving += 1
            elif self._is_news(one, row):
                finding.read_nfo(one, self.root)
                news.append((one, row))
            elif one.guess.kind != "series":
                self.summary.unchanged += 1
        self._write(news, found)

    def _series_of(self, found: list[Finding]) -> list[Finding]:
        """The series that these files are the first of."""
        fresh = []
        for one in found:
            if one.guess.kind == "episode":
                own = self.own.get(os.path.join(self.root, one.guess.root), [])
                series = finding.of_series(one.guess, self.root, own)
                if series.seen.path not in self.series_seen:
                    self.series_seen.add(series.seen.path)
                    fresh.append(series)
        return fresh

    def _is_news(self, one: Finding, row: LibraryFile | None) -> bool:
        if row is None or row.path != one.seen.path or row.missing_at is not None:
            return True
        if row.bytes != one.seen.bytes or row.company != one.company_hash or row.key != one.guess.key:
            return True
        if row.modified_ns == one.seen.modified_ns:
            return False
        if row.source_id is not None and row.fingerprint:
            one.other_content = _fingerprint(one.seen.path) != row.fingerprint
        return True

    def _moved(self, fresh: list[Finding]) -> dict[str, LibraryFile]:
        """Rows of files that are no longer where they were, by the path at which they are now."""
        if not fresh:
            return {}
        sizes = Q(
            bytes__in={one.seen.bytes for one in fresh},
            modified_ns__in={one.seen.modified_ns for one in fresh},
        )
        gone: dict[tuple[int, int], list[LibraryFile]] = {}
        for row in LibraryFile.objects.filter(sizes).exclude(kind=LibraryFile.Kind.SERIES):
            if row.bytes and not os.path.lexists(row.path):
                gone.setdefault((row.bytes, row.modified_ns), []).append(row)
        found: dict[str, LibraryFile] = {}
        for one in fresh:
            candidates = gone.get((one.seen.bytes, one.seen.modified_ns), [])
            same = [
                row
                for row in candidates
                if row.key == one.guess.key or row.path.endswith(f"/{one.seen.name}")
            ]
            # Size and time alone name it only when nothing else has them; the ends of the file then have to agree.
            chosen = (same or candidates)[0] if len(candidates) == 1 or len(same) == 1 else None
            if chosen is None or chosen.kind != one.guess.kind:
                continue
            if chosen.fingerprint and chosen.fingerprint != _fingerprint(one.seen.path):
                continue
            candidates.remove(chosen)
            found[one.seen.path] = chosen
        return found

    # Writing ------------------------------------------------------------------------------------------------

    def _write(self, news: list[tuple[Finding, LibraryFile | None]], found: list[Finding]) -> None:
        """Book the news in short transactions, and tell how far it is."""
        quiet = len(found) - sum(1 for one, _row in news if one.guess.kind != "series")
        self._tell(quiet)
        rest = iter(news)
        while portion := list(islice(rest, WRITE)):
            if self.check is not None:
                self.check()
            began = time.monotonic()
            self._write_portion(portion)
            self._tell(sum(1 for one, _row in portion if one.guess.kind != "series"))
            _breathe(began)

    def _write_portion(self, portion: list[tuple[Finding, LibraryFile | None]]) -> None:
        for attempt in range(1, _TRIES + 1):
            try:
                with transaction.atomic():
                    results = self._book(portion)
                break
            except (IntegrityError, OperationalError) as error:
                # Somebody made the same title, or held the database for long: with a fresh look it goes through.
                if attempt == _TRIES:
                    raise
                logger.warning("A batch of the library is written again: %s", error)
                time.sleep(0.2 * attempt)
                self.memory = booking.Memory.load()
                portion = [(one, self._again(one, row)) for one, row in portion]
        for result in results:
            setattr(self.summary, result, getattr(self.summary, result) + 1)
        self.summary.problems += [f"{one.seen.path}: {one.problem}" for one, _row in portion if one.problem]

    def _book(self, portion: list[tuple[Finding, LibraryFile | None]]) -> list[str]:
        booker = booking.Booker(self.memory, self.orders)
        results = []
        for one, row in portion:
            moved = row is not None and row.path != one.seen.path
            if row is not None and moved:
                row.path = one.seen.path
                if row.source_id is not None:
                    Source.objects.filter(id=row.source_id).exclude(path="").update(path=one.seen.path)
            if one.guess.kind == "series":
                booker.series(one, row)
            elif one.guess.kind == "skipped":
                booker.left_out(one, row)
                results.append("skipped")
            else:
                book = {"film": booker.film, "episode": booker.episode, "trailer": booker.trailer}
                booked = book[one.guess.kind](one, row)
                results.append("moved" if moved else booked)
        return results

    def _is_unseen(self, path: str, prefix: str) -> bool:
        return path.startswith(prefix) and path not in self.paths  # SQLite's LIKE does not mind capitals

    def _again(self, one: Finding, row: LibraryFile | None) -> LibraryFile | None:
        there = LibraryFile.objects.filter(path=one.seen.path).first()  # another scan may have been faster
        return there or (LibraryFile.objects.filter(pk=row.pk).first() if row is not None else None)

    def _tell(self, more: int) -> None:
        self.looked += more
        if self.report is not None:
            self.report(self.looked, max(self.summary.total, self.looked))

    # What is gone -------------------------------------------------------------------------------------------

    def _troubles(self, troubles: dict[str, str]) -> None:
        """Entries that could not be looked at: in words, once each."""
        known = dict(LibraryFile.objects.filter(path__in=troubles).values_list("path", "problem"))
        fresh = {path: code for path, code in troubles.items() if path not in known}
        self.paths.update(troubles)
        self.summary.skipped += len(fresh)
        rest = iter(fresh.items())
        while portion := list(islice(rest, WRITE)):
            began = time.monotonic()
            with transaction.atomic():
                booker = booking.Booker(self.memory, self.orders)
                for path, code in portion:
                    booker.trouble(path, code)
            _breathe(began)

    def _missing(self, unreadable: list[str]) -> None:
        """Mark rows whose files are gone. Their films stay: the folder may only be away for a while.

        Of what is below a folder that cannot be read nothing is known.
        """
        prefix = self.root.rstrip("/") + "/"
        present = LibraryFile.objects.filter(path__startswith=prefix, missing_at__isnull=True)
        present = present.exclude(kind=LibraryFile.Kind.SERIES)
        unseen = [
            (pk, path) for pk, path in present.values_list("pk", "path") if self._is_unseen(path, prefix)
        ]
        hidden = tuple(f"{path}/" for path in unreadable)
        gone = [pk for pk, path in unseen if not path.startswith(hidden) and not os.path.lexists(path)]
        rest = iter(gone)
        while portion := list(islice(rest, 500)):
            began = time.monotonic()
            with transaction.atomic():
                rows = LibraryFile.objects.filter(pk__in=portion)
                keys = set(rows.values_list("key", flat=True))
                rows.update(missing_at=timezone.now())
                # Another version that stood back for it has its turn at the next scan.
                others = LibraryFile.objects.filter(key__in=keys, kind=LibraryFile.Kind.SKIPPED)
                others.exclude(pk__in=portion).update(modified_ns=0)
            _breathe(began)
        self.summary.missing = len(gone)


def _breathe(began: float) -> None:
    """Leave the database to others for a while after a transaction that began at this monotonic time."""
    time.sleep(min(BREATH_MAX, max(BREATH_MIN, (time.monotonic() - began) * BREATH)))


def _fingerprint(path: str) -> str:
    try:
        return content.fingerprint(Path(path))
    except OSError:
        return ""
