"""From which address a viewer asks. Proxies are believed only where the operator says that there is one."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from django.conf import settings


def viewer(peer: str, forwarded: str) -> str:
    """The viewer's address: `peer` is who opened the connection, `forwarded` the X-Forwarded-For that came with it.

    That header is what anybody writes, so it counts only when NETFLIXLITE_TRUSTED_PROXY_HEADER is set, and of it only
    the last address: that one was added by the proxy before us, of the connection that it saw.
    """
    if not getattr(settings, "SECURE_PROXY_SSL_HEADER", None) or not forwarded:
        return peer
    last = forwarded.rpartition(",")[2].strip()
    try:
        return str(ip_address(last.strip("[]")))
    except ValueError:
        return peer


def of(meta: Mapping[str, object]) -> str:
    """The same from a request's META; '' when there is none, as over a Unix socket."""
    return viewer(str(meta.get("REMOTE_ADDR") or ""), str(meta.get("HTTP_X_FORWARDED_FOR") or ""))


def of_scope(scope: Mapping[str, Any]) -> str:
    """The same of an ASGI request."""
    peer = (scope.get("client") or ("",))[0]
    forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return viewer(str(peer), ",".join(value.decode("latin-1") for value in forwarded))
