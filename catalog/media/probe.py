"""Looks at a source, confined, and says exactly what it is; or refuses it in words that its owner understands.

Two passes of ffprobe: what the container says, then every picture packet. The second one finds what the first
cannot: films that end before they say they do, uneven frames, and files that are small but would never end.
"""

import json
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from catalog.media import languages, rates, sandbox, tools
from catalog.media.errors import Refused, Stalled, ToolFailed
from catalog.media.facts import Facts, Picture, Sound, Words
from catalog.media.sniff import HEAD, Looks, looks_like

#: Bounds on what is accepted. Seconds; pixels.
DURATION_MIN = 0.5
DURATION_MAX = 8 * 3600
SIDE_MIN = 64
SIDE_MAX = 4096
#: A film may end this much earlier than it says: seconds, and a share of its length.
_SHORT_SECONDS, _SHORT_SHARE = 1.5, 0.03
#: With gaps as long as this and next to no frames, a small file would become hours of nothing. Seconds; share.
_SPARSE_GAP, _SPARSE_SHARE = 120.0, 0.05
_TEXT_MAX = 4 * 1024 * 1024
_LIMITS = sandbox.Limits(memory=2 * 1024**3, file_size=0, cpu=1200, wall=1200.0, quiet=120.0)

#: ffmpeg's family names → one demuxer to pin, and whether it can be entered anywhere exactly.
_DEMUXER = {
    "matroska,webm": ("matroska", True),
    "mov,mp4,m4a,3gp,3g2,mj2": ("mov", True),
    "avi": ("avi", False),
    "mpegts": ("mpegts", False),
    "mpeg": ("mpeg", False),
    "ogg": ("ogg", False),
    "flv": ("flv", False),
    "asf": ("asf", False),
    "mxf": ("mxf", False),
}
#: Picture tracks that are none: covers, thumbnails.
_NO_FILM = ("attached_pic", "timed_thumbnails", "still_image")
_BITMAP_WORDS = frozenset({"hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle", "xsub"})
_TEXT_WORDS = frozenset({"subrip", "srt", "ass", "ssa", "webvtt", "mov_text", "text"})

_REMEDY_FILM = "Choose the film itself: an MP4, MOV, MKV, WebM, AVI, MPEG or Ogg file."
_NOT_A_FILM = {
    Looks.EMPTY: (
        "empty",
        "The file is empty (0 bytes). The upload or copy probably stopped early: send it again.",
    ),
    Looks.TEXT: ("not_a_film", f"This is a text file, not a film, whatever its name says. {_REMEDY_FILM}"),
    Looks.PLAYLIST: (
        "playlist",
        "This is a playlist: a text that points to other files, with no film in it, and other files are not opened. "
        "Join them into one film first, then hand that in.",
    ),
    Looks.SUBTITLES: (
        "subtitles",
        f"This is a subtitle file, not a film. {_REMEDY_FILM} Subtitles can be handed in with it.",
    ),
    Looks.PICTURE: (
        "picture",
        f"This is a picture, not a film. Pictures belong under artwork. {_REMEDY_FILM}",
    ),
    Looks.ARCHIVE: ("archive", "This is an archive. Unpack it, then hand in the film inside."),
    Looks.DOCUMENT: ("document", f"This is a document, not a film. {_REMEDY_FILM}"),
    Looks.PROGRAM: ("program", f"This is a program, not a film. {_REMEDY_FILM}"),
}
_UNKNOWN = (
    f"No known kind of film was recognised in this file; it may be damaged or encrypted. {_REMEDY_FILM}"
)
_SOUND_ONLY = (
    "This file has sound but no picture. Films need a picture track; music cannot be added as a film."
)
_AGAIN = "Copy or download it again and hand in the whole file."
_NO_INDEX = (
    "This film is cut off: its table of contents, which stands at the end, is missing. That happens when a download, a "
    f"copy or a recording stops early. {_AGAIN}"
)


@dataclass(slots=True)
class _Packets:
    """The picture packets of a source. Times in units of the stream's time base."""

    times: "array[int]" = field(default_factory=lambda: array("q"))
    keys: "array[int]" = field(default_factory=lambda: array("q"))
    last_duration: int = 0

    def add(self, line: str) -> None:
        """One line of the scan: pts, dts, duration, flags."""
        parts = line.split(",")
        if len(parts) < 4:
            return
        pts, dts, duration, flags = parts[:4]
        stamp = pts if pts != "N/A" else dts
        if stamp == "N/A" or "D" in flags:
            return
        time = int(stamp)
        self.times.append(time)
        if "K" in flags:
            self.keys.append(time)
        if duration != "N/A":
            self.last_duration = int(duration)


def probe(path: Path, *, halt: sandbox.Halt | None = None) -> Facts:
    """Judge the source at `path`. Raises `Refused` when it cannot become a package, `ToolMissing` without ffprobe."""
    size = path.stat().st_size if path.exists() else 0
    with path.open("rb") as file:
        looks = looks_like(file.read(HEAD))
    if looks in _NOT_A_FILM:
        raise Refused(*_NOT_A_FILM[looks])
    said = _describe(path, looks, halt)
    container = said["format"]
    streams: list[dict[str, Any]] = said.get("streams", [])
    video = _picture_stream(streams)
    if video is None:
        if any(one.get("codec_type") == "audio" for one in streams):
            raise Refused("sound_only", _SOUND_ONLY)
        raise Refused("no_picture", f"There is no picture track in this file. {_REMEDY_FILM}")
    _check_picture(video)
    family = str(container.get("format_name", ""))
    if family not in _DEMUXER:
        raise Refused("not_a_film", _UNKNOWN)
    demuxer, indexed = _DEMUXER[family]
    packets = _scan(path, demuxer, int(video["index"]), halt)
    base = Fraction(str(video["time_base"]))
    times = sorted(packets.times)
    if len(times) == 0:
        raise Refused("too_short", f"This film has no frames: its length is 0 seconds. {_AGAIN}")
    start, span = times[0] * base, (times[-1] - times[0]) * base
    picture = _picture(video, times, base, span)
    step = min(packets.last_duration * base, Fraction(1)) or 1 / picture.rate
    duration = span + step
    _check_length(path, demuxer, container, video, len(times), start, duration)
    keys = [key * float(base) for key in sorted(packets.keys)]
    ends = [float(times[0] * base), *keys, float(start + duration)]
    frame_gap = max((later - earlier for earlier, later in pairwise(times)), default=0) * base
    if frame_gap > _SPARSE_GAP and len(times) < duration * picture.rate * Fraction(_SPARSE_SHARE):
        raise Refused(
            "sparse",
            f"This film claims to last {_clock(float(duration))} but has only {len(times)} frames. It is damaged, or "
            "made to exhaust a server. Export it again with an ordinary frame rate.",
        )
    return Facts(
        container=family,
        demuxer=demuxer,
        bytes=size,
        start=start,
        duration=duration,
        frames=len(times),
        keyframe_gap=max(later - earlier for earlier, later in pairwise(ends)),
        frame_gap=float(frame_gap),
        indexed=indexed,
        picture=picture,
        sounds=tuple(_sound(one) for one in streams if _is_sound(one)),
        words=tuple(_words(one) for one in streams if one.get("codec_type") == "subtitle"),
    )


def _describe(path: Path, looks: Looks, halt: sandbox.Halt | None) -> dict[str, Any]:
    """What ffprobe says of the container and its streams."""
    lines: list[str] = []
    room = _TEXT_MAX

    def keep(line: str) -> None:
        nonlocal room
        room -= len(line)
        if room < 0:
            raise Refused(
                "too_many_streams", "This file describes itself at absurd length; it is not a usable film."
            )
        lines.append(line)

    argv = [tools.ffprobe().path, "-hide_banner", "-v", "error", *sandbox.guards(sound=True)]
    argv += ["-show_format", "-show_streams", "-of", "json", "-i", f"file:{path}"]
    try:
        sandbox.run(argv, what="Checking the film", read=[path], limits=_LIMITS, on_line=keep, halt=halt)
        said: dict[str, Any] = json.loads("\n".join(lines))
    except Stalled as stalled:
        raise _stuck() from stalled
    except ToolFailed as failed:
        raise _why(failed, looks) from failed
    except ValueError as error:
        raise Refused("not_a_film", _UNKNOWN) from error
    if len(said.get("streams", [])) > sandbox.STREAMS_MAX:
        raise _too_many()
    if not said.get("format"):
        raise Refused("not_a_film", _UNKNOWN)
    return said


def _why(failed: ToolFailed, looks: Looks) -> Refused:
    """Turn ffprobe's last words into ours."""
    tail = failed.tail
    if "moov atom not found" in tail:
        return Refused("truncated", _NO_INDEX)
    if "max_streams" in tail or "too many streams" in tail.lower():
        return _too_many()
    if "max_pixels" in tail or "image size" in tail.lower():
        return _too_large()
    if looks is Looks.SOUND:
        return Refused("sound_only", _SOUND_ONLY)
    if looks is Looks.FILM:
        return Refused("damaged", f"This looks like a film, but it is too damaged to be read. {_AGAIN}")
    return Refused("not_a_film", _UNKNOWN)


def _stuck() -> Refused:
    return Refused(
        "stuck", "Reading this file does not come to an end; it is damaged. Export or convert it again."
    )


def _too_many() -> Refused:
    most = sandbox.STREAMS_MAX
    return Refused(
        "too_many_streams",
        f"This file has more than {most} tracks. Export it with the tracks that viewers need.",
    )


def _too_large() -> Refused:
    return Refused(
        "too_large",
        "The picture is larger than 4096 x 2304 pixels. Export the film at 4K (3840 x 2160) or less.",
    )


def _picture_stream(streams: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The picture track: the default one, else the largest; covers and thumbnails are none."""
    real = [
        one
        for one in streams
        if one.get("codec_type") == "video"
        and not any(one.get("disposition", {}).get(kind) for kind in _NO_FILM)
    ]
    return max(
        real,
        key=lambda one: (
            one.get("disposition", {}).get("default", 0),
            one.get("width", 0) * one.get("height", 0),
        ),
        default=None,
    )


def _check_picture(video: Mapping[str, Any]) -> None:
    width, height = int(video.get("width", 0)), int(video.get("height", 0))
    codec = str(video.get("codec_name", "unknown"))
    if video.get("codec_tag_string") == "encv":
        raise Refused(
            "encrypted", "This film is encrypted (DRM). Only films without copy protection can be used."
        )
    if codec in ("unknown", "none"):
        raise Refused(
            "codec", "The picture is coded in a way that is not known here. Convert the film to H.264 first."
        )
    if width < SIDE_MIN or height < SIDE_MIN:
        if width == 0 or height == 0:
            raise Refused("damaged", f"The picture has no size: the film is damaged or cut off. {_AGAIN}")
        raise Refused(
            "too_small", f"The picture is only {width} x {height} pixels; at least 64 x 64 are needed."
        )
    if width * height > sandbox.PIXELS_MAX or max(width, height) > SIDE_MAX:
        raise _too_large()


def _scan(path: Path, demuxer: str, index: int, halt: sandbox.Halt | None) -> _Packets:
    """Every packet of the picture track. About 0.1 s of CPU for a minute of film."""
    packets = _Packets()
    argv = [tools.ffprobe().path, "-hide_banner", "-v", "error", *sandbox.guards(demuxer=demuxer)]
    argv += [
        "-select_streams",
        str(index),
        "-show_entries",
        "packet=pts,dts,duration,flags",
        "-of",
        "csv=p=0",
    ]
    try:
        sandbox.run(
            [*argv, "-i", f"file:{path}"],
            what="Reading the film",
            read=[path],
            limits=_LIMITS,
            on_line=packets.add,
            halt=halt,
        )
    except Stalled as stalled:
        raise _stuck() from stalled
    except ToolFailed as failed:
        if not packets.times:
            raise Refused("damaged", f"This film is too damaged to be read. {_AGAIN}") from failed
    return packets


def _picture(video: Mapping[str, Any], times: list[int], base: Fraction, span: Fraction) -> Picture:
    interlaced = video.get("field_order") in ("tt", "bb", "tb", "bt")
    nominal = _fraction(video.get("r_frame_rate"))
    average = (
        (len(times) - 1) / span
        if span > 0
        else _fraction(video.get("avg_frame_rate")) or nominal or Fraction(25)
    )
    rate, variable = rates.grid(
        average=average,
        nominal=Fraction(0) if interlaced else nominal,
        times=[time * float(base) for time in times],
    )
    pixel_format = str(video.get("pix_fmt", ""))
    return Picture(
        index=int(video["index"]),
        codec=str(video["codec_name"]),
        profile=str(video.get("profile", "")),
        pixel_format=pixel_format,
        width=int(video["width"]),
        height=int(video["height"]),
        pixel_aspect=_pixel_aspect(video.get("sample_aspect_ratio")),
        rotation=_rotation(video),
        rate=rate,
        variable=variable,
        interlaced=interlaced,
        primaries=str(video.get("color_primaries", "")),
        transfer=str(video.get("color_transfer", "")),
        matrix=str(video.get("color_space", "")),
        full_range=video.get("color_range") == "pc" or pixel_format.startswith("yuvj"),
        bits=int(video.get("bits_per_raw_sample") or (10 if "10" in pixel_format else 8)),
    )


def _check_length(
    path: Path,
    demuxer: str,
    container: Mapping[str, Any],
    video: Mapping[str, Any],
    frames: int,
    start: Fraction,
    duration: Fraction,
) -> None:
    """Refuse films that are too short, too long, or end before they say they do."""
    found = float(duration)
    own, whole = _seconds(video.get("duration")), _seconds(container.get("duration"))
    declared = own or whole
    if declared > DURATION_MIN and found + max(_SHORT_SECONDS, declared * _SHORT_SHARE) < declared:
        # The picture may rightly end before the sound does; data that is missing is missing for all tracks.
        reached = found if own else max(found, _last_moment(path, demuxer) - float(start))
        if reached + max(_SHORT_SECONDS, declared * _SHORT_SHARE) < declared:
            raise _cut_off(declared, reached)
    promised = int(video.get("nb_frames") or 0)
    if promised > frames + max(24, promised * _SHORT_SHARE) and declared > found:
        raise _cut_off(declared, found)
    if found < DURATION_MIN:
        raise Refused(
            "too_short",
            f"This film lasts {found:.1f} seconds; at least half a second is needed. Hand in the whole film.",
        )
    if found > DURATION_MAX:
        raise Refused(
            "too_long", f"This film lasts {_clock(found)}; at most 8 hours are possible. Cut it into parts."
        )


def _cut_off(declared: float, found: float) -> Refused:
    return Refused(
        "truncated",
        f"This film is cut off: it says it lasts {_clock(declared)}, but its data ends after {_clock(found)}. {_AGAIN}",
    )


def _last_moment(path: Path, demuxer: str) -> float:
    """When the last packet of any track ends, in seconds on the source's clock."""
    last = 0.0

    def see(line: str) -> None:
        nonlocal last
        for part in line.split(","):
            last = max(last, _seconds(part))

    argv = [tools.ffprobe().path, "-hide_banner", "-v", "error", *sandbox.guards(demuxer=demuxer)]
    argv += ["-show_entries", "packet=pts_time", "-of", "csv=p=0", "-i", f"file:{path}"]
    try:
        sandbox.run(argv, what="Reading the film", read=[path], limits=_LIMITS, on_line=see)
    except ToolFailed:
        return last
    return last


def _is_sound(stream: Mapping[str, Any]) -> bool:
    return (
        stream.get("codec_type") == "audio"
        and int(stream.get("channels") or 0) > 0
        and stream.get("codec_name", "unknown") not in ("unknown", "none")
    )


def _sound(stream: Mapping[str, Any]) -> Sound:
    tags = _tags(stream)
    return Sound(
        index=int(stream["index"]),
        codec=str(stream["codec_name"]),
        channels=int(stream["channels"]),
        sample_rate=int(stream.get("sample_rate") or 0),
        language=languages.tag(tags.get("language", "und")),
        label=tags.get("title", "")[:80],
        default=bool(stream.get("disposition", {}).get("default")),
    )


def _words(stream: Mapping[str, Any]) -> Words:
    tags = _tags(stream)
    codec = str(stream.get("codec_name", "unknown"))
    return Words(
        index=int(stream["index"]),
        codec=codec,
        language=languages.tag(tags.get("language", "und")),
        label=tags.get("title", "")[:80],
        default=bool(stream.get("disposition", {}).get("default")),
        forced=bool(stream.get("disposition", {}).get("forced")),
        bitmap=codec in _BITMAP_WORDS or codec not in _TEXT_WORDS,
    )


def _tags(stream: Mapping[str, Any]) -> dict[str, str]:
    """Tags with small-letter names and printable values: they end in menus."""
    return {
        str(name).lower(): "".join(letter for letter in str(value) if letter.isprintable()).strip()
        for name, value in (stream.get("tags") or {}).items()
    }


def _rotation(video: Mapping[str, Any]) -> int:
    """Degrees clockwise that the picture must be turned, in quarters."""
    for side in video.get("side_data_list") or []:
        if "rotation" in side:
            return round(-float(side["rotation"]) / 90) * 90 % 360
    return 0


def _pixel_aspect(text: object) -> Fraction:
    """Width over height of one pixel; 1 when unknown or absurd."""
    value = _fraction(str(text or "").replace(":", "/"))
    return value if Fraction(1, 5) < value < 5 else Fraction(1)


def _fraction(text: object) -> Fraction:
    """A fraction of ffprobe's; 0 when it says nothing."""
    try:
        return Fraction(str(text))
    except (ValueError, ZeroDivisionError):
        return Fraction(0)


def _seconds(text: object) -> float:
    try:
        return float(str(text))
    except ValueError:
        return 0.0


def _clock(seconds: float) -> str:
    """A length for people: 0:07, 12:05 or 1:42:10."""
    hours, rest = divmod(round(seconds), 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"
