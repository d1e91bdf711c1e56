"""Words for the next page, in a cookie that carries this house's prefix (settings.COOKIE_PREFIX)."""

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage


class NoteCookie(CookieStorage):
    """Signed by Django; secure and unseen by scripts as the session's cookie is."""

    cookie_name = f"{settings.COOKIE_PREFIX}messages"


class Notes(FallbackStorage):
    """In the cookie while they fit, else in the session."""

    storage_classes = (NoteCookie, SessionStorage)
