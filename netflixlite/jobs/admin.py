"""Operator screens: what is being done, how far it is, and why something failed. Nothing is edited here."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from netflixlite.jobs import models, services
from netflixlite.jobs.types import JobState


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that only the machinery writes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds rows by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes rows by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Old rows go by themselves."""
        return False


@admin.register(models.Job)
class JobAdmin(ReadOnlyAdmin):
    """Jobs, newest first, with retry and cancel."""

    list_display = ["what", "state", "bar", "words", "attempts_of", "created_at"]
    list_filter = ["state", ("parent", admin.EmptyFieldListFilter), "kind"]
    search_fields = ["id", "dedupe_key", "error"]
    date_hierarchy = "created_at"
    actions = ["retry", "cancel"]
    show_full_result_count = False
    fields = [
        "id", "kind", "state", "bar", "note", "error", "details", "payload", "checkpoint", "dedupe_key", "priority",
        "attempts", "max_attempts", "parent", "fence", "owner", "lease_until", "cancel_requested",
        "available_at", "created_at", "started_at", "finished_at",
    ]  # fmt: skip

    @admin.display(description="progress")
    def bar(self, job: models.Job) -> SafeString:
        """How far it is."""
        percent = round(job.progress * 100)
        return format_html('<progress max="100" value="{}"></progress> {}&nbsp;%', percent, percent)

    @admin.display(description="attempts")
    def attempts_of(self, job: models.Job) -> str:
        """Attempts used and allowed."""
        return f"{job.attempts} of {job.max_attempts}"

    @admin.display(description="job", ordering="kind")
    def what(self, job: models.Job) -> SafeString:
        """What it works on, where its payload has a `label` for people, and its kind."""
        label = job.payload.get("label") or ""
        return (
            format_html('{}<span class="nl-under">{}</span>', label, job.kind)
            if label
            else format_html("{}", job.kind)
        )

    @admin.display(description="how it goes")
    def words(self, job: models.Job) -> str:
        """What it does, or the beginning of what went wrong."""
        said: str = "" if job.state == JobState.DONE else job.error or job.note
        return said if len(said) <= 120 else f"{said[:119]}…"

    def get_actions(self, request: HttpRequest) -> Any:
        """Who may not change jobs elsewhere may not here: superusers and those with the permission only."""
        return super().get_actions(request) if request.user.has_perm("jobs.change_job") else {}

    @admin.action(description="Try again (failed and cancelled jobs)")
    def retry(self, request: HttpRequest, jobs: QuerySet[models.Job]) -> None:
        """Put the chosen jobs back into the queue."""
        ended = jobs.filter(state__in=[JobState.FAILED, JobState.CANCELLED])
        again = [services.retry(job_id) for job_id in ended.values_list("id", flat=True)]
        self.message_user(request, f"{len(again)} queued again.", messages.SUCCESS)

    @admin.action(description="Cancel (queued and running jobs)")
    def cancel(self, request: HttpRequest, jobs: QuerySet[models.Job]) -> None:
        """Cancel the chosen jobs."""
        number = sum(services.cancel(job_id) for job_id in jobs.values_list("id", flat=True))
        self.message_user(request, f"{number} cancelled; running ones stop in a moment.", messages.SUCCESS)


@admin.register(models.Worker)
class WorkerAdmin(ReadOnlyAdmin):
    """Worker processes that report."""

    list_display = ["name", "slots", "kinds", "started_at", "seen_at"]


@admin.register(models.Tick)
class TickAdmin(ReadOnlyAdmin):
    """Turns of periodic work."""

    list_display = ["name", "slot", "owner", "started_at", "finished_at", "error"]
    list_filter = ["name"]
    show_full_result_count = False
