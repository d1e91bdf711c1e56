"""Up there: aurora, balloons, planets, a station in orbit."""

import math

from PIL import Image, ImageChops, ImageDraw

from netflixlite.demo.paint import (
    Canvas,
    Layer,
    Point,
    Scene,
    ball,
    blur,
    glow,
    gradient,
    ground,
    height_at,
    ink,
    mist,
    mix,
    pine,
    polygons,
    rectangles,
    rgb,
    scaled,
    shape,
    stars,
    swell,
)


def aurora(c: Canvas) -> Scene:
    """Curtains of light over snowy hills and one lit cabin."""
    p, u = c.palette, c.unit
    back = gradient((c.width, c.height), [(0, p.top), (0.7, p.low), (1, p.far)])
    back.paste(Image.new("RGB", back.size, rgb("#ffffff")), (0, 0), stars(back.size, 420, c.chance, low=0.8))
    layers = []
    for n in range(3):
        wide = c.width + round(300 * u)
        curtain = _curtain(c, wide, n)
        colour = (p.light, mix(p.light, p.near, 0.5), p.near)[n]
        layers.append(
            Layer(
                ink(
                    curtain,
                    gradient(curtain.size, [(0, p.near), (0.45, colour), (1, mix(colour, "#ffffff", 0.3))]),
                ),
                x=-150 * u,
                sway=((60 - 70 * n) * u or 24, 0, 14 + 3 * n),
            )
        )
    for n in range(2):
        width = c.stretch(4 + 8 * n)
        line = swell(width, c.height * (0.74 + 0.11 * n), 40 * u, 680 * u, c.chance)
        snowy = gradient(
            (width, c.height),
            [(0, mix(p.light, "#ffffff", 0.3)), (0.72, mix(p.far, p.light, 0.3 - 0.1 * n)), (1, p.ink)],
        )
        mask = ground((width, c.height), line)
        picture = ink(mask, snowy)
        firs = [
            pine(x, height_at(line, x) + 4 * u, (30 + 42 * n) * u * c.chance.uniform(0.5, 1.2))
            for x in _clumps(c, width)
        ]
        trees = polygons(picture.size, firs)
        picture.paste(ink(trees, p.ink), (0, 0), trees)
        if n == 1:
            _cabin(c, picture, line, c.width * 0.6)
        layers.append(Layer(picture, vx=-(4 + 8 * n) * u))
    return Scene(back, layers)


def _curtain(c: Canvas, wide: int, n: int) -> Image.Image:
    """Streaks hanging from a wandering line, brightest at the foot."""
    u, chance = c.unit, c.chance
    high = c.height
    mask = Image.new("L", (wide // 2, high // 2))
    pen = ImageDraw.Draw(mask)
    base, phase = high * (0.42 + 0.1 * n), chance.uniform(0, 6)
    step = max(2, round(3 * u))
    for x in range(0, wide, step):
        foot = (
            base
            + high * 0.11 * math.sin(x / (210 * u) + phase)
            + high * 0.04 * math.sin(x / (61 * u) + 2 * phase)
        )
        tall = high * (0.24 + 0.16 * math.sin(x / (130 * u) + phase * 3) ** 2)
        bright = 70 + 130 * abs(math.sin(x / (47 * u) + phase)) * chance.uniform(0.6, 1)
        for part in range(10):
            level = round(bright * (1 - part / 10) ** 1.4)
            y = foot - tall * part / 10
            pen.rectangle([x / 2, (y - tall / 10) / 2, (x + step) / 2, y / 2], fill=level)
    return blur(mask, 7 * u).resize((wide, high), Image.Resampling.BICUBIC)


def _clumps(c: Canvas, width: int) -> list[float]:
    x, found = 0.0, []
    while x < width:
        found.append(x)
        x += c.unit * (c.chance.uniform(8, 24) if c.chance.random() < 0.75 else c.chance.uniform(80, 260))
    return found


def _cabin(c: Canvas, picture: Image.Image, line: list[Point], x: float) -> None:
    p, u = c.palette, c.unit
    y = height_at(line, x) + 6 * u
    walls = [
        (x - 30 * u, y),
        (x - 30 * u, y - 24 * u),
        (x, y - 48 * u),
        (x + 30 * u, y - 24 * u),
        (x + 30 * u, y),
    ]
    roof = [
        (x - 38 * u, y - 20 * u),
        (x, y - 54 * u),
        (x + 38 * u, y - 20 * u),
        (x + 34 * u, y - 15 * u),
        (x, y - 44 * u),
        (x - 34 * u, y - 15 * u),
    ]
    for outline, colour in ((walls, p.ink), (roof, "#e9f2f7")):
        mask = polygons(picture.size, [outline])
        picture.paste(ink(mask, colour), (0, 0), mask)
    lit = rectangles(picture.size, [(x - 8 * u, y - 20 * u, x + 8 * u, y - 7 * u)])
    halo = blur(lit, 22 * u).point([min(230, level * 5) for level in range(256)])
    halo = ImageChops.multiply(halo, picture.getchannel("A"))
    for mask in (halo, lit):
        picture.paste(Image.new("RGBA", picture.size, (*rgb("#ffc766"), 255)), (0, 0), mask)


def balloons(c: Canvas) -> Scene:
    """Striped balloons over a sea of clouds in the morning."""
    p, u = c.palette, c.unit
    back = gradient((c.width, c.height), [(0, p.top), (0.6, p.low), (1, p.light)])
    glow(back, (c.width * 0.22, c.height * 0.62), 420 * u, p.light, 0.9)
    layers = []
    places = [(0.16, 0.3, 0.34), (0.84, 0.22, 0.42), (0.66, 0.5, 0.3), (0.34, 0.52, 0.55), (0.5, 0.3, 1.35)]
    tints = [p.near, p.far, mix(p.near, p.light, 0.4), p.ink, p.near]
    for n, (x, y, size) in enumerate(places):
        if n in (2, 4):
            layers.append(_cloudbank(c, n // 2))
        picture = _balloon(
            round(170 * size * u * (1.15 if c.tall else 1)), tints[n], mix("#fff6e6", p.light, 0.2)
        )
        layers.append(
            Layer(
                picture,
                x=c.width * x - picture.width / 2,
                y=c.height * y - picture.height * 0.45,
                vx=(4 - 2 * n) * u,
                vy=-1.5 * u,
                sway=(6 * u, 9 * u * (0.6 + size), 6 + n),
            )
        )
    layers.append(_cloudbank(c, 3))
    return Scene(back, layers)


def _balloon(wide: int, tint: str, pale: str) -> Image.Image:
    """One balloon with gores, a lit side and a basket."""
    high = round(wide * 1.5)
    face = Image.new("RGB", (wide, high), rgb(pale))
    pen = ImageDraw.Draw(face)
    for gore in range(-4, 5, 2):
        outline = []
        for part in range(21):
            angle = math.pi * part / 20
            across = math.sin(angle) * wide / 2
            outline.append(
                (
                    wide / 2 + across * math.sin((gore - 0.5) / 9 * math.pi),
                    wide * 0.56 * (1 - math.cos(angle)),
                )
            )
        for part in range(20, -1, -1):
            angle = math.pi * part / 20
            across = math.sin(angle) * wide / 2
            outline.append(
                (
                    wide / 2 + across * math.sin((gore + 0.5) / 9 * math.pi),
                    wide * 0.56 * (1 - math.cos(angle)),
                )
            )
        pen.polygon(outline, fill=rgb(tint))
    side = (
        Image.linear_gradient("L")
        .rotate(90)
        .resize((wide, high))
        .point([round(max(0, level - 90) * 0.75) for level in range(256)])
    )
    face = Image.composite(Image.new("RGB", face.size, rgb(mix(tint, "#14081e", 0.75))), face, side)

    def outline_of(pen: ImageDraw.ImageDraw, k: int) -> None:
        skin = []
        for part in range(41):
            angle = 2 * math.pi * part / 40 - math.pi / 2
            x, y = math.cos(angle), math.sin(angle)
            taper = 1 if y < 0.15 else 1 - 0.62 * ((y - 0.15) / 0.85) ** 1.5
            skin.append((wide / 2 * (1 + x * taper), wide * (0.5 + 0.5 * y if y < 0 else 0.5 + 0.64 * y)))
        pen.polygon(scaled(skin, k), fill=255)
        w = wide
        pen.polygon(
            scaled(
                [(w * 0.44, w * 1.3), (w * 0.56, w * 1.3), (w * 0.545, w * 1.42), (w * 0.455, w * 1.42)], k
            ),
            fill=255,
        )
        for x in (0.43, 0.57):
            pen.line(
                scaled([(w * x, w * 1.12), (w * (0.5 + (x - 0.5) * 0.8), w * 1.31)], k),
                fill=255,
                width=max(1, round(w * 0.008 * k)),
            )

    mask = shape((wide, high), outline_of)
    pen = ImageDraw.Draw(face)
    pen.rectangle([0, wide * 1.29, wide, high], fill=rgb("#4a2c1d"))
    return ink(mask, face)


def _cloudbank(c: Canvas, n: int) -> Layer:
    p, u = c.palette, c.unit
    speed = (8, 12, 24, 36)[n]
    width = c.stretch(speed)
    base = c.height * (0.62 + 0.1 * n)
    puffs = [
        (x, base + c.chance.uniform(-14, 26) * u, c.chance.uniform(24, 62 + 12 * n) * u)
        for x in (k * 38 * u for k in range(int(width / (38 * u)) + 2))
    ]

    def draw(pen: ImageDraw.ImageDraw, k: int) -> None:
        pen.rectangle([0, (base + 20 * u) * k, width * k, c.height * k], fill=255)
        for x, y, r in puffs:
            pen.ellipse([v * k for v in (x - r * 1.5, y - r, x + r * 1.5, y + r)], fill=255)

    mask = blur(shape((width, c.height), draw, smooth=1), 3 * u)
    top = (base - 50 * u) / c.height
    shade = mix(p.low, p.near, 0.16 + 0.1 * n)
    fill = gradient(
        mask.size,
        [
            (0, "#ffffff"),
            (max(0.01, top), mix("#ffffff", p.light, 0.25)),
            (min(0.99, top + 0.2), mix(p.light, shade, 0.6)),
            (1, shade),
        ],
    )
    return Layer(ink(mask, fill), vx=-speed * u)


def space(c: Canvas) -> Scene:
    """A ringed planet, its moon, clouds of stars."""
    p, u = c.palette, c.unit
    back = _night(c)
    layers = [_starfield(c, 90, -4), _starfield(c, 40, -8)]
    radius = round((210 if c.tall else 170) * u)
    bands = gradient(
        (64, 64),
        [
            (0, p.far),
            (0.2, p.near),
            (0.34, mix(p.near, p.light, 0.5)),
            (0.5, p.far),
            (0.62, p.light),
            (0.75, p.near),
            (1, p.far),
        ],
    ).rotate(14, Image.Resampling.BICUBIC, fillcolor=rgb(p.near))
    planet = ball(radius, p.near, "#02030a", side=-0.6, bands=bands)
    centre = (c.width * 0.52, c.height * (0.4 if c.tall else 0.5))
    glow(back, centre, radius * 1.75, p.near, 0.55)
    ring = _ring(round(radius * 2.35), p.light, u)
    half = ring.height // 2
    at = (centre[0] - ring.width / 2, centre[1] - half)
    drift = (5 * u, 3 * u, 26)
    front = ring.copy()
    front.paste((0, 0, 0, 0), (0, 0, ring.width, half))
    tilted = [part.rotate(-16, Image.Resampling.BICUBIC) for part in (ring, front)]
    layers.append(Layer(tilted[0], x=at[0], y=at[1], sway=drift))
    layers.append(Layer(planet, x=centre[0] - radius, y=centre[1] - radius, sway=drift))
    layers.append(Layer(tilted[1], x=at[0], y=at[1], sway=drift))
    small = ball(round(46 * u), mix(p.light, "#ffffff", 0.3), "#04050c", side=-0.6)
    layers.append(Layer(small, x=c.width * 0.14, y=c.height * 0.2, vx=6 * u, vy=1.5 * u))
    return Scene(back, layers)


def _night(c: Canvas) -> Image.Image:
    p = c.palette
    back = gradient((c.width, c.height), [(0, p.top), (0.6, p.low), (1, p.ink)])
    for colour in (p.far, p.near):
        cloud = mist(back.size, c.chance, grid=(5, 4), power=2.4).point(
            [level * 5 // 8 for level in range(256)]
        )
        back = ImageChops.screen(
            back,
            Image.composite(
                Image.new("RGB", back.size, rgb(mix(colour, "#000000", 0.45))),
                Image.new("RGB", back.size),
                cloud,
            ),
        )
    back.paste(Image.new("RGB", back.size, rgb("#ffffff")), (0, 0), stars(back.size, 520, c.chance, low=1.0))
    return back


def _starfield(c: Canvas, count: int, speed: float) -> Layer:
    width = c.stretch(-speed)
    return Layer(
        ink(stars((width, c.height), count * width // c.width, c.chance, low=1.0), "#ffffff"),
        vx=speed * c.unit,
    )


def _ring(wide: int, colour: str, u: float) -> Image.Image:
    """A ring seen from a little above, as grooves of different brightness."""
    high = wide
    squeeze = 0.2

    def draw(pen: ImageDraw.ImageDraw, k: int) -> None:
        for n in range(26):
            part = 0.66 + 0.34 * n / 26
            level = (150, 210, 90, 235, 180, 40, 200)[n % 7]
            rx, ry = wide / 2 * part, wide / 2 * part * squeeze
            pen.ellipse(
                [v * k for v in (wide / 2 - rx, high / 2 - ry, wide / 2 + rx, high / 2 + ry)],
                outline=level,
                width=max(2, round(wide * 0.0082 * k)),
            )

    return ink(shape((wide, high), draw), mix(colour, "#ffffff", 0.25))


def station(c: Canvas) -> Scene:
    """A wheel of a station over the curve of a blue world at sunrise."""
    p, u = c.palette, c.unit
    back = _night(c)
    radius = round(c.width * (1.1 if c.tall else 0.85))
    centre = (c.width * 0.5, c.height * 1.0 + radius * (0.62 if c.tall else 0.66))
    for size, strength in ((1.12, 0.5), (1.05, 0.8)):
        glow(back, centre, radius * size * 1.15, p.far, strength)
    land = mist((256, 256), c.chance, grid=(14, 14), power=1.2)
    face = Image.composite(
        Image.new("RGB", land.size, rgb(mix(p.far, "#ffffff", 0.75))),
        Image.new("RGB", land.size, rgb(p.near)),
        land,
    )
    world = ball(radius, p.near, p.ink, side=0.3, bands=face)
    layers: list[Layer] = [_starfield(c, 60, -4)]
    rim = blur(world.getchannel("A").resize((radius // 2, radius // 2)), 5).resize(
        (round(radius * 2.03), round(radius * 2.03))
    )
    layers.append(
        Layer(
            ink(rim, mix(p.far, "#ffffff", 0.35)),
            x=centre[0] - radius * 1.015,
            y=centre[1] - radius * 1.02,
            sway=(0, 2 * u, 30),
        )
    )
    layers.append(Layer(world, x=centre[0] - radius, y=centre[1] - radius, sway=(0, 2 * u, 30)))
    glow(back, (c.width * 0.8, centre[1] - radius * 0.98), 260 * u, p.light, 1.0)
    wheel = _wheel(round(300 * u * (1.2 if c.tall else 1)), p.ink, p.light)
    layers.append(
        Layer(
            wheel,
            x=c.width * 0.5 - wheel.width / 2,
            y=c.height * (0.33 if c.tall else 0.36) - wheel.height / 2,
            vx=2 * u,
            sway=(10 * u, 6 * u, 18),
        )
    )
    return Scene(back, layers)


def _wheel(size: int, dark: str, light: str) -> Image.Image:
    """The station: a ring with spokes, a spine and panels, tilted, its windows lit."""
    middle = size / 2

    def draw(pen: ImageDraw.ImageDraw, k: int) -> None:
        for part, thick in ((0.94, 0.07), (0.3, 0.06)):
            r = middle * part * k
            pen.ellipse(
                [middle * k - r, middle * k - r, middle * k + r, middle * k + r],
                outline=255,
                width=round(size * thick * 0.55 * k),
            )
        for n in range(6):
            angle = n * math.pi / 3 + 0.2
            pen.line(
                scaled(
                    [
                        (middle, middle),
                        (middle + math.cos(angle) * middle * 0.92, middle + math.sin(angle) * middle * 0.92),
                    ],
                    k,
                ),
                fill=255,
                width=round(size * 0.014 * k),
            )

    mask = shape((size, size), draw)
    lamps = Image.new("L", (size, size))
    pen = ImageDraw.Draw(lamps)
    for n in range(84):
        angle = n / 84 * 2 * math.pi
        if n % 7 == 3:
            continue
        x, y, r = (
            middle + math.cos(angle) * middle * 0.905,
            middle + math.sin(angle) * middle * 0.905,
            max(1.0, size * 0.0042),
        )
        pen.ellipse([x - r, y - r, x + r, y + r], fill=255)
    steel = gradient((size, size), [(0, "#c9d4e2"), (0.3, "#6d7a8e"), (1, dark)])
    steel.paste(Image.new("RGB", steel.size, rgb(mix(light, "#ffffff", 0.4))), (0, 0), lamps)
    wheel = ink(mask, steel).resize((size, round(size * 0.42)), Image.Resampling.BICUBIC)
    whole = Image.new("RGBA", (size, size))
    spine = shape((size, size), lambda pen, k: _spine(pen, k, size))
    whole.paste(ink(spine, gradient((size, size), [(0, "#9aa8ba"), (1, dark)])), (0, 0), spine)
    whole.alpha_composite(wheel, (0, round(size * 0.29)))
    return whole.rotate(-17, Image.Resampling.BICUBIC, expand=True)


def _spine(pen: ImageDraw.ImageDraw, k: int, size: int) -> None:
    s = size * k
    pen.rectangle([s * 0.475, s * 0.14, s * 0.525, s * 0.86], fill=255)
    pen.rectangle([s * 0.45, s * 0.38, s * 0.55, s * 0.62], fill=255)
    for y in (0.14, 0.76):
        pen.rectangle([s * 0.24, s * y, s * 0.455, s * (y + 0.09)], fill=190)
        pen.rectangle([s * 0.545, s * y, s * 0.76, s * (y + 0.09)], fill=190)
