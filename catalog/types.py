"""What other apps may know of the catalogue: ids and frozen values, never rows."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID


class Kind(StrEnum):
    """What a title is."""

    FILM = "film"
    SERIES = "series"


class RenditionKind(StrEnum):
    """What a rendition carries."""

    VIDEO = "video"
    AUDIO = "audio"
    TEXT = "text"
    IMAGES = "images"


class Order(StrEnum):
    """How a list of titles may be sorted."""

    NEWEST = "newest"
    NAME = "name"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Image:
    """A picture in several widths: `srcset` is ready for HTML, `url` is the middle size. Pixels."""

    url: str
    srcset: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Genre:
    """A shelf of the shop."""

    id: UUID
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class Credit:
    """A person's part in a title. `role` is 'director', 'writer', 'cast', …; `character` may be empty.

    `slug` is the address of the person's page; what a source says has none yet, but may have a number (TMDB's).
    """

    person: str
    role: str
    character: str = ""
    slug: str = field(default="", compare=False)
    tmdb_id: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Title:
    """A film or a series, as a card or a page shows it.

    `runtime` is a film's own; a series has None. `video_id` is a film's video when it has one; a series
    has None (its episodes have them). `maturity` is an age in years. `accent` is a CSS colour taken from
    the artwork. `credit` names the owner of licensed footage, to be shown where it plays.
    """

    id: UUID
    slug: str
    kind: Kind
    name: str
    tagline: str
    synopsis: str
    year: int | None
    maturity: int
    genres: tuple[Genre, ...]
    people: tuple[Credit, ...]
    runtime: timedelta | None
    video_id: UUID | None
    season_count: int
    poster: Image | None
    backdrop: Image | None
    accent: str
    credit: str
    playable: bool
    published_at: datetime | None


@dataclass(frozen=True, slots=True)
class Traits:
    """What scoring asks of a title. `genres` are slugs, `people` the names of the first few."""

    kind: Kind
    genres: frozenset[str]
    people: frozenset[str]
    year: int | None
    published_at: datetime | None


@dataclass(frozen=True, slots=True)
class Description:
    """What a title is about. `genres` and `people` (the first few) are slugs, `text` is its tagline and synopsis."""

    id: UUID
    kind: Kind
    genres: tuple[str, ...]
    people: tuple[str, ...]
    text: str
    year: int | None
    imdb_id: str


@dataclass(frozen=True, slots=True)
class Range:
    """Which decades (1930: its ten years), the latest first, and ages a list of titles has something of."""

    decades: tuple[int, ...]
    ages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Appearance:
    """What somebody did in a title. `character` may be empty."""

    title: Title
    role: str
    character: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who made titles or appears in them, with those that may be seen, the newest first.

    `note` tells people of one name apart ('the composer'); it is mostly empty.
    """

    slug: str
    name: str
    note: str
    photo: Image | None
    appearances: tuple[Appearance, ...]


@dataclass(frozen=True, slots=True)
class PersonFound:
    """Somebody whose name answers a question. `roles` they had in what may be seen, the commonest first; `titles` is
    in how many of these."""

    slug: str
    name: str
    note: str
    photo: Image | None
    roles: tuple[str, ...]
    titles: int


@dataclass(frozen=True, slots=True)
class Spoken:
    """A line that somebody says in a film or an episode, and from when. `season` and `number` are an episode's.

    `pieces` is the line as it is shown, in order, each with whether it was asked for. `language` is a BCP 47 tag.
    """

    title_id: UUID
    video_id: UUID
    slug: str
    name: str
    season: int | None
    number: int | None
    episode: str
    language: str
    start: timedelta
    pieces: tuple[tuple[str, bool], ...]
    picture: Image | None


@dataclass(frozen=True, slots=True)
class Found:
    """What answers a question, best first.

    `count` is how many titles answer altogether. `partial`: no title has all words, these have some. `corrected` is the
    question as it was likely meant (plain words), '' when it was answered as it was typed.
    """

    titles: tuple[Title, ...] = ()
    count: int = 0
    partial: bool = False
    corrected: str = ""
    people: tuple[PersonFound, ...] = ()
    genres: tuple[Genre, ...] = ()


@dataclass(frozen=True, slots=True)
class Episode:
    """One part of a series."""

    id: UUID
    title_id: UUID
    season: int
    number: int
    name: str
    synopsis: str
    runtime: timedelta | None
    video_id: UUID | None
    still: Image | None
    playable: bool


@dataclass(frozen=True, slots=True)
class Season:
    """A season with its episodes in order."""

    id: UUID
    number: int
    name: str
    episodes: tuple[Episode, ...]


@dataclass(frozen=True, slots=True)
class Video:
    """The playable media of a film or an episode, or a `trailer`. `package_id` is None until one is published.

    `available` says whether viewers may see its title now: published, and inside its window.
    """

    id: UUID
    title_id: UUID
    episode_id: UUID | None
    name: str
    maturity: int
    duration: timedelta | None
    package_id: str | None
    available: bool = True
    trailer: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """Where one segment stands in its rendition's file. `duration` in seconds, `sha256` in hex."""

    offset: int
    length: int
    duration: float
    sha256: str


@dataclass(frozen=True, slots=True)
class Rendition:
    """One encoded track of a package, stored as one file.

    `index` is the track's bit in the token's rendition mask. `bandwidth` is the peak over segments and
    `average_bandwidth` the mean, in bits per second, this track alone, measured from the file. Text
    renditions have one segment and no init segment.
    """

    name: str
    index: int
    kind: RenditionKind
    codecs: str
    bandwidth: int
    average_bandwidth: int
    file: str
    bytes: int
    sha256: str
    playlist: str
    init: tuple[int, int] | None
    segments: tuple[Segment, ...]
    width: int | None = None
    height: int | None = None
    frame_rate: float | None = None
    language: str = "und"
    label: str = ""
    channels: int | None = None
    default: bool = False
    #: The I-frame playlist's file, of picture renditions that have one, and the peak of its bits per second.
    iframes: str = ""
    iframe_bandwidth: int = 0
    #: Ticks a second of the file's own clock, and when its first sample is shown, in ticks; 0 when unsaid.
    timescale: int = 0
    start: int = 0
    #: Surround sound: the rendition that says the same in stereo.
    twin: str = ""
    #: Images: columns and rows of each sheet; `width` and `height` are one tile's.
    tiles: tuple[int, int] | None = None
    #: Text only: shown even to who asked for no subtitles; written for who cannot hear; and not from the film itself.
    forced: bool = False
    hearing_impaired: bool = False
    uploaded: bool = False
    #: Sound only: it also tells what is to be seen.
    described: bool = False


@dataclass(frozen=True, slots=True)
class Marker:
    """A named stretch of a video: 'intro', 'recap', 'credits' or 'chapter'; chapters have a `name`."""

    kind: str
    start: timedelta
    end: timedelta
    name: str = ""


@dataclass(frozen=True, slots=True)
class Package:
    """The published, immutable output of one video. `id` is the first 32 hex digits of its manifest's SHA-256.

    An early package that is not `complete` ends before the film does: `expected` is how long the film is likely to
    be, and a later package has more. Segments of an `encrypted` one are AES-128 (HLS, whole segments).
    """

    id: str
    video_id: UUID
    duration: timedelta
    renditions: tuple[Rendition, ...]
    markers: tuple[Marker, ...] = field(default=())
    complete: bool = True
    expected: timedelta | None = None
    encrypted: bool = False

    @property
    def bytes(self) -> int:
        """What holding all of it costs."""
        return sum(rendition.bytes for rendition in self.renditions)


@dataclass(frozen=True, slots=True)
class StoredObject:
    """Bytes of a package at the origin: `length` bytes from `offset` of the stored file `key`."""

    key: str
    offset: int
    length: int
    content_type: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Preview:
    """Small pictures of a film on one sheet: `width` and `height` of each in pixels, and where each begins (x, y)."""

    picture: StoredObject
    width: int
    height: int
    tiles: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Digests:
    """What the segments of one rendition must be, in order: bytes, and SHA-256. `init_size` is 0 when there is none."""

    sizes: tuple[int, ...]
    sha256: tuple[bytes, ...]
    init_size: int
    init_sha256: bytes


@dataclass(frozen=True, slots=True)
class TitlePublished:
    """News: viewers may now see this title."""

    title_id: UUID


@dataclass(frozen=True, slots=True)
class TitleRemoved:
    """News: the title is gone for good; whoever keeps something under these ids forgets it."""

    title_id: UUID
    video_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class PackagePublished:
    """News: a video has a (new) package; `replaced` is the one it had before."""

    video_id: UUID
    package_id: str
    replaced: str | None


class IngestState(StrEnum):
    """How far a video's newest source has come."""

    RECEIVING = "receiving"
    CHECKING = "checking"
    QUEUED = "queued"
    ENCODING = "encoding"
    READY = "ready"
    REFUSED = "refused"
    FAILED = "failed"

    @property
    def final(self) -> bool:
        """Nothing more will happen by itself."""
        return self in (IngestState.READY, IngestState.REFUSED, IngestState.FAILED)


@dataclass(frozen=True, slots=True)
class SidecarText:
    """A subtitle file (SubRip, WebVTT or ASS) to package with a film. `language` is a BCP 47 tag, `path` is local.

    `purpose` is 'subtitles', 'sdh' (for the deaf and hard of hearing) or 'forced' (foreign passages only).
    """

    language: str
    path: str
    label: str = ""
    purpose: str = "subtitles"


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """How to make a package. `preset` is x264's; `ladder` is 'per-title' (measured, fewest bits), 'standard' or
    'light' (fewer rungs, quicker), and empty means the setting's.

    `text` adds subtitle files to those inside the film and beside it. `encoders` is how many run at once; 0
    means as many as the machine keeps busy. `early` publishes something playable before the ladder is made.
    `av1` is 'idle' (a second ladder, when the machine has time) or 'never'; empty means the setting's. `burn` is
    the number of a picture subtitle stream to draw into the picture. `encoder` is 'software' or 'hardware'.
    """

    preset: str = "veryfast"
    ladder: str = ""
    keep_source: bool = True
    text: tuple[SidecarText, ...] = ()
    encoders: int = 0
    early: bool = True
    av1: str = ""
    burn: int | None = None
    encoder: str = "software"


@dataclass(frozen=True, slots=True)
class IngestTicket:
    """What handing in a source gives back."""

    video_id: UUID
    job_id: UUID
    title_id: UUID
    source_id: UUID


@dataclass(frozen=True, slots=True)
class IngestStatus:
    """Where a video's newest source stands. `progress` is 0 … 1; `note` and `error` are for people.

    `remaining` is an estimate from the progress so far, None when there is too little to tell. `playable`
    says whether the video has a package, which may be an older one.
    """

    video_id: UUID
    state: IngestState
    progress: float
    note: str
    error: str
    remaining: timedelta | None
    playable: bool
    job_id: UUID | None = None
    #: Seconds of film encoded in a second, lately; None when unknown.
    speed: float | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """A video under way or in trouble, with what a person needs to recognise it."""

    status: IngestStatus
    title_id: UUID
    title_name: str
    name: str
    source_name: str
    retryable: bool
    updated_at: datetime
