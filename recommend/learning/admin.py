"""The page of recommendations: what answers, what it is worth, and the buttons."""

import logging
import tempfile
from pathlib import Path
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from recommend import seeding
from recommend.engine.seed import BadSeed, TooLarge
from recommend.learning import board, publishing, training
from recommend.learning.deciding import Occasion

log = logging.getLogger("recommend.seeding")

MAY_LOOK, MAY_ACT = "recommend.view_modelversion", "recommend.change_modelversion"
#: Somebody waits for it: before all that encodes, but for what an operator put first.
_SOON = 400
#: Bytes of a seed that is sent to the page, packed and unpacked: it is looked through at once, in a process that
#: answers others, and takes some thirteen times as much memory meanwhile. Larger ones are loaded by the command.
SEED_MOST = 8 * 2**20
_COMMAND = "manage.py recommendation_seed load FILE"


def page(request: HttpRequest) -> HttpResponse:
    """The page; with ?part=board only what changes on it."""
    if not (request.user.has_perm(MAY_LOOK) or request.user.has_perm(MAY_ACT)):
        raise PermissionDenied
    template = "recommend/board.html" if request.GET.get("part") == "board" else "recommend/learning.html"
    context = {
        **admin.site.each_context(request),
        "title": _("Recommendations"),
        "may_act": request.user.has_perm(MAY_ACT),
        **board.board(),
    }
    return TemplateResponse(request, template, context)


@require_POST
def act(request: HttpRequest, what: str) -> HttpResponse:
    """Press a button."""
    if not request.user.has_perm(MAY_ACT):
        raise PermissionDenied
    if what not in _ACTS:
        raise Http404
    try:
        messages.success(request, _ACTS[what](request))
    except (publishing.CannotMove, BadSeed) as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(reverse("admin:recommendations"))


def _train(request: HttpRequest) -> str:
    training.ask(Occasion.ASKED, priority=_SOON)
    return _("It is learnt anew; the page follows it.")


def _back(request: HttpRequest) -> str:
    version = publishing.go_back(f"operator {request.user} went back"[:300])
    return _("%(version)s answers again.") % {"version": version.name}


def _pin(request: HttpRequest) -> str:
    publishing.pin(pinned=True)
    return _("This version stays, whatever is learnt.")


def _unpin(request: HttpRequest) -> str:
    publishing.pin(pinned=False)
    return _("The next version that passes takes its place.")


def _load(request: HttpRequest) -> str:
    """A file that somebody sends: looked at before it takes another one's place."""
    sent = request.FILES.get("seed")
    if not isinstance(sent, UploadedFile) or not 0 < (sent.size or 0) <= SEED_MOST:
        raise BadSeed(_too_large())
    try:
        with tempfile.NamedTemporaryFile(suffix=".gz") as kept:
            for chunk in sent.chunks():
                kept.write(chunk)
            kept.flush()
            found = seeding.load(Path(kept.name), most=SEED_MOST)
    except TooLarge as error:
        raise BadSeed(f"{error} {_too_large()}") from error
    except OSError as error:
        log.exception("A seed that was sent could not be kept in %s.", seeding.place().parent)
        raise BadSeed(f"It cannot be kept in {seeding.place().parent}: {error.strerror}.") from error
    return _("The next training knows it: %(films)d films.") % {"films": len(found.films)}


def _too_large() -> str:
    return _("Choose a seed's file of at most %(mb)d MB.") % {"mb": SEED_MOST // 2**20} + f" ({_COMMAND})"


def _unload(request: HttpRequest) -> str:
    seeding.put_away()
    return _("The next training does without it.")


_ACTS: dict[str, Any] = {
    "train": _train,
    "back": _back,
    "pin": _pin,
    "unpin": _unpin,
    "load": _load,
    "unload": _unload,
}


def urls() -> list[URLPattern]:
    """The page's addresses, below the studio's."""
    view = admin.site.admin_view
    return [
        path("recommendations/", view(page), name="recommendations"),
        path("recommendations/do/<slug:what>/", view(act), name="recommendations_do"),
    ]


_own_urls = admin.site.get_urls


def _urls() -> list[Any]:
    """The page before the admin's own: its last pattern takes everything."""
    return [*urls(), *_own_urls()]


admin.site.get_urls = _urls  # type: ignore[method-assign]
