"""Pressing play: who may, from where, and everything that the player needs to go on by itself."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from accounts import services as accounts
from accounts.types import Plan, Profile
from catalog import services as catalog
from catalog.types import Package, Rendition, RenditionKind, Video
from cdn import services as cdn
from cdn.types import SignedToken
from playback import concurrency, devices, models, multivariant, progress
from playback.services import going
from playback.services.choosing import track_choice
from playback.services.describing import heads, url, written
from playback.services.errors import (
    AboveMaturity,
    Blocked,
    NeedsPlan,
    NoPackage,
    NotAvailable,
    NotFound,
    StreamLimit,
)
from playback.services.places import bookmarks
from playback.services.steer import USUAL_BPS, rank
from playback.types import Bookmark, Capabilities, Ended, Head, Next, Picture, RankedNode, Session, Track

#: How often players report.
BEACON_INTERVAL = timedelta(seconds=10)
#: A bookmark before this is none: players begin at the start (static/js/player/ahead.js).
RESUMES_FROM = timedelta(seconds=5)


def open_session(
    *,
    profile_id: UUID,
    video_id: UUID,
    user_agent: str = "",
    address: str = "",
    device: str = "",
    device_id: UUID | None = None,
    leaves: UUID | None = None,
    can: Capabilities | None = None,
    playlist: bool = False,
    now: datetime | None = None,
) -> Session:
    """Start playing: check, take a stream slot, sign, rank.

    `device` is whatever identifies the browser to us; without one it is guessed from the other two. Only a hash of it
    is kept, and no address. `device_id` is the account's device that it is signed in on. `leaves` is a session on the
    same device that ends for this one; when it plays the same video to the same profile, the two are one viewing. `can`
    is what the player said of its device. With `playlist` the multivariant playlist comes with the answer, which saves
    our player a question.
    Raises NotFound, AboveMaturity, NotAvailable, NoPackage, StreamLimit.
    """
    now = now or timezone.now()
    asked = asking(
        profile_id,
        video_id,
        user_agent=user_agent,
        address=address,
        device=device,
        device_id=device_id,
        can=can,
    )
    draft = drafted(asked, now=now)
    admit(draft, leaves=leaves)
    return answered(draft, why="opened", now=now, playlist=playlist)


# Used by the other modules of this package. --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """Who wants to play what. `device` identifies the browser; it is hashed unless it was `hashed` before."""

    profile_id: UUID
    video_id: UUID
    device: str
    device_name: str
    can: Capabilities
    hashed: bool = False
    session_id: UUID | None = None
    address: str = ""
    device_id: UUID | None = None


def asking(
    profile_id: UUID,
    video_id: UUID,
    *,
    user_agent: str,
    address: str,
    device: str,
    device_id: UUID | None,
    can: Capabilities | None,
) -> Asked:
    """Who asks by a request. One browser is one device, whether it prepares or plays."""
    return Asked(
        profile_id=profile_id,
        video_id=video_id,
        device=device or f"{user_agent}\n{address}",
        device_name=devices.name(user_agent),
        can=can or Capabilities(),
        address=address,
        device_id=device_id,
    )


@dataclass(frozen=True, slots=True)
class Draft:
    """A session that is not saved yet, and what was found out for it."""

    row: models.PlaybackSession
    profile: Profile
    plan: Plan
    video: Video
    package: Package
    address: str = ""


def drafted(asked: Asked, *, now: datetime) -> Draft:
    """All that is asked before a session may begin, but for the household's streams; nothing is written.

    Raises NotFound, AboveMaturity, NotAvailable, NoPackage.
    """
    profile = accounts.profile(asked.profile_id)
    if profile is None:
        raise NotFound
    video, package = _playable(profile, asked.video_id)
    plan, can = accounts.plan(profile.user_id), asked.can
    if not plan.may_watch:
        raise NeedsPlan
    renditions = multivariant.allowed(package.renditions, max_height=plan.max_height, can=can)
    whole = package.duration if package.complete else package.expected or package.duration
    device = asked.device if asked.hashed else devices.fingerprint(asked.device, profile.user_id.hex)
    row = models.PlaybackSession(
        id=asked.session_id or uuid4(),
        user_id=profile.user_id,
        profile_id=profile.id,
        profile_name=profile.name,
        video_id=video.id,
        title_id=video.title_id,
        title_name=video.name,
        maturity=video.maturity,
        package_id=package.id,
        renditions=multivariant.mask(renditions),
        av1=can.av1,
        surround=can.surround,
        device=device,
        device_name=asked.device_name,
        device_id=asked.device_id,
        started_at=now,
        last_seen_at=now,
        duration=whole,
        finish_at=_finish_at(package, whole),
        trailer=video.trailer,
    )
    return Draft(row, profile, plan, video, package, asked.address)


def answered(
    draft: Draft, *, why: str, now: datetime, playlist: bool, lifetime: timedelta | None = None
) -> Session:
    """Sign, rank, and say all that a player needs. A token of another `lifetime` is that of a prepared session."""
    row, video, package = draft.row, draft.video, draft.package
    token = cdn.sign(
        session_id=row.id,
        account_id=row.user_id,
        package_id=package.id,
        renditions=row.renditions,
        now=now,
        lifetime=lifetime,
    )
    nodes = rank(
        row.id,
        why=why,
        now=now,
        bps=_expected_bps(package),
        package_id=package.id,
        address=draft.address,
    )
    title = video.name if video.episode_id is None else _title_name(video)
    session = _session(
        row,
        package,
        title=title,
        token=token,
        nodes=nodes,
        bookmark=None if video.trailer else bookmarks(draft.profile.id, [video.id]).get(video.id),
        following=_next(video, title),
    )
    return replace(
        session,
        playlist=written(row, package, nodes, token.text) if playlist else "",
        heads=_heads(row, package, session.bookmark) if playlist else {},
        begin_url=url("playback-begin", going.key_of(row)) if lifetime else None,
        max_height=draft.plan.max_height,
        trailer=video.trailer,
        choice=track_choice(draft.profile.id, video.title_id),
        choice_url=url("playback-choice", going.key_of(row)),
    )


def _heads(row: models.PlaybackSession, package: Package, bookmark: Bookmark | None) -> dict[str, Head]:
    """Of what is played first: at the bookmark, as players begin there."""
    place = bookmark.position if bookmark and not bookmark.finished else timedelta()
    tracks = [one for one in package.renditions if row.renditions >> one.index & 1]
    return heads(tracks, place if place >= RESUMES_FROM else timedelta())


def _finish_at(package: Package, whole: timedelta) -> timedelta:
    """From where on the film is finished. The end of what is there so far is not its end."""
    if not package.complete and package.expected is None:
        return whole + timedelta(seconds=1)
    return progress.finish_at(whole, package.markers)


def _playable(profile: Profile, video_id: UUID) -> tuple[Video, Package]:
    """What the profile may play now, or the named reason why not; age comes first, for it must tell nothing else."""
    video = catalog.video(video_id)
    if video is None:
        raise NotFound
    if video.maturity > profile.maturity:
        raise AboveMaturity
    if video.title_id in profile.blocked:
        raise Blocked
    if not video.available:
        raise NotAvailable
    package = catalog.package(video.package_id) if video.package_id else None
    if package is None or not any(one.kind is RenditionKind.VIDEO for one in package.renditions):
        raise NoPackage
    if cdn.taken_down(package.id):
        raise NotAvailable
    return video, package


def admit(draft: Draft, *, leaves: UUID | None) -> None:
    """Take a stream slot for the session and save it, or raise StreamLimit; one household at a time."""
    row, plan = draft.row, draft.plan
    now = row.started_at
    with transaction.atomic():
        others = others_of(row)
        if any(one.id == row.id for one in others):
            raise NotFound  # begun twice at once, and the other was first
        verdict = decided(draft, others, leaves=leaves)
        by_id = {one.id: one for one in others}
        if not verdict.allowed:
            profile = draft.profile
            holding = tuple(
                going.active(by_id[one], maturity=profile.maturity, without=profile.blocked)
                for one in verdict.holding
            )
            raise StreamLimit(holding, plan.streams, can_stop=not draft.profile.is_kid)
        for one in verdict.silent:
            going.end(by_id[one], Ended.SILENT, now=now)
        for one in verdict.replaced:
            before = by_id[one]
            if one == leaves and (before.profile_id, before.video_id) == (row.profile_id, row.video_id):
                going.hand_over(before, row, now=now)
            else:
                going.end(before, Ended.REPLACED, now=now)
        if not row.trailer:
            going.make_room(row, holding=len(verdict.holding), limit=plan.streams, now=now)
        row.save(force_insert=True)
        going.tell_streams(row.user_id)


def others_of(row: models.PlaybackSession) -> list[models.PlaybackSession]:
    """The household's open sessions, itself held until the transaction ends."""
    models.Household.objects.select_for_update().get_or_create(user_id=row.user_id)
    return list(models.PlaybackSession.objects.filter(user_id=row.user_id).open())


def decided(
    draft: Draft, others: list[models.PlaybackSession], *, leaves: UUID | None
) -> concurrency.Verdict:
    """Whether the household's streams allow one more. Trailers hold none, and need none."""
    row = draft.row
    verdict = concurrency.decide(
        [going.stream(one) for one in others if row.trailer or not one.trailer],
        concurrency.Wish(row.profile_id, row.video_id, row.device, leaves),
        limit=draft.plan.streams,
        now=row.started_at,
        silence=going.SILENCE,
    )
    return replace(verdict, allowed=True, silent=()) if row.trailer else verdict


def _title_name(video: Video) -> str:
    title = catalog.title(video.title_id)
    return title.name if title else video.name


def _next(video: Video, title: str) -> Next | None:
    episode = catalog.next_episode(video.id) if video.episode_id else None
    if episode is None or episode.video_id is None:
        return None
    return Next(
        video_id=episode.video_id, name=f"S{episode.season} E{episode.number} · {episode.name}", title=title
    )


def _expected_bps(package: Package) -> int:
    """What one stream of the package takes at its best, in bits per second."""
    pictures = [one.average_bandwidth for one in package.renditions if one.kind is RenditionKind.VIDEO]
    return max(pictures, default=USUAL_BPS)


def _session(
    row: models.PlaybackSession,
    package: Package,
    *,
    title: str,
    token: SignedToken,
    nodes: tuple[RankedNode, ...],
    bookmark: Bookmark | None,
    following: Next | None,
) -> Session:
    key = going.key_of(row)
    tracks = [one for one in package.renditions if row.renditions >> one.index & 1]
    return Session(
        id=row.id,
        video_id=row.video_id,
        title_id=row.title_id,
        package_id=package.id,
        title=title,
        name=row.title_name,
        duration=package.duration,
        complete=package.complete,
        expected_duration=None if package.complete else package.expected,
        encrypted=package.encrypted,
        content_key_url=url("playback-content-key", key) if package.encrypted else None,
        hls=url("playback-multivariant", key),
        dash=None if package.encrypted else url("playback-mpd", key),
        trickplay=_trickplay(tracks, package, token, nodes),
        segments=url("playback-segments", key, rendition="-").replace("/-.json", "/{rendition}.json"),
        steering=url("playback-steering", key),
        nodes=nodes,
        token=token.text,
        token_expires_at=token.expires_at,
        renew_url=url("playback-token", key),
        beacon_url=url("playback-beacon", key),
        beacon_interval=BEACON_INTERVAL,
        close_url=url("playback-close", key),
        news_url=url("playback-news", key),
        bookmark=bookmark,
        audio=_tracks(tracks, RenditionKind.AUDIO),
        text=_tracks(tracks, RenditionKind.TEXT),
        video=tuple(
            Picture(one.name, one.width or 0, one.height or 0, one.bandwidth)
            for one in tracks
            if one.kind is RenditionKind.VIDEO
        ),
        markers=package.markers,
        next=following,
    )


def _trickplay(
    tracks: list[Rendition], package: Package, token: SignedToken, nodes: tuple[RankedNode, ...]
) -> str | None:
    """The index of the small pictures at the first node; they stand beside it."""
    sheets = next((one for one in tracks if one.kind is RenditionKind.IMAGES), None)
    if sheets is None:
        return None
    best = multivariant.Pathway(nodes[0].id, nodes[0].base_url)
    return multivariant.Places(package.id, token.text).url(best, sheets.name, "index.vtt")


def _tracks(renditions: list[Rendition], kind: RenditionKind) -> tuple[Track, ...]:
    return tuple(
        Track(
            one.name,
            one.language,
            one.label,
            one.channels,
            one.default,
            forced=one.forced,
            hearing_impaired=one.hearing_impaired,
            described=one.described,
        )
        for one in renditions
        if one.kind is kind
    )
