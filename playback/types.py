"""What other apps may know of playback."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from catalog.types import Marker


class Ended(StrEnum):
    """Why a playback session is over."""

    CLOSED = "closed"
    REPLACED = "replaced"
    STOPPED = "stopped"
    SILENT = "silent"
    FORGOTTEN = "forgotten"
    OWNER = "owner"
    SIGNED_OUT = "signed_out"


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Where a profile stopped in a video."""

    profile_id: UUID
    video_id: UUID
    title_id: UUID
    position: timedelta
    duration: timedelta
    finished: bool
    updated_at: datetime

    @property
    def fraction(self) -> float:
        """How far, 0 … 1."""
        whole = self.duration.total_seconds()
        return min(1.0, self.position.total_seconds() / whole) if whole else 0.0


@dataclass(frozen=True, slots=True)
class RankedNode:
    """One place to fetch from, in order of preference, and why it stands there.

    `healthy_since`: a failure that was before that may be forgotten. None when the place is not well, or is the site.
    """

    id: str
    base_url: str
    rank: int
    reason: str
    healthy_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Steered:
    """The answer to a player that asks where to fetch from: never empty, the site itself last.

    It should ask again after `ttl`, and stay below `kbps` (0: no bound), which is asked of all while capacity is short.
    `frozen` tells that the fleet's picture is held because too much of it fell silent at once.
    """

    nodes: tuple[RankedNode, ...]
    ttl: timedelta
    kbps: int = 0
    frozen: bool = False


@dataclass(frozen=True, slots=True)
class Track:
    """A sound or text track that the viewer may pick. `name` is the rendition's; `language` is BCP 47."""

    name: str
    language: str
    label: str
    channels: int | None
    default: bool
    forced: bool = False
    hearing_impaired: bool = False
    described: bool = False


@dataclass(frozen=True, slots=True)
class TrackChoice:
    """What a viewer wants to hear and read: keys such as 'de', 'en:sdh', 'en:description', '' for nothing said.

    `text` is also 'off', 'forced' (passages in another language alone) or 'foreign' (when the sound is foreign).
    """

    audio: str = ""
    text: str = ""
    second: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture quality that the viewer may pick: pixels, and peak bits per second without the sound."""

    name: str
    width: int
    height: int
    bandwidth: int


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a player says of its device: whether it decodes AV1 well, and whether it has loudspeakers for surround.

    `surround` is None when it said nothing: then both are offered, and its player chooses.
    """

    av1: bool = False
    surround: bool | None = None


@dataclass(frozen=True, slots=True)
class Next:
    """What plays after this."""

    video_id: UUID
    name: str
    title: str


@dataclass(frozen=True, slots=True)
class Token:
    """Leave to fetch a package from any node until `expires_at`."""

    value: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Head:
    """What a rendition's first segments must be: `digests` is base64 of 16 bytes for each, from segment `first` on."""

    first: int
    digests: str


@dataclass(frozen=True, slots=True)
class Session:
    """One viewer playing one video on one device, as the API answers it. URLs are absolute.

    `segments` has `{rendition}` in it, to be replaced by a rendition's name: the address of what its segments must be.
    `duration` is how much there is to play; of a package that is not `complete` the film is likely to last
    `expected_duration`. `dash` is None for an encrypted package, `trickplay` when there are no small pictures.
    `playlist` is the multivariant playlist's text for our loader when it was asked for, and `heads` is what the first
    segments from its viewer's place on must be, by rendition. `choice` is what its viewer last chose in this title,
    else in any; it is changed at `choice_url`. A session that is only prepared has a `begin_url`. A `trailer`
    is not remembered. `max_height` is the
    plan's, in pixels; None without a limit.
    """

    id: UUID
    video_id: UUID
    title_id: UUID
    package_id: str
    title: str
    name: str
    duration: timedelta
    complete: bool
    expected_duration: timedelta | None
    encrypted: bool
    content_key_url: str | None
    hls: str
    dash: str | None
    trickplay: str | None
    segments: str
    steering: str
    nodes: tuple[RankedNode, ...]
    token: str
    token_expires_at: datetime
    renew_url: str
    beacon_url: str
    beacon_interval: timedelta
    close_url: str
    news_url: str
    bookmark: Bookmark | None
    audio: tuple[Track, ...]
    text: tuple[Track, ...]
    video: tuple[Picture, ...]
    markers: tuple[Marker, ...]
    next: Next | None
    playlist: str = ""
    heads: dict[str, Head] = field(default_factory=dict)
    begin_url: str | None = None
    max_height: int | None = None
    choice: TrackChoice = field(default_factory=TrackChoice)
    choice_url: str = ""
    trailer: bool = False


@dataclass(frozen=True, slots=True)
class ActiveSession:
    """A playback that is going on, with names for people. `node` is the pathway it last fetched from.

    `device_id` is the account's device, None when that is not known.
    """

    id: UUID
    user_id: UUID
    profile_id: UUID
    profile_name: str
    video_id: UUID
    title_id: UUID
    title_name: str
    device_name: str
    device_id: UUID | None
    node: str
    started_at: datetime
    last_seen_at: datetime
    position: timedelta
    duration: timedelta
    paused: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a session goes on, as its player is told: what somebody did to it on purpose, and when.

    `message_at` has `{time}` in it, for the player to fill in: only it knows what time it is there.
    """

    active: bool
    ended: Ended | None = None
    message: str = ""
    message_at: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Considered:
    """A node in a decision, and what was said of it."""

    node: str
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """One ranking of a session, kept so that it can be explained. `why` it was made: 'opened', 'asked', 'renewed', …

    `order` is what was offered, best first; `passed` is what was not.
    """

    at: datetime
    why: str
    order: tuple[Considered, ...]
    passed: tuple[Considered, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """What a player saw of one node since its last report: bits per second and milliseconds to the first byte.

    `rtt_ms` is the smallest of the latter for small objects, which is nearly the way there and back. `corrupt` counts
    bytes that were not what the package says, `hedges` requests that this node was asked for beside another.
    """

    node: str
    ok: int = 0
    failures: int = 0
    ttfb_ms: float | None = None
    bps: float | None = None
    rtt_ms: float | None = None
    corrupt: int = 0
    hedges: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """A beacon: what a player says of itself. Everything in it is a claim and was bounded at the door.

    `watched` is the time that the picture really moved since the last beacon; a player that does not know
    leaves it out and it is estimated. Counters (`stalls`, `stall_time`, `dropped`) run from the session's start.
    `age` is how long ago it was made, for one that had to wait; `kept` says that another page sends it, since the one
    that made it is gone. `alone`: it began by itself after another, and nobody touched anything in its first ten
    minutes.
    """

    position: timedelta
    duration: timedelta | None = None
    watched: timedelta | None = None
    paused: bool = False
    buffer: timedelta | None = None
    rendition: str = ""
    height: int | None = None
    stalls: int = 0
    stall_time: timedelta = timedelta(0)
    dropped: int = 0
    node: str = ""
    event: str = ""
    samples: tuple[Sample, ...] = ()
    age: timedelta = timedelta(0)
    kept: bool = False
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Heard:
    """The answer to a beacon: whether the session goes on, and if not why, in words for the viewer.

    `newer_package` says that the video has another package now which offers this player something else: more of the
    film, or other tracks. It may open a new session for it.
    """

    active: bool
    ended: Ended | None = None
    message: str = ""
    newer_package: bool = False


@dataclass(frozen=True, slots=True)
class Viewing:
    """A finished or abandoned playback, kept as history. `alone` as in `Report`."""

    id: UUID
    profile_id: UUID
    video_id: UUID
    title_id: UUID
    watched: timedelta
    fraction: float
    started_at: datetime
    ended_at: datetime
    alone: bool = False


@dataclass(frozen=True, slots=True)
class TitleCount:
    """How often a title was watched in some window."""

    title_id: UUID
    viewings: int


@dataclass(frozen=True, slots=True)
class PlaybackEnded:
    """News: a playback ended or fell silent.

    `duration` is how long the video is; from `finish_at` on (the credits) it counts as finished. 0: not known.
    """

    viewing: Viewing
    duration: timedelta = timedelta(0)
    finish_at: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class ViewingAdvanced:
    """News: something that plays has come past a milestone. `viewing` is what its end would be told as by now."""

    viewing: Viewing
    duration: timedelta
    finish_at: timedelta


@dataclass(frozen=True, slots=True)
class PlaceMoved:
    """News: a profile is at another place in a title. `goes_on`: it plays, and this was one report of many."""

    profile_id: UUID
    title_id: UUID
    goes_on: bool = False


@dataclass(frozen=True, slots=True)
class HistoryForgotten:
    """News: a profile took back that it watched these titles."""

    profile_id: UUID
    title_ids: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class StreamsChanged:
    """News: somebody of a household began to watch something, or ended."""

    user_id: UUID


@dataclass(frozen=True, slots=True)
class SessionStopped:
    """News: a playback was ended on purpose, by its household, an operator or because its device was signed out."""

    session_id: UUID
    user_id: UUID


@dataclass(frozen=True, slots=True)
class DownloadsChanged:
    """News: a household has something more, or less, to watch without a network."""

    user_id: UUID


class LicenceEnd(StrEnum):
    """Why a film may not be kept on a device any more."""

    REMOVED = "removed"
    REPLACED = "replaced"
    SIGNED_OUT = "signed_out"
    WITHDRAWN = "withdrawn"
    PROFILE = "profile"
    PLAN = "plan"


@dataclass(frozen=True, slots=True)
class KeepWish:
    """What to keep: a picture's height in pixels (the next lower one is taken), and names of sounds.

    Empty: the best picture, the usual sounds.
    """

    height: int | None = None
    sounds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OfferedTrack:
    """A picture or sound that may be kept: `bytes` is what it takes. `usual`: kept when nobody chooses otherwise."""

    name: str
    bytes: int
    height: int = 0
    language: str = ""
    label: str = ""
    usual: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """What of a video may be kept on a device. `refused` says why nothing may: 'plan', 'devices', 'titles'; else ''.

    `more_bytes` is what text and small pictures take. `keeping` are the names of devices that hold the plan's places.
    """

    video_id: UUID
    refused: str
    message: str
    pictures: tuple[OfferedTrack, ...]
    sounds: tuple[OfferedTrack, ...]
    more_bytes: int
    days: int
    devices: int
    keeping: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """How a licence stands: until when its film plays without the site. `secret` opens what is kept; b"" once over."""

    id: UUID
    expires_at: datetime
    days: int
    secret: bytes = b""
    ended: LicenceEnd | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """A film on a device, as people see it. `profile_name` is whose it is."""

    id: UUID
    video_id: UUID
    title_id: UUID
    name: str
    profile_id: UUID
    profile_name: str
    device_id: UUID
    device_name: str
    bytes: int
    complete: bool
    made_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Download:
    """Leave to keep a film: how it stands, its tracks and how to fetch them. URLs hold the licence's key.

    `session` describes the film as a player is told of it, with the chosen tracks alone; its own URLs lead nowhere.
    """

    terms: Terms
    session: Session
    profile_id: UUID
    profile_name: str
    bytes: int
    tracks: tuple[str, ...]
    token_url: str
    segments_url: str
    content_key_url: str | None
    done_url: str
    reports_url: str
