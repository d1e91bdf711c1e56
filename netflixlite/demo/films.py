"""Make source files: painted layers, drawn frames or ffmpeg's generators, with titles, credits and music.

Layers are handed to ffmpeg as raw pixels and moved by it: one frame of 960x540 with six layers costs about a
millisecond, because every layer is converted once and then only looped (`loop`), not decoded for each frame.
"""

import math
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import imageio_ffmpeg
from PIL import Image

from netflixlite.demo import frames, lettering, score
from netflixlite.demo.content import Film, Music, Shot
from netflixlite.demo.paint import Canvas, Layer
from netflixlite.demo.scenes import PAINTERS

WIDTH, HEIGHT, FPS = 960, 540, 24
#: How much farther than the frame a moving layer reaches: what the quickest one covers in the longest film.
SPAN = 5200
TITLE_AT, TITLE_FOR, CREDITS_FOR = 1.0, 4.2, 5.0
#: One film takes seconds; ten minutes mean that the machine is in trouble.
TIMEOUT = 600

#: MP4 writes languages in three letters.
_ISO = {"en": "eng", "fr": "fra"}
_TEXTURES = {
    "wind": "anoisesrc=c=pink:r=16000:a=0.5,lowpass=f=420,tremolo=f=0.12:d=0.7,volume=0.5",
    "rain": "anoisesrc=c=white:r=16000:a=0.2,highpass=f=1200,lowpass=f=5000,volume=0.16",
    "sea": "anoisesrc=c=pink:r=16000:a=0.5,lowpass=f=900,tremolo=f=0.14:d=0.85,volume=0.45",
    "hiss": "anoisesrc=c=brown:r=16000:a=0.5,lowpass=f=260,volume=0.55",
}


class CannotMake(RuntimeError):
    """ffmpeg would not make a film; the text is the last it said."""


@dataclass(slots=True)
class _Inputs:
    """Arguments for ffmpeg's inputs, as they are gathered; `folder` takes the raw pictures."""

    folder: Path
    argv: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, *argv: str) -> int:
        self.argv += argv
        self.count += 1
        return self.count - 1

    def picture(self, image: Image.Image) -> int:
        """A still picture as raw pixels: nothing to compress, nothing to decode."""
        mode = "rgba" if image.mode == "RGBA" else "rgb24"
        path = self.folder / f"{self.count}.raw"
        path.write_bytes(image.tobytes())
        size = f"{image.width}x{image.height}"
        return self.add("-f", "rawvideo", "-pix_fmt", mode, "-s", size, "-r", str(FPS), "-i", f"file:{path}")


def make(film: Film, target: Path, folder: Path, *, credits: Sequence[tuple[str, str]] = ()) -> None:
    """Make the source file of a film at `target`, subtitles within. `folder` is for work in progress.

    Raises `CannotMake`.
    """
    chance = Random(f"{film.key}:{film.shots[0].seed}")  # noqa: S311 (art, not secrets)
    inputs = _Inputs(folder)
    graph: list[str] = []
    each = film.seconds / len(film.shots)
    piped: Iterator[Image.Image] | None = None
    for n, shot in enumerate(film.shots):
        if shot.kind == "scene":
            chain = _scene(shot, each, inputs, graph, n)
        elif shot.kind == "frames":
            canvas = _canvas(shot, 0)
            piped = frames.play(frames.ANIMATORS[shot.what], canvas, each)
            pixels = (
                "-f",
                "rawvideo",
                "-pix_fmt",
                "rgb24",
                "-s",
                f"{WIDTH}x{HEIGHT}",
                "-r",
                str(frames.RATE),
            )
            chain = f"[{inputs.add(*pixels, '-i', 'pipe:0')}:v]fps={FPS}"
        else:
            made = inputs.add("-f", "lavfi", "-i", source(shot, seconds=each))
            chain = f"[{made}:v]{grade(shot)},fps={FPS},scale={WIDTH}:{HEIGHT}:flags={_scaler(shot)}"
        fades = f"fade=t=in:d=0.7,fade=t=out:st={each - 0.7:.2f}:d=0.7"
        graph.append(f"{chain},trim=duration={each:.3f},setsar=1,format=yuv420p,{fades}[s{n}]")
    joined = "".join(f"[s{n}]" for n in range(len(film.shots)))
    graph.append(f"{joined}concat=n={len(film.shots)}:v=1:a=0[film]")
    _cards(film, credits, inputs, graph)
    _sound(film.music, film.seconds, chance, inputs, graph)
    words = _words(film, inputs)
    argv = [
        *(imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-v", "error", "-y"),
        *inputs.argv,
        *("-filter_complex", ";".join(graph), "-map", "[video]", "-map", "[audio]", "-t", str(film.seconds)),
        *("-c:v", "libx264", "-preset", "ultrafast", "-crf", "17", "-g", "96", "-pix_fmt", "yuv420p"),
        *words,
        *("-c:a", "aac", "-b:a", "128k", "-metadata:s:a:0", "language=eng", "-movflags", "+faststart"),
        f"file:{target}",
    ]
    _run(argv, piped)
    for path in folder.glob("*.raw"):
        path.unlink()


def _words(film: Film, inputs: _Inputs) -> list[str]:
    """Subtitle tracks, as arguments for ffmpeg's output."""
    argv = []
    for n, language in enumerate(film.subtitles):
        path = inputs.folder / f"{language}.srt"
        path.write_text(subtitles(film, language), encoding="utf-8")
        argv += [
            "-map",
            f"{inputs.add('-i', f'file:{path}')}:s",
            f"-metadata:s:s:{n}",
            f"language={_ISO[language]}",
        ]
    return [*argv, "-c:s", "mov_text"] if argv else []


def _canvas(shot: Shot, span: int) -> Canvas:
    return Canvas(WIDTH, HEIGHT, span, shot.palette, Random(shot.seed))  # noqa: S311 (art, not secrets)


def _scene(shot: Shot, seconds: float, inputs: _Inputs, graph: list[str], n: int) -> str:
    """Layers over a backdrop, each moved by an expression of time."""
    scene = PAINTERS[shot.what](_canvas(shot, SPAN))
    back, layers = scene.back.convert("RGB"), list(scene.layers)
    while layers and layers[0].still:
        back.paste(layers[0].image, layers[0].place(0), layers[0].image)
        layers.pop(0)
    graph.append(f"[{inputs.picture(back)}:v]format=yuv420p,loop=-1:1:0[b{n}_0]")
    before = f"b{n}_0"
    for number, whole in enumerate(layers, start=1):
        layer = _needed(whole, seconds)
        graph.append(f"[{inputs.picture(layer.image)}:v]format=yuva420p,loop=-1:1:0[l{n}_{number}]")
        after = f"b{n}_{number}"
        graph.append(f"[{before}][l{n}_{number}]overlay=x='{_across(layer)}':y='{_down(layer)}'[{after}]")
        before = after
    return f"[{before}]null"


def _needed(layer: Layer, seconds: float) -> Layer:
    """A layer without what the frame will never show and without its empty margins: each pixel costs every frame."""
    image = layer.image
    reach = WIDTH + math.ceil(-layer.vx * seconds - layer.x + abs(layer.sway[0])) + 4
    if layer.vx < 0 and image.width > reach > WIDTH:
        image = image.crop((0, 0, reach, image.height))
    box = image.getchannel("A").getbbox()
    if layer.wrap or box is None:
        return replace(layer, image=image)
    # Even places: the film has one colour for each 2 x 2 pixels, and a layer must not change its grid.
    left, top = box[0] // 2 * 2, box[1] // 2 * 2
    return replace(layer, image=image.crop((left, top, *box[2:])), x=layer.x + left, y=layer.y + top)


def _across(layer: Layer) -> str:
    return f"{layer.x:.1f}+{layer.vx:.2f}*t+{layer.sway[0]:.1f}*sin(6.2832*t/{layer.sway[2]:.2f})"


def _down(layer: Layer) -> str:
    swing = f"{layer.sway[1]:.1f}*sin(6.2832*t/{layer.sway[2]:.2f})"
    if layer.wrap:
        return f"{layer.y:.1f}-{layer.wrap}+mod(mod({layer.vy:.2f}*t,{layer.wrap})+{layer.wrap},{layer.wrap})+{swing}"
    return f"{layer.y:.1f}+{layer.vy:.2f}*t+{swing}"


def source(shot: Shot, *, seconds: float) -> str:
    """ffmpeg's own generator for a shot, at the small size that it is made in."""
    p = shot.palette
    recipes = {
        "mandelbrot": (
            f"mandelbrot=size=480x270:rate=12:maxiter=300:start_scale=2.2:end_scale=0.0012:end_pts={seconds * 12:.0f}"
            ":start_x=-0.743643887037151:start_y=-0.13182590420533:inner=mincol"
        ),
        "life": (
            f"life=s=192x108:rate=8:mold=9:ratio=0.13:seed={shot.seed}"
            f":life_color={p.light}:death_color={p.ink}:mold_color={p.near}"
        ),
        "cellauto": f"cellauto=s=240x135:rate=12:rule=110:random_seed={shot.seed}:ratio=0.03:start_full=1",
        "gradients": (
            f"gradients=s=480x270:rate=12:n=5:c0={p.top}:c1={p.low}:c2={p.light}:c3={p.far}:c4={p.near}"
            f":speed=0.012:type=spiral:seed={shot.seed}"
        ),
    }
    return recipes[shot.what]


def grade(shot: Shot) -> str:
    """How a generator's colours become the film's."""
    if shot.what == "mandelbrot":
        # Its own rainbow is garish: its brightness alone, through night blue and embers.
        return (
            "format=gray,format=gbrp,curves=r='0/0.02 0.35/0.07 0.62/0.85 1/1'"
            ":g='0/0.03 0.35/0.2 0.62/0.5 1/0.95':b='0/0.1 0.35/0.5 0.62/0.3 1/0.8'"
        )
    if shot.what == "cellauto":
        return "format=gbrp," + _ramp(shot.palette.ink, shot.palette.far)
    return "null"


def _ramp(dark: str, light: str) -> str:
    """Black becomes `dark`, white `light`."""
    low, high = (tuple(int(colour[n : n + 2], 16) for n in (1, 3, 5)) for colour in (dark, light))
    return "lutrgb=" + ":".join(
        f"{name}='{a}+val*{(b - a) / 255:.4f}'" for name, a, b in zip("rgb", low, high, strict=True)
    )


def _scaler(shot: Shot) -> str:
    return "neighbor" if shot.what in ("life", "cellauto") else "bicubic"


def footage_still(source: Path, at: float, folder: Path) -> Image.Image:
    """The frame of real footage at `at` seconds, at its own size."""
    path = folder / "footage.png"
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-v", "error", "-y", "-ss", str(at)]
    argv += ["-i", f"file:{source}", "-frames:v", "1", f"file:{path}"]
    _run(argv, None)
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    path.unlink()
    return picture


def still(shot: Shot, size: tuple[int, int], folder: Path, *, at: float = 12.0) -> Image.Image:
    """A picture of a shot at any size, painted anew for it, so that posters are as sharp as their paper."""
    canvas = Canvas(*size, 0, shot.palette, Random(shot.seed))  # noqa: S311 (art, not secrets)
    if shot.kind == "scene":
        return PAINTERS[shot.what](canvas).still(0)
    if shot.kind == "frames":
        frame = frames.ANIMATORS[shot.what](canvas)
        return [frame(n * 0.5) for n in range(round(at * 2) + 1)][-1].convert("RGB")
    path = folder / "still.png"
    made, grading = source(shot, seconds=30), grade(shot)
    if shot.what == "mandelbrot":
        made, at = made.replace("480x270", "1440x810").replace("start_scale=2.2", "start_scale=0.011"), 0
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-v", "error", "-y", "-f", "lavfi", "-i", made]
    argv += [
        "-vf",
        f"trim=start={at},{grading},scale=1920:1080:flags={_scaler(shot)}",
        "-frames:v",
        "1",
        f"file:{path}",
    ]
    _run(argv, None)
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    path.unlink()
    return cover(picture, size)


def cover(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The middle of a picture, filling a frame of another shape."""
    factor = max(size[0] / picture.width, size[1] / picture.height)
    wide, high = round(size[0] / factor), round(size[1] / factor)
    left, top = (picture.width - wide) // 2, (picture.height - high) // 2
    box = (left, top, left + wide, top + high)
    return picture.resize(size, Image.Resampling.LANCZOS, box=box)


def _cards(film: Film, credits: Sequence[tuple[str, str]], inputs: _Inputs, graph: list[str]) -> None:
    """The title over the opening and the credits over a darkened end."""
    card = inputs.picture(lettering.title_card((WIDTH, HEIGHT), film.name, film.over))
    length = round(TITLE_FOR * FPS)
    graph.append(
        f"[{card}:v]format=yuva420p,loop={length}:1:0,fade=t=in:d=0.8:alpha=1,"
        f"fade=t=out:st={TITLE_FOR - 0.8}:d=0.8:alpha=1,setpts=PTS+{TITLE_AT}/TB[title]"
    )
    last = "[film][title]overlay=eof_action=pass"
    if not credits:
        graph.append(f"{last}[video]")
        return
    start = film.seconds - CREDITS_FOR
    names = inputs.picture(lettering.credits_card((WIDTH, HEIGHT), list(credits)))
    graph.append(f"{last},eq=brightness=-0.13:enable='gte(t,{start - 0.3:.2f})'[dim]")
    graph.append(
        f"[{names}:v]format=yuva420p,loop={round(CREDITS_FOR * FPS)}:1:0,fade=t=in:d=0.6:alpha=1,"
        f"fade=t=out:st={CREDITS_FOR - 0.8}:d=0.7:alpha=1,setpts=PTS+{start:.2f}/TB[names]"
    )
    graph.append("[dim][names]overlay=eof_action=pass[video]")


def _sound(music: Music | None, seconds: int, chance: Random, inputs: _Inputs, graph: list[str]) -> None:
    """The composed loop, wide and with some room, over a bed of wind, rain or sea."""
    if music is None:
        graph.append(f"anullsrc=r=48000:cl=stereo,atrim=duration={seconds}[audio]")
        return
    path = inputs.folder / "loop.wav"
    score.compose(path, music, chance)
    loop = inputs.add("-stream_loop", "-1", "-i", f"file:{path}")
    tail = f"afade=t=in:d=1.5,afade=t=out:st={seconds - 3}:d=3,atrim=duration={seconds}[audio]"
    room = "aecho=0.85:0.7:90|170:0.28|0.18"
    wide = "asplit[le][ri];[ri]adelay=17[re];[le][re]join=inputs=2:channel_layout=stereo,aresample=48000"
    if music.texture:
        graph.append(f"[{loop}:a]{room}[dry];{_TEXTURES[music.texture]}[bed]")
        graph.append(f"[dry][bed]amix=inputs=2:duration=first:normalize=0,{wide},{tail}")
    else:
        graph.append(f"[{loop}:a]{room},{wide},{tail}")


def _run(argv: list[str], piped: Iterator[Image.Image] | None) -> None:
    """Run ffmpeg, feeding it frames if there are any. Raises `CannotMake`."""
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        try:
            if piped is not None and process.stdin is not None:
                with suppress(BrokenPipeError):
                    for image in piped:
                        process.stdin.write(image.convert("RGB").tobytes())
            _out, said = process.communicate(timeout=TIMEOUT)
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise CannotMake(
            said.decode(errors="replace").strip()[-600:] or f"ffmpeg ended with {process.returncode}"
        )


def subtitles(film: Film, language: str) -> str:
    """SubRip subtitles: a narrator's lines, spread over the film between title and credits."""
    told = _NARRATION.get((film.key, language)) or _NARRATION["", "en"]
    first, last = TITLE_AT + TITLE_FOR + 0.6, film.seconds - CREDITS_FOR - 0.4
    each = (last - first) / len(told)
    blocks = []
    for n, line in enumerate(told):
        start = first + n * each
        end = start + min(each * 0.86, 5.5)
        blocks.append(f"{n + 1}\n{_clock(start)} --> {_clock(end)}\n{line}\n")
    return "\n".join(blocks)


def _clock(seconds: float) -> str:
    whole = round(seconds * 1000)
    return f"{whole // 3600000:02d}:{whole // 60000 % 60:02d}:{whole // 1000 % 60:02d},{whole % 1000:03d}"


_NARRATION: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "en"): (
        "Listen. It has already begun.",
        "Nobody remembers who was here first.",
        "What they left behind is still moving.",
        "And so, for a little while longer, we watched.",
    ),
    ("the-long-dusk", "en"): (
        "On the first evening nobody noticed.",
        "The sun went down to the ridge, and there it stopped.",
        "My brother would have timed it. He timed everything.",
        "Forty years ago we set a marker on each of these tops.",
        "I said: I will come back for them. He said: no, you won't.",
        "The sand keeps its own map. You walk on it, you do not read it.",
        "Somewhere ahead, a bell. Or somebody being a bell.",
        "I have been told that one light is enough to walk by.",
        "They never tell you which one.",
        "In the wood the evening was thicker, like something poured.",
        "I found his mark on the ninth tree. It was still wet.",
        "You are late, it said. I am, I said.",
        "And then, without any hurry at all, it was night.",
    ),
    ("the-long-dusk", "fr"): (
        "Le premier soir, personne n'a rien remarqué.",
        "Le soleil est descendu jusqu'à la crête, puis il s'est arrêté.",
        "Mon frère l'aurait chronométré. Il chronométrait tout.",
        "Il y a quarante ans, nous avons posé une borne sur chaque sommet.",
        "J'ai dit : je reviendrai les chercher. Il a dit : non.",
        "Le sable tient sa propre carte. On la foule, on ne la lit pas.",
        "Quelque part devant, une cloche. Ou quelqu'un qui fait la cloche.",
        "On m'a dit qu'une seule lumière suffit pour marcher.",
        "On ne dit jamais laquelle.",
        "Dans le bois, le soir était plus épais, comme versé.",
        "J'ai trouvé sa marque sur le neuvième arbre. Elle était fraîche.",
        "Tu es en retard, disait-elle. C'est vrai, ai-je répondu.",
        "Et puis, sans se presser du tout, la nuit fut là.",
    ),
    ("paper-forest", "en"): (
        "Once upon a desk, when the lamp was warm,",
        "a scrap looked up and said: is that a tree?",
        "It is now, said the lamp.",
    ),
    ("neon-rain", "en"): (
        "They pay me to say what a memory is worth.",
        "Most of them are worth less than the umbrella.",
        "This one had my kitchen in it. My mother, humming.",
        "I have never sold anything. I checked the signature twice.",
        "It was dated tomorrow.",
    ),
    ("green-fire", "en"): (
        "Night nine. Minus thirty-one. The stove is singing.",
        "People think it is silent up there. It is only far away.",
        "My grandmother whistled to bring it closer.",
        "I do not whistle. I wait, and I keep the lens warm.",
        "There. Now. Do not say anything.",
    ),
    ("thousand-lanterns", "en"): (
        "You still fold the corners the wrong way round.",
        "You still tell me so.",
        "Nine years, and we say this.",
        "Let go of it first. Then say the other thing.",
        "All right. On three.",
    ),
    ("starling", "en"): (
        "On the tape it is only weather.",
        "A thousand wings are one long breath.",
        "I used to hear each of them.",
        "Now I watch the shape and guess the sound.",
    ),
}
