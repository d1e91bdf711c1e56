"""The upload page: what is being received, what becomes of it, and a form that works without script."""

import shutil
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from catalog import models, progress, services
from catalog.admin.upload_words import WORDS
from catalog.intake import human_size
from catalog.tus import ledger, senders
from netflixlite.jobs import services as jobs
from netflixlite.jobs.types import JobState


def context(request: HttpRequest) -> dict[str, Any]:
    """What templates/catalog/upload*.html need on any page, to be updated with."""
    return {
        "upload_endpoint": reverse("api_uploads"),
        "upload_state": reverse("admin:catalog_title_uploads_state"),
        "upload_csrf_cookie": settings.CSRF_COOKIE_NAME,
        "upload_sign_in": reverse("admin:login"),
        "upload_words": WORDS,
    }


def snapshot(user_id: UUID) -> dict[str, Any]:
    """The uploads of one operator as JSON, what becomes of them, and how much room there is."""
    entries = ledger.listing(user_id)
    free = shutil.disk_usage(_folder()).free
    return {
        "uploads": [_upload(entry) for entry in entries],
        "worker": jobs.workers_alive(ledger.FINISH_KIND) > 0,
        "free": _("%(size)s free") % {"size": human_size(free)},
    }


class UploadViews:
    """The page and its data, mixed into the admin of titles."""

    admin_site: admin.AdminSite

    def uploads_page(self, request: HttpRequest) -> HttpResponse:
        """Drop films here; each becomes a title of its own."""
        self._may_upload(request)
        return TemplateResponse(
            request,
            "catalog/uploads.html",
            {**self.admin_site.each_context(request), "title": _("Upload"), **context(request)},
        )

    def uploads_state(self, request: HttpRequest) -> HttpResponse:
        """How they stand. Sets the CSRF cookie anew: after signing in again the page needs the new one."""
        self._may_upload(request)
        get_token(request)
        answer = JsonResponse(snapshot(UUID(str(request.user.pk))))
        answer["Cache-Control"] = "no-store"
        return answer

    def _may_upload(self, request: HttpRequest) -> None:
        if not self.has_change_permission(request):  # type: ignore[attr-defined]  # ModelAdmin's
            raise PermissionDenied


def _folder() -> Path:
    folder = Path(settings.MEDIA_ROOT)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _upload(entry: ledger.Entry) -> dict[str, Any]:
    sending = senders.current(entry.id) if entry.receiving else None
    return {
        "id": str(entry.id),
        "url": reverse("api_upload", args=[entry.id]),
        "name": entry.name,
        "length": entry.length,
        "offset": max(entry.offset, sending[1]) if sending else entry.offset,
        "state": entry.state,
        "reason": entry.reason,
        "modified": entry.modified,
        "mine": entry.mine,
        "tab": sending[0] if sending else None,
        "until": date_format(localtime(entry.expires_at), "DATE_FORMAT"),
        "title": str(entry.title_id) if entry.title_id else "",
        "title_name": entry.title_name,
        "title_url": reverse("admin:catalog_title_change", args=[entry.title_id]) if entry.title_id else "",
        "picture": _picture(entry),
        "episode": str(entry.episode_id) if entry.episode_id else "",
        "trailer": entry.trailer,
        "finishing": _finishing(entry),
        "work": _work(entry),
    }


def _picture(entry: ledger.Entry) -> str:
    """A picture of the film once it has one, '' before."""
    if entry.state != models.Upload.State.DONE or entry.title_id is None:
        return ""
    title = services.title(entry.title_id)
    shown = (title.backdrop or title.poster) if title else None
    return shown.url if shown else ""


def _finishing(entry: ledger.Entry) -> dict[str, Any] | None:
    """How far the whole-file check is."""
    if entry.state != models.Upload.State.FINISHING:
        return None
    job = jobs.latest([ledger.finish_key(entry.id)]).get(ledger.finish_key(entry.id))
    waiting = job is None or job.state is not JobState.RUNNING
    return {"waiting": waiting, "percent": 0.0 if job is None else round(job.progress * 100, 1)}


def _work(entry: ledger.Entry) -> dict[str, Any] | None:
    """What is made of it, as every page of the studio tells it; None before that, or when a newer file replaced it."""
    if entry.state != models.Upload.State.DONE or entry.title_id is None:
        return None
    newest = models.Source.objects.filter(video__sources__id=entry.id).order_by("-created_at").first()
    if newest is None or newest.id != entry.id:
        return None
    for work in services.title_statuses(entry.title_id):
        if work.status.video_id == newest.video_id:
            return progress.as_json(work)
    return None
