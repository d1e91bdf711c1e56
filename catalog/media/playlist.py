"""Media playlists and the figures that stand in them. Pure.

Static, relative and the same for every viewer and node: `init.mp4`, `0.m4s`, `1.m4s`, … beside the playlist itself, so
that a token in the path is inherited (RFC 8216 and its successor draft).
"""

import math
from collections.abc import Sequence
from fractions import Fraction

#: The file that a text rendition consists of.
TEXT_SEGMENT = "0.vtt"
#: Where an encrypted rendition's playlist says that the key is: nodes have none. Our loader asks the session for it,
#: and other players get playlists from the site that name the session's address.
KEY_NAME = "key.bin"


def media_playlist(durations: Sequence[Fraction], *, text: bool = False, encrypted: bool = False) -> bytes:
    """The playlist of one rendition with segments of these lengths in seconds."""
    lines = _head(durations)
    if not text:
        lines.append('#EXT-X-MAP:URI="init.mp4"')
    if encrypted:
        # After MAP: the init segment is in the clear. No IV attribute: it is the segment's sequence number.
        lines.append(f'#EXT-X-KEY:METHOD=AES-128,URI="{KEY_NAME}"')
    for number, duration in enumerate(durations):
        lines += [f"#EXTINF:{float(duration):.6f},", TEXT_SEGMENT if text else f"{number}.m4s"]
    lines.append("#EXT-X-ENDLIST")
    return ("\n".join(lines) + "\n").encode()


def iframe_playlist(durations: Sequence[Fraction], firsts: Sequence[int]) -> bytes:
    """The playlist of the keyframes alone: `firsts` are the bytes of each segment up to the end of its first sample.

    They are ranges of the very segments that play, so that scrubbing needs no files of its own.
    """
    lines = _head(durations)
    lines[-1:] = ["#EXT-X-I-FRAMES-ONLY", '#EXT-X-MAP:URI="init.mp4"']
    for number, (duration, first) in enumerate(zip(durations, firsts, strict=True)):
        lines += [f"#EXTINF:{float(duration):.6f},", f"#EXT-X-BYTERANGE:{first}@0", f"{number}.m4s"]
    lines.append("#EXT-X-ENDLIST")
    return ("\n".join(lines) + "\n").encode()


def _head(durations: Sequence[Fraction]) -> list[str]:
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{target_duration(durations)}"]
    return [*lines, "#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-INDEPENDENT-SEGMENTS"]


def target_duration(durations: Sequence[Fraction]) -> int:
    """No segment, rounded to whole seconds, is longer."""
    return max(1, math.floor(max(durations) + Fraction(1, 2)))


def peak_bandwidth(segments: Sequence[tuple[int, Fraction]]) -> int:
    """The largest bit rate of any run of segments that lasts 0.5 to 1.5 target durations, in bits a second.

    `segments` are (bytes, seconds). That is how RFC 8216 §4.1 defines it: a last segment of a few frames, all
    keyframe, does not count alone.
    """
    target = target_duration([duration for _, duration in segments])
    peak = Fraction(0)
    for start in range(len(segments)):
        size, length = 0, Fraction(0)
        for part, duration in segments[start:]:
            size, length = size + part, length + duration
            if length * 2 > target * 3:
                break
            if length * 2 >= target:
                peak = max(peak, size * 8 / length)
    return math.ceil(peak) or average_bandwidth(segments)


def average_bandwidth(segments: Sequence[tuple[int, Fraction]]) -> int:
    """All bits over all seconds."""
    total = sum(duration for _, duration in segments)
    return math.ceil(sum(size for size, _ in segments) * 8 / total) if total else 0


def sheets_index(
    times: Sequence[tuple[Fraction, Fraction]], *, width: int, height: int, columns: int, rows: int
) -> bytes:
    """WebVTT whose cues are tiles of sheets: `3.webp#xywh=…` beside the index itself."""
    lines = ["WEBVTT", ""]
    for number, (start, end) in enumerate(times):
        sheet, place = divmod(number, columns * rows)
        row, column = divmod(place, columns)
        lines.append(f"{_clock(start)} --> {_clock(end)}")
        lines += [f"{sheet}.webp#xywh={column * width},{row * height},{width},{height}", ""]
    return ("\n".join(lines)).encode()


def _clock(seconds: Fraction) -> str:
    thousandths = round(seconds * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"
