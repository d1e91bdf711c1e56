"""Made by people: a city in the rain, a night train, a window of coloured glass."""

import math
from itertools import pairwise

from PIL import Image, ImageChops, ImageDraw

from netflixlite.demo.paint import (
    Canvas,
    Layer,
    Scene,
    blur,
    ellipses,
    glow,
    gradient,
    ground,
    height_at,
    ink,
    mist,
    mix,
    rgb,
    ridge,
    scaled,
    shape,
    stars,
    strokes,
)
from netflixlite.demo.scenes.land import moon


def city(c: Canvas) -> Scene:
    """Towers in coloured haze, lit windows, signs, rain, a wet street."""
    p, u = c.palette, c.unit
    back = gradient((c.width, c.height), [(0, p.top), (0.7, p.low), (1, p.light)])
    moon(
        back,
        (c.width * (0.5 if c.tall else 0.66), c.height * 0.3),
        (92 if c.tall else 70) * u,
        mix(p.light, "#ffffff", 0.2),
    )
    haze = mist(back.size, c.chance, grid=(5, 4), power=2.0).point([level // 2 for level in range(256)])
    back.paste(Image.new("RGB", back.size, rgb(p.low)), (0, 0), haze)
    layers = []
    for n in range(4):
        speed = (2, 6, 12, 24)[n]
        layers.append(Layer(_towers(c, c.stretch(speed), n), vx=-speed * u))
        if n < 3:
            fog = gradient((8, c.height), [(0, p.low), (1, mix(p.low, p.light, 0.6))]).resize(
                (c.width, c.height)
            )
            ramp = (
                Image.linear_gradient("L")
                .resize((c.width, c.height))
                .point([max(0, level - 90) * (3 - n) // 5 for level in range(256)])
            )
            layers.append(Layer(ink(ramp, fog)))
    for n in range(2):
        layers.append(_rain(c, (110, 46)[n], (26, 54)[n], (480, 720)[n]))
    return Scene(back, layers)


def _towers(c: Canvas, width: int, n: int) -> Image.Image:
    p, u, chance = c.palette, c.unit, c.chance
    colour = mix(mix(p.far, p.low, 0.4), p.ink, n / 3)
    picture = Image.new("RGBA", (width, c.height))
    pen = ImageDraw.Draw(picture)
    x = -20.0 * u
    tints = [p.light, mix(p.light, "#ffffff", 0.6), p.near, mix(p.near, "#ffffff", 0.3)]
    while x < width:
        wide = (26 + 17 * n) * u * chance.uniform(0.7, 1.7)
        top = (
            c.height * (0.24 + 0.12 * n + chance.uniform(0, 0.28))
            if chance.random() < 0.8
            else c.height * (0.14 + 0.12 * n)
        )
        pen.rectangle([x, top, x + wide, c.height], fill=(*rgb(colour), 255))
        if chance.random() < 0.4:
            pen.rectangle([x + wide * 0.3, top - 16 * u, x + wide * 0.7, top], fill=(*rgb(colour), 255))
            pen.line(
                [x + wide / 2, top - 52 * u, x + wide / 2, top],
                fill=(*rgb(colour), 255),
                width=max(1, round(2 * u)),
            )
        cell = (5.5 + 2.6 * n) * u
        fill = tints[chance.randrange(4)]
        y = top + cell
        share = 0.2 + 0.16 * chance.random()
        while y < c.height - cell:
            at = x + cell * 0.6
            while at < x + wide - cell * 0.7:
                if chance.random() < share:
                    pen.rectangle(
                        [at, y, at + cell * 0.45, y + cell * 0.62],
                        fill=(*rgb(mix(colour, fill, 0.45 + 0.5 * chance.random())), 255),
                    )
                at += cell
            y += cell * 1.35
        if n == 3 and chance.random() < 0.75:
            _sign(
                picture,
                (x + wide * 0.15, top + 30 * u * chance.uniform(1, 3)),
                (wide * 0.24, 90 * u * chance.uniform(0.8, 1.5)),
                p.near if chance.random() < 0.5 else p.light,
                u,
            )
            pen = ImageDraw.Draw(picture)
        x += wide + (2 if chance.random() < 0.8 else 26 * u)
    return picture


def _sign(
    picture: Image.Image, at: tuple[float, float], size: tuple[float, float], colour: str, u: float
) -> None:
    """A neon sign of unreadable letters, with its glow on the wall behind."""
    w, h = round(size[0] + 60 * u), round(size[1] + 60 * u)
    lines = shape((w, h), lambda pen, k: _letters(pen, k, size, u))
    alpha = picture.crop(
        (round(at[0] - 30 * u), round(at[1] - 30 * u), round(at[0] - 30 * u) + w, round(at[1] - 30 * u) + h)
    ).getchannel("A")
    halo = blur(lines, 12 * u).point([min(255, level * 2) for level in range(256)])
    halo = Image.composite(halo, Image.new("L", halo.size), alpha)
    place = (round(at[0] - 30 * u), round(at[1] - 30 * u))
    picture.paste(Image.new("RGBA", (w, h), (*rgb(colour), 255)), place, halo)
    picture.paste(Image.new("RGBA", (w, h), (*rgb(mix(colour, "#ffffff", 0.7)), 255)), place, lines)


def _letters(pen: ImageDraw.ImageDraw, k: int, size: tuple[float, float], u: float) -> None:
    left, top, wide, high = 30 * u, 30 * u, size[0], size[1]
    thick = max(1, round(2.6 * u * k))
    pen.rectangle([v * k for v in (left, top, left + wide, top + high)], outline=255, width=thick)
    rows = max(2, round(high / (wide * 0.9)))
    for n in range(rows):
        y = top + high * (n + 0.2) / rows
        tall = high / rows * 0.6
        strokes = [
            (left + wide * 0.25, y, left + wide * 0.75, y),
            (left + wide * 0.5, y, left + wide * 0.5, y + tall),
            (left + wide * 0.25, y + tall, left + wide * 0.75, y + tall),
        ]
        for stroke in strokes[: 2 + n % 2]:
            pen.line([v * k for v in stroke], fill=255, width=thick)


def _rain(c: Canvas, count: int, long: float, fall: float) -> Layer:
    u, high = c.unit, c.height
    width = c.width + round(60 * u)
    drops = [
        (c.chance.uniform(0, width), c.chance.uniform(0, high), c.chance.uniform(0.5, 1))
        for _ in range(count)
    ]
    mask = Image.new("L", (width, high * 2))
    pen = ImageDraw.Draw(mask)
    for x, y, size in drops:
        for lap in (0, high):
            pen.line(
                [x, y + lap, x - long * u * size * 0.12, y + lap + long * u * size],
                fill=round(70 + 60 * size),
                width=max(1, round(1.2 * u)),
            )
    return Layer(ink(mask, mix(c.palette.light, "#ffffff", 0.7)), x=-30 * u, vy=fall * u, wrap=high)


def train(c: Canvas) -> Scene:
    """Night country rushing past a carriage window: hills, lights, poles, and the dark of the compartment."""
    p, u = c.palette, c.unit
    back = gradient((c.width, c.height), [(0, p.top), (0.6, p.low), (1, p.far)])
    back.paste(Image.new("RGB", back.size, rgb("#ffffff")), (0, 0), stars(back.size, 240, c.chance, low=0.55))
    moon(back, (c.width * 0.6, c.height * 0.27), (52 if c.tall else 40) * u, p.light)
    layers = []
    for n in range(4):
        speed = (6, 24, 72, 120)[n]
        width = c.stretch(speed, 40)
        line = ridge(width, c.height * (0.56 + 0.07 * n), (90 - 14 * n) * u, 0.42 if n < 2 else 0.3, c.chance)
        colour = mix(mix(p.far, p.low, 0.3), p.ink, n / 3.4)
        picture = ink(ground((width, c.height), line), colour)
        if n in (1, 2):
            _lights(c, picture, line, n)
        layers.append(Layer(picture, vx=-speed * u))
    width = c.stretch(192, 40)
    poles = shape(
        (width, c.height), lambda pen, k: _poles(pen, k, width, c.height, u), smooth=1 if width > 4000 else 2
    )
    layers.append(Layer(ink(poles, mix(p.ink, "#000000", 0.3)), vx=-192 * u))
    layers.append(Layer(_window(c)))
    return Scene(back, layers)


def _lights(c: Canvas, picture: Image.Image, line: list[tuple[float, float]], n: int) -> None:
    pen = ImageDraw.Draw(picture)
    x, u = 0.0, c.unit
    while x < picture.width:
        if c.chance.random() < 0.5:
            for _ in range(c.chance.randrange(2, 8)):
                at = x + c.chance.uniform(0, 120) * u
                y, r = (
                    height_at(line, at) + c.chance.uniform(5, 26) * u,
                    u * c.chance.uniform(0.8, 1 + 0.5 * n),
                )
                pen.ellipse(
                    [at - r, y - r, at + r, y + r],
                    fill=(*rgb(mix(c.palette.light, "#ffffff", c.chance.random() * 0.5)), 255),
                )
        x += c.chance.uniform(120, 420) * u


def _poles(pen: ImageDraw.ImageDraw, k: int, width: int, height: int, u: float) -> None:
    gap = 620 * u
    for n in range(int(width / gap) + 2):
        x = 380 * u + n * gap
        pen.rectangle([v * k for v in (x - 4 * u, height * 0.1, x + 4 * u, height)], fill=255)
        for y in (0.16, 0.21):
            pen.rectangle([v * k for v in (x - 34 * u, height * y, x + 34 * u, height * y + 4 * u)], fill=255)
        for y in (0.15, 0.2):
            curve = [
                (x + gap * part / 16, height * y + 44 * u * math.sin(math.pi * part / 16))
                for part in range(17)
            ]
            pen.line(scaled(curve, k), fill=170, width=max(1, round(1.5 * u * k)))


def _window(c: Canvas) -> Image.Image:
    p, u = c.palette, c.unit
    w, h = c.width, c.height
    side, top, foot = (54 if c.tall else 84) * u, 44 * u, h * (0.17 if not c.tall else 0.2)
    hole = shape(
        (w, h),
        lambda pen, k: pen.rounded_rectangle(
            [v * k for v in (side, top, w - side, h - foot)], radius=46 * u * k, fill=255
        ),
    )
    wall = gradient((w, h), [(0, mix(p.ink, p.light, 0.1)), (0.7, p.ink), (1, mix(p.ink, p.light, 0.16))])
    trim = shape(
        (w, h),
        lambda pen, k: pen.rounded_rectangle(
            [v * k for v in (side - 9 * u, top - 9 * u, w - side + 9 * u, h - foot + 9 * u)],
            radius=54 * u * k,
            outline=255,
            width=round(5 * u * k),
        ),
    )
    wall.paste(Image.new("RGB", wall.size, rgb(mix(p.ink, p.light, 0.3))), (0, 0), trim)
    glow(wall, (w * 0.12, h * 0.98), 240 * u, p.light, 0.55)
    return ink(Image.eval(hole, lambda v: 255 - v), wall)


def glass(c: Canvas) -> Scene:
    """A rose window: rings of coloured panes in black lead, light wandering behind."""
    p, u = c.palette, c.unit
    back = gradient((c.width, c.height), [(0, p.near), (0.5, p.light), (1, p.far)])
    lamp = Image.new("RGB", (round(720 * u),) * 2)
    glow(lamp, (lamp.width / 2, lamp.height / 2), lamp.width / 2, mix(p.light, "#ffffff", 0.6), 1.0)
    spot = lamp.convert("L")
    layers = [
        Layer(
            ink(spot, mix(p.light, "#ffffff", 0.5)),
            x=c.width / 2 - spot.width / 2,
            y=c.height * 0.42 - spot.height / 2,
            sway=(c.width * 0.3, c.height * 0.16, 16),
        ),
    ]
    w, h = c.width, c.height
    centre = (w / 2, h * (0.42 if c.tall else 0.5))
    panes = Image.new("RGBA", (w, h))
    pen = ImageDraw.Draw(panes)
    tints = [p.near, p.far, p.low, p.top, mix(p.near, p.low, 0.5), mix(p.far, p.light, 0.4)]
    rings = [0.0, 30, 74, 120, 178, 236, 310, 400, 520, 680]
    outlines = []
    for n, (inner, outer) in enumerate(pairwise(rings)):
        count = (6, 12, 12, 24, 24, 24, 36, 36, 48)[n]
        for part in range(count):
            a, b = (
                (part + (n % 2) / 2) / count * 2 * math.pi,
                (part + 1 + (n % 2) / 2) / count * 2 * math.pi,
            )
            bulge = outer * (1.06 if n % 3 == 1 else 1.0)
            arc = [
                (
                    centre[0] + math.cos(a + (b - a) * s / 6) * (outer if s in (0, 6) else bulge) * u,
                    centre[1] + math.sin(a + (b - a) * s / 6) * (outer if s in (0, 6) else bulge) * u,
                )
                for s in range(7)
            ]
            inside = [
                (
                    centre[0] + math.cos(b - (b - a) * s / 6) * inner * u,
                    centre[1] + math.sin(b - (b - a) * s / 6) * inner * u,
                )
                for s in range(7)
            ]
            outline = arc + inside
            tint = (
                tints[(part * (1 + n % 2) + n * 2) % len(tints)]
                if c.chance.random() < 0.86
                else mix(p.light, "#ffffff", 0.2)
            )
            pen.polygon(outline, fill=(*rgb(tint), 178 + c.chance.randrange(40)))
            outlines.append(outline)
    layers.append(Layer(panes))
    lead = strokes((w, h), [[*each, each[0]] for each in outlines], 4.4 * u)
    layers.append(Layer(ink(lead, p.ink)))
    reach = 404 * u
    round_hole = (centre[0] - reach, centre[1] - reach, centre[0] + reach, centre[1] + reach)
    stone = ImageChops.invert(ellipses((w, h), [round_hole]))
    layers.append(Layer(ink(stone, gradient((w, h), [(0, mix(p.ink, p.near, 0.22)), (1, p.ink)]))))
    return Scene(back, layers)
