"""Which renditions a source deserves. Pure: sizes and rates in, rungs out.

A rung is named after the 16:9 frame that it fits into (1080, 720, …), as people know it; a wide film of 1920 x 804 is
'1080p', too. Never larger than the source, always of its very shape, always even sides. Bits are bounded twice: a
constant quality (CRF) that spends only what a scene needs, under a cap, because grain at constant quality alone was
measured at 25 Mb/s.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

#: Frames a viewer's screen knows, and fall-backs for narrow lines. All are exactly 16:9.
STANDARD = (1080, 720, 540, 360, 234)
#: Few and cheap: for demonstrations, trailers and small machines.
LIGHT = (720, 360, 180)
#: What small sources go on with, so that there are always three.
SMALLER = (360, 234, 180, 144, 108, 72)
LADDERS = {"standard": STANDARD, "light": LIGHT}
#: Apple's authoring specification for HLS, H.264 up to 30 frames a second: frame height and average bits a second. It
#: is here to be compared with, and for those who must keep to it.
APPLE = (
    (1080, 7_800_000),
    (1080, 6_000_000),
    (720, 4_500_000),
    (720, 3_000_000),
    (540, 2_000_000),
    (432, 1_100_000),
    (432, 730_000),
    (360, 365_000),
    (234, 145_000),
)
LEAST_RUNGS = 3
#: A source this much taller than the next rung gets a rung of its own size (480p and 576p discs).
_OWN_SIZE = Fraction(11, 10)
#: Frame height → quality and cap (bits a second) at up to 30 frames a second.
_QUALITY: tuple[tuple[int, int, int], ...] = (
    (1080, 22, 6_000_000),
    (720, 22, 3_000_000),
    (540, 22, 1_800_000),
    (432, 23, 1_200_000),
    (360, 23, 850_000),
    (234, 24, 350_000),
    (180, 24, 240_000),
    (144, 25, 160_000),
    (0, 25, 110_000),
)
_UNSEEN = Fraction(1, 2000)
#: Twice the frames do not need twice the bits.
_FAST = Fraction(3, 2)
#: x264 presets that may be asked for.
PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow")


@dataclass(frozen=True, slots=True)
class Rung:
    """One video rendition to make. Sizes in pixels; `cap` and `buffer` in bits a second and bits.

    `codec` is 'h264' or 'av1'; `encoder` names a hardware encoder of ffmpeg's, and is empty for the codec's own.
    `bits` asks for so many bits a second on average instead of a constant quality, as fixed ladders do; `grain` is
    how much noise AV1 takes out and has the player draw again (0 … 50).
    """

    name: str
    label: str
    width: int
    height: int
    crf: float
    cap: int
    profile: str
    codec: str = "h264"
    encoder: str = ""
    bits: int = 0
    grain: int = 0

    @property
    def buffer(self) -> int:
        """The decoder buffer that the cap is averaged over."""
        return 2 * self.cap

    @property
    def pixels(self) -> int:
        """What one frame costs, more or less."""
        return self.width * self.height


def rungs(
    *, width: Fraction | int, height: int, rate: Fraction, ladder: str = "standard"
) -> tuple[Rung, ...]:
    """The ladder for a source that is shown at `width` x `height` square pixels and `rate` frames a second.

    Largest first, at least three. Raises `ValueError` for a ladder that is not known or a size that is no size.
    """
    if ladder not in LADDERS and ladder != "apple":
        raise ValueError(f"no ladder is called {ladder!r}")
    if width <= 0 or height <= 0:
        raise ValueError("a picture has two positive sides")
    if ladder == "apple":
        return _apple(Fraction(width), height, rate)
    aspect = Fraction(width) / height
    frame = _frame_height(Fraction(width), height)
    made: list[Rung] = []
    for wanted in _heights(frame, LADDERS[ladder]):
        # The source's own rung is bounded by the source, not by a 16:9 frame that rounding made a pixel too small.
        box = _frame(wanted, aspect) if wanted < frame - 1 else (Fraction(width), Fraction(height))
        sides = _fit(aspect, box=box, limit=(Fraction(width), height))
        if not made or (sides[0] < made[-1].width and sides[1] < made[-1].height):
            made.append(_rung(wanted, sides, rate))
    return tuple(made)


def _apple(width: Fraction, height: int, rate: Fraction) -> tuple[Rung, ...]:
    """The fixed ladder, as far as the source is large enough for it."""
    frame, aspect = _frame_height(width, height), width / height
    made: list[Rung] = []
    for wanted, bits in APPLE:
        if wanted > frame and wanted != APPLE[-1][0]:
            continue
        sides = _fit(aspect, box=_frame(wanted, aspect), limit=(width, height))
        again = sum(rung.label.startswith(f"{wanted}p") for rung in made)
        rung = _rung(wanted, sides, rate)
        made.append(
            replace(
                rung,
                name=rung.name + (f"-{again + 1}" if again else ""),
                label=rung.label + (f" ({bits / 1e6:.1f} Mb/s)" if again else ""),
                bits=bits,
                cap=2 * bits,
            )
        )
    return tuple(made)


def _frame_height(width: Fraction, height: int) -> int:
    """The height of the smallest 16:9 frame (9:16 for upright films) that holds the picture, as 'p' is counted."""
    long, short = max(width, Fraction(height)), min(width, Fraction(height))
    return math.ceil(max(short, long * 9 / 16))


def _frame(height: int, aspect: Fraction) -> tuple[Fraction, Fraction]:
    """The 16:9 frame of this height, upright for upright films."""
    long = Fraction(height * 16, 9)
    return (long, Fraction(height)) if aspect >= 1 else (Fraction(height), long)


def _heights(frame: int, ladder: Sequence[int]) -> list[int]:
    """The frames to make for a source whose own frame is `frame` high."""
    own = min(frame, ladder[0])
    chosen = [height for height in ladder if height <= own]
    # A rung below the source's size loses it; one of the very size keeps it.
    if not chosen or own > chosen[0] * _OWN_SIZE:
        chosen.insert(0, own - own % 2)
    for height in SMALLER:
        if len(chosen) >= LEAST_RUNGS:
            break
        if height * _OWN_SIZE <= chosen[-1]:
            chosen.append(height)
    while len(chosen) < LEAST_RUNGS:
        chosen.append(max(2, chosen[-1] * 3 // 8 * 2))
    return chosen


def _fit(aspect: Fraction, *, box: tuple[Fraction, Fraction], limit: tuple[Fraction, int]) -> tuple[int, int]:
    """The even sides nearest to the source's shape, inside the box and the source.

    Within 4 % of the largest possible height: the largest whose error is too small to see (0.05 %), else the
    smallest error.
    """
    widest, highest = min(box[0], limit[0]), min(box[1], Fraction(limit[1]))
    tallest = min(highest, widest / aspect)
    top = max(2, int(tallest) // 2 * 2)
    best = (2, 2)
    best_error = Fraction(2)
    for height in range(top, max(1, int(tallest * 96 / 100) - 1), -2):
        width = max(2, round(height * aspect / 2) * 2)
        if width > max(Fraction(2), widest):
            width -= 2
        error = abs(Fraction(width, height) / aspect - 1)
        if error < best_error:
            best, best_error = (width, height), error
        if error <= _UNSEEN:
            break
    return best


def _rung(frame: int, sides: tuple[int, int], rate: Fraction) -> Rung:
    crf, cap = next((crf, cap) for height, crf, cap in _QUALITY if frame >= height)
    if rate > 30:
        cap = int(cap * _FAST)
    return Rung(
        name=f"v{frame}",
        label=f"{frame}p",
        width=sides[0],
        height=sides[1],
        crf=crf,
        cap=cap,
        profile="main" if frame <= 360 else "high",
    )
