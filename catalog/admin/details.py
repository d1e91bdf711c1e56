"""The page of one video: its sound and subtitles, its markers, and the pictures that can be taken from it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from catalog import services, types
from catalog.models import Title, Video

#: What an action does with a video: returns what to say, or raises `Trouble`.
Action = Callable[[HttpRequest, "Place"], str]


class Trouble(ValueError):
    """An action cannot be done; the text says why, for whoever asked."""


@dataclass(frozen=True, slots=True)
class Place:
    """The video that a page or an action is about, with its title and its package."""

    video: Video
    title: Title
    package: types.Package | None

    @property
    def name(self) -> str:
        """'Night Mail', or 'The Lamplighters · 2. Fog'."""
        part = self.video.episode
        return (
            f"{self.title.name} · S{part.season.number} E{part.number} {part.name}"
            if part
            else self.title.name
        )

    @property
    def duration(self) -> float | None:
        """Of the package, else what the probe said; seconds."""
        length = self.package.duration if self.package else self.video.duration
        return length.total_seconds() if length else None


def place(video_id: UUID) -> Place:
    """The video with what belongs to it. Raises Http404."""
    rows = Video.objects.select_related("title", "episode__season__title", "trailer_of")
    video = rows.filter(id=video_id).first()
    title = video.owner if video else None
    if video is None or title is None:
        raise Http404
    return Place(video, title, services.current_package(video.id))


def address(video_id: UUID, section: str = "") -> str:
    """Where the page is; `section` is 'words', 'markers' or 'pictures'."""
    page = reverse("admin:catalog_video", args=[video_id])
    return f"{page}#{section}" if section else page


def may(request: HttpRequest) -> None:
    """Raise PermissionDenied unless this person may change titles."""
    if not request.user.has_perm("catalog.change_title"):
        raise PermissionDenied


def action(run: Action, section: str) -> Callable[..., HttpResponse]:
    """A view that does one thing and goes back to its section of the page. POST only."""

    def view(request: HttpRequest, video_id: UUID) -> HttpResponse:
        may(request)
        if request.method != "POST":
            raise PermissionDenied
        try:
            said = run(request, place(video_id))
        except (Trouble, services.CannotIngest) as trouble:
            messages.error(request, str(trouble))
        else:
            messages.success(request, said)
        return HttpResponseRedirect(address(video_id, section))

    return view


def page(request: HttpRequest, video_id: UUID) -> HttpResponse:
    """The page; with ?part=words|markers|pictures that part alone, for the script that keeps it current."""
    from catalog.admin import markers, pictures, words  # they need what is above

    may(request)
    where = place(video_id)
    parts: dict[str, Callable[[Place], dict[str, Any]]] = {
        "words": words.context,
        "markers": markers.context,
        "pictures": pictures.context,
    }
    common = {**admin.site.each_context(request), "where": where, "title": where.name}
    asked = request.GET.get("part", "")
    if asked in parts:
        return TemplateResponse(request, f"catalog/parts/{asked}.html", common | parts[asked](where))
    for part in parts.values():
        common |= part(where)
    return TemplateResponse(request, "catalog/parts/page.html", common)


def urls() -> list[URLPattern]:
    """The page and its actions."""
    from catalog.admin import markers, pictures, words

    view = admin.site.admin_view
    base, name = "catalog/video/<uuid:video_id>/", "catalog_video"
    found = [path(base, view(page), name=name), *pictures.urls(base, name)]
    for section, actions in (
        ("words", words.ACTIONS),
        ("markers", markers.ACTIONS),
        ("pictures", pictures.ACTIONS),
    ):
        for verb, run in actions.items():
            found.append(
                path(f"{base}{section}/{verb}/", view(action(run, section)), name=f"{name}_{section}_{verb}")
            )
    return found
