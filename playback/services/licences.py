"""Licences of films that are kept on devices: whether they stand, renewing and ending them, and what was watched."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import services as accounts
from accounts.types import Plan
from catalog import services as catalog
from cdn import services as cdn
from playback import events, licence_keys, models, offline, progress
from playback.services import going
from playback.services.errors import NotFound
from playback.services.steer import rank
from playback.types import DownloadsChanged, Ended, Kept, LicenceEnd, RankedNode, Report, Terms, Token

#: So many licences are looked at in one go.
_BATCH = 200


def standing(licence_ids: Iterable[UUID], *, now: datetime | None = None) -> dict[UUID, Terms]:
    """How licences stand now, each renewed where it may be: their device is online. What is not known is missing.

    Everything is asked anew: the device's sign-in, the profile, its age and blocked titles, the title, the plan.
    """
    now = now or timezone.now()
    rows = models.Licence.objects.filter(id__in=list(licence_ids))
    return {row.id: _renewed(row.id, now) if not row.ended else terms(row) for row in rows}


def end_licence(*, licence_id: UUID, user_id: UUID | None = None, now: datetime | None = None) -> None:
    """The film is kept no more: its device said so, or its household. Ending twice is no error.

    Raises NotFound, with `user_id` also for another household's.
    """
    rows = models.Licence.objects.filter(id=licence_id)
    if user_id is not None:
        rows = rows.filter(user_id=user_id)
    row = rows.first()
    if row is None:
        raise NotFound
    _end([row], LicenceEnd.REMOVED, now or timezone.now())


def complete_licence(licence_id: UUID, *, now: datetime | None = None) -> None:
    """All of it has come: no token for it is given any more, and the last one is taken back. Raises NotFound."""
    now = now or timezone.now()
    changed = models.Licence.objects.filter(id=licence_id, ended="", complete_at=None).update(complete_at=now)
    if changed:
        cdn.deny(licence_id, now + offline.TOKEN_FOR)
    elif not models.Licence.objects.filter(id=licence_id).exists():
        raise NotFound


def fetching_token(licence_id: UUID, *, now: datetime | None = None) -> tuple[Token, tuple[RankedNode, ...]]:
    """A fresh token for what is still to come, and the nodes. Raises NotFound, also when nothing is to come."""
    now = now or timezone.now()
    held = standing([licence_id], now=now).get(licence_id)
    row = models.Licence.objects.filter(id=licence_id, ended="", complete_at=None).first()
    if held is None or held.ended or row is None or now - row.made_at > offline.FETCHED_WITHIN:
        raise NotFound
    signed = cdn.sign(
        session_id=row.id,
        account_id=row.user_id,
        package_id=row.package_id,
        renditions=row.renditions,
        now=now,
        lifetime=offline.TOKEN_FOR,
    )
    nodes = rank(row.id, why="renewed", now=now, package_id=row.package_id)
    return Token(value=signed.text, expires_at=signed.expires_at), nodes


def kept_content_key(licence_id: UUID) -> bytes:
    """The 16 bytes that open an encrypted package's segments. Raises NotFound, also when it is not encrypted."""
    row = models.Licence.objects.filter(id=licence_id, ended="").first()
    key = catalog.content_key(row.package_id) if row else None
    if key is None:
        raise NotFound
    return key


def kept(user_id: UUID, *, profile_id: UUID | None = None, now: datetime | None = None) -> list[Kept]:
    """What a household, or one profile of it, keeps on its devices, latest first. Expired ones are left out."""
    rows = models.Licence.objects.filter(user_id=user_id).holding(now or timezone.now())
    if profile_id is not None:
        rows = rows.filter(profile_id=profile_id)
    found = list(rows.order_by("-made_at")[:1000])
    names = accounts.device_names({row.device_id for row in found})
    return [_kept(row, names) for row in found]


def watched_away(
    licence_id: UUID, *, viewing_id: UUID, reports: Sequence[Report], now: datetime | None = None
) -> None:
    """What a device tells of a film that was watched without the site, oldest report first. Raises NotFound.

    It becomes a session that fell silent, told late: bookmark, history and taste follow as from any other
    (`going.catch_up`). `viewing_id` is the device's for one watching; telling it twice changes nothing.
    """
    now = now or timezone.now()
    row = models.Licence.objects.filter(id=licence_id).exclude(ended=LicenceEnd.PROFILE).first()
    if row is None or not reports:
        raise NotFound
    # The first report tells of a while before it: no more is believed to be watched than time has passed.
    began = min(now - one.age - (one.watched or timedelta()) for one in reports) - timedelta(seconds=1)
    found = models.PlaybackSession.objects.filter(id=viewing_id).first()
    if found is None:
        package = catalog.package(row.package_id)
        whole = package.duration if package else reports[-1].duration or timedelta()
        finish = progress.finish_at(whole, package.markers if package else ())
        found, _made = models.PlaybackSession.objects.get_or_create(
            id=viewing_id, defaults=_away(row, max(began, row.made_at), whole, finish)
        )
    if (found.profile_id, found.video_id) != (row.profile_id, row.video_id):
        raise NotFound
    going.catch_up(viewing_id, reports, now=now)


# What happens to licences from elsewhere ------------------------------------------------------------------------


def end_licences_of_device(device_id: UUID, *, now: datetime | None = None) -> int:
    """A device was signed out: nothing is kept there. Returns how many licences ended."""
    return _end(_going().filter(device_id=device_id), LicenceEnd.SIGNED_OUT, now or timezone.now())


def end_licences_of_title(title_id: UUID, *, now: datetime | None = None) -> int:
    """A title is gone: so is what is kept of it."""
    return _end(_going().filter(title_id=title_id), LicenceEnd.WITHDRAWN, now or timezone.now())


def end_licences_of_package(package_id: str, *, now: datetime | None = None) -> int:
    """A package was taken down."""
    return _end(_going().filter(package_id=package_id), LicenceEnd.WITHDRAWN, now or timezone.now())


def end_licences_of_profile(profile_id: UUID, *, now: datetime | None = None) -> int:
    """A profile is gone, or another account's."""
    return _end(_going().filter(profile_id=profile_id), LicenceEnd.PROFILE, now or timezone.now())


def look_at_licences(profile_id: UUID | None = None, *, now: datetime | None = None) -> int:
    """End what may be kept no more, of one profile or of all; returns how many ended. Periodic.

    Devices hear of it when they are online. What is long over is forgotten.
    """
    now = now or timezone.now()
    rows = _going()
    if profile_id is not None:
        rows = rows.filter(profile_id=profile_id)
    ended = 0
    for start in range(0, len(ids := list(rows.values_list("id", flat=True))), _BATCH):
        over: dict[LicenceEnd, list[models.Licence]] = defaultdict(list)
        for row in models.Licence.objects.filter(id__in=ids[start : start + _BATCH], ended=""):
            if why := _why_over(row):
                over[why].append(row)
        ended += sum(_end(some, why, now) for why, some in over.items())
    if profile_id is None:
        _forget_old(now)
    return ended


def held_by_licences(packages: Iterable[str], *, now: datetime | None = None) -> set[str]:
    """Which of these packages a device is still fetching."""
    since = (now or timezone.now()) - offline.FETCHED_WITHIN
    rows = _going().filter(package_id__in=list(packages), complete_at=None, made_at__gt=since)
    return set(rows.values_list("package_id", flat=True))


# Used by the other modules of this package. --------------------------------------------------------------


def terms(row: models.Licence) -> Terms:
    """How a licence stands, as its device is told."""
    ended = LicenceEnd(row.ended) if row.ended else None
    return Terms(
        id=row.id,
        expires_at=row.expires_at,
        days=max(1, round((row.expires_at - row.renewed_at) / timedelta(days=1))),
        secret=b"" if ended else licence_keys.secret(row.id),
        ended=ended,
        message=_words(ended) if ended else "",
    )


def due(plan: Plan, user_id: UUID, now: datetime) -> datetime:
    """Until when a film plays that is kept, or renewed, now. A cancelled subscription's end comes first."""
    held = accounts.subscription(user_id) if settings.PAYMENTS != "none" else None
    ends = held.period_end if held and held.state == "cancelled" else None
    return offline.until(now, days=plan.offline_days, plan_ends_at=ends)


def replaced(row: models.Licence, now: datetime) -> None:
    """Another licence takes this one's place."""
    _end([row], LicenceEnd.REPLACED, now)


# Within ---------------------------------------------------------------------------------------------------------


def tell_downloads(user_id: UUID) -> None:
    """Tell whoever listens, after the transaction, that a household keeps something more, or less."""
    news = DownloadsChanged(user_id)
    transaction.on_commit(partial(events.downloads_changed.send_robust, sender=DownloadsChanged, event=news))


def _going() -> models.LicenceQuerySet:
    return models.Licence.objects.going()


def _renewed(licence_id: UUID, now: datetime) -> Terms:
    with transaction.atomic():
        row = models.Licence.objects.select_for_update().get(id=licence_id)
        if row.ended:
            return terms(row)
        if why := _why_over(row) or _without_place(row, now):
            _end([row], why, now)
            row.refresh_from_db()
            return terms(row)
        row.renewed_at, row.expires_at = now, due(accounts.plan(row.user_id), row.user_id, now)
        row.save(update_fields=["renewed_at", "expires_at"])
    return terms(row)


def _why_over(row: models.Licence) -> LicenceEnd | None:
    """Why this may be kept no more, by what holds now; None when it may."""
    profile, video = accounts.watching(row.profile_id), catalog.video(row.video_id)
    if profile is None or profile.user_id != row.user_id:
        return LicenceEnd.PROFILE
    device = accounts.device(row.device_id)
    if device is None or not device.signed_in:
        return LicenceEnd.SIGNED_OUT
    if video is None or not video.available or cdn.taken_down(row.package_id):
        return LicenceEnd.WITHDRAWN
    if video.maturity > profile.maturity or video.title_id in profile.blocked:
        return LicenceEnd.PROFILE
    plan = accounts.plan(row.user_id)
    return LicenceEnd.PLAN if not plan.may_watch or not plan.downloads else None


def _without_place(row: models.Licence, now: datetime) -> LicenceEnd | None:
    """PLAN when other devices hold all places of a plan that became smaller, or took them while this had expired."""
    rows = models.Licence.objects.filter(user_id=row.user_id).holding(now)
    held = [*rows.values_list("device_id", "renewed_at"), (row.device_id, row.renewed_at)]
    over = offline.beyond(held, devices=accounts.plan(row.user_id).downloads)
    return LicenceEnd.PLAN if row.device_id in over else None


def _end(rows: Iterable[models.Licence], why: LicenceEnd, now: datetime) -> int:
    """End licences, and make nodes refuse the tokens of what was still coming."""
    ended = 0
    with transaction.atomic():
        for row in rows:
            changed = _going().filter(id=row.id).update(ended=why, ended_at=now)
            if changed and row.complete_at is None:
                cdn.deny(row.id, now + offline.TOKEN_FOR)
            if changed:
                tell_downloads(row.user_id)
            ended += changed
    return ended


def _forget_old(now: datetime) -> None:
    before = now - offline.REMEMBERED_FOR
    models.Licence.objects.filter(ended_at__lt=before).delete()
    models.Licence.objects.filter(expires_at__lt=before).delete()


def _away(row: models.Licence, began: datetime, whole: timedelta, finish: timedelta) -> dict[str, object]:
    """The session of a watching that nobody saw."""
    return {
        "user_id": row.user_id,
        "profile_id": row.profile_id,
        "profile_name": row.profile_name,
        "video_id": row.video_id,
        "title_id": row.title_id,
        "title_name": row.title_name,
        "package_id": row.package_id,
        "renditions": row.renditions,
        "device": "",
        "device_name": row.device_name,
        "device_id": row.device_id,
        "started_at": began,
        "last_seen_at": began,
        "ended_at": began,
        "ended": Ended.SILENT,
        "duration": whole,
        "finish_at": finish,
    }


def _kept(row: models.Licence, names: dict[UUID, str]) -> Kept:
    return Kept(
        id=row.id,
        video_id=row.video_id,
        title_id=row.title_id,
        name=row.title_name,
        profile_id=row.profile_id,
        profile_name=row.profile_name,
        device_id=row.device_id,
        device_name=names.get(row.device_id, row.device_name),
        bytes=row.bytes,
        complete=row.complete_at is not None,
        made_at=row.made_at,
        expires_at=row.expires_at,
    )


def _words(why: LicenceEnd) -> str:
    return {
        LicenceEnd.REMOVED: _("This download was removed."),
        LicenceEnd.REPLACED: _("This was downloaded again."),
        LicenceEnd.SIGNED_OUT: _("This device was signed out."),
        LicenceEnd.WITHDRAWN: _("This title is no longer available."),
        LicenceEnd.PROFILE: _("This profile may not watch this title any more."),
        LicenceEnd.PLAN: _("Your plan does not cover downloads on this device any more."),
    }[why]
