"""Security headers on every answer of the site."""

import secrets
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import SimpleLazyObject, empty

#: Scripts and styles come from our own files only: no inline script, no inline style. Media, playlists and pictures
#: may come from edge nodes, whose addresses are not known in advance; hls.js gives its text tracks a data: address.
_OTHERS = (
    "default-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    "media-src 'self' data: blob: http: https:",
    "connect-src 'self' ws: wss: http: https:",
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
)

#: What a browser never shows by itself, and runs only where a page's own policy lets it: a page fetches a hundred of
#: them, and half a kilobyte with each would be most of what they weigh.
_NO_DOCUMENT = ("text/css", "text/javascript", "application/javascript", "font/")

#: What is shown here is of one account: it stays in no browser's cache, nor anybody's in between.
_OF_ONE_ACCOUNT = (
    "/account/",
    "/accounts/",
    "/profiles/",
    "/privacy/",
    "/tv/",
    "/link/",
    "/watching/",
    "/api/v1/account/",
    "/api/v1/devices",
    "/api/v1/profiles",
    "/api/v1/subscription",
    "/api/v1/tv/",
)


def policy(nonce: str = "") -> str:
    """The content security policy (W3C CSP 3) of a page.

    With a nonce only script elements that carry it run, and what these import: a file of ours that somebody got
    into the page by its address would not. Without one (Django's own pages of the studio carry none): our files.
    """
    scripts = f"'nonce-{nonce}' 'strict-dynamic'" if nonce else "'self'"
    return "; ".join((f"script-src {scripts}", *_OTHERS))


class SecurityHeadersMiddleware:
    """Adds the content security policy and friends unless a view has set its own.

    Templates ask for `request.csp_nonce`; it is made at the first asking, and then the policy demands it.
    """

    sync_capable = True
    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        nonce = SimpleLazyObject(lambda: secrets.token_urlsafe(16))
        request.csp_nonce = nonce  # type: ignore[attr-defined]
        response = self.get_response(request)
        if not _is_part(request, response):
            asked_for = nonce._wrapped is not empty  # type: ignore[attr-defined]
            response.headers.setdefault("Content-Security-Policy", policy(str(nonce) if asked_for else ""))
            response.headers.setdefault("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
        if request.path.startswith(_OF_ONE_ACCOUNT):
            response.headers.setdefault("Cache-Control", "no-store")
        return response


def _is_part(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Whether this is a static file that pages are made of, and none that is shown: a drawing may be, and is a page."""
    kind = response.headers.get("Content-Type", "")
    return request.path.startswith(settings.STATIC_URL) and kind.startswith(_NO_DOCUMENT)
