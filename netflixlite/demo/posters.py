"""Posters (2:3, with type) and backdrops (16:9, without): painted from the film's own pictures."""

import io
from pathlib import Path
from random import Random

from django.conf import settings
from PIL import Image, ImageDraw

from netflixlite.demo import films, lettering
from netflixlite.demo.content import DemoTitle
from netflixlite.demo.paint import grain, mix, rgb, shade, vignette

POSTER, BACKDROP = (800, 1200), (1920, 1080)


def draw(title: DemoTitle, folder: Path) -> dict[str, bytes]:
    """The 'poster' and 'backdrop' of a title as JPEG files; none for footage that is not there."""
    if not title.shots:
        return _of_footage(title, folder)
    shot = title.shots[0]
    at = 13.0 if shot.what in ("maze", "harmonograph") else 6.0
    backdrop = vignette(grain(films.still(shot, BACKDROP, folder, at=at)), 0.3)
    tall = (
        films.cover(backdrop, POSTER) if shot.kind == "source" else films.still(shot, POSTER, folder, at=at)
    )
    return {"poster": _jpeg(_poster(title, tall)), "backdrop": _jpeg(backdrop)}


def _of_footage(title: DemoTitle, folder: Path) -> dict[str, bytes]:
    """A well-chosen frame of real footage, and an upright piece of it under the name."""
    source = Path(settings.BASE_DIR) / title.film.footage if title.film else None
    if title.film is None or source is None or not source.is_file():
        return {}
    backdrop = films.footage_still(source, title.film.moment, folder)
    tall = shade(films.cover(backdrop, POSTER), bottom=0.7, colour="#1d1030")
    mask = Image.new("L", POSTER)
    pen = ImageDraw.Draw(mask)
    y = POSTER[1] - 70.0
    for line in reversed(lettering.lines_of(title.name.upper(), 2)):
        face, size = lettering.fit(line, "bebas", POSTER[0] * 0.8, most=210)
        lettering.write(pen, (POSTER[0] / 2, y - size * 0.39), line, face, 255)
        y -= size * 0.8
    named = lettering.with_shadow(tall, mask, _fill(POSTER, "#ffffff", "#ffe9b0"), dark="#1d1030", depth=18)
    return {"poster": _jpeg(named), "backdrop": _jpeg(backdrop)}


def _jpeg(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.convert("RGB").save(file, "JPEG", quality=92, subsampling=0)
    return file.getvalue()


def _poster(title: DemoTitle, picture: Image.Image) -> Image.Image:
    style = {"base": _base, "crown": _crown, "stack": _stack, "wide": _wide, "black": _black, "panel": _panel}
    return style[title.poster](title, vignette(grain(picture), 0.2))


def _bottom(title: DemoTitle, picture: Image.Image) -> Image.Image:
    """The small print at the foot."""
    width, height = picture.size
    pen = ImageDraw.Draw(picture)
    pale = rgb(mix(title.shots[0].palette.light, "#ffffff", 0.65))
    names = "   ".join(name.upper() for name, _character in title.cast[:3])
    small = lettering.font("inter", 15, 600)
    if names and lettering.width_of(names, small, 1.5) < width * 0.92:
        lettering.write(pen, (width / 2, height - 74), names, small, pale, tracking=1.5)
    made = f"WRITTEN BY {title.writer}   ·   DIRECTED BY {title.director}".upper()
    face, _size = lettering.fit(made, "bebas", width * 0.86, most=25, tracking=0.08)
    lettering.write(pen, (width / 2, height - 42), made, face, pale, tracking=1.8)
    return picture


def _tagline(picture: Image.Image, title: DemoTitle, y: float, colour: str) -> Image.Image:
    """The tagline, centred on y, readable on whatever is behind it."""
    width, dark = picture.width, title.shots[0].palette.ink
    face, size = lettering.fit(title.tagline, "inter", width * 0.84, most=28, weight=600, tracking=0.02)
    box = (0, max(0, round(y - 40)), width, min(picture.height, round(y + 40)))
    strip = picture.crop(box)
    mask = Image.new("L", strip.size)
    write = ImageDraw.Draw(mask)
    lettering.write(write, (width / 2, y - box[1]), title.tagline, face, 255, tracking=size * 0.02)
    for _ in range(2):
        strip = lettering.with_shadow(strip, mask, colour, dark=dark, depth=5)
    picture.paste(strip, box[:2])
    return picture


def _base(title: DemoTitle, picture: Image.Image) -> Image.Image:
    """A big condensed title across the foot."""
    p = title.shots[0].palette
    picture = shade(picture, bottom=0.92, colour=p.ink)
    width, height = picture.size
    lines = lettering.lines_of(title.name.upper(), 3)
    mask = Image.new("L", picture.size)
    pen = ImageDraw.Draw(mask)
    y = height - 128.0
    for line in reversed(lines):
        face, size = lettering.fit(line, "bebas", width * 0.86, most=215)
        lettering.write(pen, (width / 2, y - size * 0.37), line, face, 255)
        y -= size * 0.82
    picture = lettering.with_shadow(picture, mask, mix(p.light, "#ffffff", 0.72), dark=p.ink, depth=14)
    return _bottom(title, _tagline(picture, title, y - 16, mix(p.light, "#ffffff", 0.6)))


def _crown(title: DemoTitle, picture: Image.Image) -> Image.Image:
    """The title at the head in heavy grotesque, the picture free below."""
    p = title.shots[0].palette
    bright = sum(rgb(p.top)) > 330
    dark = mix(p.ink, p.near, 0.35) if bright else p.ink
    picture = picture if bright else shade(picture, top=0.55, bottom=0.8, colour=p.ink)
    width, _height = picture.size
    lines = lettering.lines_of(title.name, 2)
    longest = max(lines, key=len)
    face, size = lettering.fit(longest, "inter", width * 0.84, most=142, weight=850, tracking=-0.035)
    mask = Image.new("L", picture.size)
    pen = ImageDraw.Draw(mask)
    y = 96 + size * 0.45
    for line in lines:
        lettering.write(pen, (width / 2, y), line, face, 255, tracking=-0.035 * size)
        y += size * 0.98
    colour = mix(p.low, p.ink, 0.82) if bright else "#ffffff"
    picture = lettering.with_shadow(
        picture, mask, colour if bright else mix(p.light, "#ffffff", 0.8), dark=dark, depth=20
    )
    picture = _tagline(picture, title, y - size * 0.28, "#ffffff")
    if bright:
        picture = shade(picture, bottom=0.75, colour=mix(p.near, p.ink, 0.5))
    return _bottom(title, picture)


def _stack(title: DemoTitle, picture: Image.Image) -> Image.Image:
    """One word a line, each as wide as the sheet."""
    p = title.shots[0].palette
    picture = shade(picture, bottom=0.85, top=0.25, colour=p.ink)
    width, height = picture.size
    words = lettering.lines_of(title.name.upper(), 3)
    sizes = [lettering.fit(word, "bebas", width * 0.88, most=430) for word in words]
    total = sum(size * 0.78 for _face, size in sizes)
    mask = Image.new("L", picture.size)
    pen = ImageDraw.Draw(mask)
    y = height - 118 - total
    over = y - 30
    for word, (face, size) in zip(words, sizes, strict=True):
        lettering.write(pen, (width / 2, y + size * 0.39), word, face, 255)
        y += size * 0.78
    fill = _fill(picture.size, mix(p.light, "#ffffff", 0.55), p.light)
    picture = lettering.with_shadow(picture, mask, fill, dark=p.ink, depth=18)
    return _bottom(title, _tagline(picture, title, over, mix(p.light, "#ffffff", 0.7)))


def _fill(size: tuple[int, int], top: str, foot: str) -> Image.Image:
    """A fill for letters: light above, coloured below."""
    ramp = Image.linear_gradient("L").resize(size)
    return Image.composite(Image.new("RGB", size, rgb(foot)), Image.new("RGB", size, rgb(top)), ramp)


def _wide(title: DemoTitle, picture: Image.Image) -> Image.Image:
    """Light capitals with much air, in the upper third."""
    p = title.shots[0].palette
    picture = shade(picture, top=0.6, bottom=0.75, colour=p.ink)
    width, height = picture.size
    lines = lettering.lines_of(title.name.upper(), 3)
    mask = Image.new("L", picture.size)
    pen = ImageDraw.Draw(mask)
    longest = max(lines, key=len)
    face, size = lettering.fit(longest, "inter", width * 0.84, most=108, weight=300, tracking=0.16)
    y = 120 + size * 0.4
    for line in lines:
        lettering.write(pen, (width / 2, y), line, face, 255, tracking=0.16 * size)
        y += size * 1.24
    pen.rectangle([width * 0.44, y - size * 0.2, width * 0.56, y - size * 0.2 + 4], fill=255)
    picture = lettering.with_shadow(picture, mask, mix(p.light, "#ffffff", 0.85), dark=p.ink, depth=16)
    return _bottom(title, _tagline(picture, title, height - 118, mix(p.light, "#ffffff", 0.6)))


def _black(title: DemoTitle, picture: Image.Image) -> Image.Image:
    """Heavy lower case, ranged left at the foot."""
    p = title.shots[0].palette
    picture = shade(picture, bottom=0.95, colour=p.ink)
    width, height = picture.size
    lines = lettering.lines_of(title.name.lower(), 3)
    mask = Image.new("L", picture.size)
    pen = ImageDraw.Draw(mask)
    longest = max(lines, key=len)
    face, size = lettering.fit(longest, "inter", width * 0.86, most=168, weight=900, tracking=-0.05)
    y = height - 140 - (len(lines) - 0.5) * size * 0.92
    over = y - size * 0.62 - 12
    for line in lines:
        lettering.write(pen, (width * 0.065, y), line, face, 255, tracking=-0.05 * size, anchor="l")
        y += size * 0.92
    picture = lettering.with_shadow(picture, mask, mix(p.light, "#ffffff", 0.45), dark=p.ink, depth=16)
    small, _size = lettering.fit(title.tagline, "inter", width * 0.8, most=27, weight=500)
    lettering.write(
        ImageDraw.Draw(picture), (width * 0.07, over), title.tagline, small, rgb("#ffffff"), anchor="l"
    )
    return _bottom(title, picture)


def _panel(title: DemoTitle, picture: Image.Image) -> Image.Image:
    """A coloured panel under the picture, as on a paperback of the sixties."""
    p = title.shots[0].palette
    width, height = picture.size
    chance = Random(title.slug)  # noqa: S311 (art, not secrets)
    colour = mix(p.near, p.ink, 0.08) if chance.random() < 0.5 else mix(p.light, "#ffffff", 0.1)
    pen = ImageDraw.Draw(picture)
    top = round(height * 0.66)
    pen.rectangle([0, top, width, height], fill=rgb(colour))
    dark = sum(rgb(colour)) > 380
    words = rgb(mix(p.ink, "#0c0a10", 0.75) if dark else "#fffaf0")
    lines = lettering.lines_of(title.name.upper(), 2)
    room = height - top - 150
    longest = max(lines, key=len)
    face, size = lettering.fit(longest, "bebas", width * 0.84, most=round(room / len(lines) / 0.84))
    y = top + 44 + size * 0.36
    for line in lines:
        lettering.write(pen, (width * 0.075, y), line, face, words, anchor="l")
        y += size * 0.86
    small, _size = lettering.fit(title.tagline, "inter", width * 0.84, most=26, weight=600)
    lettering.write(pen, (width * 0.078, height - 92), title.tagline, small, words, anchor="l")
    made = f"DIRECTED BY {title.director}".upper()
    lettering.write(
        pen, (width * 0.078, height - 50), made, lettering.font("bebas", 24), words, tracking=2, anchor="l"
    )
    return picture
