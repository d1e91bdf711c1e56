"""A film that can be measured, and the package that is made of it.

Twice in each segment the picture flashes and the sound beeps, both from that very frame on; in between the picture
moves and there is silence. At 23.976 frames a second nothing falls on whole seconds.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID

from catalog import manifests
from catalog.media import encode, ladder, package, plan, probe, sound, tools, trickplay
from catalog.media.tracks import VideoTrack, Written
from catalog.types import Package
from tests.media import clips

RATE = Fraction(24000, 1001)
FRAMES = 500
#: A flash and a beep each so many frames, first at frame `FIRST`; they last two frames and 80 ms.
EVERY, FIRST = 48, 20
FLASHES = tuple(range(FIRST, FRAMES, EVERY))
WIDTH, HEIGHT = 640, 360
SRT = (
    "1\n00:00:01,000 --> 00:00:03,500\nThis is the night mail & <i>more</i>.\n\n"
    "2\n00:00:15,000 --> 00:00:18,000\nTwo.\n"
)


@dataclass(frozen=True, slots=True)
class Made:
    """A package on this disk, not published anywhere."""

    folder: Path
    manifest: bytes
    package: Package

    def rendition(self, name: str) -> Any:
        """A rendition by name."""
        return next(one for one in self.package.renditions if one.name == name)


def film(path: Path) -> Path:
    """English in 5.1 and French in stereo, subtitles, irregular keyframes, B-frames."""
    seconds = float(FRAMES / RATE)
    picture = f"testsrc2=s={WIDTH}x{HEIGHT}:r=24000/1001,eq=brightness=-0.3:contrast=0.5,"
    picture += f"drawbox=t=fill:c=white:enable='lt(mod(n+{EVERY - FIRST}\\,{EVERY})\\,2)'"
    period, early = float(EVERY / RATE), float((EVERY - FIRST) / RATE)
    beep = f"sin(2*PI*1000*t)*lt(mod(t+{early:.9f}\\,{period:.9f})\\,0.08)"
    for name, text in (("en.srt", SRT), ("fr.srt", SRT.replace("night mail", "train de nuit"))):
        (path.parent / name).write_text(text, encoding="utf-8")
    rich = "|".join(f"{share}*{beep}" for share in (0.5, 0.5, 0.7, 0, 0.2, 0.2))
    clips.ffmpeg(
        *("-f", "lavfi", "-i", picture),
        *("-f", "lavfi", "-i", f"aevalsrc={rich}:c=5.1:s=48000"),
        *("-f", "lavfi", "-i", f"aevalsrc=0.6*{beep}|0.6*{beep}:s=44100"),
        *("-i", path.parent / "en.srt", "-i", path.parent / "fr.srt"),
        *("-map", "0:v", "-map", "1:a", "-map", "2:a", "-map", "3", "-map", "4", "-t", f"{seconds:.6f}"),
        *("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=fra"),
        *("-metadata:s:s:0", "language=eng", "-metadata:s:s:1", "language=fra"),
        *("-c:v", "libx264", "-preset", "veryfast", "-threads", "1", "-pix_fmt", "yuv420p"),
        *("-c:a", "aac", "-b:a:0", "256k", "-c:s", "srt", path),
    )
    return path


class Studio:
    """Encodes a source once and packs it in several ways."""

    def __init__(self, source: Path, home: Path, video_id: UUID) -> None:
        self.source, self.home, self.video_id = source, home, video_id
        facts = probe.probe(source)
        fingerprint = tools.ffmpeg().fingerprint
        self.plan = plan.make(facts, ladder_name="light", preset="ultrafast", tool=fingerprint, first=(1, 2))
        modern = tuple(
            replace(rung, name=f"x{rung.height}", codec="av1", crf=40) for rung in self.plan.rungs[1:]
        )
        self.av1_plan = replace(self.plan, rungs=modern)
        self.wanted = sound.wanted(facts)

    def videos(self, *, av1: bool = False) -> list[VideoTrack]:
        """The picture tracks; encoded at the first call."""
        made = self.av1_plan if av1 else self.plan
        done = self.home / ("av1" if av1 else "h264")
        for chunk in made.chunks:
            if encode.finished(encode.chunk_folder(done, chunk)) is None:
                encode.make_chunk(made, chunk, source=self.source, done=done, scratch=self._scratch())
        found = [encode.finished(encode.chunk_folder(done, chunk)) for chunk in made.chunks]
        return package.plan_videos(made, [piece for piece in found if piece])

    def sounds(self) -> list[tuple[sound.Wanted, encode.Piece]]:
        """The finished sound tracks; encoded at the first call."""
        done, found = self.home / "sound", []
        for one in self.wanted:
            if encode.finished(sound.folder(done, one)) is None:
                sound.make(self.plan, one, source=self.source, done=done, scratch=self._scratch())
            piece = encode.finished(sound.folder(done, one))
            assert piece is not None
            found.append((one, piece))
        return found

    def pack(self, name: str, *, av1: bool = False, key: bytes | None = None, **more: Any) -> Made:
        """Build a package of everything."""
        folder = self.home / name
        folder.mkdir()
        videos = self.videos()
        texts = [
            Written("en", "English", _vtt("night mail")),
            Written("fr", "Français", _vtt("train de nuit"), hearing_impaired=True),
        ]
        manifest = package.build(
            video_id=self.video_id,
            videos=videos + (self.videos(av1=True) if av1 else []),
            sounds=package.plan_sounds(self.sounds()),
            texts=texts,
            sheets=trickplay.make(videos[-1], scratch=self._scratch()),
            folder=folder,
            tool=self.plan.tool,
            key=key,
            **more,
        )
        return Made(folder, manifest, manifests.parse(manifest))

    def _scratch(self) -> Path:
        scratch = self.home / "scratch"
        scratch.mkdir(exist_ok=True)
        return scratch


def _vtt(words: str) -> bytes:
    return f"WEBVTT\n\n00:00:01.000 --> 00:00:03.500\nThis is the {words}.\n".encode()


def rungs() -> tuple[str, ...]:
    """Names of the H.264 rungs that the film gets."""
    made = ladder.rungs(width=WIDTH, height=HEIGHT, rate=RATE, ladder="light")
    return tuple(rung.name for rung in made)
