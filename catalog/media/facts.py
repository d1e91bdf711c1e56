"""What a probe found, as frozen values. Pure; times of the source are exact fractions of a second."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from typing import Any, TypeVar

_T = TypeVar("_T")

#: What a picture that is copied as it is may be: what every browser and living room decodes. Bits a second; seconds
#: (the usual encoder sets a keyframe every 250 frames: 10.4 s of a film).
_COPY_PROFILES = frozenset({"Constrained Baseline", "Main", "High"})
_COPY_LEVEL, _COPY_BITS, _COPY_GAP = 42, 8_000_000, 10.5
#: A frame may last this many times as long as the even rate says: containers round.
_COPY_HOLE = 2.5
#: Channels and layout of AAC's configuration 6, which the decoders of browsers take.
_PLAYED_LAYOUTS = frozenset({(6, "5.1")})


@dataclass(frozen=True, slots=True)
class Picture:
    """The picture track that will be encoded.

    `width` and `height` are of the coded frame in pixels, before `rotation` (degrees clockwise, 0/90/180/270; what is
    `mirrored` is flipped left to right first)
    and before its pixels are stretched by `pixel_aspect`. `rate` is the grid that frames are put on (frames a
    second), which for a variable rate source is the next usual one. `bits` is the depth of a sample; `level` the
    codec's own number (H.264: 42 is 4.2), 0 when unknown.
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
    level: int = 0
    mirrored: bool = False

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
    """A sound track. `index` is the stream's number in the file; `language` is a BCP 47 tag, 'und' when unknown;
    `layout` as ffmpeg names it ('5.1(side)'); `commentary` when the file marks it so, `described` when
    it also tells what is to be seen."""

    index: int
    codec: str
    channels: int
    sample_rate: int
    language: str
    label: str
    default: bool
    profile: str = ""
    layout: str = ""
    commentary: bool = False
    described: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """An embedded subtitle track. `bitmap` ones are pictures of letters, which cannot be turned into text; `sdh` ones
    are marked as written for the hard of hearing."""

    index: int
    codec: str
    language: str
    label: str
    default: bool
    forced: bool
    bitmap: bool
    sdh: bool = False


@dataclass(frozen=True, slots=True)
class Chapter:
    """A named stretch, in seconds from the film's first frame; the name is printable and short, and may be ''."""

    start: float
    end: float
    name: str


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the pipeline needs to know of a source.

    `start` is when its first frame is shown on its own clock; `duration` from there to the end of the last
    frame; both in seconds. `frames` counts picture packets. `keyframe_gap` and `frame_gap` are the largest
    distances between keyframes and between frames, in seconds. `indexed` containers can be entered anywhere
    exactly. When `clock_jumps`, time runs backwards somewhere: recordings that were joined end to end.
    `bit_rate` is the mean of the picture's packets, in bits a second. When `closed`, the film begins with a keyframe,
    and every stretch from one keyframe to the next is shown after the one before it, with nothing hidden by an edit
    list: it can be cut there without encoding.
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
    chapters: tuple[Chapter, ...] = ()
    bit_rate: int = 0
    closed: bool = False
    #: Not found but wished for, and here because all that is made of the film must agree on it: the stream of picture
    #: subtitles that is drawn into the picture.
    burn: int | None = None

    def plain(self) -> dict[str, Any]:
        """JSON-ready, for people and for the source's row: fractions become text."""
        return {name: _plain(value) for name, value in asdict(self).items()}

    @classmethod
    def load(cls, plain: Mapping[str, Any]) -> "Facts":
        """What `plain` came from. What older versions did not write down gets its default; raises `ValueError` for
        anything that is no such record."""
        try:
            told = {one.name: plain[one.name] for one in fields(cls) if one.name in plain}
            told |= {name: Fraction(told[name]) for name in ("start", "duration")}
            picture = dict(told["picture"])
            picture |= {name: Fraction(picture[name]) for name in ("pixel_aspect", "rate")}
            told["picture"] = _checked(Picture, picture)
            for name, kind in (("sounds", Sound), ("words", Words), ("chapters", Chapter)):
                told[name] = tuple(_checked(kind, one) for one in told.get(name, ()))
            return _checked(cls, told)
        except (KeyError, TypeError, AttributeError, ZeroDivisionError) as error:
            raise ValueError(f"these are no facts of a source: {error}") from error


def copyable(facts: Facts) -> str:
    """Why the picture cannot be copied into a package as it is, for people; '' when it can.

    Sound is another matter (`sound_copyable`). That each keyframe is an IDR picture is not in a container's tables:
    whoever copies looks at the first unit of every fragment.
    """
    picture = facts.picture
    reasons = (
        (picture.codec != "h264", f"the picture is {picture.codec}, not H.264"),
        (picture.profile not in _COPY_PROFILES, f"H.264 of profile {picture.profile or 'unknown'}"),
        (
            not 0 < picture.level <= _COPY_LEVEL,
            f"H.264 of level {picture.level / 10}; screens know up to 4.2",
        ),
        (picture.pixel_format != "yuv420p", f"colours are stored as {picture.pixel_format}"),
        (picture.hdr, "its brightness is HDR"),
        (picture.interlaced, "it is interlaced"),
        (picture.rotation != 0 or picture.mirrored, "it must be turned"),
        (picture.pixel_aspect != 1, "its pixels are not square"),
        (picture.variable, "its frame rate varies"),
        (facts.clock_jumps, "its clock jumps"),
        (facts.frame_gap * float(picture.rate) > _COPY_HOLE, "frames are missing"),
        (facts.keyframe_gap > _COPY_GAP, f"keyframes are up to {facts.keyframe_gap:.0f} s apart"),
        (not facts.closed, "it cannot be cut at its keyframes"),
        (facts.bit_rate > _COPY_BITS, f"it has {facts.bit_rate / 1e6:.1f} Mb/s"),
    )
    return next((reason for found, reason in reasons if found), "")


def sound_copyable(sound: Sound) -> str:
    """Why a sound track cannot be copied as it is, for people; '' when it can: AAC-LC of one or two channels, or 5.1,
    which browsers mix down themselves where there are two loudspeakers. (Encoding it anew would take two minutes of
    a film of two hours, and nobody could watch meanwhile.)
    """
    if (sound.codec, sound.profile) != ("aac", "LC"):
        return f"the sound is {sound.codec} {sound.profile}".rstrip() + ", not AAC-LC"
    # Only the standard's own 5.1: channels that are placed by a table of the file's own are not played everywhere.
    if sound.channels > 2 and (sound.channels, sound.layout) not in _PLAYED_LAYOUTS:
        return f"it has {sound.channels} channels ({sound.layout or 'unplaced'})"
    return "" if sound.sample_rate in (44_100, 48_000) else f"it has {sound.sample_rate} samples a second"


def _checked(kind: type[_T], told: Mapping[str, Any]) -> _T:
    """A record of what was written down, each value of its kind: numbers of it go onto command lines."""
    known = {one.name: one.type for one in fields(kind)}  # type: ignore[arg-type]
    for name, value in told.items():
        wanted = known.get(name)
        fits = (
            not isinstance(wanted, type)
            or isinstance(value, wanted)
            or (wanted is float and type(value) is int)
        )
        if not fits or (wanted is int and isinstance(value, bool)):
            raise ValueError(f"these are no facts of a source: {name} is {value!r:.80}")
    return kind(**{name: value for name, value in told.items() if name in known})


def _plain(value: Any) -> Any:
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value
