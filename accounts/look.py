"""How subtitles may look. Pure: what there is to choose from, and what nobody has to choose."""

from dataclasses import dataclass

SIZES = ("small", "medium", "large", "huge")
COLORS = ("white", "yellow", "cyan", "green", "grey")
#: "window" is one bar behind all lines, as wide as the picture.
BACKGROUNDS = ("none", "soft", "solid", "window")
EDGES = ("none", "shadow", "outline", "raised")
FONTS = ("sans", "serif", "mono", "round", "caps")
#: "raised" keeps clear of what many films have burned in at the bottom.
POSITIONS = ("bottom", "raised", "top")


@dataclass(frozen=True, slots=True)
class Look:
    """How a profile likes its subtitles. The words are those of static/css/components/captions.css."""

    size: str = "medium"
    color: str = "white"
    background: str = "soft"
    edge: str = "shadow"
    font: str = "sans"
    position: str = "bottom"


DEFAULT = Look()
#: What may be chosen, by the field of `Look`.
CHOICES: dict[str, tuple[str, ...]] = {
    "size": SIZES,
    "color": COLORS,
    "background": BACKGROUNDS,
    "edge": EDGES,
    "font": FONTS,
    "position": POSITIONS,
}
