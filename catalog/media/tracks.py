"""What a package is made of: finished tracks on this machine's disk, named for the one who packs them."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """One picture rendition. `parts` are CMAF files that follow each other and begin with the same init segment.

    `name` is its wire name (a-z, 0-9 and '-', 32 at most), `label` what people read ('1080p'), `rate` frames a second.
    Fragments are joined to segments of at least `least` seconds: sources that are copied may have a keyframe each
    quarter of a second.
    """

    name: str
    label: str
    rate: Fraction
    parts: tuple[Path, ...]
    least: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class SoundTrack:
    """One sound rendition; how many channels it has is read from its file.

    `language` is a BCP 47 tag. Tracks of the same `source` (a number of the caller's: the source's stream) say the
    same thing in stereo and in surround: players are offered one of them. A `described` one also tells what is seen.
    """

    language: str
    label: str
    parts: tuple[Path, ...]
    default: bool = False
    source: int = -1
    described: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """A text track ready to be packaged: WebVTT `data` of a `language`.

    `forced` text is shown even to who wants no subtitles (foreign passages); `hearing_impaired` also tells sounds.
    `uploaded` came from an operator and not with the film.
    """

    language: str
    label: str
    data: bytes
    default: bool = False
    forced: bool = False
    hearing_impaired: bool = False
    uploaded: bool = False


@dataclass(frozen=True, slots=True)
class Sheets:
    """Small pictures of the film in sheets (WebP) for scrubbing, one tile for each of `times`.

    `times` are (start, end) in seconds; tiles fill each sheet of `columns` x `rows` line by line. Tile sides in pixels.
    """

    files: tuple[Path, ...]
    width: int
    height: int
    columns: int
    rows: int
    times: tuple[tuple[Fraction, Fraction], ...]
