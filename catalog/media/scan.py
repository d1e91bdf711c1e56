"""Reads every packet of a source's picture, confined, and keeps their times: some 24 bytes for each."""

from array import array
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from catalog.media import refusals, sandbox, tools
from catalog.media.errors import Refused, Stalled, ToolFailed
from catalog.media.facts import Facts

#: More packets than any film of the longest kind (8 h at 300 frames a second) has.
PACKETS_MAX = 8 * 3600 * 300
#: What packets of protected films carry, and those at which the decoder's settings change.
_LOCKED, _NEW_HEADERS = "Encryption info", "New Extradata"
#: How much of the film is tried for a picture, in seconds.
_TRIAL = 30
LIMITS = sandbox.Limits(memory=2 * 1024**3, file_size=0, cpu=1200, wall=1200.0, quiet=120.0)


@dataclass(slots=True)
class Packets:
    """The picture packets of a source. Times in units of the stream's time base."""

    shown: "array[int]" = field(default_factory=lambda: array("q"))
    decoded: "array[int]" = field(default_factory=lambda: array("q"))
    keys: "array[int]" = field(default_factory=lambda: array("q"))
    undated: bool = False
    delay: int | None = None
    latest: int | None = None
    setback: int = 0
    last_duration: int = 0
    bytes: int = 0
    key: int | None = None
    hidden: bool = False
    whole: bool = True

    def add(self, line: str) -> None:
        """One line of the scan: pts, dts, duration, size, flags, and what else the packet carries."""
        parts = line.split(",")
        if len(parts) < 5:
            return
        if _LOCKED in parts[5:]:
            raise Refused("encrypted", refusals.ENCRYPTED)
        if _NEW_HEADERS in parts[5:]:
            self.whole = False
        if "D" in parts[4]:
            self.hidden = True  # by an edit list: decoded, but never shown
            return
        if max(len(self.shown), len(self.decoded)) >= PACKETS_MAX:
            raise refusals.too_dense()
        shown, decoded, duration, size = (int(part) if part != "N/A" else None for part in parts[:4])
        is_key = "K" in parts[4]
        self.bytes += size or 0
        self._follow(shown, is_key)
        self.undated |= shown is None
        if shown is not None:
            self.shown.append(shown)
        if decoded is not None:
            self.decoded.append(decoded)
            self.setback = max(self.setback, (self.latest if self.latest is not None else decoded) - decoded)
            self.latest = decoded
        if is_key and shown is not None and decoded is not None and self.delay is None:
            self.delay = shown - decoded
        if is_key and (shown is not None or decoded is not None):
            self.keys.append(shown if shown is not None else decoded or 0)
        if duration is not None:
            self.last_duration = duration

    def _follow(self, shown: int | None, is_key: bool) -> None:
        """Note whether the film could be cut at its keyframes: nothing before the first, nothing shown before the
        keyframe that it is stored after, nothing hidden but at the end."""
        if is_key:
            self.key = shown
        if self.hidden or self.key is None or shown is None or shown < self.key:
            self.whole = False

    def times(self) -> list[int]:
        """When each frame is shown, sorted. Where a container dates only some packets for showing (MPEG, AVI), the
        decoding times of all are as even, and later by the delay of the first keyframe."""
        if not self.undated:
            return sorted(self.shown)
        return sorted(time + (self.delay or 0) for time in self.decoded)


def packets(path: Path, demuxer: str, index: int, halt: sandbox.Halt | None) -> Packets:
    """Every packet of the picture track. About 0.1 s of CPU for a minute of film."""
    found = Packets()
    argv = [tools.ffprobe().path, "-hide_banner", "-v", "error", *sandbox.guards(demuxer=demuxer)]
    argv += [
        "-select_streams",
        str(index),
        "-show_entries",
        "packet=pts,dts,duration,size,flags:packet_side_data=side_data_type",
        "-of",
        "csv=p=0",
    ]
    try:
        sandbox.run(
            [*argv, "-i", f"file:{path}"],
            what="Reading the film",
            read=[path],
            limits=LIMITS,
            on_line=found.add,
            halt=halt,
        )
    except Stalled as stalled:
        raise refusals.stuck() from stalled
    except ToolFailed as failed:
        if not found.times():
            raise Refused("damaged", f"This film is too damaged to be read. {refusals.AGAIN}") from failed
    return found


def can_be_decoded(facts: Facts, path: Path, halt: sandbox.Halt | None) -> bool:
    """Whether a picture comes out near the film's beginning, or at least near its middle. About 0.1 s.

    Raises `ToolFailed` when nobody can tell, because the machine may be to blame.
    """
    doubt: ToolFailed | None = None
    for at in (None, float(facts.start + facts.duration / 2)):
        try:
            if _gives_a_picture(facts, path, at, halt):
                return True
        except ToolFailed as failed:
            doubt = failed
    if doubt is not None:
        raise doubt
    return False


def _gives_a_picture(facts: Facts, path: Path, at: float | None, halt: sandbox.Halt | None) -> bool:
    seen = False

    def see(line: str) -> None:
        nonlocal seen
        seen |= line.startswith("frame=") and line[6:].strip() not in ("", "0")

    argv = [tools.ffmpeg().path, "-hide_banner", "-nostdin", "-v", "error", "-progress", "pipe:1", "-nostats"]
    argv += sandbox.guards(demuxer=facts.demuxer)
    if at is not None:
        argv += ["-seek_timestamp", "1", "-ss", f"{at:.3f}"]
    argv += ["-t", str(_TRIAL), "-i", f"file:{path}", "-map", f"0:{facts.picture.index}"]
    argv += ["-frames:v", "1", "-f", "null", "-"]
    try:
        sandbox.run(argv, what="Trying the film", read=[path], limits=LIMITS, on_line=see, halt=halt)
    except ToolFailed as failed:
        if not seen and refusals.is_machines(failed):
            raise
    return seen


def last_moment(path: Path, demuxer: str) -> float:
    """When the last packet of any track ends, in seconds on the source's clock. Subtitles stand for seconds: when they
    begin is not the end of what is there."""
    last = 0.0

    def see(line: str) -> None:
        nonlocal last
        begin, _, rest = line.partition(",")
        with suppress(ValueError):  # undated packets say N/A
            last = max(last, float(begin))
            last = max(last, float(begin) + float(rest.partition(",")[0]))

    argv = [tools.ffprobe().path, "-hide_banner", "-v", "error", *sandbox.guards(demuxer=demuxer)]
    argv += ["-show_entries", "packet=pts_time,duration_time", "-of", "csv=p=0", "-i", f"file:{path}"]
    try:
        sandbox.run(argv, what="Reading the film", read=[path], limits=LIMITS, on_line=see)
    except ToolFailed:
        return last
    return last
