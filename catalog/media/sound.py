"""Makes a film's sound tracks, each in one pass: sound costs too little to be cut into chunks."""

import shutil
import uuid
from pathlib import Path

from catalog.media import boxes, sandbox, tools
from catalog.media.encode import Unsound, record, settle, timestamp
from catalog.media.facts import Sound
from catalog.media.plan import Plan

AUDIO_BITRATE = 128_000
AUDIO_RATE = 48_000
_AUDIO_SEGMENT_US = 4_000_000


def sound_command(plan: Plan, sound: Sound, source: Path, target: Path) -> list[str]:
    """The argument list for one sound track as stereo AAC, as long as the picture and in step with it."""
    start, length = plan.facts.start, plan.frames / plan.rate
    argv = [tools.ffmpeg().path, "-hide_banner", "-nostdin", "-v", "error"]
    argv += ["-progress", "pipe:1", "-nostats", "-stats_period", "0.5"]
    argv += [
        *sandbox.guards(demuxer=plan.facts.demuxer),
        "-vn",
        "-sn",
        "-dn",
        "-copyts",
        "-i",
        f"file:{source}",
    ]
    begin = timestamp(start)
    graph = (
        f"[0:{sound.index}]atrim=start={begin}:end={timestamp(start + length)},asetpts=PTS-({begin})/TB,"
        # Holes become silence and a late start is filled, so that sound and picture begin together.
        f"aresample={AUDIO_RATE}:async=1:first_pts=0,aformat=sample_fmts=fltp:channel_layouts=stereo,"
        f"apad=whole_dur={timestamp(length)},atrim=end={timestamp(length)}[a]"
    )
    argv += ["-filter_complex", graph, "-map", "[a]", "-map_metadata", "-1", "-map_chapters", "-1"]
    argv += ["-c:a", "aac", "-b:a", str(AUDIO_BITRATE), "-flags:a", "+bitexact", "-fflags", "+bitexact"]
    argv += [
        "-movflags",
        "+cmaf+delay_moov+skip_trailer",
        "-frag_duration",
        str(_AUDIO_SEGMENT_US),
        "-f",
        "mp4",
    ]
    return [*argv, str(target)]


def make_sound(
    plan: Plan,
    sound: Sound,
    *,
    source: Path,
    done: Path,
    scratch: Path,
    halt: sandbox.Halt | None = None,
) -> None:
    """Encode one sound track and put it into `done` by rename. Raises as `make_chunk` does."""
    what = f"Encoding sound track {sound.index}"
    folder = scratch / f"sound-{sound.index}-{uuid.uuid4().hex[:8]}"
    folder.mkdir(parents=True)
    seconds = float(plan.facts.duration)
    limits = sandbox.Limits(
        file_size=int(AUDIO_BITRATE / 8 * seconds * 3) + 16 * 1024**2,
        cpu=int(600 + seconds),
        wall=1200 + seconds * 2,
    )
    try:
        target = folder / "sound.mp4"
        argv = sound_command(plan, sound, source, target)
        sandbox.run(argv, what=what, read=[source], write=[folder], limits=limits, halt=halt)
        _verify(target, what)
        record(folder, 0, ["sound"])
        settle(folder, sound_folder(done, sound))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sound_folder(done: Path, sound: Sound) -> Path:
    """Where a finished sound track stands."""
    return done / f"sound-{sound.index:03}"


def _verify(path: Path, what: str) -> None:
    try:
        with path.open("rb") as file:
            init = boxes.read_init(file)
            fragments = boxes.read_fragments(file, len(init))
        boxes.header(init)
    except (OSError, boxes.BadBoxes) as error:
        raise Unsound(what, str(error)) from error
    expected = 0
    for fragment in fragments:
        if fragment.time != expected:
            raise Unsound(what, f"a segment at {fragment.time}, expected at {expected}")
        expected += fragment.duration
    if not fragments:
        raise Unsound(what, "no sound came out")
