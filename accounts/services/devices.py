"""The devices of a user: which there are, what they are called, and signing them out."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from importlib import import_module
from uuid import UUID

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import events, models, places
from accounts.devices.words import Kind, describe
from accounts.services.errors import InvalidField, NotFound
from accounts.tv import codes
from accounts.types import Device, DeviceEnded

#: A device on which nobody is signed in is forgotten this long after its last use.
FORGOTTEN_AFTER = timedelta(days=60)
NAME_LENGTH = 40


def devices(user_id: UUID) -> tuple[Device, ...]:
    """The devices of a user, latest used first: those that are signed in, then those that were."""
    rows = models.Device.objects.of(user_id).select_related("last_profile").prefetch_related("sessions")
    found = [_device(row) for row in rows]
    return tuple(sorted(found, key=lambda one: not one.signed_in))


def is_television(user_agent: str) -> bool:
    """Whether a browser says that it is a television's, or of a thing that stands beside one."""
    return describe(user_agent).kind is Kind.TV


def device(device_id: UUID) -> Device | None:
    """The device of this id, or None."""
    rows = models.Device.objects.select_related("last_profile").prefetch_related("sessions")
    row = rows.filter(id=device_id).first()
    return _device(row) if row else None


def device_names(ids: Iterable[UUID]) -> dict[UUID, str]:
    """What these devices are called; unknown ones, and those of which nothing is known, are left out."""
    rows = models.Device.objects.filter(id__in=set(ids))
    return {row.id: row.name or row.player for row in rows if row.name or row.player}


def rename_device(*, user_id: UUID, device_id: UUID, name: str) -> Device:
    """Call a device something; '' takes the name away. Raises InvalidField, NotFound (also for another user's)."""
    name = " ".join(name.split())
    if len(name) > NAME_LENGTH:
        raise InvalidField(
            "name", _("A device's name has %(most)d characters at most.") % {"most": NAME_LENGTH}
        )
    if not models.Device.objects.filter(id=device_id, user_id=user_id).update(name=name):
        raise NotFound(f"There is no device {device_id}.")
    found = device(device_id)
    if found is None:
        raise NotFound(f"There is no device {device_id}.")
    return found


def end_device(*, user_id: UUID, device_id: UUID) -> int:
    """Sign a device out: its sessions end, and what plays there stops. Returns how many sessions those were.

    Raises NotFound, also for another user's device.
    """
    with transaction.atomic():
        row = models.Device.objects.select_for_update().filter(id=device_id, user_id=user_id).first()
        if row is None:
            raise NotFound(f"There is no device {device_id}.")
        return _end([row], keep="")


def end_all_devices(user_id: UUID, except_session: str = "") -> int:
    """Sign a user out everywhere, but for the session of this key; returns how many sessions ended."""
    with transaction.atomic():
        rows = list(models.Device.objects.select_for_update().of(user_id).order_by("id"))
        codes.withdraw(user_id)
        return _end(rows, keep=except_session)


def device_of_session(session_key: str) -> UUID | None:
    """The device that a Django session is open on."""
    rows = models.DeviceSession.objects.filter(session_key=session_key)
    return rows.values_list("device_id", flat=True).first()


def device_of_browser(*, login: str, browser: str) -> UUID | None:
    """The device that a browser, by its cookie's digest, is for the account of this name or e-mail address, or None."""
    rows = models.Device.objects.filter(browser=browser)
    rows = rows.filter(Q(user__username__iexact=login) | Q(user__email__iexact=login))
    return rows.values_list("id", flat=True).first()


def bind_device(
    *,
    user_id: UUID,
    browser: str,
    session_key: str,
    user_agent: str = "",
    address: str = "",
    kind: str = "",
    name: str = "",
    now: datetime | None = None,
) -> UUID:
    """A user signed in with a browser, whose cookie's digest is `browser`; → the device's id.

    The same browser is the same device again, with the name that it was given. `kind` is one of 'computer', 'phone',
    'tablet', 'tv', 'app', or '' to tell it from the user agent; `name` is used for a device that has none yet.
    """
    now = now or timezone.now()
    words, place = describe(user_agent), places.find(address)
    facts = {
        "kind": kind if kind in set(Kind) else words.kind,
        "player": words.player[:60],
        "place": place.name,
        "network": place.network,
        "last_used_at": now,
    }
    first = {"first_used_at": now, "name": " ".join(name.split())[:NAME_LENGTH]}
    for last_try in (False, True):
        try:
            with transaction.atomic():
                row, _made = models.Device.objects.update_or_create(
                    user_id=user_id, browser=browser, defaults=facts, create_defaults=facts | first
                )
                models.DeviceSession.objects.update_or_create(
                    session_key=session_key, defaults={"device": row, "began_at": now}
                )
            return row.id
        except IntegrityError:  # two tabs at once
            if last_try:
                raise
    raise AssertionError("unreachable")


def move_session(*, device_id: UUID, before: str, now_key: str) -> bool:
    """A session got another key (after a password change); whether its device is still there."""
    with transaction.atomic():
        models.DeviceSession.objects.filter(session_key=before).delete()
        if not models.Device.objects.filter(id=device_id).exists():
            return False
        models.DeviceSession.objects.update_or_create(
            session_key=now_key, defaults={"device_id": device_id, "began_at": timezone.now()}
        )
    return True


def close_session(session_key: str) -> None:
    """Somebody signed out by herself: the session's row goes, the device stays known. What plays there stops."""
    with transaction.atomic():
        row = models.DeviceSession.objects.select_related("device").filter(session_key=session_key).first()
        if row is None:
            return
        row.delete()
        if not row.device.sessions.exists():
            _tell(row.device)


def device_used(
    device_id: UUID, *, address: str, profile_id: UUID | None, now: datetime | None = None
) -> None:
    """A device made a request; told about once a minute, not for each."""
    place = places.find(address)
    facts: dict[str, object] = {
        "last_used_at": now or timezone.now(),
        "place": place.name,
        "network": place.network,
    }
    if profile_id is not None and models.Profile.objects.filter(id=profile_id).exists():
        facts["last_profile_id"] = profile_id
    models.Device.objects.filter(id=device_id).update(**facts)


def prune_devices(*, now: datetime | None = None) -> int:
    """Drop rows of sessions that are over, and devices that nobody used for long. Periodic; returns how many went."""
    now = now or timezone.now()
    gone = 0
    keys = list(models.DeviceSession.objects.values_list("session_key", flat=True))
    for start in range(0, len(keys), 500):
        part = keys[start : start + 500]
        open_ones = Session.objects.filter(session_key__in=part, expire_date__gt=now)
        over = set(part).difference(open_ones.values_list("session_key", flat=True))
        gone += models.DeviceSession.objects.filter(session_key__in=over).delete()[0]
    old = models.Device.objects.filter(sessions=None, last_used_at__lt=now - FORGOTTEN_AFTER)
    return gone + old.delete()[0]


# Within -------------------------------------------------------------------------------------------------


def _end(rows: list[models.Device], *, keep: str) -> int:
    """End the sessions of these devices. A device that keeps none hears its players stop."""
    sessions = models.DeviceSession.objects.filter(device__in=rows).exclude(session_key=keep)
    keys = list(sessions.values_list("session_key", flat=True))
    store = import_module(settings.SESSION_ENGINE).SessionStore
    for key in keys:
        store(session_key=key).delete()
    sessions.delete()
    kept = set(models.DeviceSession.objects.filter(device__in=rows).values_list("device_id", flat=True))
    for row in rows:
        if row.id not in kept:
            _tell(row)
    return len(keys)


def _tell(row: models.Device) -> None:
    news = DeviceEnded(user_id=row.user_id, device_id=row.id)
    transaction.on_commit(partial(events.device_ended.send_robust, sender=DeviceEnded, event=news))


def _device(row: models.Device) -> Device:
    place = row.place or (_("Home network") if places.is_local(row.network) else row.network)
    sessions = [one.session_key for one in row.sessions.all()]
    return Device(
        id=row.id,
        user_id=row.user_id,
        label=str(row),
        name=row.name,
        kind=row.kind,
        player=row.player,
        place=place,
        first_used_at=row.first_used_at,
        last_used_at=row.last_used_at,
        last_profile=row.last_profile.name if row.last_profile else "",
        sessions=len(sessions),
    )
