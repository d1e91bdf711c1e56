"""Titles and packages for tests, of this app and of those above it."""

import hashlib
import struct
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage
from django.utils import timezone

from catalog import keyring, manifests, models, services, store, types

#: Facts of the rungs that `make_package` knows: width, average and peak bits per second, codecs string.
_RUNGS = {
    180: (320, 180_000, 240_000, "avc1.42c00d"),
    360: (640, 700_000, 900_000, "avc1.4d401e"),
    540: (960, 1_600_000, 2_000_000, "avc1.4d401f"),
    720: (1280, 2_800_000, 3_600_000, "avc1.64001f"),
    1080: (1920, 5_000_000, 6_400_000, "avc1.640028"),
}


def make_title(
    *,
    name: str = "Night Mail",
    maturity: int = 0,
    genres: Sequence[str] = ("Documentary",),
    published: bool = True,
    packaged: bool = True,
    published_at: datetime | None = None,
    **more: Any,
) -> types.Title:
    """A film, with a package and visible to viewers unless told otherwise. `more` goes to `create_title`."""
    title = services.create_title(name=name, maturity=maturity, genres=genres, **more)
    if packaged:
        make_package(make_video(title_id=title.id))
    _publish(title.id, published, published_at)
    return _again(title.id)


def make_series(
    *,
    name: str = "The Lamplighters",
    seasons: Sequence[int] = (2, 2),
    maturity: int = 0,
    genres: Sequence[str] = ("Drama",),
    published: bool = True,
    packaged: bool = True,
    published_at: datetime | None = None,
    **more: Any,
) -> types.Title:
    """A series with as many episodes in each season as `seasons` says."""
    title = services.create_title(name=name, kind=types.Kind.SERIES, maturity=maturity, genres=genres, **more)
    for season, episodes in enumerate(seasons, 1):
        for number in range(1, episodes + 1):
            part = services.add_episode(
                title_id=title.id, season=season, number=number, name=f"Part {number}"
            )
            if packaged:
                make_package(make_video(episode_id=part.id))
    _publish(title.id, published, published_at)
    return _again(title.id)


def make_many(
    count: int,
    *,
    start: int = 0,
    genres: Sequence[str] = ("Drama", "Mystery", "War", "Comedy"),
    maturities: Sequence[int] = (0,),
    published_at: datetime | None = None,
) -> list[types.Title]:
    """Published films that count as playable, with a backdrop, quickly: rows alone, no file stands behind them.

    "Film 0", "Film 1", … from `start` on; genres and maturities take turns; each a minute older than the one before.
    """
    shelves = [models.Genre.objects.get_or_create(slug=name.lower(), name=name)[0] for name in genres]
    first = published_at or timezone.now() - timedelta(days=90)
    rows = [
        models.Title(
            slug=f"film-{number}",
            name=f"Film {number}",
            maturity=maturities[number % len(maturities)],
            published_at=first - timedelta(minutes=number),
        )
        for number in range(start, start + count)
    ]
    models.Title.objects.bulk_create(rows)
    shelved = models.Title.genres.through
    shelved.objects.bulk_create(
        shelved(title_id=row.id, genre_id=shelves[number % len(shelves)].id)
        for number, row in enumerate(rows, start)
    )
    videos = [models.Video(title=row, state="ready", duration=timedelta(hours=1)) for row in rows]
    models.Video.objects.bulk_create(videos)
    packages = [
        models.Package(id=video.id.hex, video=video, manifest="{}", duration=video.duration, bytes=1)
        for video in videos
    ]
    models.Package.objects.bulk_create(packages)
    for video, package in zip(videos, packages, strict=True):
        video.current_package = package
    models.Video.objects.bulk_update(videos, ["current_package"])
    models.Artwork.objects.bulk_create(
        models.Artwork(title=row, kind="backdrop", widths=[480], width=480, height=270, accent="#335577")
        for row in rows
    )
    found = services.titles([row.id for row in rows], people=False)
    return [found[row.id] for row in rows]


def make_video(*, title_id: UUID | None = None, episode_id: UUID | None = None) -> UUID:
    """A video without a package."""
    return models.Video.objects.create(title_id=title_id, episode_id=episode_id).id


def make_trailer(title_id: UUID) -> UUID:
    """The video of a title's trailer, with a package."""
    video = models.Video.objects.create(trailer_of_id=title_id)
    make_package(video.id)
    return video.id


def make_package(
    video: UUID | types.Video,
    *,
    duration: float = 10.0,
    segment: float = 4.0,
    heights: Sequence[int] = (180, 360, 720),
    audio: Sequence[str] = ("en",),
    text: Sequence[str] = ("en",),
    segment_bytes: int = 2000,
    av1: Sequence[int] = (),
    surround: bool = False,
    sheets: int = 0,
    key: bytes | None = None,
    complete: bool = True,
    expected: float | None = None,
) -> str:
    """Write a tiny package of true structure (boxes, byte ranges, hashes, playlists) and publish it; returns its id.

    Its segments hold no pictures: what is tested is how they are found and moved, not how they look. With a `key` it
    says that it is encrypted. `sheets` is how many of them the small pictures fill, each of four.
    """
    video_id = video.id if isinstance(video, types.Video) else video
    files: dict[str, bytes] = {}
    renditions: list[dict[str, Any]] = []
    durations = _durations(duration, segment)
    for height in heights:
        width, average, peak, codecs = _RUNGS[height]
        facts = {"kind": "video", "codecs": codecs, "bandwidth": peak, "average_bandwidth": average}
        facts |= {"width": width, "height": height, "frame_rate": 25.0}
        renditions.append(_fragmented(f"v{height}", facts, durations, segment_bytes, files, key=key))
        if key is None:
            renditions[-1]["iframes"] = _iframes(renditions[-1], durations, files)
    for height in av1:
        width, average, peak, _codecs = _RUNGS[height]
        facts = {
            "kind": "video",
            "codecs": "av01.0.04M.08",
            "bandwidth": peak // 2,
            "average_bandwidth": average // 2,
        }
        facts |= {"width": width, "height": height, "frame_rate": 25.0}
        renditions.append(_fragmented(f"x{height}", facts, durations, segment_bytes // 2, files, key=key))
    for position, language in enumerate(audio):
        facts = {"kind": "audio", "codecs": "mp4a.40.2", "bandwidth": 140_000, "average_bandwidth": 128_000}
        facts |= {"language": language, "label": language, "channels": 2, "default": position == 0}
        renditions.append(_fragmented(f"a-{language}", facts, durations, segment_bytes // 2, files, key=key))
        if surround and position == 0:
            facts = facts | {
                "channels": 6,
                "bandwidth": 400_000,
                "average_bandwidth": 384_000,
                "twin": f"a-{language}",
            }
            renditions.append(
                _fragmented(f"a-{language}-51", facts, durations, segment_bytes, files, key=key)
            )
    for language in text:
        renditions.append(_text(f"t-{language}", language, duration, files))
    if sheets:
        renditions.append(_sheets(sheets, duration, files))
    for index, rendition in enumerate(renditions):
        rendition["index"] = index
    document: dict[str, Any] = {
        "v": 1,
        "video": str(video_id),
        "duration": duration,
        "renditions": renditions,
    }
    document |= {"created_by": "test"} | ({} if complete else {"complete": False, "expected": expected})
    manifest = manifests.canonical(document | ({"encrypted": True} if key else {}))
    if key:
        keyring.keep(manifests.package_id(manifest), video_id=video_id, key=key)
    package_id = manifests.package_id(manifest)
    # Not by the storage's `save`, which looks for names that are free and locks each file: thousands are made here.
    folder = Path(default_storage.path(manifests.key(package_id, "manifest.json"))).parent
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in {**files, "manifest.json": manifest}.items():
        (folder / name).write_bytes(content)
    return store.record_package(video_id=video_id, manifest=manifest)


def segment_content(rendition: str, number: int, length: int) -> bytes:
    """The bytes of one made segment: moof and mdat boxes, told apart by their filling."""
    filling = hashlib.sha256(f"{rendition}/{number}".encode()).digest()
    moof = _box(b"moof", _box(b"mfhd", struct.pack(">II", 0, number + 1)))
    payload = (filling * (length // len(filling) + 1))[: max(0, length - len(moof) - 8)]
    return moof + _box(b"mdat", payload)


def _fragmented(
    name: str,
    facts: dict[str, Any],
    durations: Sequence[float],
    size: int,
    files: dict[str, bytes],
    *,
    key: bytes | None,
) -> dict[str, Any]:
    brand = b"iso6" + struct.pack(">I", 0) + b"iso6cmfc"
    content = _box(b"ftyp", brand) + _box(b"moov", _box(b"mvhd", name.encode().ljust(100, b"\0")))
    init = [0, len(content)]
    segments = []
    for number, length in enumerate(durations):
        part = segment_content(name, number, size)
        segments.append([len(content), len(part), length, hashlib.sha256(part).hexdigest()])
        content += part
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{round(max(durations))}"]
    lines += ["#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-INDEPENDENT-SEGMENTS", '#EXT-X-MAP:URI="init.mp4"']
    lines += ['#EXT-X-KEY:METHOD=AES-128,URI="key.bin"'] if key else []
    for number, length in enumerate(durations):
        lines += [f"#EXTINF:{length:.6f},", f"{number}.m4s"]
    return (
        _entry(name, f"{name}.mp4", content, [*lines, "#EXT-X-ENDLIST", ""], files)
        | facts
        | {
            "init": init,
            "segments": segments,
            "timescale": 12_800,
        }
    )


def _iframes(entry: dict[str, Any], durations: Sequence[float], files: dict[str, bytes]) -> dict[str, Any]:
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{round(max(durations))}"]
    lines += ["#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-I-FRAMES-ONLY", '#EXT-X-MAP:URI="init.mp4"']
    for number, length in enumerate(durations):
        lines += [f"#EXTINF:{length:.6f},", "#EXT-X-BYTERANGE:200@0", f"{number}.m4s"]
    text = "\n".join([*lines, "#EXT-X-ENDLIST", ""]).encode()
    files[f"{entry['name']}.iframes.m3u8"] = text
    return {
        "file": f"{entry['name']}.iframes.m3u8",
        "bytes": len(text),
        "sha256": hashlib.sha256(text).hexdigest(),
        "bandwidth": entry["bandwidth"] // 10,
    }


def _sheets(count: int, duration: float, files: dict[str, bytes]) -> dict[str, Any]:
    """Sheets of 2 x 2 tiles that hold no pictures."""
    whole, segments = b"", []
    for number in range(count):
        part = f"sheet {number}".encode() * 40
        segments.append([len(whole), len(part), duration / count, hashlib.sha256(part).hexdigest()])
        whole += part
    index = ["WEBVTT", ""]
    for tile in range(4 * count):
        index += [f"00:00:{tile:02}.000 --> 00:00:{tile + 1:02}.000", f"{tile // 4}.webp#xywh=0,0,160,90", ""]
    return _entry("images", "images.bin", whole, index, files) | {
        "kind": "images",
        "codecs": "webp",
        "bandwidth": 4000,
        "average_bandwidth": 4000,
        "init": None,
        "segments": segments,
        "width": 160,
        "height": 90,
        "tiles": [2, 2],
    }


def _text(name: str, language: str, duration: float, files: dict[str, bytes]) -> dict[str, Any]:
    content = b"WEBVTT\n\n00:00:01.000 --> 00:00:03.000\nThis is the night mail crossing the border.\n"
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{round(duration)}"]
    lines += ["#EXT-X-PLAYLIST-TYPE:VOD", f"#EXTINF:{duration:.6f},", "0.vtt", "#EXT-X-ENDLIST", ""]
    return _entry(name, f"{name}.vtt", content, lines, files) | {
        "kind": "text",
        "codecs": "wvtt",
        "bandwidth": 200,
        "average_bandwidth": 200,
        "language": language,
        "label": language,
        "init": None,
        "segments": [[0, len(content), duration, hashlib.sha256(content).hexdigest()]],
    }


def _entry(
    name: str, file: str, content: bytes, playlist: Sequence[str], files: dict[str, bytes]
) -> dict[str, Any]:
    text = "\n".join(playlist).encode()
    files[file] = content
    files[f"{name}.m3u8"] = text
    digest = hashlib.sha256(text).hexdigest()
    return {
        "name": name,
        "file": file,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "playlist": {"file": f"{name}.m3u8", "bytes": len(text), "sha256": digest},
    }


def _durations(whole: float, each: float) -> list[float]:
    full, rest = divmod(whole, each)
    return [each] * int(full) + ([round(rest, 6)] if rest > 0.001 else [])


def _box(kind: bytes, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload) + 8) + kind + payload


def publish_at(title_ids: Iterable[UUID], moment: datetime) -> None:
    """Let titles have been published then."""
    models.Title.objects.filter(id__in=list(title_ids)).update(published_at=moment)


def set_window(title_id: UUID, *, opens: datetime | None = None, closes: datetime | None = None) -> None:
    """Let a title be there from then, and until then."""
    models.Title.objects.filter(id=title_id).update(available_from=opens, available_until=closes)


def _publish(title_id: UUID, published: bool, moment: datetime | None) -> None:
    if published:
        models.Title.objects.filter(id=title_id).update(published_at=moment or timezone.now())


def _again(title_id: UUID) -> types.Title:
    title = services.title(title_id)
    if title is None:
        raise LookupError(title_id)
    return title
