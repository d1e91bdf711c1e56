"""Makes a film's sound tracks, each in one pass: sound costs too little to be cut into chunks.

Every track of the source becomes AAC stereo; one of six channels or more becomes 5.1, too, as a second rendition. A
track begins and ends with the picture, to the sample, whatever the source's own clock says.
"""

import json
import shutil
import signal
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from catalog.media import boxes, evened, loudness, sandbox, tools
from catalog.media.encode import Unsound, record, settle, timestamp
from catalog.media.errors import ToolFailed
from catalog.media.facts import Facts, Sound
from catalog.media.loudness import Loudness
from catalog.media.plan import Plan

AUDIO_RATE = 48_000
#: Bits a second of a stereo track.
AUDIO_BITRATE = 128_000
#: Layout, channels and bits a second of what is made.
_KINDS = {"stereo": ("stereo", 2, AUDIO_BITRATE), "surround": ("5.1", 6, 384_000)}
#: Sound renditions of a package at most: it has 32 of all kinds.
TRACKS_MAX = 9
#: A source of this many channels is worth a second rendition.
_SURROUND_FROM = 6
#: More channels than this that do not say where they belong are microphones, not speakers.
_PLACED_MAX = 8
_AUDIO_SEGMENT_US = 4_000_000
#: What measuring takes of the whole work.
_MEASURING = 0.35
#: Samples in a frame of AAC.
_AAC_FRAME = 1024
#: So much more sound than film, in seconds, is no rounding. And how a program ends that wrote more than it may.
_TOO_LONG, _GREW = 0.5, (-signal.SIGXFSZ, 128 + signal.SIGXFSZ)
#: Beside the finished track: how loud it was and what was done about it.
LOUDNESS = "loudness.json"


class _Uneven(Unsound):
    """More sound came out than there is film: its layout changes in the middle (catalog/media/evened.py)."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A rendition to be made of a sound track: `layout` is 'stereo' or 'surround'."""

    sound: Sound
    layout: str = "stereo"

    @property
    def name(self) -> str:
        """Names the piece among those of its film, e.g. `001-stereo`."""
        return f"{self.sound.index:03}-{self.layout}"

    @property
    def channels(self) -> int:
        """How many come out."""
        return _KINDS[self.layout][1]

    @property
    def bit_rate(self) -> int:
        """Bits a second."""
        return _KINDS[self.layout][2]


def wanted(facts: Facts) -> tuple[Wanted, ...]:
    """What to make of a source: stereo of each track, and 5.1 of those that have it while there is room."""
    stereo = [Wanted(sound) for sound in facts.sounds][:TRACKS_MAX]
    rich = sorted(
        (
            sound
            for sound in facts.sounds
            if sound.channels >= _SURROUND_FROM and not sound.commentary and not _scattered(sound)
        ),
        key=lambda sound: (not sound.default, sound.index),
    )
    surround = [Wanted(sound, "surround") for sound in rich][: TRACKS_MAX - len(stereo)]
    return (*stereo, *sorted(surround, key=lambda one: one.sound.index))


def make(
    plan: Plan,
    one: Wanted,
    *,
    source: Path,
    done: Path,
    scratch: Path,
    halt: sandbox.Halt | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> None:
    """Measure and encode one rendition and put it into `done` by rename. `on_progress` hears 0 … 1.

    Raises `ToolFailed`, `Stalled`, `Unsound`, `sandbox.Halted`.
    """
    what = f"Encoding sound track {one.sound.index}"
    scene = scratch / f"sound-{one.name}-{uuid.uuid4().hex[:8]}"
    scene.mkdir(parents=True)
    seconds = float(plan.facts.duration)
    limits = sandbox.Limits(
        file_size=int(one.bit_rate / 8 * seconds * 3) + 16 * 1024**2,
        cpu=int(600 + seconds),
        wall=1200 + seconds * 2,
    )

    def see(begin: float, share: float) -> Callable[[str], None]:
        def line(text: str) -> None:
            if on_progress and text.startswith("out_time_us=") and text[12:].isdigit():
                on_progress(begin + share * min(1.0, int(text[12:]) / 1e6 / max(1.0, seconds)))

        return line

    def attempt(plan: Plan, one: Wanted, source: Path) -> Loudness | None:
        found = None
        if settings.LOUDNESS is not None or one.channels < one.sound.channels:
            found = _measure(plan, one, source, limits, halt, see(0, _MEASURING))
        target = scene / "sound.mp4"
        target.unlink(missing_ok=True)
        argv = command(plan, one, source, target, found)
        watch = see(_MEASURING, 1 - _MEASURING)
        try:
            sandbox.run(
                argv, what=what, read=[source], write=[scene], limits=limits, on_line=watch, halt=halt
            )
        except ToolFailed as failed:
            raise (
                _Uneven(what, "it grew beyond all bounds") if failed.returncode in _GREW else failed
            ) from failed
        _verify(target, one, what, length=float(plan.frames / plan.rate))
        return found

    try:
        try:
            found = attempt(plan, one, source)
        except _Uneven:
            layout = _KINDS[one.layout][0]
            even, track, file = evened.copy(
                plan, one.sound, source, scene, rate=AUDIO_RATE, layout=layout, halt=halt
            )
            found = attempt(even, Wanted(track, one.layout), file)
            file.unlink()
        told = json.dumps(loudness.plain(found, settings.LOUDNESS), sort_keys=True)
        (scene / LOUDNESS).write_text(told, encoding="utf-8")
        record(scene, 0, ["sound"])
        settle(scene, folder(done, one))
    finally:
        shutil.rmtree(scene, ignore_errors=True)


def make_quickly(
    plan: Plan,
    one: Wanted,
    *,
    source: Path,
    target: Path,
    what: str,
    limits: sandbox.Limits,
    halt: sandbox.Halt | None = None,
) -> None:
    """Encode one rendition as loud as it is into `target`, whose folder may be written to, and make sure that it is in
    step with the picture. Raises as `make` does."""

    def attempt(plan: Plan, one: Wanted, source: Path) -> None:
        target.unlink(missing_ok=True)
        argv = command(plan, one, source, target, None)
        try:
            sandbox.run(argv, what=what, read=[source], write=[target.parent], limits=limits, halt=halt)
        except ToolFailed as failed:
            raise (
                _Uneven(what, "it grew beyond all bounds") if failed.returncode in _GREW else failed
            ) from failed
        _verify(target, one, what, length=float(plan.frames / plan.rate))

    try:
        attempt(plan, one, source)
    except _Uneven:
        even, track, file = evened.copy(
            plan, one.sound, source, target.parent, rate=AUDIO_RATE, layout=_KINDS[one.layout][0], halt=halt
        )
        try:
            attempt(even, Wanted(track, one.layout), file)
        finally:
            file.unlink(missing_ok=True)


def folder(done: Path, one: Wanted) -> Path:
    """Where a finished rendition stands."""
    return done / f"sound-{one.name}"


def loudness_of(piece: Path) -> dict[str, float]:
    """What was written down beside a finished rendition: integrated, range, peak and gain; {} when nothing was."""
    try:
        told = json.loads((piece / LOUDNESS).read_text(encoding="utf-8"))
        return {str(name): float(value) for name, value in told.items()}
    except (OSError, ValueError, AttributeError, TypeError):
        return {}


def command(plan: Plan, one: Wanted, source: Path, target: Path, found: Loudness | None) -> list[str]:
    """The argument list for one rendition, as long as the picture and in step with it."""
    length = timestamp(plan.frames / plan.rate)
    steps = [*_steps(plan, one)]
    steps += loudness.filters(found, settings.LOUDNESS, mixed=one.channels < one.sound.channels)
    steps += [f"apad=whole_dur={length}", f"atrim=end={length}"]
    argv = [*_opening(plan, source), "-filter_complex", f"[0:{one.sound.index}]{','.join(steps)}[a]"]
    argv += ["-map", "[a]", "-map_metadata", "-1", "-map_chapters", "-1"]
    argv += ["-c:a", "aac", "-b:a", str(one.bit_rate), "-flags:a", "+bitexact", "-fflags", "+bitexact"]
    argv += ["-movflags", "+cmaf+delay_moov+skip_trailer", "-frag_duration", str(_AUDIO_SEGMENT_US)]
    return [*argv, "-f", "mp4", str(target)]


def _measure(
    plan: Plan,
    one: Wanted,
    source: Path,
    limits: sandbox.Limits,
    halt: sandbox.Halt | None,
    see: Callable[[str], None],
) -> Loudness | None:
    """How loud the rendition would be. A track that cannot be measured is left as loud as it is."""
    chain = f"[0:{one.sound.index}]{loudness.meter(_steps(plan, one))}[a]"
    argv = [*_opening(plan, source), "-filter_complex", chain, "-map", "[a]", "-f", "null", "-"]
    argv[argv.index("-v") + 1] = "info"  # the meter's summary is news of that level
    what = f"Measuring sound track {one.sound.index}"
    try:
        said = sandbox.run(argv, what=what, read=[source], limits=limits, on_line=see, halt=halt)
    except ToolFailed:
        return None
    return loudness.read(said)


def _opening(plan: Plan, source: Path) -> list[str]:
    argv = [tools.ffmpeg().path, "-hide_banner", "-nostdin", "-v", "error"]
    argv += ["-progress", "pipe:1", "-nostats", "-stats_period", "0.5"]
    argv += [*sandbox.guards(demuxer=plan.facts.demuxer), "-vn", "-sn", "-dn", "-copyts"]
    return [*argv, "-i", f"file:{source}"]


def _steps(plan: Plan, one: Wanted) -> list[str]:
    """From the source's sound to the rendition's channels, on the picture's clock."""
    start = plan.facts.start
    end = timestamp(start + plan.frames / plan.rate)
    # Recordings keep their mix in the first two of many channels; there is no rule for mixing the rest.
    placed = ["pan=stereo|c0=c0|c1=c1"] if _scattered(one.sound) else []
    return [
        *placed,
        f"atrim=start={timestamp(start)}:end={end}",
        f"asetpts=PTS-({timestamp(start)})/TB",
        # Holes become silence and a late start is filled, so that sound and picture begin together.
        f"aresample={AUDIO_RATE}:async=1:first_pts=0",
        f"aformat=sample_fmts=fltp:channel_layouts={_KINDS[one.layout][0]}",
    ]


def _scattered(sound: Sound) -> bool:
    """Whether there are many channels and nobody says which loudspeaker each is for."""
    return sound.channels > _PLACED_MAX and (not sound.layout or "channels" in sound.layout)


def _verify(path: Path, one: Wanted, what: str, *, length: float) -> None:
    try:
        with path.open("rb") as file:
            init = boxes.read_init(file)
            fragments = boxes.read_fragments(file, len(init))
        told = boxes.header(init)
    except (OSError, boxes.BadBoxes) as error:
        raise Unsound(what, str(error)) from error
    if told.channels != one.channels:
        raise Unsound(what, f"{told.channels} channels came out, not {one.channels}")
    expected = 0
    for fragment in fragments:
        if fragment.time != expected:
            raise Unsound(what, f"a segment at {fragment.time}, expected at {expected}")
        expected += fragment.duration
    if not fragments:
        raise Unsound(what, "no sound came out")
    # The muxer squeezes what comes twice into no time at all: frames are counted, not believed.
    heard = sum(fragment.samples for fragment in fragments) * _AAC_FRAME / told.timescale
    if heard > length + _TOO_LONG:
        raise _Uneven(what, f"{heard:.1f} s came out of {length:.1f} s")
