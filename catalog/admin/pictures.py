"""The studio's part for pictures: frames of the film to choose poster, backdrop and still from."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog import artwork
from catalog.admin.details import Action, Place, Trouble, may
from catalog.media import candidates, markers
from catalog.models import Artwork
from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import JobState

#: Where a frame is cut: name in the form, place (0 … 1), words.
_CUTS: tuple[tuple[str, float | None, Any], ...] = (
    ("auto", None, gettext_lazy("where there is most to see")),
    ("start", 0.0, gettext_lazy("left, or top")),
    ("left", 0.25, gettext_lazy("left of the middle")),
    ("middle", 0.5, gettext_lazy("the middle")),
    ("right", 0.75, gettext_lazy("right of the middle")),
    ("end", 1.0, gettext_lazy("right, or bottom")),
)


def context(where: Place) -> dict[str, Any]:
    """What the part's template needs."""
    job = jobs.latest([f"pictures:{where.video.id}"]).get(f"pictures:{where.video.id}")
    searching = job is not None and job.state in (JobState.QUEUED, JobState.RUNNING)
    return {
        "pictures_now": [(kind, name, _picture(where, kind)) for kind, name in _kinds(where)],
        "picture_kinds": _kinds(where),
        "offers": [(one, markers.clock(one.time)) for one in candidates.offers(where.video.id)],
        "cuts": [(name, words) for name, _place, words in _CUTS],
        "searching": searching,
        "search_percent": round(100 * job.progress) if searching and job else 0,
        "search_failed": job.error if job is not None and job.state is JobState.FAILED else "",
    }


def frame(request: HttpRequest, video_id: UUID, name: str) -> HttpResponse:
    """A frame on offer, small."""
    may(request)
    try:
        data = candidates.read(video_id, name, small=True)
    except candidates.NoSuchPicture as gone:
        raise Http404 from gone
    answer = HttpResponse(data, content_type="image/jpeg")
    answer["Cache-Control"] = "private, max-age=86400, immutable"
    return answer


def urls(base: str, name: str) -> list[URLPattern]:
    """Where frames are served."""
    return [path(f"{base}frames/<slug:name>.jpg", admin.site.admin_view(frame), name=f"{name}_frame")]


def _kinds(where: Place) -> list[tuple[str, str]]:
    kinds = [("poster", _("Poster")), ("backdrop", _("Backdrop"))]
    return [("still", _("Still")), *kinds] if where.video.episode else kinds


def _picture(where: Place, kind: str) -> tuple[Any, bool] | None:
    """The picture there is, and whether a machine chose it."""
    rows = Artwork.objects.filter(kind=kind)
    row = (
        rows.filter(episode=where.video.episode) if kind == "still" else rows.filter(title=where.title)
    ).first()
    return (artwork.image(row), row.automatic) if row else None


def _use(request: HttpRequest, where: Place) -> str:
    kind, _sep, name = request.POST.get("pick", "").partition(":")
    places = {cut: at for cut, at, _words in _CUTS}
    names = dict(_kinds(where))
    if kind not in names:
        raise Trouble(_("Choose what the picture is for."))
    try:
        candidates.use(where.video.id, name, kind=kind, place=places.get(request.POST.get("cut", "")))
    except (candidates.NoSuchPicture, FileNotFoundError) as gone:
        raise Trouble(_("This picture is not on offer any more. Choose another one.")) from gone
    except artwork.BadImage as error:
        raise Trouble(str(error)) from error
    return _("%(kind)s: the new picture is in place.") % {"kind": names[kind]}


def _find(request: HttpRequest, where: Place) -> str:
    if where.package is None:
        raise Trouble(_("There is no film to look through yet."))
    candidates.ask(where.video.id, soon=True)
    return _("The film is being looked through. The pictures appear here.")


ACTIONS: dict[str, Action] = {"use": _use, "find": _find}
