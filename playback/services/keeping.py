"""Keeping a film on a device: what may be kept, and the leave to."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.types import Rendition
from playback import licence_keys, models, multivariant, offline
from playback.services import licences, opening
from playback.services.errors import MayNotKeep, NoPackage
from playback.types import Capabilities, Download, KeepWish, Offer, OfferedTrack


def offer(*, profile_id: UUID, video_id: UUID, device_id: UUID, can: Capabilities | None = None) -> Offer:
    """What of a video a profile may keep on this device, and how large it is.

    Raises NotFound, AboveMaturity, Blocked, NotAvailable, NoPackage, NeedsPlan.
    """
    now, can = timezone.now(), can or Capabilities()
    draft = _draft(profile_id, video_id, device_id=device_id, can=can, now=now)
    tracks = draft.package.renditions
    pictures = offline.pictures(tracks, max_height=draft.plan.max_height, can=can)
    sounds = offline.sounds(tracks, can)
    usual = offline.usual_sounds(sounds, draft.profile.language)
    holding = _holding(draft.row.user_id, now)
    refused = offline.room_for(device_id, holding, devices=draft.plan.downloads)
    names = (
        {one.device_name for one in licences.kept(draft.row.user_id, now=now)} if refused == "devices" else ()
    )
    return Offer(
        video_id=video_id,
        refused=refused,
        message=_words(refused, draft.plan.downloads),
        pictures=tuple(OfferedTrack(one.name, one.bytes, height=one.height or 0) for one in pictures),
        sounds=tuple(
            OfferedTrack(
                one.name,
                one.bytes,
                language=one.language,
                label=multivariant.track_name(one, sounds),
                usual=one in usual,
            )
            for one in sounds
        ),
        more_bytes=sum(one.bytes for one in offline.companions(tracks)),
        days=draft.plan.offline_days,
        devices=draft.plan.downloads,
        keeping=tuple(sorted(names)),
    )


def keep(
    *,
    profile_id: UUID,
    video_id: UUID,
    device_id: UUID,
    wish: KeepWish | None = None,
    can: Capabilities | None = None,
    user_agent: str = "",
    address: str = "",
    now: datetime | None = None,
) -> Download:
    """Let a device keep a video: a licence, a token for the chosen tracks alone, and where to fetch them.

    What it kept of this video before is over with it. Raises as `offer`, and MayNotKeep.
    """
    now, can, wish = now or timezone.now(), can or Capabilities(), wish or KeepWish()
    draft = _draft(
        profile_id, video_id, device_id=device_id, can=can, now=now, user_agent=user_agent, address=address
    )
    tracks = _chosen(draft, wish, can)
    draft.row.renditions = multivariant.mask(tracks)
    row = _admitted(draft, tracks, device_id, now)
    session = opening.answered(draft, why="kept", now=now, playlist=True, lifetime=offline.TOKEN_FOR)
    key = licence_keys.make(row.id, row.package_id)
    return Download(
        terms=licences.terms(row),
        session=session,
        profile_id=row.profile_id,
        profile_name=row.profile_name,
        bytes=row.bytes,
        tracks=tuple(one.name for one in tracks),
        token_url=_url("token", key),
        segments_url=_url("segments", key, rendition="-").replace("/-.json", "/{rendition}.json"),
        content_key_url=_url("content-key", key) if draft.package.encrypted else None,
        done_url=_url("done", key),
        reports_url=_url("report", key, viewing_id=str(UUID(int=0))).removesuffix(f"{UUID(int=0)}"),
    )


def _url(name: str, key: str, **more: str) -> str:
    """The absolute address of one of a licence's capability URLs."""
    return f"{settings.SITE_URL}{reverse(f'playback-kept-{name}', kwargs={'licence': key, **more})}"


def _draft(
    profile_id: UUID,
    video_id: UUID,
    *,
    device_id: UUID,
    can: Capabilities,
    now: datetime,
    user_agent: str = "",
    address: str = "",
) -> opening.Draft:
    """All that pressing play asks, but for the streams: keeping a film takes none."""
    asked = opening.asking(
        profile_id,
        video_id,
        user_agent=user_agent,
        address=address,
        device=str(device_id),
        device_id=device_id,
        can=can,
    )
    draft = opening.drafted(asked, now=now)
    if not draft.package.complete:
        raise NoPackage
    return draft


def _chosen(draft: opening.Draft, wish: KeepWish, can: Capabilities) -> list[Rendition]:
    """The tracks to keep: one picture, the sounds that were asked for, all text and the small pictures."""
    tracks = draft.package.renditions
    pictures = offline.pictures(tracks, max_height=draft.plan.max_height, can=can)
    under = [one for one in pictures if wish.height is None or (one.height or 0) <= wish.height]
    picture = under[-1] if under else pictures[0]
    offered = offline.sounds(tracks, can)
    sounds = [one for one in offered if one.name in wish.sounds]
    return [
        picture,
        *(sounds or offline.usual_sounds(offered, draft.profile.language)),
        *offline.companions(tracks),
    ]


def _admitted(
    draft: opening.Draft, tracks: Sequence[Rendition], device_id: UUID, now: datetime
) -> models.Licence:
    """Take one of the plan's places and write the licence down, one household at a time. Raises MayNotKeep."""
    session = draft.row
    with transaction.atomic():
        models.Household.objects.select_for_update().get_or_create(user_id=session.user_id)
        before = models.Licence.objects.going().filter(
            device_id=device_id, profile_id=session.profile_id, video_id=session.video_id
        )
        for one in before:
            licences.replaced(one, now)
        refused = offline.room_for(device_id, _holding(session.user_id, now), devices=draft.plan.downloads)
        if refused:
            raise MayNotKeep(refused, _words(refused, draft.plan.downloads))
        licences.tell_downloads(session.user_id)
        return models.Licence.objects.create(
            id=session.id,
            user_id=session.user_id,
            profile_id=session.profile_id,
            profile_name=session.profile_name,
            video_id=session.video_id,
            title_id=session.title_id,
            title_name=session.title_name,
            package_id=session.package_id,
            renditions=session.renditions,
            bytes=sum(one.bytes for one in tracks),
            device_id=device_id,
            device_name=session.device_name,
            made_at=now,
            renewed_at=now,
            expires_at=licences.due(draft.plan, session.user_id, now),
        )


def _holding(user_id: UUID, now: datetime) -> dict[UUID, int]:
    """How many films each device of a household keeps."""
    rows = models.Licence.objects.filter(user_id=user_id).holding(now)
    counted = rows.values("device_id").annotate(films=Count("id"))
    return {row["device_id"]: row["films"] for row in counted.order_by("device_id")}


def _words(refused: str, devices: int) -> str:
    """Why nothing may be kept here, for people; '' when something may."""
    if refused == "plan":
        return _("Your plan has no downloads.")
    if refused == "titles":
        most = offline.MOST_ON_DEVICE
        return _("This device keeps %(most)s downloads already. Remove one first.") % {"most": most}
    if refused == "devices":
        allows = ngettext(
            "Your plan keeps downloads on %(count)s device. Remove them there first.",
            "Your plan keeps downloads on %(count)s devices. Remove them on one of them first.",
            devices,
        )
        return allows % {"count": devices}
    return ""
