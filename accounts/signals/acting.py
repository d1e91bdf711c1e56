"""What an operator can do about a warning."""

from collections.abc import Iterable
from datetime import timedelta
from importlib import import_module
from uuid import UUID

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from accounts import models
from accounts.audit.recording import audit
from accounts.models import FraudSignal
from accounts.privacy import erasing
from accounts.services.devices import end_all_devices
from accounts.signals import raising

#: What a session keeps: that a new password is wanted, and until when it is paused (Unix time).
DEMANDED, PAUSED = "password_demanded", "paused_until"
PAUSED_FOR = timedelta(hours=12)


def acknowledge(row: FraudSignal, by: UUID) -> None:
    """It was looked at, and nothing is to be done."""
    with transaction.atomic():
        _close(row, by, FraudSignal.State.ACKNOWLEDGED, "acknowledged")
        audit(by, "signal.acknowledged", f"signal:{row.id}", account=row.user_id)


def end_sessions(row: FraudSignal, by: UUID) -> int:
    """Sign the account out everywhere; how many sessions ended."""
    if row.user_id is None:
        return 0
    with transaction.atomic():
        end_all_devices(row.user_id)
        ended = erasing.end_sessions(row.user_id)
        _close(row, by, FraudSignal.State.ACTED, "sessions ended")
        audit(by, "session.ended", f"user:{row.user_id}", detail={"sessions": ended, "signal": row.id})
    return ended


def demand_password(row: FraudSignal, by: UUID) -> None:
    """Sign the account out everywhere, and have it choose a new password at its next sign-in, however it signs in."""
    if row.user_id is None:
        return
    with transaction.atomic():
        models.PasswordDemand.objects.update_or_create(
            user_id=row.user_id, defaults={"asked_at": timezone.now()}
        )
        end_all_devices(row.user_id)
        erasing.end_sessions(row.user_id)
        _close(row, by, FraudSignal.State.ACTED, "new password demanded")
        audit(by, "password.demanded", f"user:{row.user_id}", detail={"signal": row.id})


def pause(row: FraudSignal, by: UUID) -> int:
    """Pause the session that is meant, or the device's: it shows a page that says so, for twelve hours. How many."""
    keys = list(_keys_of(row))
    until = (timezone.now() + PAUSED_FOR).timestamp()
    store = import_module(settings.SESSION_ENGINE).SessionStore
    with transaction.atomic():
        for key in keys:
            session = store(session_key=key)
            session[PAUSED] = until
            session.save()
        if keys:
            _close(row, by, FraudSignal.State.ACTED, "paused")
            audit(
                by, "session.paused", f"signal:{row.id}", detail={"sessions": len(keys)}, account=row.user_id
            )
    return len(keys)


def can_pause(row: FraudSignal) -> bool:
    """Whether one session or device is meant."""
    return bool(row.session or row.device_id)


def is_password_demanded(user_id: UUID) -> bool:
    """Whether an operator wants this user to choose a new password."""
    return models.PasswordDemand.objects.filter(user_id=user_id).exists()


def _keys_of(row: FraudSignal) -> Iterable[str]:
    if row.session:
        for key in Session.objects.filter(expire_date__gt=timezone.now()).values_list(
            "session_key", flat=True
        ):
            if raising.digest(key) == row.session:
                yield key
    elif row.device_id:
        yield from models.DeviceSession.objects.filter(device_id=row.device_id).values_list(
            "session_key", flat=True
        )


def _close(row: FraudSignal, by: UUID, state: FraudSignal.State, act: str) -> None:
    now = timezone.now()
    if row.state != FraudSignal.State.ACTED:  # what was acted upon stays so
        row.state = state
    row.closed_at, row.closed_by = now, by
    row.acts = [*row.acts, {"at": now.isoformat(timespec="seconds"), "what": act}][-20:]
    row.save(update_fields=["state", "closed_at", "closed_by", "acts"])
