"""Type: the interface's own two families, set into posters, title cards and end credits."""

from functools import cache
from pathlib import Path

from django.conf import settings
from PIL import Image, ImageDraw, ImageFont

from netflixlite.demo.paint import blur, rgb

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
_PLACES = {
    "bebas": (
        "static/vendor/fonts/bebas-neue.woff2",
        "node_modules/@fontsource/bebas-neue/files/bebas-neue-latin-400-normal.woff2",
    ),
    "inter": (
        "static/vendor/fonts/inter.woff2",
        "node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
    ),
    "italic": ("node_modules/@fontsource-variable/inter/files/inter-latin-wght-italic.woff2",),
}


@cache
def font(family: str, size: int, weight: int = 400) -> Font:
    """'bebas', 'inter' or 'italic' in pixels; Pillow's own face where the typefaces have not been fetched."""
    for place in _PLACES[family]:
        path = Path(settings.BASE_DIR) / place
        if path.is_file():
            try:
                face = ImageFont.truetype(str(path), size)
                if family != "bebas":
                    face.set_variation_by_axes([weight])
            except OSError:
                continue
            return face
    return ImageFont.load_default(size)


def width_of(text: str, face: Font, tracking: float = 0) -> float:
    """How wide a line is, in pixels, with `tracking` pixels after each letter but the last."""
    return face.getlength(text) + tracking * max(0, len(text) - 1)


def write(
    pen: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    face: Font,
    fill: tuple[int, ...] | int,
    *,
    tracking: float = 0,
    anchor: str = "m",
) -> None:
    """Set a line; `anchor` l, m or r says what x is, y is the middle of the capitals."""
    wide = width_of(text, face, tracking)
    x = at[0] - {"l": 0.0, "m": wide / 2, "r": wide}[anchor]
    if not tracking:
        pen.text((x, at[1]), text, font=face, fill=fill, anchor="lm")
        return
    for letter in text:
        pen.text((x, at[1]), letter, font=face, fill=fill, anchor="lm")
        x += face.getlength(letter) + tracking


def fit(
    text: str, family: str, width: float, *, most: int, weight: int = 400, tracking: float = 0
) -> tuple[Font, int]:
    """The largest size, up to `most` pixels, at which a line is no wider than `width`. Tracking is in ems."""
    trial = font(family, 100, weight)
    natural = width_of(text, trial, tracking * 100)
    size = max(8, min(most, int(100 * width / max(1.0, natural))))
    return font(family, size, weight), size


def lines_of(name: str, most: int) -> list[str]:
    """A title broken into at most `most` lines of similar length; small words stay with what follows."""
    words = name.split()
    best = [name]
    for count in range(2, min(most, len(words)) + 1):
        options = _breaks(words, count)
        candidate = min(options, key=lambda lines: (max(len(line) for line in lines), _hanging(lines)))
        if max(map(len, candidate)) < max(map(len, best)) * 0.86:
            best = candidate
    return best


def _breaks(words: list[str], count: int) -> list[list[str]]:
    if count == 1:
        return [[" ".join(words)]]
    return [
        [" ".join(words[:first]), *rest]
        for first in range(1, len(words) - count + 2)
        for rest in _breaks(words[first:], count - 1)
    ]


def _hanging(lines: list[str]) -> int:
    return sum(line.split()[-1].lower() in ("the", "a", "of", "from") for line in lines)


def with_shadow(
    image: Image.Image, mask: Image.Image, colour: str | Image.Image, *, dark: str, depth: float
) -> Image.Image:
    """Put letters on a picture over a soft shadow of themselves."""
    shadow = blur(mask, depth).point([min(255, round(level * 1.1)) for level in range(256)])
    image = Image.composite(
        Image.new("RGB", image.size, rgb(dark)),
        image,
        shadow.point([level * 6 // 10 for level in range(256)]),
    )
    face = colour if isinstance(colour, Image.Image) else Image.new("RGB", image.size, rgb(colour))
    return Image.composite(face, image, mask)


def title_card(size: tuple[int, int], name: str, over: str) -> Image.Image:
    """The film's title for its opening, white on nothing, with a soft shadow to be read on anything."""
    width, height = size
    mask = Image.new("L", size)
    pen = ImageDraw.Draw(mask)
    lines = lines_of(name.upper(), 2)
    longest = max(lines, key=len)
    face, points = fit(longest, "bebas", width * 0.72, most=round(height * 0.21), tracking=0.05)
    top = height * 0.5 - (len(lines) - 1) * points * 0.47
    for n, line in enumerate(lines):
        write(pen, (width / 2, top + n * points * 0.94), line, face, 255, tracking=points * 0.05)
    if over:
        small = font("inter", round(height * 0.029), 500)
        write(
            pen,
            (width / 2, top + len(lines) * points * 0.94 - points * 0.12 + height * 0.02),
            over,
            small,
            230,
            tracking=height * 0.003,
        )
    return _on_nothing(mask, height * 0.02)


def credits_card(size: tuple[int, int], lines: list[tuple[str, str]]) -> Image.Image:
    """End credits: (what, who) in two columns."""
    width, height = size
    mask = Image.new("L", size)
    pen = ImageDraw.Draw(mask)
    gap = min(height * 0.085, height * 0.7 / max(1, len(lines)))
    y = height / 2 - gap * (len(lines) - 1) / 2
    left, right = font("inter", round(height * 0.028), 400), font("inter", round(height * 0.034), 600)
    for what, who in lines:
        write(pen, (width * 0.48, y), what, left, 225, anchor="r")
        write(pen, (width * 0.52, y), who, right, 255, anchor="l")
        y += gap
    return _on_nothing(mask, height * 0.02)


def _on_nothing(mask: Image.Image, depth: float) -> Image.Image:
    """White letters with their shadow, as a picture with transparency."""
    shadow = blur(mask, depth).point([min(170, level * 2) for level in range(256)])
    alpha = Image.composite(Image.new("L", mask.size, 255), shadow, mask)
    card = Image.merge("RGB", (mask, mask, mask))
    card.putalpha(alpha)
    return card
