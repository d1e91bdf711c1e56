"""What the pages of signing in need: options for the browser, the download of recovery codes, the offer."""

import json
from typing import Any
from urllib.parse import quote

from django import template
from django.conf import settings
from django.http import HttpRequest

from accounts.signing import factors, sessions

register = template.Library()


@register.filter
def as_json(value: object) -> str:
    """A value as JSON, for a data attribute: templates escape it like any text."""
    return json.dumps(value, separators=(",", ":"))


@register.filter
def as_download(codes: list[str]) -> str:
    """Recovery codes as the address of a text file: the file is in the page itself, and nowhere else."""
    return "data:text/plain;charset=utf-8," + quote("\n".join(codes) + "\n")


@register.filter
def in_fours(secret: str) -> str:
    """A key in groups of four letters, for who types it."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


@register.simple_tag(takes_context=True)
def passkeys_possible(context: dict[str, Any]) -> bool:
    """Whether browsers let this address have passkeys."""
    request: HttpRequest = context["request"]
    return factors.passkeys_possible(request)


@register.simple_tag(takes_context=True)
def sign_out_is_offered(context: dict[str, Any]) -> bool:
    """Whether to ask, after a change, if one wants to be signed out elsewhere."""
    request: HttpRequest = context["request"]
    return request.user.is_authenticated and sessions.is_offered(request)


@register.simple_tag(takes_context=True)
def signing_in(context: dict[str, Any]) -> factors.Ways | None:
    """How who is asking signs in, in numbers."""
    request: HttpRequest = context["request"]
    user_id = request.user.pk
    return factors.ways(user_id) if user_id else None


@register.simple_tag
def mails_leave() -> bool:
    """Whether there is a mail relay. Operators are told when there is none."""
    return bool(settings.MAIL_RELAY)
