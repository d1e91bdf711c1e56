"""The audit log in the studio: to read and to search, nothing else."""

import json
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.audit import verbs
from accounts.models import AuditEntry, User


class ThingFilter(admin.SimpleListFilter):
    """By what the entries are about: the part of the verb before the dot."""

    title = _("about")
    parameter_name = "about"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The things that verbs speak of."""
        return [(thing, thing.replace("_", " ")) for thing in sorted({v.split(".")[0] for v in verbs.WORDS})]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AuditEntry]) -> QuerySet[AuditEntry]:
        """Entries about the chosen thing."""
        return queryset.filter(verb__startswith=f"{self.value()}.") if self.value() else queryset


@admin.register(AuditEntry)
class AuditAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Newest first. `manage.py audit --verify` says whether it is what was written."""

    list_display = ["at", "who", "did", "whose", "of", "from_where"]
    list_display_links = ["at"]
    list_filter = [ThingFilter, "at"]
    search_fields = ["=actor", "=subject", "target", "verb", "=address"]
    search_help_text = _("An account's id, a verb, a target or an address.")
    show_full_result_count = False
    list_per_page = 50
    fields = [
        "number",
        "at",
        "who",
        "did",
        "whose",
        "target",
        "words",
        "from_where",
        "actor_digest",
        "matter_digest",
        "address_digest",
        "chain",
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody writes entries by hand."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes entries."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody removes entries."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        """All entries. The names of one page's people are asked for at once, not row by row."""
        self._names: dict[UUID, str] = {}
        return super().get_queryset(request)

    @admin.display(description=_("by"))
    def who(self, entry: AuditEntry) -> str | SafeString:
        """Who did it."""
        if entry.actor is not None:
            return self._person(entry.actor)
        return _gone() if entry.actor_digest else "—"

    @admin.display(description=_("what"), ordering="verb")
    def did(self, entry: AuditEntry) -> SafeString:
        """What was done, in words, and the verb beneath."""
        return format_html('{}<span class="nl-under">{}</span>', verbs.words(entry.verb), entry.verb)

    @admin.display(description=_("account"))
    def whose(self, entry: AuditEntry) -> str | SafeString:
        """Whose account it concerns."""
        if entry.subject is not None:
            return self._person(entry.subject)
        return _gone() if entry.matter_digest and not entry.matter_salt else "—"

    @admin.display(description=_("of"))
    def of(self, entry: AuditEntry) -> str | SafeString:
        """What of it; of a long id its beginning, and all of it to whoever points there."""
        kind, _colon, name = entry.target.partition(":")
        if kind == "user" or not name:
            return ""
        return format_html('<span title="{}">{} {}</span>', name, kind.rpartition(".")[2], name[:8])

    @admin.display(description=_("address"), ordering="address")
    def from_where(self, entry: AuditEntry) -> str | SafeString:
        """From which address, while that is known."""
        return entry.address or (_gone() if entry.address_digest else "—")

    @admin.display(description=_("detail"))
    def words(self, entry: AuditEntry) -> SafeString:
        """The detail, a line for each word."""
        return format_html_join("", "<div><b>{}</b> {}</div>", _lines(entry.detail))

    def _person(self, user_id: UUID) -> SafeString:
        if user_id not in self._names:
            row = User.objects.filter(id=user_id).first()
            self._names[user_id] = str(row) if row else ""
        name = self._names[user_id]
        if not name:
            return format_html('<span title="{}">{}</span>', user_id, str(user_id)[:8])
        return format_html('<a href="{}">{}</a>', reverse("admin:accounts_user_change", args=[user_id]), name)


def _gone() -> SafeString:
    return format_html('<em class="nl-quiet">{}</em>', _("forgotten"))


def _lines(detail: str) -> list[tuple[str, str]]:
    try:
        found = json.loads(detail or "{}")
    except ValueError:
        return [("", detail)]
    return [
        (name, ", ".join(map(str, value)) if isinstance(value, list) else str(value))
        for name, value in found.items()
    ]
