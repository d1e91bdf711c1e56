"""Warnings in the studio: what was seen, and what can be done about it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import FraudSignal
from accounts.signals import acting

_LOOKS = {
    FraudSignal.Severity.HIGH: "bad",
    FraudSignal.Severity.MEDIUM: "busy",
    FraudSignal.Severity.LOW: "quiet",
}


class StateFilter(admin.SimpleListFilter):
    """Open ones, unless somebody asks for more."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """All, and those that are closed."""
        return [("all", _("All")), ("seen", _("Acknowledged")), ("acted", _("Acted upon"))]

    def choices(self, changelist: Any) -> Any:
        """The default stands first, with a name."""
        made = list(super().choices(changelist))
        made[0]["display"] = _("Open")
        return made

    def queryset(self, request: HttpRequest, queryset: QuerySet[FraudSignal]) -> QuerySet[FraudSignal]:
        """Apply the choice."""
        if self.value() == "all":
            return queryset
        return queryset.filter(state=self.value() or FraudSignal.State.OPEN)


@admin.register(FraudSignal)
class SignalAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What looks as if somebody else used an account. Nothing happens unless an operator presses something."""

    list_display = ["what", "how_bad", "whose", "last_at", "times", "how_it_stands"]
    list_filter = [StateFilter, "kind", "severity", "last_at"]
    list_select_related = ["user"]
    search_fields = ["user__username", "user__email", "key"]
    search_help_text = gettext_lazy("An account's name or e-mail address, or a network.")
    actions = ["acknowledge_all"]
    change_form_template = "admin/accounts/fraudsignal/change_form.html"
    fields = ("what", "how_bad", "how_it_stands", "whose", "first_at", "last_at", "times", "seen", "done")
    readonly_fields = fields

    def has_add_permission(self, request: HttpRequest) -> bool:
        """The site raises them."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """They go by themselves after three months."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """The buttons' addresses beside the usual ones."""
        act = path(
            "<uuid:signal_id>/do/<slug:what>/",
            self.admin_site.admin_view(self.act),
            name="accounts_fraudsignal_act",
        )
        return [act, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The page of one, with its buttons."""
        row = self.get_object(request, object_id)
        more = {
            "show_save": False,
            "show_save_and_continue": False,
            "show_close": True,
            "title": _upper(row.get_kind_display()) if row else "",
            "subtitle": None,
            "signal": row,
            "can_pause": row is not None and acting.can_pause(row),
            "may_act": self.has_change_permission(request, row),
        }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **more})

    def act(self, request: HttpRequest, signal_id: UUID, what: str) -> HttpResponse:
        """Press a button."""
        row = FraudSignal.objects.select_related("user").filter(id=signal_id).first()
        by = request.user.pk
        if row is None or what not in _ACTS or not isinstance(by, UUID):
            raise Http404
        if request.method != "POST" or not self.has_change_permission(request, row):
            raise PermissionDenied
        said, well = _ACTS[what](row, by)
        self.message_user(request, said, messages.SUCCESS if well else messages.WARNING)
        return redirect(reverse("admin:accounts_fraudsignal_change", args=[row.id]))

    def get_actions(self, request: HttpRequest) -> Any:
        """For those who may change warnings."""
        return super().get_actions(request) if self.has_change_permission(request) else {}

    @admin.action(description=gettext_lazy("Acknowledge: nothing is to be done"))
    def acknowledge_all(self, request: HttpRequest, rows: QuerySet[FraudSignal]) -> None:
        """Put the chosen ones aside."""
        by, done = request.user.pk, 0
        for row in rows.filter(state=FraudSignal.State.OPEN):
            if isinstance(by, UUID):
                acting.acknowledge(row, by)
                done += 1
        said = ngettext("%(n)d warning is put aside.", "%(n)d warnings are put aside.", done) % {"n": done}
        self.message_user(request, said, messages.SUCCESS)

    @admin.display(description=gettext_lazy("what"), ordering="kind")
    def what(self, row: FraudSignal) -> SafeString:
        """What looks wrong, and the gist of what was seen last."""
        return format_html('{}<span class="nl-under">{}</span>', _upper(row.get_kind_display()), _gist(row))

    @admin.display(description=gettext_lazy("severity"), ordering="severity")
    def how_bad(self, row: FraudSignal) -> SafeString:
        """As a chip."""
        look = _LOOKS.get(FraudSignal.Severity(row.severity), "quiet")
        return format_html('<span class="nl-chip nl-chip--{}">{}</span>', look, row.get_severity_display())

    @admin.display(description=gettext_lazy("account"), ordering="user__username")
    def whose(self, row: FraudSignal) -> SafeString | str:
        """The account, if one is meant."""
        if row.user is None:
            return "—"
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:accounts_user_change", args=[row.user.pk]), row.user
        )

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def how_it_stands(self, row: FraudSignal) -> str:
        """Open or what became of it."""
        return _upper(row.get_state_display())

    @admin.display(description=gettext_lazy("evidence"))
    def seen(self, row: FraudSignal) -> SafeString:
        """What was seen, the latest first."""
        found = [one for one in reversed(row.evidence) if isinstance(one, dict)]
        names = list(dict.fromkeys(name for one in found for name in one))
        head = format_html_join("", "<th>{}</th>", ((name,) for name in names))
        body = format_html_join(
            "",
            "<tr>{}</tr>",
            (
                (format_html_join("", "<td>{}</td>", ((_shown(one.get(name)),) for name in names)),)
                for one in found
            ),
        )
        return format_html(
            '<table class="nl-evidence"><thead><tr>{}</tr></thead><tbody>{}</tbody></table>', head, body
        )

    @admin.display(description=gettext_lazy("done about it"))
    def done(self, row: FraudSignal) -> SafeString | str:
        """What operators did."""
        made = [(_shown(one.get("at")), one.get("what", "")) for one in row.acts if isinstance(one, dict)]
        return format_html_join("", "<div>{} {}</div>", made) or "—"


def _acknowledge(row: FraudSignal, by: UUID) -> tuple[str, bool]:
    acting.acknowledge(row, by)
    return _("It is put aside."), True


def _end_sessions(row: FraudSignal, by: UUID) -> tuple[str, bool]:
    ended = acting.end_sessions(row, by)
    said = ngettext("%(n)d session ended.", "%(n)d sessions ended.", ended) % {"n": ended}
    return (said, True) if row.user_id else (_("No account is meant: there is nothing to end."), False)


def _demand_password(row: FraudSignal, by: UUID) -> tuple[str, bool]:
    acting.demand_password(row, by)
    if row.user_id is None:
        return _("No account is meant: there is nobody to ask."), False
    return _("The account is signed out everywhere, and chooses a new password at its next sign-in."), True


def _pause(row: FraudSignal, by: UUID) -> tuple[str, bool]:
    paused = acting.pause(row, by)
    said = ngettext(
        "%(n)d session is paused for 12 hours.", "%(n)d sessions are paused for 12 hours.", paused
    )
    return (said % {"n": paused}, True) if paused else (_("There is no such session any more."), False)


_ACTS: dict[str, Callable[[FraudSignal, UUID], tuple[str, bool]]] = {
    "acknowledge": _acknowledge,
    "end-sessions": _end_sessions,
    "new-password": _demand_password,
    "pause": _pause,
}


def _gist(row: FraudSignal) -> str:
    last = row.evidence[-1] if row.evidence else {}
    if not isinstance(last, dict):
        return ""
    said = [
        f"{name}: {_shown(value)}"
        for name, value in last.items()
        if name != "at" and value != "" and not isinstance(value, list)
    ]
    return ", ".join(said)[:140]


def _upper(words: str) -> str:
    return words[:1].upper() + words[1:]


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    if isinstance(value, str) and len(value) >= 19 and value[4:5] == "-" and "T" in value:
        try:
            return f"{datetime.fromisoformat(value):%Y-%m-%d %H:%M:%S}"
        except ValueError:
            return value
    return "" if value is None else str(value)
