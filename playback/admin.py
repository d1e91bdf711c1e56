"""Playback for operators: what plays now, with a way to stop it, and what was watched. Nothing here is edited."""

import json

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from playback import models, services
from playback.services.going import SILENCE


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that the site writes by itself."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds these by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Nobody changes these by hand."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        """Nobody deletes these by hand."""
        return False


class Playing(admin.SimpleListFilter):
    """Playing now, or over."""

    title = _("state")
    parameter_name = "playing"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        """The two sides; without a choice one sees what plays now."""
        return [("all", str(_("All"))), ("over", str(_("Over")))]

    def choices(self, changelist: object) -> list[dict[str, object]]:  # type: ignore[override]
        """The default stands first, with a name."""
        made = list(super().choices(changelist))  # type: ignore[arg-type]
        made[0]["display"] = _("Playing now")
        return made  # type: ignore[return-value]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[models.PlaybackSession]
    ) -> QuerySet[models.PlaybackSession]:
        """Apply the choice."""
        if self.value() == "all":
            return queryset
        since = timezone.now() - SILENCE
        if self.value() == "over":
            return queryset.exclude(ended_at=None, last_seen_at__gte=since)
        return queryset.filter(ended_at=None, last_seen_at__gte=since)


@admin.register(models.PlaybackSession)
class PlaybackSessionAdmin(ReadOnly):
    """Who plays what, from which node, since when; and afterwards, why it was sent there."""

    list_display = (
        "profile_name",
        "title_name",
        "device_name",
        "node",
        "height",
        "stalls",
        "started_at",
        "last_seen_at",
        "ended",
    )
    list_filter = (Playing, "node")
    search_fields = ("profile_name", "title_name")
    ordering = ("-started_at",)
    actions = ("stop",)
    exclude = ("decisions",)
    readonly_fields = ("why", "given")
    list_per_page = 50

    def has_stop_permission(self, request: HttpRequest) -> bool:
        """Stopping somebody's film asks for the same right as deleting would."""
        return bool(request.user.has_perm("playback.delete_playbacksession"))

    @admin.action(description=_("Stop these playbacks"), permissions=["stop"])
    def stop(self, request: HttpRequest, queryset: QuerySet[models.PlaybackSession]) -> None:
        """End the chosen playbacks: their players are told, and nodes refuse their tokens."""
        stopped = 0
        for session_id in list(queryset.filter(ended_at=None).values_list("id", flat=True)):
            services.stop_session(session_id)
            stopped += 1
        text = ngettext("%(n)s playback was stopped.", "%(n)s playbacks were stopped.", stopped) % {
            "n": stopped
        }
        messages.success(request, text)

    @admin.display(description=_("why it was sent where"))
    def why(self, row: models.PlaybackSession) -> SafeString:
        """The session's last rankings with their reasons, for people."""
        return format_html("<pre>{}</pre>", json.dumps(row.decisions, indent=1, ensure_ascii=False))

    @admin.display(description=_("what nodes gave"))
    def given(self, row: models.PlaybackSession) -> SafeString:
        """Where its bytes came from, and why not from rank 1 when they did not."""
        lines = [
            (one.node, f"{one.bytes / 1e6:.1f} MB", one.answers, f"{one.kind}: {one.why}")
            for one in services.misses(row.pk)
        ]
        return format_html_join("", "<div>{} · {} · {} · {}</div>", lines)


@admin.register(models.Viewing)
class ViewingAdmin(ReadOnly):
    """What was watched."""

    list_display = ("title_name", "watched", "percent", "started_at", "ended_at")
    search_fields = ("title_name",)
    date_hierarchy = "ended_at"
    ordering = ("-ended_at",)
    list_per_page = 50

    @admin.display(description=_("how far"), ordering="fraction")
    def percent(self, row: models.Viewing) -> str:
        """The share of the video at which the viewer stopped."""
        return f"{row.fraction:.0%}"
