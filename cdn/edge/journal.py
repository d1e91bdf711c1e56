"""The delivery log: one row for every answer to a viewer, on this disk until the control plane has it.

    journal/<journal>/<first sequence>.log      lines of "<sequence> <crc32> <row as JSON>"
    journal/<journal>/taken                     how far the control plane has it

Each life of this process writes a journal of its own and never touches an older one's lines: a sequence that the
control plane has heard can never come to mean another row, whatever a power cut takes back. Batches are sent until
they are acknowledged and counted once there, by (journal, sequence). Rows go to disk once a second, so kill -9 costs
at most the last second's; a power cut those that were not yet forced to the disk (`SYNC_SECONDS`). When the disk's
share is spent the oldest rows give way and are counted as lost.
"""

import asyncio
import json
import logging
import re
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from cdn.edge.books import Batch, Library
from cdn.edge.connection import Note

log = logging.getLogger("edge")

FLUSH_SECONDS, SYNC_SECONDS = 1.0, 10.0
#: Answers that wait in memory while the disk does not take them; more are lost, and counted.
WAITING_MOST = 100_000
#: Sessions whose bytes are counted at once, and how long after their last answer, in seconds.
SESSIONS_MOST, SESSION_SECONDS = 20_000, 600.0
_SAMPLES = 2_000
#: What is kept of a player's own words, in characters.
CMCD_MOST = 512
_CMCD = re.compile(rb"(?:^|&)CMCD=([^&]*)")
#: What players escape in it, nearly always nothing else: a third of the time that a decoder for everything takes.
_USUAL = tuple((b"%%%02X" % ord(char), char.encode()) for char in ',="/:;')
_as_json = json.JSONEncoder().encode
#: A session's bytes, its answers, and when the last one was (seconds since 1970).
Tally = tuple[int, int, float]


class Journal:
    """Notes answers, writes them down off the loop, gives them out in batches."""

    def __init__(
        self, folder: Path, *, name: str, limit: int, skew: Callable[[], float] = lambda: 0.0
    ) -> None:
        """`name` is this life's journal (32 hex digits); `limit` the disk's share in bytes; `skew` is how far the clock
        of the notes is ahead of the site's, in seconds."""
        self._library = Library(folder, name=name, limit=limit)
        self._skew = skew
        self._rows: list[Note] = []
        #: The hot path's one call. A bound method of the list itself: an append costs what an append costs.
        self.note: Callable[[Note], object] = self._rows.append
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._writing: asyncio.Task[None] | None = None
        self._synced = time.monotonic()
        self._first_bytes: deque[float] = deque(maxlen=_SAMPLES)
        #: By session (hex), the longest silent first.
        self.sessions: dict[str, Tally] = {}
        #: Rows lost and answers that failed by our fault (5xx) since this process began; what keeps rows from the disk.
        self.lost = self.errors = 0
        self.problem = ""

    async def run(self) -> None:
        """Write down once a second until cancelled."""
        await self._in_thread(self._library.open)
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """Write down what was noted. While the disk does not answer, memory holds the rows, to a bound."""
        if self._writing is None or self._writing.done():
            rows = self._rows[:]
            self._rows.clear()
            for _, since, first, *_ in rows[:: len(rows) // 200 + 1]:
                self._first_bytes.append((first - since) * 1000)
            sync = time.monotonic() - self._synced >= SYNC_SECONDS
            if sync:
                self._synced = time.monotonic()
            if not rows and not sync:
                return
            self._writing = asyncio.ensure_future(self._put_down(rows, sync=sync))
        await asyncio.wait({self._writing}, timeout=FLUSH_SECONDS)
        self._bound()

    async def _put_down(self, rows: list[Note], *, sync: bool) -> None:
        """A task of its own: it ends when the disk answers, whoever has stopped waiting for that."""
        try:
            tallies, errors, lost, words = await self._in_thread(lambda: self._write(rows, sync=sync))
        except OSError as error:
            words = f"the journal cannot be written: {error.strerror or error}"
            if words != self.problem:
                log.error("%s; %d rows wait in memory", words, len(rows))
            self.problem = words
            self._rows[:0] = rows
            return
        self.lost += lost
        self.errors += errors
        for session, (size, answers, at) in tallies.items():
            before = self.sessions.pop(session, (0, 0, 0.0))
            self.sessions[session] = (before[0] + size, before[1] + answers, at)
        if words and words != self.problem:
            log.error("%s", words)
        self.problem = words

    def _bound(self) -> None:
        if (over := len(self._rows) - WAITING_MOST) > 0:
            del self._rows[:over]
            self.lost += over
        self._forget_sessions()

    def _forget_sessions(self) -> None:
        """They are in the order of their last answers."""
        now = time.time()
        while self.sessions:
            oldest = next(iter(self.sessions))
            if len(self.sessions) <= SESSIONS_MOST and now - self.sessions[oldest][2] < SESSION_SECONDS:
                return
            del self.sessions[oldest]

    def _write(self, notes: list[Note], *, sync: bool) -> tuple[dict[str, Tally], int, int, str]:
        """Runs in the journal's thread; → what was sent by session, answers that failed by our fault, older rows lost,
        and why the disk could not be made to keep what was written. Raises OSError when nothing was written."""
        rows: list[bytes] = []
        tallies: dict[str, Tally] = {}
        errors, words = 0, ""
        skew = self._skew()
        for note in notes:
            session = note[3].session.hex()
            row = as_row(note, session, skew)
            if row is None:
                continue
            rows.append(row)
            if note[5] >= 500:
                errors += 1
            size, answers, _ = tallies.get(session, (0, 0, 0.0))
            tallies[session] = (size + note[6], answers + 1, note[0])
        lost = self._library.append(rows)
        if sync:
            try:
                self._library.sync()
            except OSError as error:  # the rows are in the book all the same, and must not come into it twice
                words = f"the journal is not safe on the disk: {error.strerror or error}"
        return tallies, errors, lost, words

    async def batch(self) -> Batch | None:
        """The oldest rows that the control plane has not, or None."""
        found: Batch | None = await self._in_thread(self._library.batch)
        return found

    async def taken(self, journal: str, last: int) -> None:
        """The control plane has this journal's rows up to this one."""
        await self._in_thread(lambda: self._library.taken(journal, last))

    async def give_up(self, batch: Batch) -> None:
        """The control plane will never take this batch: count it as lost."""
        self.lost += batch.last - batch.first + 1
        await self.taken(batch.journal, batch.last)

    async def close(self) -> None:
        """Write down the rest."""
        if self._writing is not None:
            await asyncio.wait({self._writing})  # what came meanwhile is written after it
        await self.flush()
        await self._in_thread(self._library.close)
        self._thread.shutdown(wait=True)

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    @property
    def waiting(self) -> int:
        """Rows that the control plane has not: on disk and in memory."""
        return self._library.waiting + len(self._rows)

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self._library.size

    def first_byte_ms(self) -> tuple[float, float]:
        """Median and 95th percentile of the lately answered objects' times to the first byte, in milliseconds."""
        samples = sorted(self._first_bytes)
        if not samples:
            return 0.0, 0.0
        return round(samples[len(samples) // 2], 2), round(samples[len(samples) * 95 // 100], 2)


def as_row(note: Note, session: str, skew: float = 0.0) -> bytes | None:
    """An answer's row as JSON; None for what is no object's.

    Written by hand, three times as fast as `json`: this is most of what keeping books costs. A target was matched when
    its token was judged, so nothing in it needs a JSON escape; what a player says does.
    """
    at, since, _, _, target, status, sent, cache = note
    place, said = target, b'""'
    if b"?" in target:
        place, _, query = target.partition(b"?")
        said = _as_json(_said(query)).encode()
    if place.count(b"/") != 2:
        return None
    return b'[%d,"%b","%b",%d,%d,%d,"%b",%b]' % (
        int((at - skew) * 1000), session.encode(), place.replace(b"/", b'","'), status, sent,
        round((at - since) * 1000) if at > since else 0, cache.encode(), said,
    )  # fmt: skip


def _said(query: bytes) -> str:
    """The CMCD argument of a query, decoded and bounded; '' when there is none."""
    found = _CMCD.search(query[: 4 * CMCD_MOST])
    if found is None:
        return ""
    text = found[1]
    for escaped, plain in _USUAL:
        text = text.replace(escaped, plain)
    if (
        b"%" in text
    ):  # something else is escaped: all the long way, or what is escaped twice would be undone twice
        text = unquote_to_bytes(found[1])
    said = text.decode("utf-8", "replace")
    if not said.isprintable():
        said = "".join(char for char in said if char.isprintable())
    return said[:CMCD_MOST]
