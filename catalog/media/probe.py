"""Looks at a source, confined, and says exactly what it is; or refuses it in words that its owner understands.

Two passes of ffprobe: what the container says, then every picture packet. The second one finds what the first
cannot: films that end before they say they do, uneven frames, and files that are small but would never end.
"""

import json
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from catalog.media import languages, rates, refusals, sandbox, scan, tools
from catalog.media.errors import Refused, Stalled, ToolFailed
from catalog.media.facts import Chapter, Facts, Picture, Sound, Words
from catalog.media.sniff import HEAD, Looks, looks_like

#: Bounds on what is accepted. Seconds; pixels.
DURATION_MIN = 0.5
DURATION_MAX = 8 * 3600
SOUNDS_MAX = 8
CHAPTERS_MAX = 300
SIDE_MIN = 64
SIDE_MAX = 4096
#: Long side over short side.
_SHAPE_MAX = 5
#: A film may end this much earlier than it says: seconds, and a share of its length.
_SHORT_SECONDS, _SHORT_SHARE = 1.5, 0.03
#: With gaps as long as this and next to no frames, a small file would become hours of nothing. Seconds; share.
_SPARSE_GAP, _SPARSE_SHARE = 120.0, 0.05
_TEXT_MAX = 4 * 1024 * 1024
#: What is asked of ffprobe: no more texts from the file than are used.
_WANTED = (
    "format=format_name,duration:format_tags=:stream:stream_tags=language,title,rotate:stream_disposition:"
    "stream_side_data:chapter=start_time,end_time:chapter_tags=title:program=:stream_group="
)

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
#: Codecs by ffprobe's names, where those differ from the decoders'.
_CODECS = frozenset(sandbox.DECODERS.split(",")) | {"msmpeg4v3", "flv1", "dts", "amr_nb", "amr_wb"}
#: Picture tracks that are none: covers, thumbnails.
_NO_FILM = ("attached_pic", "timed_thumbnails", "still_image")
_BITMAP_WORDS = frozenset({"hdmv_pgs_subtitle", "dvd_subtitle", "dvb_subtitle", "xsub"})
_TEXT_WORDS = frozenset({"subrip", "srt", "ass", "ssa", "webvtt", "mov_text", "text"})


def probe(path: Path, *, halt: sandbox.Halt | None = None) -> Facts:
    """Judge the source at `path`. Raises `Refused` when it cannot become a package, `ToolMissing` without ffprobe."""
    with path.open("rb") as file:
        looks = looks_like(file.read(HEAD))
    if looks in refusals.NOT_A_FILM:
        raise Refused(*refusals.NOT_A_FILM[looks])
    said = _describe(path, looks, halt)
    family = str(said["format"].get("format_name", ""))
    streams: list[dict[str, Any]] = said.get("streams", [])
    video = _picture_stream(streams, _seconds(said["format"].get("duration")))
    _check_picture(video)
    _check_sound(streams)
    if family not in _DEMUXER:
        raise Refused("not_a_film", refusals.UNKNOWN)
    packets = scan.packets(path, _DEMUXER[family][0], int(video["index"]), halt)
    facts = _facts(path, said, video, packets)
    if not scan.can_be_decoded(facts, path, halt):
        raise Refused("damaged", refusals.UNDECODABLE)
    return facts


def _facts(path: Path, said: Mapping[str, Any], video: Mapping[str, Any], packets: scan.Packets) -> Facts:
    """Put both passes together. Raises `Refused` for films of a wrong length."""
    container, streams, chapters = said["format"], said["streams"], said.get("chapters", [])
    demuxer, indexed = _DEMUXER[str(container["format_name"])]
    base = Fraction(str(video["time_base"]))
    times = packets.times()
    if not times:
        promised = _seconds(video.get("duration")) or _seconds(container.get("duration"))
        raise refusals.cut_off(promised, 0.0) if promised > DURATION_MIN else refusals.too_short(0.0)
    start, span = times[0] * base, (times[-1] - times[0]) * base
    picture = _picture(video, times, base, span)
    gap = max((later - earlier for earlier, later in pairwise(times)), default=0) * base
    # What the last packet says of its own length is believed as far as the others make it likely.
    last = min(packets.last_duration * base, max(Fraction(1), gap))
    duration = span + max(last, 1 / picture.rate)
    frame_gap = float(gap)
    if max(float(duration), _seconds(container.get("duration"))) > DURATION_MAX:
        raise refusals.too_long(max(float(duration), _seconds(container.get("duration"))))
    if frame_gap > _SPARSE_GAP and len(times) < duration * picture.rate * Fraction(_SPARSE_SHARE):
        raise refusals.sparse(float(duration), len(times))
    _check_length(path, demuxer, container, video, len(times), start, duration)
    stops = [float(start), *(key * float(base) for key in sorted(packets.keys)), float(start + duration)]
    return Facts(
        container=str(container["format_name"]),
        demuxer=demuxer,
        bytes=path.stat().st_size,
        start=start,
        duration=duration,
        frames=len(times),
        keyframe_gap=max(later - earlier for earlier, later in pairwise(stops)),
        frame_gap=frame_gap,
        indexed=indexed,
        clock_jumps=packets.setback * base > 1,
        picture=picture,
        sounds=tuple(_sound(one) for one in streams if _is_sound(one))[:SOUNDS_MAX],
        words=tuple(_words(one) for one in streams if one.get("codec_type") == "subtitle"),
        chapters=_chapters(chapters, float(start), float(duration)),
        bit_rate=int(packets.bytes * 8 / duration),
        closed=packets.whole,
    )


def _describe(path: Path, looks: Looks, halt: sandbox.Halt | None) -> dict[str, Any]:
    """What ffprobe says of the container and its streams."""
    lines: list[str] = []
    room = _TEXT_MAX

    def keep(line: str) -> None:
        nonlocal room
        room -= len(line)
        if room < 0:
            raise refusals.too_wordy()
        lines.append(line)

    argv = [tools.ffprobe().path, "-hide_banner", "-v", "error", *sandbox.guards(sound=True)]
    argv += ["-show_chapters", "-show_entries", _WANTED, "-of", "json", "-i", f"file:{path}"]
    try:
        murmur = sandbox.run(
            argv, what="Checking the film", read=[path], limits=scan.LIMITS, on_line=keep, halt=halt
        )
        said: dict[str, Any] = json.loads("\n".join(lines))
    except Stalled as stalled:
        raise refusals.stuck() from stalled
    except ToolFailed as failed:
        raise refusals.why(failed, looks) from failed
    except ValueError as error:
        raise Refused("not_a_film", refusals.UNKNOWN) from error
    # Beyond these two bounds ffprobe goes on, with half of the truth.
    if refusals.TOO_MANY_SIGN in murmur or len(said.get("streams", [])) > sandbox.STREAMS_MAX:
        raise refusals.too_many()
    if refusals.TOO_LARGE_SIGN in murmur:
        raise refusals.too_large()
    if not said.get("format"):
        raise Refused("not_a_film", refusals.UNKNOWN)
    return said


def _picture_stream(streams: Sequence[dict[str, Any]], length: float) -> dict[str, Any]:
    """The picture track: the default one, else the largest; covers and thumbnails are none."""
    real = [
        one
        for one in streams
        if one.get("codec_type") == "video"
        and not any(one.get("disposition", {}).get(kind) for kind in _NO_FILM)
    ]
    if real:
        return max(real, key=lambda one: (one.get("disposition", {}).get("default", 0), one.get("width", 0)))
    if length <= 0:
        raise refusals.too_short(0.0)  # a film of no frames loses its picture track on the way
    if any(one.get("codec_type") == "audio" for one in streams):
        raise Refused("sound_only", refusals.SOUND_ONLY)
    raise Refused("no_picture", f"There is no picture track in this file. {refusals.REMEDY}")


def _check_picture(video: Mapping[str, Any]) -> None:
    width, height = int(video.get("width", 0)), int(video.get("height", 0))
    if video.get("codec_tag_string") == "encv":
        raise Refused("encrypted", refusals.ENCRYPTED)
    codec = str(video.get("codec_name", "unknown"))
    if codec in ("unknown", "none"):
        raise Refused("codec", refusals.UNKNOWN_CODEC)
    if codec not in _CODECS:
        raise refusals.foreign_codec(codec)
    if _is_dolby_only(video):
        raise Refused("dolby_vision", refusals.DOLBY)
    if width == 0 or height == 0:
        raise Refused("damaged", f"The picture has no size: the film is damaged or cut off. {refusals.AGAIN}")
    if width < SIDE_MIN or height < SIDE_MIN:
        raise refusals.too_small(width, height)
    if width * height > sandbox.PIXELS_MAX or max(width, height) > SIDE_MAX:
        raise refusals.too_large()
    if not 1 / _SHAPE_MAX <= width / height * _pixel_aspect(video.get("sample_aspect_ratio")) <= _SHAPE_MAX:
        raise Refused("shape", refusals.SHAPE)


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
    rotation, mirrored = _orientation(video)
    return Picture(
        index=int(video["index"]),
        codec=str(video["codec_name"]),
        profile=str(video.get("profile", "")),
        pixel_format=pixel_format,
        width=int(video["width"]),
        height=int(video["height"]),
        pixel_aspect=_pixel_aspect(video.get("sample_aspect_ratio")),
        rotation=rotation,
        mirrored=mirrored,
        rate=rate,
        variable=variable,
        interlaced=interlaced,
        primaries=str(video.get("color_primaries", "")),
        transfer=str(video.get("color_transfer", "")),
        matrix=str(video.get("color_space", "")),
        full_range=video.get("color_range") == "pc" or pixel_format.startswith("yuvj"),
        bits=int(video.get("bits_per_raw_sample") or (10 if "10" in pixel_format else 8)),
        level=max(0, int(video.get("level") or 0)),
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
    """Refuse films that are too short, or end before they say they do."""
    found = float(duration)
    own, whole = _seconds(video.get("duration")), _seconds(container.get("duration"))
    declared = own or whole
    if demuxer == "avi":
        # ffprobe believes the data; what the header promised is the count, in units of the stream's clock.
        declared = max(declared, _seconds(video.get("nb_frames")) * float(_fraction(video.get("time_base"))))
    if declared > DURATION_MIN and found + max(_SHORT_SECONDS, declared * _SHORT_SHARE) < declared:
        # The picture may rightly end before the sound does; data that is missing is missing for all tracks.
        reached = found if own else max(found, scan.last_moment(path, demuxer) - float(start))
        if reached + max(_SHORT_SECONDS, declared * _SHORT_SHARE) < declared:
            raise refusals.cut_off(declared, reached)
    promised = int(_seconds(video.get("nb_frames")))
    if demuxer == "mov" and promised > frames + max(24, promised * _SHORT_SHARE) and declared > found:
        raise refusals.cut_off(declared, found)
    if found < DURATION_MIN:
        raise refusals.too_short(found)


def _is_sound(stream: Mapping[str, Any]) -> bool:
    return (
        stream.get("codec_type") == "audio"
        and int(stream.get("channels") or 0) > 0
        and stream.get("codec_name") in _CODECS
    )


def _check_sound(streams: Sequence[Mapping[str, Any]]) -> None:
    """A film whose sound nobody here can decode must not become a silent one unasked. Tracks of a known kind with
    nothing in them, as broadcasts have, are no reason."""
    tracks = [one for one in streams if one.get("codec_type") == "audio"]
    foreign = [
        str(one.get("codec_name", "unknown")) for one in tracks if one.get("codec_name") not in _CODECS
    ]
    if foreign and not any(_is_sound(one) for one in tracks):
        raise refusals.foreign_sound(foreign[0])


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
        profile=str(stream.get("profile", "")),
        layout=str(stream.get("channel_layout", "")),
        commentary=bool(stream.get("disposition", {}).get("comment")),
        described=_is_described(stream, tags.get("title", "")),
    )


#: How files call an audio description that they do not mark.
_DESCRIPTION = re.compile(r"\b(?:audio[ -]?descri|descriptive|audiodes[ck]ri)", re.IGNORECASE)


def _is_described(stream: Mapping[str, Any], title: str) -> bool:
    """Whether a sound is an audio description: marked so, or, as most files have it, only called so."""
    marks = stream.get("disposition", {})
    return bool(marks.get("visual_impaired") or marks.get("descriptions") or _DESCRIPTION.search(title))


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
        sdh=bool(stream.get("disposition", {}).get("hearing_impaired")),
    )


def _chapters(found: Sequence[Mapping[str, Any]], start: float, duration: float) -> tuple[Chapter, ...]:
    """Chapters on the film's own clock, in order, without those that lie outside it or say nothing."""
    spans = [
        (_seconds(one.get("start_time")) - start, _seconds(one.get("end_time")) - start, one)
        for one in found[:CHAPTERS_MAX]
    ]
    return tuple(
        Chapter(
            start=round(max(0.0, begin), 3),
            end=round(min(end, duration), 3),
            name=_tags(one).get("title", "")[:80],
        )
        for begin, end, one in sorted(spans, key=lambda span: span[:2])
        if max(0.0, begin) < min(end, duration)
    )


def _tags(stream: Mapping[str, Any]) -> dict[str, str]:
    """Tags with small-letter names and printable values: they end in menus."""
    return {
        str(name).lower(): "".join(letter for letter in str(value) if letter.isprintable()).strip()
        for name, value in (stream.get("tags") or {}).items()
    }


def _is_dolby_only(video: Mapping[str, Any]) -> bool:
    """Dolby Vision without an ordinary picture below it (profile 5): its colours mean nothing to other screens."""
    return any(
        side.get("dv_profile") is not None and not side.get("dv_bl_signal_compatibility_id")
        for side in video.get("side_data_list") or []
    )


def _orientation(video: Mapping[str, Any]) -> tuple[int, bool]:
    """Degrees clockwise that the picture must be turned, in quarters, and whether it is mirrored before."""
    for side in video.get("side_data_list") or []:
        if "rotation" in side:
            turn = round(-_seconds(side["rotation"]) / 90) * 90 % 360
            # "00000000: a b u", "00000001: c d v", …: a negative determinant of the two first rows is a mirror.
            rows = [
                line.split()[1:3] for line in str(side.get("displaymatrix", "")).splitlines() if ":" in line
            ]
            (a, b), (c, d) = ([_seconds(one) for one in row] for row in [*rows, ["1", "0"], ["0", "1"]][:2])
            return ((turn + 180) % 360, True) if a * d - b * c < 0 else (turn, False)
    return 0, False


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
