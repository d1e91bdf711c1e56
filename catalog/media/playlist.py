"""Media playlists and the figures that stand in them. Pure.

Static, relative and the same for every viewer and node: `init.mp4`, `0.m4s`, `1.m4s`, … beside the playlist itself, so
that a token in the path is inherited (RFC 8216 and its successor draft).
"""

import math
from collections.abc import Sequence
from fractions import Fraction

#: The file that a text rendition consists of.
TEXT_SEGMENT = "0.vtt"


def media_playlist(durations: Sequence[Fraction], *, text: bool = False) -> bytes:
    """The playlist of one rendition with segments of these lengths in seconds."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{target_duration(durations)}"]
    lines += ["#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-INDEPENDENT-SEGMENTS"]
    if not text:
        lines.append('#EXT-X-MAP:URI="init.mp4"')
    for number, duration in enumerate(durations):
        lines += [f"#EXTINF:{float(duration):.6f},", TEXT_SEGMENT if text else f"{number}.m4s"]
    lines.append("#EXT-X-ENDLIST")
    return ("\n".join(lines) + "\n").encode()


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
