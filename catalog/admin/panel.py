"""The panel above a title's form: its sources, their progress, and what can be done about them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog import progress, services, types
from catalog.intake import human_size
from catalog.models import Title
from catalog.services.ingesting import register
from catalog.uploads import SourceUpload, SourceUploadHandler, receives_source


@dataclass(frozen=True, slots=True)
class Line:
    """One video's place in the panel: what it is, and how it stands (`work` is None before the first source)."""

    name: str
    episode: types.Episode | None
    work: dict[str, Any] | None
    package: str
    trailer: bool = False

    @property
    def episode_text(self) -> str:
        """The episode's id for addresses; '' for a film."""
        return str(self.episode.id) if self.episode else ""


class EpisodeQuickForm(forms.Form):
    """A new episode."""

    season = forms.IntegerField(label=gettext_lazy("Season"), min_value=0, max_value=999)
    number = forms.IntegerField(label=gettext_lazy("Number"), min_value=1, max_value=9999)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)


def context(request: HttpRequest, object_id: str) -> dict[str, Any]:
    """What the panel's template needs; {} when there is no such title."""
    try:
        title = services.title(UUID(object_id))
    except ValueError:
        return {}
    if title is None:
        return {}
    works = {work.status.video_id: progress.as_json(work) for work in services.title_statuses(title.id)}
    parts = services.seasons(title.id)
    return {
        "studio_title": title,
        "studio_lines": [] if title.kind is types.Kind.SERIES else [_film_line(title, works)],
        "studio_trailer": _trailer_line(title, works),
        "studio_seasons": [
            {
                "name": season.name,
                "number": season.number,
                "lines": [_part_line(part, works) for part in season.episodes],
            }
            for season in parts
        ],
        "studio_ticket": progress.ticket(request.user.pk),
        "studio_episode_form": EpisodeQuickForm(initial=_next_number(parts), auto_id="id_new_episode_%s"),
    }


def _episode_id(text: str | None) -> UUID | None:
    """The episode that an upload is for; None for the film itself."""
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise services.CannotIngest(_("There is no such episode.")) from error


def _film_line(title: types.Title, works: dict[UUID, dict[str, Any]]) -> Line:
    work = works.get(title.video_id) if title.video_id else None
    return Line(name=title.name, episode=None, work=work, package=_package(title.video_id))


def _trailer_line(title: types.Title, works: dict[UUID, dict[str, Any]]) -> Line:
    """The title's trailer, with or without a source."""
    video_id = services.trailer_video(title.id)
    work = works.get(video_id) if video_id else None
    return Line(name=_("Trailer"), episode=None, work=work, package=_package(video_id), trailer=True)


def _part_line(part: types.Episode, works: dict[UUID, dict[str, Any]]) -> Line:
    work = works.get(part.video_id) if part.video_id else None
    return Line(name=f"{part.number}. {part.name}", episode=part, work=work, package=_package(part.video_id))


def _package(video_id: UUID | None) -> str:
    """'1080p, 720p, 360p · 1 sound track · 1 subtitle · 1.2 GB' or ''."""
    package = services.current_package(video_id) if video_id else None
    if package is None:
        return ""
    pictures = [one for one in package.renditions if one.kind is types.RenditionKind.VIDEO]
    heights = sorted({one.height for one in pictures if one.height}, reverse=True)
    sounds = [one.language for one in package.renditions if one.kind is types.RenditionKind.AUDIO]
    texts = [one.language for one in package.renditions if one.kind is types.RenditionKind.TEXT]
    said = [", ".join(f"{height}p" for height in heights)]
    if sounds:
        said.append(f"{_('sound')} {_languages(sounds)}".strip())
    if texts:
        said.append(f"{_('subtitles')} {_languages(texts)}".strip())
    said.append(human_size(package.bytes))
    return " · ".join(said)


def _languages(tags: list[str]) -> str:
    """The languages that are known, each once."""
    return ", ".join(tag for tag in dict.fromkeys(tags) if tag != "und")


def _next_number(parts: list[types.Season]) -> dict[str, int]:
    regular = [season for season in parts if season.number > 0]
    if not regular:
        return {"season": 1, "number": 1}
    last = regular[-1]
    return {"season": last.number, "number": max((part.number for part in last.episodes), default=0) + 1}


class PanelViews:
    """The panel's actions, mixed into the admin of titles. Each is POST only and ends on the title's page."""

    admin_site: admin.AdminSite

    @property
    def upload(self) -> Any:
        """Receive a source for a film, for the episode named by ?episode=, or with ?trailer=1 a title's trailer."""

        @receives_source
        def view(request: HttpRequest, handler: SourceUploadHandler, title_id: UUID) -> HttpResponseBase:
            return self._receive(request, handler, title_id)

        return view

    @property
    def upload_new(self) -> Any:
        """Receive a source that becomes a film of its own."""

        @receives_source
        def view(request: HttpRequest, handler: SourceUploadHandler) -> HttpResponseBase:
            return self._receive(request, handler, None)

        return view

    def _receive(
        self, request: HttpRequest, handler: SourceUploadHandler, title_id: UUID | None
    ) -> HttpResponse:
        self._may_change(request)
        file = request.FILES.get("source")
        try:
            if not isinstance(file, SourceUpload):
                raise services.CannotIngest(_("Choose a file first."))
            if file.problem:
                raise services.CannotIngest(file.problem)
            ticket = register(
                source_id=file.source_id,
                size=file.size or 0,
                source_name=file.shown_name,
                title_id=title_id,
                episode_id=_episode_id(request.GET.get("episode")),
                trailer=title_id is not None and request.GET.get("trailer") == "1",
            )
        except services.CannotIngest as error:
            return self._answer(request, title_id, error=str(error))
        handler.claimed = True
        self._note(request, ticket.title_id, _("Uploaded “%(file)s”.") % {"file": file.shown_name})
        said = _("“%(file)s” was received and is being prepared. You may leave this page.")
        return self._answer(request, ticket.title_id, said=said % {"file": file.shown_name})

    def publish(self, request: HttpRequest, title_id: UUID) -> HttpResponse:
        """Let viewers see the title."""
        self._may_change(request)
        try:
            title = services.publish(title_id)
        except services.NotPlayable as error:
            return self._answer(request, title_id, error=str(error))
        except LookupError as error:
            raise Http404 from error
        self._note(request, title_id, _("Published."))
        return self._answer(request, title_id, said=_("“%(name)s” is published.") % {"name": title.name})

    def unpublish(self, request: HttpRequest, title_id: UUID) -> HttpResponse:
        """Hide the title."""
        self._may_change(request)
        try:
            title = services.unpublish(title_id)
        except LookupError as error:
            raise Http404 from error
        self._note(request, title_id, _("Unpublished."))
        said = _("“%(name)s” is hidden from viewers.") % {"name": title.name}
        return self._answer(request, title_id, said=said)

    def retry(self, request: HttpRequest, title_id: UUID, video_id: UUID) -> HttpResponse:
        """Prepare the newest source once more."""
        self._may_change(request)
        try:
            services.retry_ingest(video_id)
        except services.CannotIngest as error:
            return self._answer(request, title_id, error=str(error))
        return self._answer(request, title_id, said=_("It is in the queue again."))

    def add_episode(self, request: HttpRequest, title_id: UUID) -> HttpResponse:
        """Add an episode to a series."""
        self._may_change(request)
        form = EpisodeQuickForm(request.POST)
        if not form.is_valid():
            return self._answer(
                request,
                title_id,
                error=" ".join(
                    f"{form[field].label}: {text}" for field, texts in form.errors.items() for text in texts
                ),
            )
        try:
            part = services.add_episode(title_id=title_id, **form.cleaned_data)
        except services.InvalidTitle as error:
            return self._answer(request, title_id, error=str(error))
        except LookupError as error:
            raise Http404 from error
        return self._answer(request, title_id, said=_("“%(name)s” was added.") % {"name": part.name})

    def title_progress(self, request: HttpRequest, title_id: UUID) -> HttpResponse:
        """How the title's videos stand, for pages without a socket."""
        self._may_view(request)
        return JsonResponse(progress.snapshot(title_id))

    def all_progress(self, request: HttpRequest) -> HttpResponse:
        """What needs attention, for pages without a socket."""
        self._may_view(request)
        return JsonResponse(progress.snapshot(None))

    def _may_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):  # type: ignore[attr-defined]  # ModelAdmin's
            raise PermissionDenied

    def _may_change(self, request: HttpRequest) -> None:
        if request.method != "POST" or not self.has_change_permission(request):  # type: ignore[attr-defined]  # ModelAdmin's
            raise PermissionDenied

    def _note(self, request: HttpRequest, title_id: UUID, text: str) -> None:
        """Into the title's history."""
        row = Title.objects.filter(id=title_id).first()
        if row is not None:
            self.log_change(request, row, text)  # type: ignore[attr-defined]  # ModelAdmin's

    def _answer(
        self, request: HttpRequest, title_id: UUID | None, *, said: str = "", error: str = ""
    ) -> HttpResponse:
        """Back to the page with a message; or the message as JSON for a script that sent the form."""
        if error and request.headers.get("Accept") == "application/json":
            return JsonResponse({"error": error}, status=422)
        messages.add_message(request, messages.ERROR if error else messages.SUCCESS, error or said)
        page = reverse("admin:catalog_title_change", args=[title_id]) if title_id else ""
        page = page or reverse("admin:catalog_title_uploads")
        if request.headers.get("Accept") == "application/json":
            return JsonResponse({"next": page})
        if title_id and not Title.objects.filter(id=title_id).exists():
            page = reverse("admin:catalog_title_changelist")
        return HttpResponseRedirect(page)
