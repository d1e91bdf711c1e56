"""What a probe found, as frozen values. Pure; times of the source are exact fractions of a second."""

from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any


@dataclass(frozen=True, slots=True)
class Picture:
    """The picture track that will be encoded.

    `width` and `height` are of the coded frame in pixels, before `rotation` (degrees clockwise, 0/90/180/270)
    and before its pixels are stretched by `pixel_aspect`. `rate` is the grid that frames are put on (frames a
    second), which for a variable rate source is the next usual one. `bits` is the depth of a sample.
    """

    index: int
    codec: str
    profile: str
    pixel_format: str
    width: int
    height: int
    pixel_aspect: Fraction
    rotation: int
    rate: Fraction
    variable: bool
    interlaced: bool
    primaries: str
    transfer: str
    matrix: str
    full_range: bool
    bits: int

    @property
    def display(self) -> tuple[Fraction, int]:
        """Width (exact) and height of what a viewer sees, in square pixels."""
        width, height = self.width * self.pixel_aspect, self.height
        if self.rotation % 180 == 0:
            return width, height
        # Turned by a quarter: the long side of a stretched pixel turns with it; keep the coded width as the height.
        return Fraction(self.height) / self.pixel_aspect, self.width

    @property
    def aspect(self) -> Fraction:
        """Display width over height."""
        width, height = self.display
        return width / height

    @property
    def hdr(self) -> bool:
        """Whether brightness is coded as PQ or HLG and must be mapped for ordinary screens."""
        return self.transfer in ("smpte2084", "arib-std-b67")


@dataclass(frozen=True, slots=True)
class Sound:
    """A sound track. `index` is the stream's number in the file; `language` is a BCP 47 tag, 'und' when unknown."""

    index: int
    codec: str
    channels: int
    sample_rate: int
    language: str
    label: str
    default: bool


@dataclass(frozen=True, slots=True)
class Words:
    """An embedded subtitle track. `bitmap` ones are pictures of letters, which cannot be turned into text."""

    index: int
    codec: str
    language: str
    label: str
    default: bool
    forced: bool
    bitmap: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the pipeline needs to know of a source.

    `start` is when its first frame is shown on its own clock; `duration` from there to the end of the last
    frame; both in seconds. `frames` counts picture packets. `keyframe_gap` and `frame_gap` are the largest
    distances between keyframes and between frames, in seconds. `indexed` containers can be entered anywhere
    exactly. When `clock_jumps`, time runs backwards somewhere: recordings that were joined end to end.
    """

    container: str
    demuxer: str
    bytes: int
    start: Fraction
    duration: Fraction
    frames: int
    keyframe_gap: float
    frame_gap: float
    indexed: bool
    clock_jumps: bool
    picture: Picture
    sounds: tuple[Sound, ...]
    words: tuple[Words, ...]

    def plain(self) -> dict[str, Any]:
        """JSON-ready, for people and for the source's row: fractions become text."""
        return {name: _plain(value) for name, value in asdict(self).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value
