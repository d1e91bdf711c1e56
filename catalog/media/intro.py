"""The job that compares the sound of a season's episodes: what they share near the start is the opening, what they
share near the end are the credits. What it finds is a suggestion that people may change.

Only the first and the last minutes of each episode are listened to, from its finished package; fingerprints are kept
on the worker's disk, so that one new episode costs one listening.
"""

import logging
import os
import statistics
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
from django.conf import settings
from django.utils import timezone

from catalog import annotations, manifests
from catalog.events import package_published
from catalog.media import clear, crew, fingerprint, sandbox, tools
from catalog.media.errors import ToolFailed
from catalog.media.fingerprint import HOP, RATE, Codes
from catalog.media.markers import Stretch, overlap
from catalog.models import Episode, Package, Season
from catalog.types import Package as Packaged
from catalog.types import PackagePublished, Rendition, RenditionKind
from netflixlite.jobs import services as jobs
from netflixlite.jobs.context import JobContext

logger = logging.getLogger(__name__)

KIND = "catalog.compare_episodes"
KINDS = ("intro", "credits")
#: After other work, and not at once: episodes of a season come one after the other.
_PRIORITY, _PATIENCE = -50, timedelta(seconds=60)
#: What is listened to: so much of an episode's start and end (shares), at most so many seconds.
_HEAD, _HEAD_MAX = 0.5, 720.0
_TAIL, _TAIL_MAX = 0.35, 600.0
#: Each episode is compared with so many after it.
_REACH = 3
#: Openings and credits last so long, in seconds.
_INTRO = (10.0, 180.0)
_CREDITS = (12.0, 600.0)
#: Credits that end so close to the end go on to it.
_LAST = 20.0
#: From so many episodes on, two others must agree.
_MANY = 4
_SAME = 0.6
#: Fingerprints that nobody asked for are forgotten after so many seconds.
_KEEP = 60 * 24 * 3600
_LIMITS = sandbox.Limits(file_size=512 * 1024**2, cpu=600, wall=900.0)


@dataclass(frozen=True, slots=True)
class Heard:
    """What an episode sounds like at both ends. `tail_from` is when the tail begins; seconds."""

    video_id: UUID
    duration: float
    head: Codes
    tail: Codes
    tail_from: float


@dataclass(slots=True)
class _Found:
    """Stretches of one episode that another one has, too."""

    stretches: list[tuple[Stretch, int]] = field(default_factory=list)


def register() -> None:
    """Offer the handler to workers, and compare a season again when one of its episodes has new sound."""
    jobs.register(KIND)(handle)
    package_published.connect(_look, dispatch_uid="catalog.compare_episodes")


def ask(season_id: UUID, *, soon: bool = False) -> None:
    """Have the episodes of a season compared; `soon` is for somebody who waits for it."""
    season = Season.objects.select_related("title").filter(id=season_id).first()
    if season is None:
        return
    jobs.enqueue(
        KIND,
        payload={"label": f"{season.title.name}: {season}", "season": str(season_id)},
        dedupe_key=f"compare:{season_id}{':now' if soon else ''}",
        priority=500 if soon else _PRIORITY,
        available_at=None if soon else timezone.now() + _PATIENCE,
    )


def handle(context: JobContext) -> None:
    """Compare. The payload is {"season": uuid}."""
    season_id = UUID(str(context.payload["season"]))
    packages = _packages(season_id)
    _forget_old()
    heard: list[Heard] = []
    language = _language(packages)
    for number, package in enumerate(packages, 1):
        context.progress(
            0.9 * (number - 1) / len(packages), f"Listening to episode {number} of {len(packages)}"
        )
        one = _listen(context, package, language)
        if one is not None:
            heard.append(one)
    context.progress(0.9, "Comparing the episodes")
    found = compare(heard)
    with context.commit():
        for one in heard if len(heard) > 1 else []:
            annotations.suggest(one.video_id, found.get(one.video_id, []), kinds=KINDS)
    count = sum(any(stretch.kind == "intro" for stretch in stretches) for stretches in found.values())
    logger.info("season %s: an opening was found in %d of %d episodes", season_id, count, len(heard))
    if [package.id for package in _packages(season_id)] != [package.id for package in packages]:
        ask(season_id)


def compare(heard: Sequence[Heard]) -> dict[UUID, list[Stretch]]:
    """The opening and the credits of each episode, as far as they are found: pure."""
    found = [_Found() for _ in heard]
    for place, one in enumerate(heard):
        for step, other in enumerate(heard[place + 1 : place + 1 + _REACH], place + 1):
            _compare(one, other, found[place], found[step], place, step)
    needed = 2 if len(heard) >= _MANY else 1
    answer: dict[UUID, list[Stretch]] = {}
    for one, pairs in zip(heard, found, strict=True):
        kinds = (
            _agreed([pair for pair in pairs.stretches if pair[0].kind == kind], needed) for kind in KINDS
        )
        answer[one.video_id] = [_settled(stretch, one.duration) for stretch in kinds if stretch is not None]
    return answer


def _compare(one: Heard, other: Heard, mine: _Found, theirs: _Found, place: int, step: int) -> None:
    for match in fingerprint.shared(one.head, other.head, least=_INTRO[0], most=_INTRO[1]):
        first = Stretch("intro", match.first, match.first + match.length)
        second = Stretch("intro", match.second, match.second + match.length)
        if first.end <= one.duration * _HEAD + 5 and second.end <= other.duration * _HEAD + 5:
            mine.stretches.append((first, step))
            theirs.stretches.append((second, place))
    for match in fingerprint.shared(one.tail, other.tail, least=_CREDITS[0], most=_CREDITS[1]):
        begin, start = one.tail_from + match.first, other.tail_from + match.second
        first = Stretch("credits", begin, begin + match.length)
        second = Stretch("credits", start, start + match.length)
        if begin >= one.duration / 2 and start >= other.duration / 2:
            mine.stretches.append((first, step))
            theirs.stretches.append((second, place))


def _agreed(pairs: Sequence[tuple[Stretch, int]], needed: int) -> Stretch | None:
    """The stretch that most other episodes have, the longest of those; None when too few have any."""
    best: list[tuple[Stretch, int]] = []
    best_rank = (0, 0.0)
    for stretch, _ in pairs:
        group = [pair for pair in pairs if overlap(pair[0], stretch) >= _SAME]
        length = statistics.median(one.end - one.start for one, _ in group)
        rank = (min(len({partner for _, partner in group}), 2), length)
        if rank > best_rank:
            best, best_rank = group, rank
    if len({partner for _, partner in best}) < needed:
        return None
    start = statistics.median(one.start for one, _ in best)
    end = statistics.median(one.end for one, _ in best)
    return Stretch(best[0][0].kind, start, end) if end > start else None


def _settled(stretch: Stretch, duration: float) -> Stretch:
    """Inside the film, on tenths of a second; credits that nearly reach the end go on to it."""
    start, end = max(0.0, stretch.start), min(duration, stretch.end)
    if stretch.kind == "intro" and start < 1.0:
        start = 0.0
    if stretch.kind == "credits" and duration - end <= _LAST:
        end = duration
    return Stretch(stretch.kind, round(start, 1), round(end, 1) if end < duration else round(duration, 3))


def _packages(season_id: UUID) -> list[Packaged]:
    """The finished packages of a season's episodes, in order."""
    rows = (
        Episode.objects.filter(season_id=season_id, video__current_package__complete=True)
        .order_by("number")
        .values_list("video__current_package__manifest", flat=True)
    )
    return [manifests.parse(text.encode()) for text in rows]


def _language(packages: Sequence[Packaged]) -> str:
    """The language that most episodes have sound in."""
    spoken = Counter(
        language for package in packages for language in {one.language for one in _sounds(package)}
    )
    return spoken.most_common(1)[0][0] if spoken else ""


def _sounds(package: Packaged) -> list[Rendition]:
    return [one for one in package.renditions if one.kind is RenditionKind.AUDIO and (one.channels or 2) <= 2]


def _listen(context: JobContext, package: Packaged, language: str) -> Heard | None:
    """The fingerprints of an episode; None when it has no sound in that language or its files are gone."""
    sound = next((one for one in _sounds(package) if one.language == language), None)
    if sound is None:
        return None
    duration = package.duration.total_seconds()
    starts = np.cumsum([0.0, *(part.duration for part in sound.segments)])
    head_to, tail_from = min(duration * _HEAD, _HEAD_MAX), duration - min(duration * _TAIL, _TAIL_MAX)
    head = [number for number in range(len(sound.segments)) if starts[number] < head_to]
    tail = [number for number in range(len(sound.segments)) if starts[number + 1] > tail_from]
    try:
        return Heard(
            video_id=package.video_id,
            duration=duration,
            head=_codes(context, package, sound, head),
            tail=_codes(context, package, sound, tail),
            tail_from=float(starts[tail[0]]),
        )
    except (clear.Gone, ToolFailed) as error:
        logger.warning("package %s cannot be listened to: %s", package.id, error)
        return None


def _codes(context: JobContext, package: Packaged, sound: Rendition, segments: Sequence[int]) -> Codes:
    """Fingerprints of some segments, from this machine's store or made now."""
    name = f"{sound.sha256[:32]}-{segments[0]}-{segments[-1]}-{round(HOP * 1000)}.npy"
    kept = _store() / name
    try:
        found: Codes = np.load(kept, allow_pickle=False)
        os.utime(kept)
        return found
    except (OSError, ValueError):
        pass
    piece, raw = context.work_dir / "sound.mp4", context.work_dir / "sound.f32"
    try:
        clear.copy(package, sound, piece, segments=segments)
        argv = [
            tools.ffmpeg().path,
            "-hide_banner",
            "-nostdin",
            "-v",
            "error",
            "-progress",
            "pipe:1",
            "-nostats",
        ]
        argv += [*sandbox.guards(demuxer="mov"), "-i", f"file:{piece}", "-vn", "-ac", "1", "-ar", str(RATE)]
        sandbox.run(
            [*argv, "-f", "f32le", "-y", str(raw)],
            what="Listening to an episode",
            read=[piece],
            write=[context.work_dir],
            limits=_LIMITS,
            halt=crew.halt(context),
        )
        codes = fingerprint.codes(np.fromfile(raw, dtype="<f4"))
    finally:
        piece.unlink(missing_ok=True)
        raw.unlink(missing_ok=True)
    draft = kept.with_name(f".{uuid.uuid4().hex}.npy")
    np.save(draft, codes, allow_pickle=False)
    draft.replace(kept)
    return codes


def _store() -> Path:
    folder = Path(settings.WORK_DIR) / "fingerprints"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _forget_old() -> None:
    now = time.time()
    for path in _store().iterdir():
        if now - path.stat().st_mtime > _KEEP:
            path.unlink(missing_ok=True)


def _look(event: PackagePublished, **_: object) -> None:
    """Ask for a comparison when an episode's finished package has other sound than the one before."""
    row = Package.objects.filter(id=event.package_id, complete=True, stage="ladder").first()
    season_id = Episode.objects.filter(video=event.video_id).values_list("season_id", flat=True).first()
    if row is None or season_id is None:
        return
    before = Package.objects.filter(id=event.replaced).first() if event.replaced else None
    if before is None or _hashes(before) != _hashes(row):
        ask(season_id)


def _hashes(row: Package) -> list[str]:
    return [one.sha256 for one in _sounds(manifests.parse(row.manifest.encode()))]
