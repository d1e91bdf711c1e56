"""Broadcasts change their sound in the middle: stereo for the advertisements, 5.1 for the film. ffmpeg then builds its
filters anew, and what counted from the beginning of the film counts from there again.

So the track is decoded once through filters that count nothing, into one layout; the rendition is made of that.
"""

from dataclasses import replace
from pathlib import Path

from catalog.media import sandbox, tools
from catalog.media.facts import Sound
from catalog.media.plan import Plan

#: FLAC of so many bytes a second and channel is more than there ever is (48 000 samples of 16 bits).
_BYTES = 96_000


def copy(
    plan: Plan, sound: Sound, source: Path, folder: Path, *, rate: int, layout: str, halt: sandbox.Halt | None
) -> tuple[Plan, Sound, Path]:
    """A sound track of one layout ('stereo', '5.1') and rate throughout, with the times of the original, as a file in
    `folder`; and the plan and track to read it with. Raises as `sandbox.run` does."""
    target = folder / "even.mka"
    channels = 6 if layout == "5.1" else 2
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
    argv += ["-map", f"0:{sound.index}", "-map_metadata", "-1", "-map_chapters", "-1"]
    argv += ["-af", f"aformat=sample_fmts=s16:sample_rates={rate}:channel_layouts={layout}"]
    argv += ["-c:a", "flac", "-compression_level", "1", "-f", "matroska", str(target)]
    seconds = float(plan.facts.duration)
    limits = sandbox.Limits(
        file_size=int(seconds * channels * _BYTES) + 64 * 1024**2,
        cpu=int(600 + seconds),
        wall=1200 + seconds * 2,
    )
    what = f"Evening sound track {sound.index}"
    sandbox.run(argv, what=what, read=[source], write=[folder], limits=limits, halt=halt)
    even = replace(sound, index=0, codec="flac", channels=channels, sample_rate=rate, layout=layout)
    return replace(plan, facts=replace(plan.facts, demuxer="matroska", indexed=True)), even, target
