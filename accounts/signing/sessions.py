"""The sessions of an account: where it is signed in, ending them, and the offer to do so after a change."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.http import HttpRequest
from django.utils.translation import gettext as _

from accounts import doors, services
from accounts.devices.words import describe

_OFFER = "offer_sign_out"
_WAY_ON = "signing_way_on"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """One place where an account is signed in, in our own words: nothing of what the browser says of itself."""

    id: int
    device_id: UUID | None
    device: str
    kind: str
    place: str
    since: datetime
    last_used: datetime
    is_here: bool


def listed(request: HttpRequest) -> list[SignedIn]:
    """Every live session of who is asking: this one first, then the last used."""
    here = request.session.session_key
    found = [
        _shown(row, is_here=row.session_key == here)
        for row in UserSession.objects.purge_and_list(request.user)
    ]
    return sorted(found, key=lambda each: (each.is_here, each.last_used), reverse=True)


def end(request: HttpRequest, session_id: int) -> bool:
    """End one session of who is asking; False when there is none of theirs. What plays there stops."""
    row = UserSession.objects.filter(user_id=request.user.pk, pk=session_id).first()
    if row is None:
        return False
    row.end()
    services.close_session(row.session_key)
    services.audit(request.user.pk, "session.ended", f"session:{session_id}")
    return True


def end_others(request: HttpRequest) -> int:
    """End all sessions of who is asking but this one; returns how many ended."""
    withdraw_offer(request)
    user_id = request.user.pk
    return end_all(user_id, except_key=request.session.session_key or "") if user_id else 0


def end_all(user_id: UUID, *, except_key: str = "") -> int:
    """End every session of a user but the one with `except_key`; what plays there stops. Returns how many ended."""
    rows = list(UserSession.objects.filter(user_id=user_id).exclude(session_key=except_key))
    ended = services.end_all_devices(user_id, except_session=except_key)
    for row in rows:
        row.end()
    if rows or ended:
        services.audit(
            user_id, "session.ended", f"user:{user_id}", detail={"sessions": max(ended, len(rows))}
        )
    return max(ended, len(rows))


def rotate(request: HttpRequest) -> None:
    """Give the session a new key: one that was read before somebody proved to be who they are is worth nothing."""
    before = request.session.session_key
    request.session.cycle_key()
    UserSession.objects.filter(session_key=before).update(session_key=request.session.session_key)


def offer_sign_out(request: HttpRequest) -> None:
    """From now on the pages of signing in ask whether to sign out elsewhere, if there is an elsewhere."""
    request.session[_OFFER] = True


def withdraw_offer(request: HttpRequest) -> None:
    """The question is answered."""
    request.session.pop(_OFFER, None)


def is_offered(request: HttpRequest) -> bool:
    """Whether to ask."""
    if not request.session.get(_OFFER):
        return False
    others = UserSession.objects.filter(user_id=request.user.pk).exclude(
        session_key=request.session.session_key
    )
    return bool(others.exists())


def lead_on_to(request: HttpRequest, address: str) -> None:
    """Remember where somebody was going who has to set something up first."""
    request.session[_WAY_ON] = address


def way_on(request: HttpRequest) -> str:
    """Where that was, once; '' for nowhere."""
    return doors.safe_next(request, str(request.session.pop(_WAY_ON, "")))


def _shown(row: UserSession, *, is_here: bool) -> SignedIn:
    device_id = services.device_of_session(row.session_key)
    device = services.device(device_id) if device_id else None
    words = describe(row.user_agent)
    return SignedIn(
        id=row.pk,
        device_id=device_id,
        device=device.label if device else words.player or _("A device"),
        kind=device.kind if device else words.kind,
        place=device.place if device else "",
        since=row.created_at,
        last_used=row.last_seen_at,
        is_here=is_here,
    )
