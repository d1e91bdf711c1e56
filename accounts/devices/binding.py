"""Which device a request comes from: a signed cookie names the browser, each Django session belongs to one device.

The cookie says who the browser is, never who may come in: a session alone does that. It is set at sign-in and stays
after sign-out, so that the same browser is the same device the next time.
"""

import hashlib
import secrets
import threading
import time
from collections import OrderedDict
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts import doors, services
from accounts.types import Profile
from netflixlite import addresses

COOKIE = f"{settings.COOKIE_PREFIX}netflixlite_device"
#: As long as browsers keep any cookie, in seconds.
COOKIE_AGE = 400 * 24 * 3600
#: Where a Django session keeps the session key under which its device was written down.
SESSION_BOUND = "device_bound"
#: A device's last use is written down at most this often, in seconds.
TOUCH_EVERY = 60.0
_SALT = "accounts.device"
_TOUCHED_MOST = 20_000


class Touched:
    """When each device was last written down by this process. A hint: a restart forgets it, and writes once more."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[UUID, tuple[float, UUID | None]] = OrderedDict()

    def due(self, device_id: UUID, profile_id: UUID | None) -> bool:
        """Whether to write it down now; if so, it counts as written. Another profile is news at once."""
        now = time.monotonic()
        with self._lock:
            at, watched = self._known.get(device_id, (float("-inf"), None))
            if now - at < TOUCH_EVERY and profile_id in (watched, None):
                return False
            self._known[device_id] = (now, profile_id or watched)
            self._known.move_to_end(device_id)
            while len(self._known) > _TOUCHED_MOST:
                self._known.popitem(last=False)
            return True


TOUCHED = Touched()


def bind(request: HttpRequest, user_id: UUID | None) -> None:
    """Note at sign-in which device the session of this request is on.

    Whoever signs in something that is no browser says so before, by `request.device_kind` ('tv', 'app') and
    `request.device_name`.
    """
    if user_id is None:
        return
    key = _cookie_key(request)
    if key is None:
        key = secrets.token_urlsafe(18)
        request.device_cookie = key  # type: ignore[attr-defined]  # the middleware sets it on the answer
    if not request.session.session_key:
        request.session.save()
    device_id = services.bind_device(
        user_id=user_id,
        browser=hashlib.sha256(key.encode()).hexdigest(),
        session_key=request.session.session_key or "",
        user_agent=str(request.META.get("HTTP_USER_AGENT", "")),
        address=addresses.of(request.META),
        kind=getattr(request, "device_kind", ""),
        name=getattr(request, "device_name", ""),
    )
    request.session[doors.SESSION_DEVICE] = str(device_id)
    request.session[SESSION_BOUND] = request.session.session_key
    TOUCHED.due(device_id, None)


def release(request: HttpRequest) -> None:
    """Somebody signs out: the session is over."""
    if key := request.session.get(SESSION_BOUND):
        services.close_session(str(key))


def known_device(request: HttpRequest, login: str) -> UUID | None:
    """The device that this browser is for the account of `login` (a name or e-mail address), if it ever was one.

    Says nothing of who asks: the browser's cookie outlives its sessions.
    """
    key = _cookie_key(request)
    if key is None or not login:
        return None
    return services.device_of_browser(login=login, browser=hashlib.sha256(key.encode()).hexdigest())


def keep(request: HttpRequest, response: HttpResponseBase) -> None:
    """After the view: bind what is not bound yet, follow a session to its new key, and note the device's use."""
    if _signed_in(request):
        device_id, key = doors.device_of(request), request.session.session_key
        if device_id is None:
            bind(request, request.user.pk)
        elif key != request.session.get(SESSION_BOUND):
            _follow(request, device_id)
        else:
            _touch(request, device_id)
    if cookie := getattr(request, "device_cookie", ""):
        response.set_cookie(
            COOKIE,
            signing.Signer(salt=_SALT).sign(cookie),
            max_age=COOKIE_AGE,
            httponly=True,
            secure=settings.SESSION_COOKIE_SECURE,
            samesite="Lax",
        )


def _signed_in(request: HttpRequest) -> bool:
    """Whether somebody is, as far as this request has asked: one that never asked costs nothing here."""
    return "_cached_user" in request.__dict__ and request.user.is_authenticated


def _follow(request: HttpRequest, device_id: UUID) -> None:
    if not request.session.session_key:
        request.session.save()
    key = request.session.session_key or ""
    before = str(request.session.get(SESSION_BOUND, ""))
    if services.move_session(device_id=device_id, before=before, now_key=key):
        request.session[SESSION_BOUND] = key
    else:
        bind(request, request.user.pk)


def _touch(request: HttpRequest, device_id: UUID) -> None:
    profile = getattr(request, "profile", None)
    profile_id = profile.id if isinstance(profile, Profile) else None
    if TOUCHED.due(device_id, profile_id):
        services.device_used(device_id, address=addresses.of(request.META), profile_id=profile_id)


def _cookie_key(request: HttpRequest) -> str | None:
    try:
        return signing.Signer(salt=_SALT).unsign(request.COOKIES[COOKIE])
    except (KeyError, signing.BadSignature):
        return None
