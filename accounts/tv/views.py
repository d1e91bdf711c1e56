"""Pages: `/tv/`, which a television shows, and `/tv/approve/`, where somebody who is signed in says yes."""

import time
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import services
from accounts.signing.factors import qr_address
from accounts.tv import codes, entering, limits
from accounts.views.asking import user_id_of
from netflixlite import addresses

#: Binds a code to the television's browser. Only that browser has the device code; scripts cannot read it.
#: For its own pages only, so not `__Host-`, which would be for all of them.
COOKIE = f"{'__Secure-' if settings.HTTPS else ''}netflixlite_tv"
_SALT = "accounts.tv"
#: Under which the session of who may say yes keeps the request that was looked at.
_LOOKED_AT = "tv_looked_at"


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def screen(request: HttpRequest) -> HttpResponse:
    """The code, large, and the same as a QR code. POST takes a new one."""
    if request.user.is_authenticated:
        return redirect("tv_approve")  # somebody typed this address at the telephone
    asked = None if request.method == "POST" else _kept(request)
    if asked is None:
        if not limits.may(request, "ask"):
            return render(request, "entrance/tv.html", {"too_many": True}, status=429)
        try:
            asked = codes.ask(
                user_agent=request.headers.get("user-agent", ""), address=addresses.of(request.META)
            )
        except codes.TooManyWaiting:
            return render(request, "entrance/tv.html", {"too_many": True}, status=503)
    page = address_for_others(request, reverse("tv_approve"))
    short = address_for_others(request, reverse("tv_link"))
    context = {
        "asked": asked,
        "page": short.partition("://")[2].rstrip("/"),
        "qr": qr_address(f"{page}?{urlencode({'code': asked.user_code})}"),
        "minutes": asked.expires_in // 60,
    }
    response = render(request, "entrance/tv.html", context) if request.method == "GET" else redirect("tv")
    response.set_cookie(
        COOKIE,
        signing.dumps([asked.device_code, asked.user_code, time.time() + asked.expires_in], salt=_SALT),
        max_age=asked.expires_in,
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Strict",
        path=reverse("tv"),
    )
    return response


@login_not_required
@never_cache
@require_POST
def poll(request: HttpRequest) -> HttpResponse:
    """How the screen's request stands; signs the browser in when it was approved. JSON for the script, else a page."""
    asked = _kept(request)
    if request.user.is_authenticated:
        heard = codes.Answer(codes.State.APPROVED)
    elif asked is None:
        heard = codes.Answer(codes.State.EXPIRED)
    elif not limits.may(request, "poll"):  # others behind the same address, perhaps: the code goes on
        heard = codes.Answer(codes.State.SLOW_DOWN, codes.INTERVAL + codes.SLOWER_BY)
    else:
        heard = codes.redeem(asked.device_code)
        if heard.user_id and not entering.sign_in(request, heard.user_id, name=heard.name):
            heard = codes.Answer(codes.State.DENIED)
    over = heard.state in (codes.State.APPROVED, codes.State.DENIED, codes.State.EXPIRED)
    if request.headers.get("accept") == "application/json":
        body = {"state": heard.state, "interval": heard.interval, "next": reverse("profiles")}
        response: HttpResponse = JsonResponse(body)
    else:
        if heard.state is codes.State.DENIED:
            messages.error(request, _("Somebody said no."))
        response = redirect("profiles" if heard.state is codes.State.APPROVED else "tv")
    if over:
        response.delete_cookie(COOKIE, path=reverse("tv"), samesite="Strict")
    return response


@require_GET
def link(_request: HttpRequest) -> HttpResponse:
    """An address that is short enough to type."""
    return redirect("tv_approve")


@never_cache
@require_GET
def approve(request: HttpRequest) -> HttpResponse:
    """Type the code that the television shows; then see what asks, and say whether it is you."""
    typed = request.GET.get("code", "")[:40]
    context: dict[str, Any] = {"typed": typed}
    if not typed:
        return render(request, "entrance/tv_approve.html", context)
    counted = limits.may(request, "guess")
    if counted is None:
        return render(request, "entrance/tv_approve.html", context | {"too_many": True}, status=429)
    asking = codes.look(typed)
    if asking is None:
        note_wrong(user_id_of(request))
        return render(request, "entrance/tv_approve.html", context | {"wrong": True}, status=404)
    counted.rollback()
    request.session[_LOOKED_AT] = str(asking.id)
    return render(request, "entrance/tv_approve.html", context | {"asking": asking})


@require_POST
def answer(request: HttpRequest) -> HttpResponse:
    """Yes or no, to the request that was looked at last: what nobody has seen, nobody can let in."""
    looked_at = str(request.session.pop(_LOOKED_AT, ""))
    yes = request.POST.get("answer") == "yes"
    asking = codes.look(request.POST.get("code", "")[:40]) if looked_at else None
    if asking is None or looked_at != str(asking.id):
        messages.error(request, _("That code is over: let the television show a new one."))
        return redirect("tv_approve")
    user_id = user_id_of(request)
    if not give_answer(asking, user_id, yes=yes):
        messages.error(request, _("That code is over: let the television show a new one."))
        return redirect("tv_approve")
    if not yes:
        messages.info(request, _("It was not let in."))
        return HttpResponseRedirect(reverse("home"))
    return render(request, "entrance/tv_approve.html", {"done": asking})


def give_answer(asking: codes.Asking, user_id: UUID, *, yes: bool) -> bool:
    """Answer a request for an account; the owner hears of a yes. False when it was over."""
    if not codes.answer(asking.id, user_id=user_id, yes=yes):
        return False
    detail = {"device": asking.name or asking.player, "place": asking.place}
    services.audit(user_id, "tv.approved" if yes else "tv.refused", f"tv:{asking.id}", detail=detail)
    if yes:
        entering.tell_owner(user_id, asking)
    return True


def note_wrong(user_id: UUID) -> None:
    """Somebody typed a code under which nothing waits: what guessing looks like. The code itself is not kept."""
    services.audit(user_id, "tv.code_wrong", f"user:{user_id}")


def _kept(request: HttpRequest) -> codes.Asked | None:
    """The request of this browser that still waits, by its cookie."""
    try:
        device_code, user_code, ends_at = signing.loads(request.COOKIES[COOKIE], salt=_SALT)
        left = int(ends_at - time.time())
    except (KeyError, signing.BadSignature, ValueError, TypeError):
        return None
    return codes.Asked(device_code, user_code, left, codes.INTERVAL) if left > 0 else None


def address_for_others(request: HttpRequest, path: str) -> str:
    """A page as another device can reach it: by the site's own address, or as the television reached us."""
    host = urlsplit(settings.SITE_URL).hostname or ""
    if host in ("localhost", "127.0.0.1", "::1"):
        return request.build_absolute_uri(path)
    return settings.SITE_URL + path
