"""Copies a source's picture and sound into a package without encoding: playable as soon as its bytes are copied.

The source's own keyframes are the segments' borders. What cannot be known without looking is looked at here: that
every segment begins with an IDR picture.
"""

import shutil
import uuid
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from catalog.media import boxes, facts, ladder, plan, sandbox, sound, tools
from catalog.media.encode import Unsound, timestamp
from catalog.media.errors import ToolFailed
from catalog.media.facts import Facts
from catalog.media.plan import Plan
from catalog.media.sound import Wanted
from catalog.media.tracks import SoundTrack, VideoTrack

#: The picture rendition's name. The ladder's are named after their heights: none of them is this one.
NAME = "source"
#: Segments last at least so many seconds: some cameras write a keyframe each quarter of a second.
_LEAST = Fraction(3)
#: Sound tracks in an early package; the ladder's has all of them.
_SOUNDS = 3
_WHAT = "Copying the film"
_IDR, _LAST_SLICE = 5, 5
_COPY = ["-c", "copy", "-map_metadata", "-1", "-map_chapters", "-1"]


@dataclass(frozen=True, slots=True)
class Copied:
    """What an early package is built of. `folder` is to be removed when that is done."""

    videos: list[VideoTrack]
    sounds: list[SoundTrack]
    folder: Path


def copy(known: Facts, source: Path, *, scratch: Path, halt: sandbox.Halt | None = None) -> Copied:
    """Copy the picture, and the sound that browsers play; other sound is encoded, which costs little.

    For sources of which `facts.copyable` says nothing. Raises `ToolFailed`, `Stalled`, `Unsound`, `sandbox.Halted`.
    """
    folder = scratch / f"copy-{uuid.uuid4().hex[:8]}"
    folder.mkdir(parents=True)
    try:
        picture = folder / "picture.mp4"
        _run(known, source, _picture_options(known), picture, halt)
        check(picture)
        made = plan.make(known, ladder_name="light", preset="ultrafast", tool=tools.ffmpeg().fingerprint)
        label = ladder.rungs(
            width=known.picture.display[0], height=known.picture.display[1], rate=known.picture.rate
        )[0].label
        videos = [VideoTrack(NAME, label, known.picture.rate, (picture,), least=_LEAST)]
        sounds = [quick_sound(made, one, source, folder, halt) for one in first_sounds(known)]
        return Copied(videos, sounds, folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def first_sounds(known: Facts) -> list[Wanted]:
    """The sounds of an early package: stereo, the default first."""
    stereo = [one for one in sound.wanted(known) if one.layout == "stereo"]
    return sorted(stereo, key=lambda one: not one.sound.default)[:_SOUNDS]


def quick_sound(made: Plan, one: Wanted, source: Path, folder: Path, halt: sandbox.Halt | None) -> SoundTrack:
    """A sound for an early package, as long as the plan: copied if it fits, else encoded as loud as it is."""
    target = folder / f"sound-{one.name}.mp4"
    if not facts.sound_copyable(one.sound) and made.facts.indexed:
        _run(made.facts, source, _sound_options(made, one), target, halt)
    else:
        limits = _limits(made.facts)
        sound.make_quickly(made, one, source=source, target=target, what=_WHAT, limits=limits, halt=halt)
    heard = one.sound
    return SoundTrack(heard.language, heard.label, (target,), heard.default, heard.index, heard.described)


def check(path: Path) -> None:
    """Raise `Unsound` unless time begins at 0 and each segment begins with an IDR picture."""
    try:
        with path.open("rb") as file:
            init = boxes.read_init(file)
            boxes.header(init)
            fragments = boxes.read_fragments(file, len(init))
            if not fragments or fragments[0].time != 0:
                raise Unsound(_WHAT, "the film does not begin at its beginning")
            for fragment in fragments:
                file.seek(fragment.offset)
                first = file.read(fragment.first)
                start = first.find(b"mdat") + 4
                if not fragment.sync or not _is_idr(first[start:]):
                    raise Unsound(_WHAT, f"the segment at {fragment.time} cannot be entered")
    except (OSError, boxes.BadBoxes) as error:
        raise Unsound(_WHAT, str(error)) from error


def _is_idr(sample: bytes) -> bool:
    """Whether the first slice of a picture in length-prefixed H.264 (four bytes) is of an IDR picture."""
    at = 0
    while at + 5 <= len(sample):
        kind = sample[at + 4] & 0x1F
        if 1 <= kind <= _LAST_SLICE:
            return kind == _IDR
        at += 4 + int.from_bytes(sample[at : at + 4], "big")
    return False


def _picture_options(known: Facts) -> list[str]:
    # Cameras and drones write places into the picture's own notes (SEI), and encoders who they are: those stay here.
    bare = ["-bsf:v", "filter_units=remove_types=6|12"]
    return [
        "-map",
        f"0:{known.picture.index}",
        *_COPY,
        *bare,
        "-movflags",
        "+cmaf+frag_keyframe+skip_trailer",
    ]


def _sound_options(made: Plan, one: Wanted) -> list[str]:
    """From the picture's first frame to its end; what the encoder put before that (its delay) is left out."""
    start = made.facts.start
    options = ["-map", f"0:{one.sound.index}", *_COPY, "-to", timestamp(start + made.frames / made.rate)]
    options += ["-bsf:a", f"noise=drop=lt(pts*tb\\,{timestamp(start)})"]
    return [*options, "-frag_duration", "4000000", "-movflags", "+cmaf+skip_trailer+frag_discont"]


def _run(known: Facts, source: Path, options: list[str], target: Path, halt: sandbox.Halt | None) -> None:
    argv = [tools.ffmpeg().path, "-hide_banner", "-nostdin", "-v", "error"]
    argv += ["-progress", "pipe:1", "-nostats", "-stats_period", "0.5"]
    argv += [*sandbox.guards(demuxer=known.demuxer), "-copyts", "-i", f"file:{source}", *options]
    argv += ["-fflags", "+bitexact", "-output_ts_offset", timestamp(-known.start), "-f", "mp4", str(target)]
    sandbox.run(argv, what=_WHAT, read=[source], write=[target.parent], limits=_limits(known), halt=halt)
    if not target.is_file():
        raise ToolFailed(_WHAT, 0, "nothing came out")


def _limits(known: Facts) -> sandbox.Limits:
    seconds = float(known.duration)
    return sandbox.Limits(
        file_size=known.bytes * 2 + 64 * 1024**2, cpu=int(600 + seconds), wall=1200 + seconds, quiet=120.0
    )
