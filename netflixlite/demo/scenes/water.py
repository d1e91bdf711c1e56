"""On, under and beside water: sea, reef, lanterns, a lighthouse, a swamp."""

import math
from functools import partial

from PIL import Image, ImageDraw, ImageOps

from netflixlite.demo.paint import (
    Canvas,
    Layer,
    Point,
    Scene,
    blur,
    ellipses,
    glow,
    gradient,
    ground,
    height_at,
    ink,
    mix,
    polygons,
    rectangles,
    rgb,
    ridge,
    scaled,
    shape,
    stars,
    swell,
)
from netflixlite.demo.scenes.land import falling, moon


def sea(c: Canvas) -> Scene:
    """A moon, its road on the water, five swells rocking against each other, a small boat."""
    p, u = c.palette, c.unit
    back = gradient((c.width, c.height), [(0, p.top), (0.5, p.low), (1, p.far)])
    horizon = c.height * (0.5 if c.tall else 0.46)
    back.paste(Image.new("RGB", back.size, rgb("#ffffff")), (0, 0), stars(back.size, 220, c.chance, low=0.45))
    middle = c.width * (0.5 if c.tall else c.chance.uniform(0.4, 0.7))
    moon(back, (middle, horizon - (150 if c.tall else 105) * u), (64 if c.tall else 46) * u, p.light)
    water = gradient(
        (c.width, c.height), [(0, mix(p.low, p.far, 0.5)), (0.5, mix(p.low, p.far, 0.3)), (1, p.near)]
    )
    back.paste(water.crop((0, round(horizon), c.width, c.height)), (0, round(horizon)))
    layers = []
    glints = []
    for _ in range(130):
        depth = c.chance.random() ** 1.5
        wide = (6 + 46 * depth) * u
        x = middle + c.chance.gauss(0, 14 + 60 * depth) * u
        y = horizon + depth * (c.height - horizon)
        glints.append((x - wide / 2, y, x + wide / 2, y + (1 + 2.2 * depth) * u))
    for half in (0, 1):
        mask = ellipses((c.width, c.height), glints[half::2], level=210)
        layers.append(
            Layer(ink(mask, mix(p.light, "#ffffff", 0.4)), sway=((12 if half else -12) * u, 0, 5 + half))
        )
    for n in range(5):
        extra = round(120 * u)
        width = c.width + 2 * extra
        line = swell(
            width,
            horizon + (26 + 20 * n**1.62) * u * (1.25 if c.tall else 1),
            (3 + 4 * n) * u,
            (230 + 130 * n) * u,
            c.chance,
        )
        colour = mix(mix(p.far, p.low, 0.25), p.near, (n + 1) / 5)
        mask = ground((width, c.height), line).point([level * (4 + n) // 9 for level in range(256)])
        if n == 2:
            layers.append(
                Layer(_boat(c, u), x=c.width * 0.26, y=horizon + 6 * u, vx=3 * u, sway=(0, 4 * u, 4))
            )
        layers.append(
            Layer(
                ink(
                    mask, gradient(mask.size, [(0, mix(colour, p.light, 0.15)), (1, mix(colour, p.ink, 0.4))])
                ),
                x=-extra,
                sway=((-70 + 32 * n) * u or 30, (3 + 2 * n) * u, 7 + 1.3 * n),
            )
        )
    return Scene(back, layers)


def _boat(c: Canvas, u: float) -> Image.Image:
    wood: list[list[Point]] = [
        [(8, 58), (52, 58), (45, 70), (15, 70)],
        [(28, 8), (30, 8), (30, 58), (28, 58)],
    ]
    sails: list[list[Point]] = [[(32, 12), (50, 52), (32, 52)], [(26, 18), (26, 52), (10, 52)]]
    size = (round(62 * u), round(74 * u))
    dark = polygons(size, [scaled(each, u) for each in wood])
    white = polygons(size, [scaled(each, u) for each in sails])
    picture = ink(dark, c.palette.ink)
    picture.paste(ink(white, mix(c.palette.light, "#ffffff", 0.6)), (0, 0), white)
    return picture


def underwater(c: Canvas) -> Scene:
    """Shafts of light into the blue, a shoal passing, kelp swinging, bubbles going up."""
    p, u = c.palette, c.unit
    back = gradient((c.width, c.height), [(0, p.light), (0.22, p.low), (0.7, p.top), (1, p.ink)])
    layers = []
    for n in range(2):
        beams = []
        for _ in range(5):
            x = c.chance.uniform(-0.1, 0.9) * c.width
            wide = c.chance.uniform(20, 90) * u
            beams.append(
                [
                    (x, -10),
                    (x + wide, -10),
                    (x + wide * 2.4 + 220 * u, c.height * 0.95),
                    (x + 130 * u, c.height * 0.95),
                ]
            )
        # Wider than the frame by what it sways, or its edges would come into view.
        mask = polygons((c.width + round(80 * u), c.height), beams, level=80, smooth=1)
        fade = ImageOps.flip(Image.linear_gradient("L")).resize(mask.size)
        soft = Image.composite(blur(mask, 16 * u), Image.new("L", mask.size), fade)
        layers.append(Layer(ink(soft, "#ffffff"), x=-40 * u, sway=((34 if n else -34) * u, 0, 9 + 2 * n)))
    for n, count in enumerate((46, 20)):
        layers.append(_shoal(c, count, (0.55, 1.25)[n] * u, n))
    for n in range(3):
        width = c.stretch((8, 12, 24)[n])
        line = swell(width, c.height * (0.84 + 0.06 * n), 24 * u, 500 * u, c.chance)
        colour = mix(p.far, p.near, n / 2) if n < 2 else p.ink
        mask = ground((width, c.height), line)
        weeds = [
            _weed(c, x, height_at(line, x) + 8 * u, (110 + 90 * n) * u * c.chance.uniform(0.5, 1.3))
            for x in _spots(c, width, 46 + 26 * n)
        ]
        mask.paste(
            255,
            (0, 0),
            polygons(mask.size, weeds),
        )
        layers.append(Layer(ink(mask, colour), vx=-(8, 12, 24)[n] * u))
    layers += [falling(c, 40, 2.6, -48, 1, "#dff6ff"), falling(c, 90, 1.2, -24, 2, "#bfe9ff")]
    return Scene(back, layers)


def _spots(c: Canvas, width: int, gap: float) -> list[float]:
    x, found = 0.0, []
    while x < width:
        found.append(x)
        x += gap * c.unit * c.chance.uniform(0.3, 1.9)
    return found


def _weed(c: Canvas, x: float, y: float, tall: float) -> list[Point]:
    phase, lean = c.chance.uniform(0, 6), c.chance.uniform(-0.2, 0.2)
    left, right = [], []
    for n in range(13):
        part = n / 12
        middle = x + math.sin(phase + part * 5) * tall * 0.07 + lean * tall * part
        thick = tall * 0.035 * (1 - part) + tall * 0.012 * math.sin(part * 3.14) * (1 if n % 2 else 2)
        left.append((middle - thick, y - tall * part))
        right.append((middle + thick, y - tall * part))
    return left + right[::-1]


def _shoal(c: Canvas, count: int, size: float, n: int) -> Layer:
    fish = [
        (
            c.chance.gauss(0.5, 0.2) * c.width,
            c.chance.gauss(0.42 + 0.14 * n, 0.08) * c.height,
            size * c.chance.uniform(0.7, 1.3),
        )
        for _ in range(count)
    ]

    def draw(pen: ImageDraw.ImageDraw, k: int) -> None:
        for x, y, s in fish:
            body = [
                (x - 15 * s, y),
                (x - 6 * s, y - 5 * s),
                (x + 6 * s, y - 4.4 * s),
                (x + 14 * s, y),
                (x + 6 * s, y + 4.4 * s),
                (x - 6 * s, y + 5 * s),
            ]
            tail = [(x - 12 * s, y), (x - 22 * s, y - 6 * s), (x - 19 * s, y), (x - 22 * s, y + 6 * s)]
            pen.polygon(scaled(body, k), fill=235)
            pen.polygon(scaled(tail, k), fill=235)

    mask = shape((c.width, c.height), draw)
    colour = mix(c.palette.near, c.palette.low, 0.5 - 0.5 * n)
    moving = bool(c.span)
    return Layer(
        ink(mask, colour),
        x=-c.width * 0.8 if moving else 0,
        vx=(24 + 24 * n) * c.unit if moving else 0,
        sway=(0, 10 * c.unit, 5),
    )


def lanterns(c: Canvas) -> Scene:
    """Paper lanterns rising from a lake between dark hills, and again in its mirror."""
    p, u = c.palette, c.unit
    back = gradient((c.width, c.height), [(0, p.top), (0.6, p.low), (1, p.far)])
    back.paste(Image.new("RGB", back.size, rgb("#ffffff")), (0, 0), stars(back.size, 200, c.chance, low=0.5))
    shore = round(c.height * 0.7)
    glow(back, (c.width / 2, shore), 420 * u, p.light, 0.55)
    layers = []
    far = ridge(c.width, shore - 6 * u, 120 * u, 0.45, c.chance)
    mask = ground((c.width, c.height), far)
    mask.paste(0, (0, shore, c.width, c.height))
    layers.append(Layer(ink(mask, mix(p.near, p.low, 0.3))))
    for n, (count, size, rise) in enumerate(((44, 0.34, -8), (22, 0.62, -12), (9, 1.25, -24))):
        layers.append(_rising(c, count, size, rise, n))
    dark = Image.new("RGB", (c.width, c.height - shore), rgb(p.near))
    mirror = ImageOps.flip(back).resize((c.width, c.height - shore))
    pond = gradient(mirror.size, [(0, p.far), (1, p.ink)])
    pond = Image.blend(Image.blend(pond, mirror, 0.45), dark, 0.15)
    for _ in range(46):
        x, y = c.chance.gauss(0.5, 0.2) * c.width, c.chance.random() ** 1.6 * pond.height
        glow(pond, (x, y), (9 + 26 * y / pond.height) * u, p.light, 0.55)
    streak = pond.resize((pond.width // 24, pond.height)).resize(pond.size, Image.Resampling.BICUBIC)
    pool = Image.blend(pond, streak, 0.6)
    pool.putalpha(255)
    layers.append(Layer(pool, y=shore))
    return Scene(back, layers)


def _rising(c: Canvas, count: int, size: float, rise: float, n: int) -> Layer:
    p, u, high = c.palette, c.unit, c.height
    wide = c.width + round(80 * u)
    tile = Image.new("RGB", (wide, high * 2))
    alpha = Image.new("L", tile.size)
    s = size * u
    w, h = round(46 * s), round(60 * s)
    body = [(0.16, 0.05), (0.84, 0.05), (1, 0.62), (0.78, 1), (0.22, 1), (0, 0.62)]
    mask = polygons((w, h), [[(x * w, y * h) for x, y in body]])
    face = gradient(
        (w, h), [(0, mix(p.light, p.ink, 0.35)), (0.55, p.light), (1, mix(p.light, "#ffffff", 0.75))]
    )
    halo_size = round(64 * s)
    for _ in range(count):
        x, y = round(c.chance.uniform(0, wide - w)), round(c.chance.uniform(0, high))
        for lap in (0, high):
            glow(tile, (x + w / 2, y + lap + h * 0.6), halo_size, p.light, 0.5)
            glow_alpha(alpha, (x + w / 2, y + lap + h * 0.6), halo_size)
            tile.paste(face, (x, y + lap), mask)
            alpha.paste(255, (x, y + lap), mask)
    tile.putalpha(alpha)
    return Layer(tile, x=-40 * u, vy=rise * u, sway=((10 + 8 * n) * u, 0, 9 + 2 * n), wrap=high)


def glow_alpha(mask: Image.Image, centre: Point, radius: int) -> None:
    """Let a glow show on a mask, in place."""
    light = mask.convert("RGB")
    box = (
        max(0, round(centre[0]) - radius),
        max(0, round(centre[1]) - radius),
        min(mask.width, round(centre[0]) + radius),
        min(mask.height, round(centre[1]) + radius),
    )
    if box[2] <= box[0] or box[3] <= box[1]:
        return
    part = light.crop(box)
    glow(part, (centre[0] - box[0], centre[1] - box[1]), radius, "#ffffff", 0.6)
    mask.paste(part.getchannel("R"), box[:2])


def lighthouse(c: Canvas) -> Scene:
    """A tower on a cliff, its beams sweeping through the dusk, the sea at its foot."""
    p, u = c.palette, c.unit
    back = gradient((c.width, c.height), [(0, p.top), (0.6, p.low), (1, p.light)])
    back.paste(Image.new("RGB", back.size, rgb("#ffffff")), (0, 0), stars(back.size, 180, c.chance, low=0.45))
    lamp = (c.width * (0.55 if c.tall else 0.66), c.height * 0.3)
    layers = []
    for side in (-1, 1):
        reach = c.width * 1.5
        size = (round(reach), round(230 * u))
        beam = polygons(size, [[(0, size[1] / 2), (size[0], 0), size]], level=150, smooth=1)
        fade = Image.linear_gradient("L").rotate(270, expand=True).resize(size)
        beam = Image.composite(blur(beam, 7 * u), Image.new("L", size), fade)
        if side < 0:
            beam = ImageOps.mirror(beam)
        layers.append(
            Layer(
                ink(beam, mix(p.light, "#ffffff", 0.6)),
                x=lamp[0] - (size[0] if side < 0 else 0),
                y=lamp[1] - size[1] / 2,
                sway=(side * 30 * u, side * 46 * u, 8),
            )
        )
    for n in range(3):
        extra = round(90 * u)
        line = swell(
            c.width + 2 * extra, c.height * (0.72 + 0.08 * n), (5 + 4 * n) * u, (260 + 120 * n) * u, c.chance
        )
        colour = mix(p.far, p.near, (n + 1) / 3)
        mask = ground((c.width + 2 * extra, c.height), line)
        if n == 1:
            layers.append(_tower(c, lamp))
        layers.append(
            Layer(
                ink(
                    mask, gradient(mask.size, [(0, mix(colour, p.light, 0.2)), (1, mix(colour, p.ink, 0.5))])
                ),
                x=-extra,
                sway=((50 - 46 * n) * u or 20, 5 * u, 6 + 2 * n),
            )
        )
    return Scene(back, layers)


def _tower(c: Canvas, lamp: Point) -> Layer:
    p, u = c.palette, c.unit
    x, y = lamp
    foot = c.height * 0.66
    cliff = [
        (x - 150 * u, c.height),
        (x - 118 * u, foot + 40 * u),
        (x - 70 * u, foot + 6 * u),
        (x - 30 * u, foot),
        (x + 60 * u, foot - 4 * u),
        (c.width * 1.02, foot + 18 * u),
        (c.width * 1.02, c.height),
    ]
    body = [
        (x - 20 * u, foot + 4 * u),
        (x - 13 * u, y + 16 * u),
        (x + 13 * u, y + 16 * u),
        (x + 20 * u, foot + 4 * u),
    ]
    head = [
        [
            (x - 19 * u, y + 16 * u),
            (x + 19 * u, y + 16 * u),
            (x + 19 * u, y + 11 * u),
            (x - 19 * u, y + 11 * u),
        ],
        [(x - 13 * u, y - 12 * u), (x, y - 28 * u), (x + 13 * u, y - 12 * u)],
    ]
    size = (c.width, c.height)
    picture = Image.new("RGB", size, rgb(p.ink))
    tower = polygons(size, [body])
    whole = polygons(size, (cliff, body, *head))
    high = foot - y
    bands = [
        [
            (x - 24 * u, y + high * a),
            (x + 24 * u, y + high * a),
            (x + 24 * u, y + high * b),
            (x - 24 * u, y + high * b),
        ]
        for a, b in ((0.2, 0.36), (0.52, 0.68), (0.84, 1.0))
    ]
    striped = polygons(size, bands)
    picture.paste(Image.new("RGB", size, rgb(mix(p.low, "#ffffff", 0.55))), (0, 0), tower)
    picture.paste(
        Image.new("RGB", size, rgb("#a3263a")), (0, 0), Image.composite(striped, Image.new("L", size), tower)
    )
    lit = rectangles(size, [(x - 10 * u, y - 12 * u, x + 10 * u, y + 11 * u)])
    picture.paste(Image.new("RGB", size, rgb(mix(p.light, "#ffffff", 0.7))), (0, 0), lit)
    whole.paste(255, (0, 0), lit)
    spread = blur(lit, 26 * u).point([min(200, level * 3) for level in range(256)])
    picture.paste(
        Image.new("RGB", size, rgb(p.light)),
        (0, 0),
        Image.composite(spread, Image.new("L", size), Image.eval(whole, lambda v: 255 - v)),
    )
    whole.paste(spread, (0, 0), Image.eval(whole, lambda v: 255 - v))
    return Layer(ink(whole, picture))


def swamp(c: Canvas) -> Scene:
    """A red moon, bare trees, and all of it again upside down in black water."""
    p, u = c.palette, c.unit
    water = round(c.height * 0.66)
    sky = gradient((c.width, c.height), [(0, p.top), (0.66, p.low), (1, p.far)])
    moon(sky, (c.width * 0.5, c.height * 0.36), (110 if c.tall else 84) * u, p.light)
    layers = []
    for n in range(3):
        speed = (4, 12, 24)[n]
        width = c.stretch(speed)
        trees = [
            _bare(c, x, water + 4 * u, (130 + 70 * n) * u * c.chance.uniform(0.7, 1.4))
            for x in _spots(c, width, 90 + 60 * n)
        ]
        up = shape((width, water), partial(_wood, trees=trees, water=water, width=width, u=u))
        both = Image.new("L", (width, c.height))
        both.paste(up, (0, 0))
        mirror = (
            ImageOps.flip(up)
            .crop((0, 0, width, c.height - water))
            .point([level * 3 // 5 for level in range(256)])
        )
        both.paste(mirror, (0, water))
        layers.append(Layer(ink(both, mix(mix(p.far, p.low, 0.3), p.ink, (n + 1) / 3)), vx=-speed * u))
    under = ImageOps.flip(sky.crop((0, 2 * water - c.height, c.width, water)))
    sky.paste(Image.blend(under, Image.new("RGB", under.size, rgb(p.ink)), 0.35), (0, water))
    fog = Image.new("L", (c.width + round(400 * u), round(120 * u)))
    band = [round(110 * math.sin(3.14 * y / fog.height)) for y in range(fog.height)]
    column = Image.new("L", (1, fog.height))
    column.putdata(band)
    fog.paste(column.resize(fog.size), (0, 0))
    layers.append(
        Layer(ink(fog, mix(p.low, p.light, 0.3)), x=-200 * u, y=water - 60 * u, sway=(120 * u, 3 * u, 20))
    )
    return Scene(sky, layers)


Branch = tuple[Point, Point, float]


def _bare(c: Canvas, x: float, y: float, tall: float) -> list[Branch]:
    """A leafless tree as tapering branches."""
    found: list[Branch] = []

    def grow(at: Point, angle: float, length: float, thick: float, left: int) -> None:
        end = (at[0] + math.cos(angle) * length, at[1] - math.sin(angle) * length)
        found.append((at, end, thick))
        if left:
            for turn in (-1, 1):
                grow(
                    end,
                    angle + turn * c.chance.uniform(0.15, 0.62),
                    length * c.chance.uniform(0.58, 0.8),
                    thick * 0.62,
                    left - 1,
                )

    grow((x, y), math.pi / 2 + c.chance.uniform(-0.1, 0.1), tall * 0.34, tall * 0.045, 5)
    return found


def _wood(
    pen: ImageDraw.ImageDraw, k: int, trees: list[list[Branch]], water: int, width: int, u: float
) -> None:
    pen.rectangle([0, (water - 7 * u) * k, width * k, water * k], fill=255)
    for tree in trees:
        for one, other, thick in tree:
            pen.line(scaled([one, other], k), fill=255, width=max(1, round(thick * k)))
