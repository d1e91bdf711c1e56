"""Rows of what is said about a video beside its package: uploaded subtitles, and markers.

A machine never changes what a person said: it neither overwrites, nor moves, nor brings back what was taken away.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from catalog.media import text, vtt
from catalog.media.facts import Chapter
from catalog.media.markers import Stretch, from_chapters, overlap
from catalog.media.tracks import Written
from catalog.models import Marker, Source, TextTrack

#: Two stretches of one kind that share this much of the shorter one are about the same thing.
_SAME = 0.5


def text_tracks(video_id: UUID, *, duration: float | None = None) -> list[Written]:
    """The uploaded subtitles of a video, ready to be packaged; cut at `duration` (seconds) when it is given."""
    found = []
    for row in TextTrack.objects.filter(video_id=video_id):
        body = row.webvtt if duration is None else vtt.write(vtt.parse(row.webvtt), duration=duration)
        if " --> " in body:
            found.append(text.track(body, row.language, label=row.label, purpose=row.purpose, uploaded=True))
    return found[: text.TRACKS_MAX]


def digests(tracks: Iterable[Written]) -> list[tuple[str, str, str]]:
    """What tells uploaded tracks apart, in order: language, label and the hash of the words."""
    return [(one.language, one.label, hashlib.sha256(one.data).hexdigest()) for one in tracks]


#: Where a source's facts keep how loud its renditions were, beside what the probe found.
_LOUDNESS = "loudness"


@transaction.atomic
def keep_loudness(source_id: UUID, told: Mapping[str, Mapping[str, float]]) -> None:
    """Remember of each sound rendition how loud it was (LUFS, LU, dBFS) and what gain it got, for people."""
    source = Source.objects.select_for_update().filter(id=source_id).first()
    if source is not None:
        source.facts = {
            **source.facts,
            _LOUDNESS: {name: dict(values) for name, values in told.items() if values},
        }
        source.save(update_fields=["facts"])


def loudness(facts: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """What `keep_loudness` wrote into a source's facts, by the rendition's piece; {} when nothing was measured."""
    told = facts.get(_LOUDNESS)
    return told if isinstance(told, dict) else {}


@transaction.atomic
def keep_chapters(video_id: UUID, chapters: Sequence[Chapter]) -> int:
    """Make the source's chapters the video's markers; returns how many there are of them now.

    Chapters of an earlier source go. Where a person has said something about the same stretch, or taken it away, that
    stays and the chapter does not come.
    """
    rows = list(Marker.objects.select_for_update().filter(video_id=video_id))
    wanted = from_chapters(chapters)
    said = [row for row in rows if row.origin == Marker.Origin.PERSON or row.dropped]
    wanted = [one for one in wanted if not _is_said(one, said)]
    present = {_stretch(row): row for row in rows if row.origin == Marker.Origin.CHAPTER and not row.dropped}
    for stretch, row in present.items():
        if stretch not in wanted:
            row.delete()
    Marker.objects.bulk_create(
        _row(video_id, one, Marker.Origin.CHAPTER) for one in wanted if one not in present
    )
    return len(wanted)


@transaction.atomic
def suggest(video_id: UUID, found: Sequence[Stretch], *, kinds: Sequence[str]) -> int:
    """Make what was found by comparing sound the video's markers of these kinds; returns how many were taken.

    Kinds of which a person or the source's chapters have said something are left alone; so are stretches that a
    person took away. Suggestions of an earlier comparison go.
    """
    rows = list(Marker.objects.select_for_update().filter(video_id=video_id, kind__in=kinds))
    said = {row.kind for row in rows if row.origin != Marker.Origin.SOUND and not row.dropped}
    dropped = [row for row in rows if row.dropped]
    wanted = [one for one in found if one.kind not in said and not _is_said(one, dropped)]
    present = {_stretch(row): row for row in rows if row.origin == Marker.Origin.SOUND and not row.dropped}
    for stretch, row in present.items():
        if stretch not in wanted:
            row.delete()
    Marker.objects.bulk_create(
        _row(video_id, one, Marker.Origin.SOUND) for one in wanted if one not in present
    )
    return len(wanted)


def _is_said(one: Stretch, rows: Iterable[Marker]) -> bool:
    return any(row.kind == one.kind and overlap(one, _stretch(row)) >= _SAME for row in rows)


def _stretch(row: Marker) -> Stretch:
    return Stretch(row.kind, row.start.total_seconds(), row.end.total_seconds(), row.name)


def _row(video_id: UUID, one: Stretch, origin: str) -> Marker:
    return Marker(
        video_id=video_id,
        kind=one.kind,
        start=timedelta(seconds=one.start),
        end=timedelta(seconds=one.end),
        name=one.name,
        origin=origin,
    )
