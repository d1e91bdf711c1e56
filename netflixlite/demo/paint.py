"""Brushes: gradients, glows, silhouettes, light. Pillow only; sizes in pixels, colours as `#rrggbb`."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Point = tuple[float, float]
Rgb = tuple[int, int, int]
Box = tuple[float, float, float, float]
#: Draws onto a mask at so many times its size.
Draw = Callable[[ImageDraw.ImageDraw, int], None]


def rgb(colour: str) -> Rgb:
    """`#rrggbb` as three numbers."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mix(one: str, other: str, amount: float) -> str:
    """A colour between two: 0 is the first, 1 the second."""
    mixed = (round(a + (b - a) * amount) for a, b in zip(rgb(one), rgb(other), strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


@dataclass(frozen=True, slots=True)
class Palette:
    """Six colours of one picture: sky from top to horizon, light source, far and near matter, darkest ink."""

    top: str
    low: str
    light: str
    far: str
    near: str
    ink: str


@dataclass(slots=True)
class Canvas:
    """What a painter paints for: a frame, `span` pixels more to the right for what moves, and its own chance."""

    width: int
    height: int
    span: int
    palette: Palette
    chance: Random

    @property
    def unit(self) -> float:
        """One 'film pixel': 1 at 960x540, more on a bigger picture of any shape."""
        return math.sqrt(self.width * self.height / (960 * 540))

    @property
    def tall(self) -> bool:
        """Whether this is a poster."""
        return self.height > self.width

    def stretch(self, speed: float, seconds: float = 60) -> int:
        """How wide a layer must be that moves left at `speed` pixels a second; at most `span` more than the frame."""
        return self.width + (min(self.span, int(speed * seconds * self.unit) + 8) if self.span else 0)


@dataclass(slots=True)
class Layer:
    """A picture with transparency at (x, y), moving (vx, vy) pixels a second, swaying, or repeating downwards.

    `sway` is (pixels across, pixels down, seconds a swing). `wrap` repeats the picture when it has moved its own
    height (rain, snow, bubbles).
    """

    image: Image.Image
    x: float = 0
    y: float = 0
    vx: float = 0
    vy: float = 0
    sway: tuple[float, float, float] = (0, 0, 1)
    wrap: int = 0

    @property
    def still(self) -> bool:
        """Whether it never moves."""
        return not (self.vx or self.vy or any(self.sway[:2]) or self.wrap)

    def place(self, t: float) -> tuple[int, int]:
        """Where it is after `t` seconds."""
        across, down, period = self.sway
        swing = math.sin(2 * math.pi * t / period)
        y = self.y + self.vy * t + down * swing
        if self.wrap:
            y = self.y + (self.vy * t) % self.wrap - self.wrap
        return round(self.x + self.vx * t + across * swing), round(y)


@dataclass(slots=True)
class Scene:
    """A backdrop and the layers in front of it, farthest first."""

    back: Image.Image
    layers: list[Layer]

    def still(self, t: float = 0) -> Image.Image:
        """The picture at one moment."""
        image = self.back.convert("RGB")
        for layer in self.layers:
            image.paste(layer.image, layer.place(t), layer.image)
        return image


# Light --------------------------------------------------------------------------------------------------


def gradient(size: tuple[int, int], stops: Sequence[tuple[float, str]]) -> Image.Image:
    """A vertical gradient through (position 0 … 1, colour) stops."""
    strip = Image.new("RGB", (1, 256))
    for row in range(256):
        place = row / 255
        after = next((n for n, stop in enumerate(stops) if stop[0] >= place), len(stops) - 1)
        one, other = stops[max(0, after - 1)], stops[after]
        part = (place - one[0]) / (other[0] - one[0]) if other[0] > one[0] else 0
        strip.putpixel((0, row), rgb(mix(one[1], other[1], min(1.0, max(0.0, part)))))
    return strip.resize(size, Image.Resampling.BICUBIC)


def disc_mask(radius: int, *, power: float = 1.0) -> Image.Image:
    """A soft round mask, brightest in the middle; a higher power falls off faster."""
    small = ImageChops.invert(Image.radial_gradient("L"))
    small = small.point([round(255 * (max(0, level - 74) / 181) ** power) for level in range(256)])
    return small.resize((radius * 2, radius * 2), Image.Resampling.BILINEAR)


def glow(image: Image.Image, centre: Point, radius: float, colour: str, strength: float = 1.0) -> None:
    """Add light around a point, in place."""
    size = max(2, round(radius))
    mask = disc_mask(size, power=1.8).point([round(level * strength) for level in range(256)])
    left, top = round(centre[0]) - size, round(centre[1]) - size
    box = (max(0, left), max(0, top), min(image.width, left + size * 2), min(image.height, top + size * 2))
    if box[2] <= box[0] or box[3] <= box[1]:
        return
    mask = mask.crop((box[0] - left, box[1] - top, box[2] - left, box[3] - top))
    light = Image.composite(Image.new("RGB", mask.size, rgb(colour)), Image.new("RGB", mask.size), mask)
    image.paste(ImageChops.screen(image.crop(box), light), box[:2])


def shape(size: tuple[int, int], draw: Draw, *, smooth: int = 2) -> Image.Image:
    """A mask drawn at `smooth` times the size and brought down, so that edges are soft. `draw` gets the factor."""
    mask = Image.new("L", (size[0] * smooth, size[1] * smooth), 0)
    draw(ImageDraw.Draw(mask), smooth)
    return mask.reduce(smooth) if smooth > 1 else mask


def polygons(
    size: tuple[int, int], outlines: Iterable[Sequence[Point]], *, level: int = 255, smooth: int = 2
) -> Image.Image:
    """A mask of filled outlines."""

    def draw(pen: ImageDraw.ImageDraw, k: int) -> None:
        for outline in outlines:
            pen.polygon(scaled(outline, k), fill=level)

    return shape(size, draw, smooth=smooth)


def ellipses(size: tuple[int, int], boxes: Iterable[Box], *, level: int = 255) -> Image.Image:
    """A mask of filled ellipses, each by its (left, top, right, bottom)."""

    def draw(pen: ImageDraw.ImageDraw, k: int) -> None:
        for box in boxes:
            pen.ellipse([side * k for side in box], fill=level)

    return shape(size, draw)


def rectangles(size: tuple[int, int], boxes: Iterable[Box]) -> Image.Image:
    """A mask of filled rectangles, each by its (left, top, right, bottom)."""

    def draw(pen: ImageDraw.ImageDraw, k: int) -> None:
        for box in boxes:
            pen.rectangle([side * k for side in box], fill=255)

    return shape(size, draw)


def strokes(size: tuple[int, int], paths: Iterable[Sequence[Point]], width: float) -> Image.Image:
    """A mask of lines of one width."""

    def draw(pen: ImageDraw.ImageDraw, k: int) -> None:
        for path in paths:
            pen.line(scaled(path, k), fill=255, width=max(1, round(width * k)), joint="curve")

    return shape(size, draw)


def ink(mask: Image.Image, colour: str | Image.Image) -> Image.Image:
    """A mask filled with a colour or a picture, as a picture with transparency."""
    filled = Image.new("RGB", mask.size, rgb(colour)) if isinstance(colour, str) else colour.convert("RGB")
    filled.putalpha(mask)
    return filled


def scaled(points: Sequence[Point], factor: float) -> list[Point]:
    """Points, times a factor."""
    return [(x * factor, y * factor) for x, y in points]


def vignette(image: Image.Image, amount: float = 0.5) -> Image.Image:
    """Darker corners."""
    mask = Image.radial_gradient("L").resize(image.size, Image.Resampling.BILINEAR)
    mask = mask.point([round(max(0, level - 90) / 165 * 255 * amount) for level in range(256)])
    return Image.composite(Image.new("RGB", image.size), image, mask)


def grain(image: Image.Image, amount: float = 0.06) -> Image.Image:
    """Fine film grain, for stills only: a film with grain costs bits."""
    noise = Image.effect_noise((512, 512), 46)
    sheet = Image.new("L", image.size)
    for x in range(0, image.width, 512):
        for y in range(0, image.height, 512):
            sheet.paste(noise, (x, y))
    return Image.blend(image, ImageChops.soft_light(image, Image.merge("RGB", (sheet,) * 3)), amount * 4)


def shade(
    image: Image.Image, *, top: float = 0.0, bottom: float = 0.0, colour: str = "#000000"
) -> Image.Image:
    """Darken towards the top or the bottom edge (0 … 1), to carry words."""
    ramp = Image.linear_gradient("L").resize(image.size, Image.Resampling.BILINEAR)
    plain = Image.new("RGB", image.size, rgb(colour))
    if bottom:
        down = ramp.point(
            [round(255 * bottom * max(0.0, (level - 110) / 145) ** 1.3) for level in range(256)]
        )
        image = Image.composite(plain, image, down)
    if top:
        up = ramp.point([round(255 * top * max(0.0, (120 - level) / 120) ** 1.3) for level in range(256)])
        image = Image.composite(plain, image, up)
    return image


# Matter -------------------------------------------------------------------------------------------------


def ridge(width: int, base: float, height: float, rough: float, chance: Random) -> list[Point]:
    """A mountain line by halving: `rough` 0.35 rolls, 0.6 is jagged. Ends beyond both sides."""
    steps = 256
    line = [0.0] * (steps + 1)
    line[0], line[-1] = chance.uniform(-0.4, 0.4), chance.uniform(-0.4, 0.4)
    swing, step = 1.0, steps
    while step > 1:
        for start in range(0, steps, step):
            middle = (line[start] + line[start + step]) / 2
            line[start + step // 2] = middle + chance.uniform(-swing, swing)
        swing, step = swing * rough, step // 2
    return [(n * width / steps, base - height * value * 0.5) for n, value in enumerate(line)]


def swell(width: int, base: float, height: float, wave: float, chance: Random) -> list[Point]:
    """A smooth line of three sines: hills, dunes, water. `wave` is the longest wavelength."""
    phases = [chance.uniform(0, 7) for _ in range(3)]
    step = max(4, width // 240)
    return [
        (
            x,
            base
            - height
            * (
                0.6 * math.sin(x / wave * 6.28 + phases[0])
                + 0.28 * math.sin(x / wave * 14.3 + phases[1])
                + 0.12 * math.sin(x / wave * 31.7 + phases[2])
            ),
        )
        for x in range(0, width + step, step)
    ]


def ground(size: tuple[int, int], line: Sequence[Point]) -> Image.Image:
    """The mask of everything under a line."""
    whole = [(0, size[1]), *line, (size[0], size[1])]
    return shape(size, lambda pen, k: pen.polygon(scaled(whole, k), fill=255))


def height_at(line: Sequence[Point], x: float) -> float:
    """The line's y at x, interpolated between its points."""
    for one, other in pairwise(line):
        if one[0] <= x <= other[0] and other[0] > one[0]:
            return one[1] + (other[1] - one[1]) * (x - one[0]) / (other[0] - one[0])
    return line[-1][1]


def pine(x: float, y: float, tall: float) -> list[Point]:
    """A fir standing at (x, y)."""
    points: list[Point] = [(x, y - tall)]
    for n in range(1, 6):
        reach = tall * 0.05 * n * 1.05
        level = y - tall * (1 - n / 5.4)
        points += [(x + reach, level), (x + reach * 0.45, level - tall * 0.02)]
    left = [(2 * x - px, py) for px, py in reversed(points[1:])]
    return [*points, (x + tall * 0.03, y), (x - tall * 0.03, y), *left]


def stars(size: tuple[int, int], count: int, chance: Random, *, low: float = 0.75) -> Image.Image:
    """A mask of stars, denser and brighter above."""
    mask = Image.new("L", size)
    pen = ImageDraw.Draw(mask)
    for _ in range(count):
        x, y = chance.uniform(0, size[0]), chance.random() ** 1.4 * size[1] * low
        bright = int(40 + 215 * chance.random() ** 3)
        big = size[1] / 540 * (0.5 + (0.9 if bright > 190 else 0.25))
        pen.ellipse((x - big, y - big, x + big, y + big), fill=bright)
    return mask


def mist(
    size: tuple[int, int], chance: Random, *, grid: tuple[int, int] = (10, 6), power: float = 1.6
) -> Image.Image:
    """A soft random mask, for clouds and nebulae: three grids of chance, blurred by their own enlargement."""
    total = Image.new("L", size)
    for octave in range(3):
        cells = (grid[0] * 2**octave, grid[1] * 2**octave)
        small = Image.new("L", cells)
        small.putdata([chance.randrange(256) for _ in range(cells[0] * cells[1])])
        layer = small.resize(size, Image.Resampling.BICUBIC)
        total = layer if octave == 0 else Image.blend(total, layer, 0.42 - octave * 0.1)
    return total.point([round(255 * max(0.0, (level - 70) / 185) ** power) for level in range(256)])


def blur(image: Image.Image, radius: float) -> Image.Image:
    """Gaussian blur; big ones are done at a quarter of the size, which looks the same and costs a tenth."""
    if radius < 6:
        return image.filter(ImageFilter.GaussianBlur(radius))
    small = image.resize((max(1, image.width // 4), max(1, image.height // 4)), Image.Resampling.BILINEAR)
    return small.filter(ImageFilter.GaussianBlur(radius / 4)).resize(image.size, Image.Resampling.BICUBIC)


def ball(
    radius: int, lit: str, dark: str, *, side: float = -0.5, bands: Image.Image | None = None
) -> Image.Image:
    """A planet: a disc lit from one side (-1 left … 1 right), optionally with a texture."""
    size = radius * 2
    face = Image.new("RGB", (size, size), rgb(lit))
    if bands is not None:
        face = bands.convert("RGB").resize((size, size), Image.Resampling.BICUBIC)
    light = disc_mask(round(radius * 1.7), power=0.8)
    left = round(radius * 0.7 - side * radius * 0.75)
    light = light.crop((left, round(radius * 0.95), left + size, round(radius * 0.95) + size))
    face = Image.composite(face, Image.new("RGB", face.size, rgb(dark)), light)
    mask = shape((size, size), lambda pen, k: pen.ellipse((2, 2, size * k - 3, size * k - 3), fill=255))
    return ink(mask, face)
