"""On firm ground: mountains, dunes, forests, snow, a volcano."""

import math
from functools import partial

from PIL import Image, ImageDraw

from netflixlite.demo.paint import (
    Canvas,
    Layer,
    Point,
    Scene,
    blur,
    disc_mask,
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
    ridge,
    scaled,
    shape,
    stars,
    strokes,
    swell,
)


def sun(
    back: Image.Image, centre: Point, radius: float, colour: str, *, halo: float = 5.0, strength: float = 0.9
) -> None:
    """A bright disc with its halo, in place."""
    glow(back, centre, radius * halo, colour, strength * 0.75)
    glow(back, centre, radius * 2.1, colour, strength * 0.6)
    size = max(2, round(radius))
    disc = shape(
        (size * 2, size * 2), lambda pen, k: pen.ellipse((0, 0, size * 2 * k - 1, size * 2 * k - 1), fill=255)
    )
    back.paste(
        Image.new("RGB", disc.size, rgb(mix(colour, "#ffffff", 0.45))),
        (round(centre[0]) - size, round(centre[1]) - size),
        disc,
    )


def mountains(c: Canvas) -> Scene:
    """Five ridges into the haze, a low sun, firs in front."""
    p, u = c.palette, c.unit
    back = gradient((c.width, c.height), [(0, p.top), (0.62, p.low), (1, p.light)])
    horizon = c.height * (0.5 if c.tall else 0.56)
    sun(back, (c.width * c.chance.uniform(0.3, 0.7), horizon - 60 * u), 34 * u, p.light)
    layers = []
    for n in range(5):
        depth = n / 4
        speed = (0, 4, 12, 24, 48)[n]
        width = c.stretch(speed)
        base = horizon + (c.height - horizon) * (0.02 + 0.24 * n) - (40 * u if n == 0 else 0)
        line = ridge(width, base, (190 - 26 * n) * u, 0.5 if n < 3 else 0.42, c.chance)
        mask = ground((width, c.height), line)
        colour = mix(mix(p.far, p.low, 0.35), p.near, depth)
        fill = gradient(
            (width, c.height),
            [(0, colour), (base / c.height, colour), (1, mix(colour, p.low, 0.45 * (1 - depth)))],
        )
        if n >= 3:
            trees = _firs(c, line, width, 46 * u if n == 3 else 92 * u, 26 if n == 3 else 15)
            mask.paste(255, (0, 0), trees)
            fill = gradient(
                (width, c.height), [(0, colour), (1, mix(p.ink, colour, 0.3 if n == 3 else 0.05))]
            )
        layers.append(Layer(ink(mask, fill), x=0, vx=-speed * u))
    return Scene(back, layers)


def _firs(c: Canvas, line: list[Point], width: int, tall: float, each: float) -> Image.Image:
    """A mask of firs along a line, in clumps."""
    firs: list[list[Point]] = []
    x = 0.0
    while x < width:
        size = tall * c.chance.uniform(0.45, 1.1)
        firs.append(pine(x, height_at(line, x) + size * 0.12, size))
        x += each * c.unit * (c.chance.uniform(0.4, 1.2) if c.chance.random() < 0.8 else 3)
    return polygons((width, c.height), firs)


def dunes(c: Canvas) -> Scene:
    """A vast sun over smooth dunes, their crests lit; somebody is walking."""
    p, u = c.palette, c.unit
    back = gradient((c.width, c.height), [(0, p.top), (0.7, p.low), (1, p.light)])
    horizon = c.height * (0.56 if c.tall else 0.52)
    sun(
        back,
        (c.width * 0.5 if c.tall else c.width * 0.68, horizon - 50 * u),
        (150 if c.tall else 120) * u,
        p.light,
        halo=2.6,
    )
    layers = []
    for n in range(4):
        speed = (4, 12, 24, 36)[n]
        width = c.stretch(speed)
        line = swell(width, horizon + (20 + 95 * n) * u, (24 + 16 * n) * u, (700 + 260 * n) * u, c.chance)
        colour = mix(mix(p.far, p.low, 0.25), p.near, n / 3)
        lit = gradient(
            (width, c.height),
            [
                (0, mix(colour, p.light, 0.5)),
                ((horizon + 95 * n * u) / c.height, mix(colour, p.light, 0.35)),
                (1, mix(colour, p.ink, 0.55)),
            ],
        )
        layers.append(Layer(ink(ground((width, c.height), line), lit), vx=-speed * u))
        shadow = [(x, y + 10 * u + 30 * u * (1 + math.sin(x / (190 * u)))) for x, y in line]
        dark = ground((width, c.height), shadow).point([level * 3 // 8 for level in range(256)])
        layers.append(Layer(ink(dark, p.ink), vx=-speed * u))
        if n == 2:
            walker = shape((width, c.height), partial(_walker, line=line, x=c.width * 0.42, u=u))
            layers.append(Layer(ink(walker, p.ink), vx=-speed * u))
    return Scene(back, layers)


def _walker(pen: ImageDraw.ImageDraw, k: int, line: list[Point], x: float, u: float) -> None:
    """A small figure in a long coat, and its shadow."""
    y = height_at(line, x) + 2 * u
    coat = [(x - 5 * u, y), (x - 3 * u, y - 20 * u), (x + 3 * u, y - 20 * u), (x + 6 * u, y)]
    pen.polygon(scaled(coat, k), fill=255)
    pen.ellipse([v * k for v in (x - 3 * u, y - 27 * u, x + 3 * u, y - 20 * u)], fill=255)
    shade = [(x - 5 * u, y), (x + 6 * u, y), (x - 70 * u, y + 26 * u), (x - 78 * u, y + 22 * u)]
    pen.polygon(scaled(shade, k), fill=120)


def forest(c: Canvas) -> Scene:
    """Cut paper: sheets of trees with soft shadows, one behind another, towards a light clearing."""
    p, u = c.palette, c.unit
    back = gradient((c.width, c.height), [(0, p.low), (1, p.light)])
    sun(back, (c.width / 2, c.height * 0.44), 78 * u, p.light, halo=3.4)
    layers: list[Layer] = []
    for n in range(5):
        speed = (4, 8, 12, 24, 36)[n]
        width = c.stretch(speed)
        colour = mix(mix(p.far, p.light, 0.35), p.near, n / 4) if n < 4 else p.ink
        mask = _sheet(c, n, width)
        dark = blur(mask, 9 * u).point([level // 2 for level in range(256)])
        layers.append(Layer(ink(dark, p.ink), x=4 * u, y=7 * u, vx=-speed * u))
        layers.append(
            Layer(
                ink(mask, gradient(mask.size, [(0, mix(colour, p.light, 0.12)), (1, colour)])), vx=-speed * u
            )
        )
    return Scene(back, layers)


def _sheet(c: Canvas, n: int, width: int) -> Image.Image:
    """One sheet of paper: ground, trunks with round or pointed crowns, leaves hanging into the nearest ones."""
    u, chance = c.unit, c.chance
    line = swell(width, c.height * (0.66 + 0.075 * n), 16 * u, 420 * u, chance)
    trees = []
    x = chance.uniform(0, 60) * u
    while x < width:
        trees.append((x, height_at(line, x), (0.55 + 0.2 * n) * chance.uniform(0.8, 1.25), chance.random()))
        x += (52 + 44 * n) * u * chance.uniform(0.7, 1.6)

    def draw(pen: ImageDraw.ImageDraw, k: int) -> None:
        pen.polygon(scaled([(0, c.height), *line, (width, c.height)], k), fill=255)
        for x, y, size, kind in trees:
            tall, broad = 150 * u * size, 5 * u * size
            pen.polygon(
                scaled(
                    [
                        (x - broad, y + 9 * u),
                        (x - broad * 0.5, y - tall),
                        (x + broad * 0.5, y - tall),
                        (x + broad, y + 9 * u),
                    ],
                    k,
                ),
                fill=255,
            )
            if kind < 0.45:
                pen.polygon(scaled(pine(x, y - tall * 0.18, tall * 1.25), k), fill=255)
            else:
                for dx, dy, r in ((0, 1.12, 0.34), (-0.22, 0.94, 0.25), (0.24, 0.9, 0.27), (0.02, 0.8, 0.22)):
                    cx, cy, cr = x + dx * tall, y - dy * tall, r * tall
                    pen.ellipse([v * k for v in (cx - cr, cy - cr, cx + cr, cy + cr)], fill=255)

    return shape((width, c.height), draw)


def snow(c: Canvas) -> Scene:
    """A village on white hills in the blue hour, windows lit, snow falling in three depths."""
    p, u = c.palette, c.unit
    back = gradient((c.width, c.height), [(0, p.top), (0.65, p.low), (1, mix(p.low, p.light, 0.4))])
    back.paste(Image.new("RGB", back.size, rgb("#ffffff")), (0, 0), stars(back.size, 160, c.chance, low=0.4))
    layers = []
    for n in range(4):
        speed = (0, 4, 12, 24)[n]
        width = c.stretch(speed)
        line = swell(width, c.height * (0.52 + 0.13 * n), (34 + 4 * n) * u, (620 + 120 * n) * u, c.chance)
        colour = mix(p.far, p.near, n / 3)
        picture = ink(
            ground((width, c.height), line),
            gradient(
                (width, c.height),
                [
                    (0, mix(colour, "#ffffff", 0.25)),
                    (0.5, mix(colour, "#ffffff", 0.1)),
                    (1, mix(colour, p.ink, 0.35)),
                ],
            ),
        )
        _houses(c, picture, line, n)
        layers.append(Layer(picture, vx=-speed * u))
    for n, (count, size, fall) in enumerate(((150, 1.1, 24), (90, 1.9, 48), (36, 3.2, 72))):
        layers.append(falling(c, count, size, fall, n, "#ffffff"))
    return Scene(back, layers)


def _houses(c: Canvas, picture: Image.Image, line: list[Point], n: int) -> None:
    """Gabled houses with lit windows and firs beside them, drawn onto a hill."""
    p, u, width = c.palette, c.unit, picture.width
    spots = [
        x * width
        for x in (c.chance.uniform(0, 0.03) + k * 160 * u * (1 + n * 0.7) / width for k in range(60))
        if x < 1
    ]
    walls: list[list[Point]] = []
    roofs: list[list[Point]] = []
    panes: list[tuple[float, float, float]] = []
    firs: list[list[Point]] = []
    for x in spots:
        x += c.chance.uniform(-40, 40) * u
        y = height_at(line, x) + 5 * u
        if n == 0 or c.chance.random() < 0.42:
            firs += [
                pine(x + d * u * (8 + 6 * n), y + 3 * u, (18 + 22 * n) * u * c.chance.uniform(0.7, 1.2))
                for d in (-1, 0.4, 1.8)
            ]
            continue
        s = u * (0.55 + 0.42 * n)
        walls.append(
            [
                (x - 22 * s, y),
                (x - 22 * s, y - 24 * s),
                (x, y - 44 * s),
                (x + 22 * s, y - 24 * s),
                (x + 22 * s, y),
            ]
        )
        roofs.append(
            [
                (x - 27 * s, y - 21 * s),
                (x, y - 48 * s),
                (x + 27 * s, y - 21 * s),
                (x + 24 * s, y - 17 * s),
                (x, y - 40 * s),
                (x - 24 * s, y - 17 * s),
            ]
        )
        panes += [(x - 13 * s, y - 17 * s, 8 * s), (x + 5 * s, y - 17 * s, 8 * s)]
    for outlines, colour in ((firs, mix(p.ink, p.near, 0.25)), (walls, p.ink), (roofs, "#f4f7fb")):
        mask = polygons(picture.size, outlines)
        picture.paste(ink(mask, colour), (0, 0), mask)
    if panes:
        mask = rectangles(picture.size, [(x, y, x + s, y + s) for x, y, s in panes])
        halo = blur(mask, 7 * u).point([min(255, level * 2) for level in range(256)])
        lit = Image.new("RGB", picture.size, rgb(p.light))
        picture.paste(lit, (0, 0), Image.composite(halo, Image.new("L", halo.size), picture.getchannel("A")))
        picture.paste(lit, (0, 0), mask)


def falling(c: Canvas, count: int, size: float, fall: float, n: int, colour: str) -> Layer:
    """A tile of flakes (or embers, with a negative fall) that repeats downwards."""
    u, high = c.unit, c.height
    width = c.width + round(60 * u)
    dots = [
        (c.chance.uniform(0, width), c.chance.uniform(0, high), size * u * c.chance.uniform(0.5, 1))
        for _ in range(count)
    ]

    def draw(pen: ImageDraw.ImageDraw, k: int) -> None:
        for x, y, r in dots:
            for lap in (0, high):
                pen.ellipse([v * k for v in (x - r, y + lap - r, x + r, y + lap + r)], fill=200)

    mask = shape((width, high * 2), draw, smooth=1 if u > 1.5 else 2)
    return Layer(ink(mask, colour), x=-30 * u, vy=fall * u, sway=(14 * u, 0, 7 + n * 2), wrap=high)


def volcano(c: Canvas) -> Scene:
    """A cone with fire at its lip, ash clouds lit from below, rivers of lava, embers going up."""
    p, u = c.palette, c.unit
    back = gradient((c.width, c.height), [(0, p.top), (0.6, p.low), (1, p.light)])
    lip = (c.width * 0.5, c.height * (0.42 if c.tall else 0.34))
    ash = mist(back.size, c.chance, power=1.1)
    back.paste(Image.new("RGB", back.size, rgb(p.ink)), (0, 0), ash)
    glow(back, lip, 330 * u, p.light, 1.0)
    glow(back, (lip[0], lip[1] - 20 * u), 120 * u, mix(p.light, "#ffffff", 0.4), 1.0)
    width, foot = c.width, c.height
    half = c.width * (0.95 if c.tall else 0.6)
    cone = [(lip[0] - half, foot), *_flank(c, (lip[0] - half, foot * 0.98), (lip[0] - 42 * u, lip[1]))]
    cone += [(lip[0] - 14 * u, lip[1] + 12 * u), (lip[0] + 16 * u, lip[1] + 10 * u)]
    cone += [
        *_flank(c, (lip[0] + 42 * u, lip[1] + 4 * u), (lip[0] + half, foot * 0.98)),
        (lip[0] + half, foot),
    ]
    mask = polygons((width, foot), [cone])
    layers = [Layer(ink(mask, gradient((width, foot), [(0, p.far), (0.45, p.near), (1, p.ink)])))]
    rivers = []
    for _ in range(5):
        x, y, path = lip[0] + c.chance.uniform(-14, 14) * u, lip[1] + 8 * u, []
        lean = c.chance.uniform(-1, 1)
        while y < foot:
            path.append((x, y))
            x += (lean * 13 + c.chance.uniform(-9, 9)) * u
            y += 15 * u
        rivers.append(path)
    lava = strokes((width, foot), rivers, 4 * u)
    halo = blur(lava, 10 * u).point([min(255, level * 3) for level in range(256)])
    layers += [Layer(ink(halo, p.light)), Layer(ink(lava, mix(p.light, "#ffffff", 0.55)))]
    layers += [
        falling(c, 60, 1.6, -36, 0, mix(p.light, "#ffffff", 0.3)),
        falling(c, 26, 2.4, -72, 1, p.light),
    ]
    line = ridge(c.stretch(12), c.height * 0.9, 90 * u, 0.5, c.chance)
    layers.append(Layer(ink(ground((c.stretch(12), c.height), line), p.ink), vx=-12 * u))
    return Scene(back, layers)


def _flank(c: Canvas, start: Point, end: Point) -> list[Point]:
    """A concave slope between two points, roughened."""
    rising = end[1] < start[1]
    points = []
    for n in range(25):
        part = n / 24
        bend = part**1.55 if rising else 1 - (1 - part) ** 1.55
        points.append(
            (
                start[0] + (end[0] - start[0]) * part + c.chance.uniform(-4, 4) * c.unit,
                start[1] + (end[1] - start[1]) * bend,
            )
        )
    return points


def moon(back: Image.Image, centre: Point, radius: float, colour: str) -> None:
    """A pale disc with a shadowed edge and a faint halo, in place."""
    glow(back, centre, radius * 4, colour, 0.55)
    size = max(2, round(radius))
    disc = shape(
        (size * 2, size * 2), lambda pen, k: pen.ellipse((0, 0, size * 2 * k - 1, size * 2 * k - 1), fill=255)
    )
    face = Image.composite(
        Image.new("RGB", disc.size, rgb(mix(colour, "#ffffff", 0.5))),
        Image.new("RGB", disc.size, rgb(colour)),
        disc_mask(size, power=0.6),
    )
    back.paste(face, (round(centre[0]) - size, round(centre[1]) - size), disc)
