"""Drawn animations: pictures that are a function of time, drawn frame by frame at 12 frames a second."""

import math
from collections.abc import Callable, Iterator, Mapping
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from netflixlite.demo.paint import Canvas, glow, gradient, ink, mix, rgb, scaled, shape, stars

#: Frames drawn for each second; the film shows each twice.
RATE = 12

Animation = Callable[[float], Image.Image]
Animator = Callable[[Canvas], Animation]


def play(animator: Animator, canvas: Canvas, seconds: float) -> Iterator[Image.Image]:
    """All frames of an animation, in order."""
    frame = animator(canvas)
    for n in range(round(seconds * RATE)):
        yield frame(n / RATE)


def _ground(c: Canvas) -> Image.Image:
    p = c.palette
    back = gradient((c.width, c.height), [(0, p.top), (0.6, p.low), (1, p.ink)])
    glow(back, (c.width / 2, c.height * 0.44), 460 * c.unit, p.far, 0.7)
    return back


def orbits(c: Canvas) -> Animation:
    """Nine small worlds round a sun, with their trails."""
    p, u = c.palette, c.unit
    back = _ground(c)
    back.paste(Image.new("RGB", back.size, rgb("#ffffff")), (0, 0), stars(back.size, 260, c.chance, low=1))
    middle = (c.width / 2, c.height * (0.4 if c.tall else 0.5))
    glow(back, middle, 150 * u, p.light, 1.0)
    squeeze = 0.92 if c.tall else 0.5
    worlds = [
        (
            54 + 46 * n,
            c.chance.uniform(0, 6.3),
            1.5 / (1 + n * 0.55),
            5 + c.chance.uniform(0, 10),
            (p.light, p.near, p.far)[n % 3],
        )
        for n in range(9)
    ]
    pen = ImageDraw.Draw(back)
    for reach, *_rest in worlds:
        box = [
            middle[0] - reach * u,
            middle[1] - reach * u * squeeze,
            middle[0] + reach * u,
            middle[1] + reach * u * squeeze,
        ]
        pen.ellipse(box, outline=rgb(mix(p.low, p.light, 0.22)), width=max(1, round(1.1 * u)))
    pen.ellipse(
        [middle[0] - 24 * u, middle[1] - 24 * u, middle[0] + 24 * u, middle[1] + 24 * u],
        fill=rgb(mix(p.light, "#ffffff", 0.7)),
    )

    def frame(t: float) -> Image.Image:
        image = back.copy()
        pen = ImageDraw.Draw(image)
        for reach, phase, speed, size, tint in worlds:
            for tail in range(16, -1, -1):
                angle = phase + speed * (t - tail * 0.05)
                x, y = (
                    middle[0] + math.cos(angle) * reach * u,
                    middle[1] + math.sin(angle) * reach * u * squeeze,
                )
                r = size * u * (1 if tail == 0 else 0.42 * (1 - tail / 17))
                pen.ellipse(
                    [x - r, y - r, x + r, y + r],
                    fill=rgb(tint if tail == 0 else mix(tint, p.low, 0.25 + tail / 23)),
                )
        return image

    return frame


def harmonograph(c: Canvas) -> Animation:
    """Two pendulums drawing one endless line; the pen returns to a fresh sheet twice a minute."""
    p, u = c.palette, c.unit
    back = _ground(c)
    reach = min(c.width, c.height) * 0.47
    middle = (c.width / 2, c.height * (0.42 if c.tall else 0.5))
    state: dict[str, tuple[Image.Image, int]] = {}

    def point(n: int, figure: int) -> tuple[float, float]:
        s = n * 0.02
        fade = math.exp(-s / 75)
        a, b = ((2, 3.01), (3, 4.008), (3, 2.006), (5, 4.01))[figure % 4]
        return (
            middle[0] + reach * fade * (0.62 * math.sin(a * s) + 0.38 * math.sin(b * s + 1.1)),
            middle[1]
            + reach
            * fade
            * (0.62 * math.sin(b * s + 0.6) + 0.38 * math.sin(a * s + 2.0))
            * (1.1 if c.tall else 1),
        )

    def frame(t: float) -> Image.Image:
        figure, at = divmod(t, 18)
        image, drawn = state.get(str(int(figure)), (back.copy(), 0))
        pen = ImageDraw.Draw(image)
        wanted = int(at * 560)
        while drawn < wanted:
            tint = mix(
                mix(p.light, p.near, abs(math.sin(drawn / 700))), p.far, abs(math.sin(drawn / 1900)) * 0.6
            )
            pen.line(
                [point(n, int(figure)) for n in range(drawn, drawn + 6)],
                fill=rgb(tint),
                width=max(1, round(1.4 * u)),
            )
            drawn += 5
        state.clear()
        state[str(int(figure))] = (image, drawn)
        return image

    return frame


def squares(c: Canvas) -> Animation:
    """A dance of Bauhaus shapes on a grid: they turn in waves, each in its cell."""
    p, u = c.palette, c.unit
    cell = 120 * u
    across, down = math.ceil(c.width / cell), math.ceil(c.height / cell)
    tints = [p.light, p.near, p.far, p.top, "#f7efe2"]
    cells = [
        (i, j, c.chance.randrange(4), c.chance.randrange(5), c.chance.randrange(5), c.chance.random() < 0.5)
        for i in range(across)
        for j in range(down)
    ]

    def frame(t: float) -> Image.Image:
        image = Image.new("RGB", (c.width, c.height), rgb(p.low))
        pen = ImageDraw.Draw(image)
        for i, j, kind, one, other, sense in cells:
            wave = (t * 0.5 - (i + j) * 0.09) % 2
            turn = min(1.0, wave * 1.6) if wave < 1 else 1.0
            turn = (1 - math.cos(math.pi * turn)) / 2 + math.floor((t * 0.5 - (i + j) * 0.09) / 2)
            x, y = i * cell, j * cell
            pen.rectangle([x, y, x + cell, y + cell], fill=rgb(tints[one] if one != other else p.low))
            fill = rgb(tints[other] if one != other else p.ink)
            start = turn * 90 * (1 if sense else -1) + kind * 90
            if kind == 0:
                pen.pieslice([x - cell, y - cell, x + cell, y + cell], 0, 90, fill=fill)
                pen.pieslice([x, y, x + cell, y + cell], start, start + 180, fill=rgb(p.ink))
            elif kind == 1:
                pen.pieslice([x, y, x + cell, y + cell], start, start + 180, fill=fill)
            elif kind == 2:
                r = cell * (0.3 + 0.12 * math.sin(turn * math.pi))
                m = (x + cell / 2, y + cell / 2)
                pen.ellipse([m[0] - r, m[1] - r, m[0] + r, m[1] + r], fill=fill)
            else:
                m, r = (x + cell / 2, y + cell / 2), cell * 0.70
                pen.regular_polygon((*m, r * 0.62), 3 + one % 2, rotation=start, fill=fill)
        return image

    return frame


def starlings(c: Canvas) -> Animation:
    """A thousand birds at dusk turning like smoke over a bare horizon."""
    p, u = c.palette, c.unit
    back = gradient((c.width, c.height), [(0, p.top), (0.65, p.low), (1, p.light)])
    glow(back, (c.width * 0.5, c.height * 0.8), 420 * u, p.light, 0.9)
    pen = ImageDraw.Draw(back)
    foot = c.height * 0.87
    hills = [
        (x, foot - 12 * u * math.sin(x / (160 * u)) - 6 * u * math.sin(x / (43 * u)))
        for x in range(0, c.width + 20, 10)
    ]
    pen.polygon([(0, c.height), *hills, (c.width, c.height)], fill=rgb(p.ink))
    birds = [
        (c.chance.gauss(0, 1), c.chance.gauss(0, 1), c.chance.uniform(0, 6.3), c.chance.uniform(0.75, 1.25))
        for _ in range(1100)
    ]
    dark = rgb(mix(p.ink, p.top, 0.15))

    def frame(t: float) -> Image.Image:
        image = back.copy()
        draw = ImageDraw.Draw(image)
        s = t * 0.42
        cx = c.width * (0.5 + 0.2 * math.sin(s * 0.7))
        cy = c.height * (0.4 + 0.09 * math.sin(s * 1.1 + 1))
        wide, high = c.width * (0.15 + 0.06 * math.sin(s * 0.9)), c.height * (0.1 + 0.045 * math.cos(s * 1.3))
        lean = math.sin(s * 0.8) * 0.9
        for a, b, phase, size in birds:
            twist = a * 1.25 + s * 1.6
            x = cx + (a + 0.5 * math.sin(b * 1.3 + s * 2)) * wide
            y = (
                cy
                + (
                    b * (0.62 + 0.5 * math.sin(twist))
                    + lean * a * 0.7
                    + 0.35 * math.sin(twist * 1.7 + phase * 0.08)
                )
                * high
            )
            r = u * (1.0 + 0.8 * size * (0.6 + 0.4 * math.sin(phase + t * 9)))
            draw.ellipse([x - r * 1.5, y - r * 0.62, x + r * 1.5, y + r * 0.62], fill=dark)
        return image

    return frame


def radar(c: Canvas) -> Animation:
    """A sweep over rings, and something that is nearer each time."""
    p, u = c.palette, c.unit
    back = gradient((c.width, c.height), [(0, p.top), (1, p.ink)])
    middle = (c.width * 0.5, c.height * (0.42 if c.tall else 0.5))
    reach = min(c.width * 0.46, c.height * 0.46)
    glow(back, middle, reach * 1.5, p.far, 0.8)
    pen = ImageDraw.Draw(back)
    line = rgb(mix(p.far, p.light, 0.45))
    for n in range(1, 6):
        r = reach * n / 5
        pen.ellipse(
            [middle[0] - r, middle[1] - r, middle[0] + r, middle[1] + r],
            outline=line,
            width=max(1, round(1.2 * u)),
        )
    for n in range(12):
        angle = n * math.pi / 6
        pen.line(
            [middle, (middle[0] + math.cos(angle) * reach, middle[1] + math.sin(angle) * reach)],
            fill=rgb(mix(p.far, p.light, 0.2)),
            width=1,
        )
    for n in range(72):
        angle, inner = n * math.pi / 36, reach * (1.02 if n % 6 else 1.0)
        pen.line(
            [
                (middle[0] + math.cos(angle) * inner, middle[1] + math.sin(angle) * inner),
                (middle[0] + math.cos(angle) * reach * 1.05, middle[1] + math.sin(angle) * reach * 1.05),
            ],
            fill=line,
            width=max(1, round(u)),
        )
    echoes = [
        (c.chance.uniform(0, 6.28), c.chance.uniform(0.3, 0.95), c.chance.uniform(2, 4)) for _ in range(16)
    ]
    wedge = Image.new("L", (c.width, c.height))
    draw = ImageDraw.Draw(wedge)
    for n in range(40):
        draw.pieslice(
            [middle[0] - reach, middle[1] - reach, middle[0] + reach, middle[1] + reach],
            -62 + n * 1.55,
            -60 + n * 1.55 + 1.6,
            fill=round(170 * (n / 40) ** 2),
        )
    trail = ink(wedge, p.light)

    def frame(t: float) -> Image.Image:
        angle = t * 1.15 % 6.2832
        image = back.copy()
        turned = trail.rotate(-math.degrees(angle), center=middle)
        image.paste(turned, (0, 0), turned)
        pen = ImageDraw.Draw(image)
        for place, far, size in [*echoes, (2.4, max(0.06, 0.95 - t * 0.024), 7)]:
            age = ((angle - place) % 6.2832) / 6.2832
            bright = max(0.0, 1 - age * 1.25)
            x, y, r = (
                middle[0] + math.cos(place) * far * reach,
                middle[1] + math.sin(place) * far * reach,
                size * u * (0.7 + bright),
            )
            tint = p.near if size == 7 else p.light
            pen.ellipse(
                [x - r, y - r, x + r, y + r], fill=rgb(mix(p.top, mix(tint, "#ffffff", 0.4 * bright), bright))
            )
        return image

    return frame


def gears(c: Canvas) -> Animation:
    """Brass wheels that mesh, over the face of a clock."""
    p, u = c.palette, c.unit
    back = _ground(c)
    size = 46
    wheels: list[tuple[Image.Image, float, float, float, float]] = []
    x, y = c.width * 0.36, c.height * (0.36 if c.tall else 0.5)
    angle = 0.4
    teeth_before, direction = 0, 1
    for n, teeth in enumerate((34, 14, 24, 12, 20, 16)):
        if n:
            reach = (teeth_before + teeth) * size / 10 * u
            x, y = x + math.cos(angle) * reach, y + math.sin(angle) * reach
        tint = (p.light, p.near, p.far)[n % 3]
        wheels.append(
            (
                _gear(round(teeth * size / 10 * u + 9 * u), teeth, tint, p.ink),
                x,
                y,
                direction * 34 / teeth,
                180 / teeth * (n % 2),
            )
        )
        teeth_before, direction = teeth, -direction
        angle += c.chance.uniform(0.9, 1.4) * (1 if n % 2 else -1.2)

    def frame(t: float) -> Image.Image:
        image = back.copy()
        for wheel, x, y, speed, phase in wheels:
            turned = wheel.rotate(t * speed * 9 + phase, Image.Resampling.BILINEAR)
            image.paste(turned, (round(x - wheel.width / 2), round(y - wheel.height / 2)), turned)
        return image

    return frame


def _gear(radius: int, teeth: int, tint: str, dark: str) -> Image.Image:
    middle = radius

    def draw(pen: ImageDraw.ImageDraw, k: int) -> None:
        outline = []
        for n in range(teeth * 4):
            reach = radius * (1.0 if n % 4 in (0, 1) else 0.9) - 1
            angle = (n + (0.35 if n % 4 in (0, 2) else -0.35)) / (teeth * 4) * 2 * math.pi
            outline.append((middle + math.cos(angle) * reach, middle + math.sin(angle) * reach))
        pen.polygon(scaled(outline, k), fill=255)
        for r, level in ((0.74, 0), (0.22, 255), (0.08, 0)):
            if r == 0.22:
                for n in range(5):
                    angle = n * 2 * math.pi / 5
                    pen.line(
                        scaled(
                            [
                                (middle, middle),
                                (
                                    middle + math.cos(angle) * radius * 0.78,
                                    middle + math.sin(angle) * radius * 0.78,
                                ),
                            ],
                            k,
                        ),
                        fill=255,
                        width=round(radius * 0.12 * k),
                    )
            pen.ellipse(
                [
                    v * k
                    for v in (
                        middle - radius * r,
                        middle - radius * r,
                        middle + radius * r,
                        middle + radius * r,
                    )
                ],
                fill=level,
            )

    mask = shape((radius * 2, radius * 2), draw)
    metal = gradient(
        (radius * 2, radius * 2), [(0, mix(tint, "#ffffff", 0.5)), (0.5, tint), (1, mix(tint, dark, 0.7))]
    ).rotate(35, Image.Resampling.BILINEAR, fillcolor=rgb(tint))
    rim = ImageChops.subtract(mask, mask.filter(ImageFilter.MinFilter(5)))
    metal.paste(Image.new("RGB", metal.size, rgb(mix(tint, dark, 0.8))), (0, 0), rim)
    return ink(mask, metal)


def maze(c: Canvas) -> Animation:
    """A maze that carves itself, and a light that looks for the way out."""
    p, u = c.palette, c.unit
    cell = round(30 * u)
    across, down = c.width // cell - 1, c.height // cell - 1
    left, top = (c.width - across * cell) // 2, (c.height - down * cell) // 2
    paths, order = _carve(across, down, c.chance)
    back = Image.new("RGB", (c.width, c.height), rgb(p.ink))
    image, state = back.copy(), {"drawn": 0, "walked": 0}
    wide = round(cell * 0.62)
    speed = max(3, round(len(order) / (14 * RATE)))

    def centre(at: tuple[int, int]) -> tuple[float, float]:
        return left + (at[0] + 0.5) * cell, top + (at[1] + 0.5) * cell

    def corridor(
        pen: ImageDraw.ImageDraw, one: tuple[int, int], other: tuple[int, int], tint: str, thick: int
    ) -> None:
        a, b = centre(one), centre(other)
        half = thick / 2
        pen.rectangle(
            [min(a[0], b[0]) - half, min(a[1], b[1]) - half, max(a[0], b[0]) + half, max(a[1], b[1]) + half],
            fill=rgb(tint),
        )

    def frame(t: float) -> Image.Image:
        pen = ImageDraw.Draw(image)
        wanted = min(len(order), int(t * RATE) * speed + 1)
        for one, other in order[state["drawn"] : wanted]:
            corridor(
                pen,
                one,
                other,
                mix(p.top, p.far, (other[1] / down) * 0.8 + 0.1 * ((other[0] * 7 + other[1]) % 3)),
                wide,
            )
        state["drawn"] = max(state["drawn"], wanted)
        if wanted == len(order):
            steps = min(
                len(paths) - 1,
                int((t - len(order) / speed / RATE) * RATE * max(1, len(paths) // (16 * RATE))),
            )
            for n in range(state["walked"], steps):
                corridor(pen, paths[n], paths[n + 1], mix(p.near, p.light, n / len(paths)), round(wide * 0.5))
            state["walked"] = max(state["walked"], steps)
            shown = image.copy()
            glow(shown, centre(paths[max(0, steps)]), 70 * u, p.light, 1.0)
            return shown
        return image

    return frame


Cell = tuple[int, int]


def _carve(across: int, down: int, chance: Random) -> tuple[list[Cell], list[tuple[Cell, Cell]]]:
    """A perfect maze by depth first search: the way from corner to corner, and every passage as it was made."""
    start = (0, 0)
    seen, stack, order = {start}, [start], []
    came: dict[Cell, Cell] = {}
    while stack:
        x, y = stack[-1]
        open_ = [
            (x + dx, y + dy)
            for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1))
            if 0 <= x + dx < across and 0 <= y + dy < down and (x + dx, y + dy) not in seen
        ]
        if not open_:
            stack.pop()
            continue
        following = chance.choice(open_)
        order.append(((x, y), following))
        came[following] = (x, y)
        seen.add(following)
        stack.append(following)
    way = [(across - 1, down - 1)]
    while way[-1] != start:
        way.append(came[way[-1]])
    return way[::-1], order


ANIMATORS: Mapping[str, Animator] = {
    "gears": gears,
    "harmonograph": harmonograph,
    "maze": maze,
    "orbits": orbits,
    "radar": radar,
    "squares": squares,
    "starlings": starlings,
}
