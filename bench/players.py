"""Programs that are not ours at a session's addresses: what each does when the node in use dies, hangs or is drained.

    make bench NAME=players [ARGS='--quick']

ffmpeg, GStreamer and VLC play HLS and DASH from two real nodes, at the pace of the film, all at once and each with a
session of its own; the node of all of them fails after some seconds. A program that is not installed is left out, and
the report says so. `docs/players.md` tells what to make of it; browsers' players are in `bench/failover.py`.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import imageio_ffmpeg

from bench import _report
from bench._stage import Stage

FACES = ("hls", "dash")
FAULTS = ("none", "killed", "frozen", "drained")
RATE = 24
#: GStreamer and ffmpeg give pictures of 16 by 9 grey pixels; VLC's are those of the lowest rendition, with a line each.
SMALL, VLC = 16 * 9, 426 * 240 * 3 // 2 + len("FRAME\n")
#: Each node's line, in bit/s: six programs share it, and none can have the film whole before anything happens.
LINE = 12_000_000
#: A pause is noted from this many seconds on.
PAUSE = 0.5


def ffmpeg(url: str, picture: Path) -> list[str]:
    """At the film's pace, with sound; reading as it goes, as ffmpeg does."""
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", "-v", "error", "-y", "-re", "-i", url]
    argv += ["-map", "0:v:0", "-vf", "scale=16:9", "-pix_fmt", "gray", "-flush_packets", "1"]
    return [*argv, "-f", "rawvideo", str(picture), "-map", "0:a:0", "-f", "null", "-"]


def gstreamer(url: str, picture: Path) -> list[str]:
    """playbin3, as gst-play and many set-top boxes use it."""
    looks = "videoconvert ! videoscale ! video/x-raw,format=GRAY8,width=16,height=9"
    argv = ["gst-launch-1.0", "-q", "playbin3", f"uri={url}", "flags=video+audio"]
    return [
        *argv,
        f"video-sink={looks} ! filesink sync=true location={picture}",
        "audio-sink=fakesink sync=true",
    ]


def vlc(url: str, picture: Path) -> list[str]:
    """Without a window; its picture goes to a file at the film's pace."""
    argv = ["cvlc", "-I", "dummy", "--play-and-exit", "--no-video-title-show", "--adaptive-logic=lowest"]
    return [*argv, "--vout=yuv", f"--yuv-file={picture}", "--aout=adummy", url]


PROGRAMS: dict[str, tuple[Callable[[str, Path], list[str]], int]] = {
    "ffmpeg": (ffmpeg, SMALL),
    "GStreamer": (gstreamer, SMALL),
    "VLC": (vlc, VLC),
}


@dataclass
class Viewing:
    """One program with one face, and when each of its pictures came."""

    name: str
    face: str
    session: dict[str, Any]
    home: Path
    moments: list[float] = field(default_factory=list)
    process: subprocess.Popen[str] | None = None
    stopped: bool = False

    def start(self) -> None:
        """Play."""
        argv, size = PROGRAMS[self.name]
        picture = self.home / "picture"
        threading.Thread(target=self._look, args=(picture, size), daemon=True).start()
        url = str(self.session[self.face])
        with (self.home / "log").open("w") as log:
            humble = _nobody(self.home) if self.name == "VLC" else {}
            self.process = subprocess.Popen(argv(url, picture), stdout=log, stderr=log, text=True, **humble)

    def _look(self, picture: Path, size: int) -> None:
        while not self.stopped:
            count = picture.stat().st_size // size if picture.exists() else 0
            self.moments += [time.time()] * (count - len(self.moments))
            time.sleep(0.05)

    def stop(self) -> None:
        """End it."""
        self.stopped = True
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        (self.home / "picture").unlink(missing_ok=True)

    @property
    def longest_pause(self) -> float:
        """Seconds between two pictures at most; 0 below what is noted."""
        steps = [later - sooner for sooner, later in zip(self.moments, self.moments[1:], strict=False)]
        longest = max(steps, default=0.0)
        return longest if longest >= PAUSE else 0.0


def _nobody(home: Path) -> dict[str, Any]:
    """VLC refuses to run as root."""
    if os.geteuid():
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    more = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    return more | {"env": os.environ | {"HOME": str(home)}}


def installed() -> list[str]:
    """The programs that are here; says which are not."""
    found = []
    for name, (argv, _size) in PROGRAMS.items():
        program = argv("", Path())[0]
        if shutil.which(program):
            found.append(name)
        else:
            print(f"NO {name.upper()} IS INSTALLED ({program}): it is left out")
    return found


def watch(
    fault: str, programs: list[str], folder: Path, *, sooner: float, after: float
) -> list[list[object]]:
    """Play with all at once; `sooner` seconds after the start their node fails, and they are watched `after` more."""
    with Stage(nodes=2, rate_bps=LINE) as stage:
        viewings = []
        for name in programs:
            for face in FACES:
                home = folder / f"{fault}-{name}-{face}"
                home.mkdir(mode=0o755)
                viewings.append(Viewing(name, face, _at_first_node(stage), home))
        stage.clear()
        for one in viewings:
            one.start()
        deadline = time.time() + 30
        while not all(one.moments for one in viewings) and time.time() < deadline:
            time.sleep(0.1)
        time.sleep(sooner)
        at = {"none": time.time, "killed": lambda: stage.kill("n1"), "frozen": lambda: stage.freeze("n1"),
              "drained": lambda: stage.evacuate("node", "n1")}[fault]()  # fmt: skip
        time.sleep(after)
        log, now = stage.log(), time.time()
        for one in viewings:
            one.stop()
    return [_row(one, fault, at, now, log) for one in viewings]


def _at_first_node(stage: Stage) -> dict[str, Any]:
    """A session whose first node is the one that will fail."""
    stage.session_key = stage.operator("sign_in")[
        "session"
    ]  # each on a device of its own: one that opens again leaves
    for _ in range(40):
        session = stage.session()
        if session["nodes"][0]["base_url"] == stage.nodes["n1"].base_url:
            return session
        stage.end_session(session)
    raise RuntimeError("steering never put n1 first")


def _row(one: Viewing, fault: str, at: float, now: float, log: list[dict[str, Any]]) -> list[object]:
    # A session's key begins with its id, and so does what a token says of it, after three bytes.
    mark = str(one.session["hls"]).split("/s/")[1][:20]
    mine = [entry for entry in log if mark in entry["path"]]
    media = [entry for entry in mine if entry["kind"] in ("video", "audio")]
    later = sorted({entry["door"] for entry in media if entry["first"] > at + 1 and entry["sent"]})
    asked = sum("steering" in entry["path"] for entry in mine)
    before = sorted({entry["door"] for entry in media if entry["at"] <= at})
    shown, pause = f"{len(one.moments) / RATE:.0f}", f"{one.longest_pause:.1f}"
    return [
        one.name,
        one.face,
        fault,
        shown,
        pause,
        ",".join(before),
        ",".join(later),
        asked,
        _end(one, at, now),
    ]


def _end(one: Viewing, at: float, now: float) -> str:
    """What became of it: seconds count from the fault."""
    if not one.moments:
        return f"shows nothing: {(one.home / 'log').read_text(errors='replace')[-200:]!r}"
    if now - one.moments[-1] < 2:
        return "plays on"
    code = one.process.returncode if one.process else None
    end = "stands still" if code == -signal.SIGKILL else f"ends with code {code}"
    return f"{end}, last picture {one.moments[-1] - at:+.0f} s"


def main() -> None:
    """Run it and print the table."""
    options = _report.arguments("Programs that are not ours, when the node in use fails.", parts=FAULTS)
    sooner, after = (5.0, 25.0) if options.quick else (10.0, 75.0)
    faults = [options.part] if options.part else ["killed"] if options.quick else list(FAULTS)
    programs = installed()
    rows: list[list[object]] = []
    with tempfile.TemporaryDirectory(prefix="nl-players-") as name:
        Path(name).chmod(0o755)
        for fault in faults:
            print(f"{fault} …", flush=True)
            rows += watch(fault, programs, Path(name), sooner=sooner, after=after)
    head = (
        "program",
        "face",
        "fault",
        "shown s",
        "longest pause s",
        "from, before",
        "from, after",
        "steering asked",
        "end",
    )
    _report.table(head, rows)
    figures = {f"{row[0]}_{row[1]}_{row[2]}_shown_s".lower(): float(str(row[3])) for row in rows}
    _report.finish("players", figures, {}, as_json=options.json)


if __name__ == "__main__":
    main()
