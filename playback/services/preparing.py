"""Before anybody presses Play: a session that is ready, watched by nobody, and what becomes of it."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts import services as accounts
from playback import models, preparing
from playback.services import opening
from playback.services.errors import NotFound, NotPrepared
from playback.types import Capabilities, Session


def prepare_session(
    *,
    profile_id: UUID,
    video_id: UUID,
    user_agent: str = "",
    address: str = "",
    device: str = "",
    device_id: UUID | None = None,
    leaves: UUID | None = None,
    can: Capabilities | None = None,
    now: datetime | None = None,
) -> Session:
    """All that `open_session` asks and answers, but no slot is taken and nobody watches. Bounds: `playback.preparing`.

    The token opens the film's beginning for some seconds and is not renewed before `begin_session`; the multivariant
    playlist comes with the answer, for it has no address yet. What a browser had prepared before is dropped for it.
    Raises NotFound, AboveMaturity, NotAvailable, NoPackage, NotPrepared.
    """
    now = now or timezone.now()
    asked = opening.asking(
        profile_id,
        video_id,
        user_agent=user_agent,
        address=address,
        device=device,
        device_id=device_id,
        can=can,
    )
    draft = opening.drafted(asked, now=now)
    with transaction.atomic():
        _reserve(draft, leaves=leaves, now=now)
    return opening.answered(draft, why="prepared", now=now, playlist=True, lifetime=preparing.TOKEN_FOR)


def begin_session(session_id: UUID, *, leaves: UUID | None = None, now: datetime | None = None) -> Session:
    """Somebody pressed Play: the prepared session becomes one, as if it were opened now, under the same id.

    Everything is asked again, the household's streams too. The package may be another one by now.
    Raises NotFound (also when the browser has had another one prepared since, or this one is too old), AboveMaturity,
    NotAvailable, NoPackage, StreamLimit.
    """
    now = now or timezone.now()
    kept = models.Prepared.objects.filter(id=session_id, made_at__gt=now - preparing.KEPT_FOR).first()
    if kept is None or models.PlaybackSession.objects.filter(id=session_id).exists():
        raise NotFound
    if accounts.watching(kept.profile_id) is None:  # no cookie comes with it: the user may be blocked
        raise NotFound
    asked = opening.Asked(
        profile_id=kept.profile_id,
        video_id=kept.video_id,
        device=kept.device,
        device_name=kept.device_name,
        device_id=kept.device_id,
        can=Capabilities(av1=kept.av1, surround=kept.surround),
        hashed=True,
        session_id=kept.id,
    )
    draft = opening.drafted(asked, now=now)
    opening.admit(draft, leaves=leaves)
    return opening.answered(draft, why="begun", now=now, playlist=True)


def drop_prepared(*, now: datetime | None = None) -> int:
    """Delete what nobody began; returns how many. Periodic. By then the device may have as many as ever again."""
    old = (now or timezone.now()) - max(preparing.KEPT_FOR, preparing.ONE_MORE_AFTER * preparing.IN_A_ROW)
    return models.Prepared.objects.filter(made_at__lt=old).delete()[0]


def _reserve(draft: opening.Draft, *, leaves: UUID | None, now: datetime) -> None:
    """Note what is prepared, in place of what was on this device, or raise NotPrepared. Within a transaction."""
    row = draft.row
    others = opening.others_of(row)
    household = models.Prepared.objects.filter(user_id=row.user_id)
    before = household.filter(device=row.device).first()
    allowance = preparing.Allowance(before.left, before.made_at) if before else preparing.fresh(now)
    allowance = allowance.grown(now)
    elsewhere = household.exclude(device=row.device).filter(made_at__gt=now - preparing.TOKEN_FOR)
    if not preparing.allowed(
        opening.decided(draft, others, leaves=leaves),
        elsewhere.values_list("made_at", flat=True),
        allowance,
        limit=draft.plan.streams,
        now=now,
    ):
        raise NotPrepared
    if before:
        before.delete()
    models.Prepared.objects.create(
        id=row.id,
        user_id=row.user_id,
        profile_id=row.profile_id,
        video_id=row.video_id,
        av1=row.av1,
        surround=row.surround,
        device=row.device,
        device_name=row.device_name,
        device_id=row.device_id,
        made_at=now,
        left=allowance.spent().left,
    )
