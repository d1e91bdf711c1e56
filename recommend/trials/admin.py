"""Experiments in the studio: make one, start it, look at what it found, stop it."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from recommend.trials import experiments, results
from recommend.trials.knobs import KNOBS, BadKnobs, checked
from recommend.trials.models import Arm, Experiment

_LOOKS = {Experiment.State.DRAFT: "quiet", Experiment.State.RUNNING: "good", Experiment.State.STOPPED: "busy"}


class ArmForm(forms.ModelForm):  # type: ignore[type-arg]
    """An arm; what it turns is checked by name and range."""

    class Meta:
        model = Arm
        fields = ("key", "weight", "knobs")
        widgets = {"knobs": forms.Textarea(attrs={"rows": 2, "cols": 40, "spellcheck": "false"})}

    def clean_knobs(self) -> dict[str, float]:
        """Names and numbers that there are."""
        try:
            return checked(self.cleaned_data.get("knobs") or {})
        except BadKnobs as error:
            raise forms.ValidationError(str(error)) from error


class ArmInline(admin.TabularInline):  # type: ignore[type-arg]
    """Two at least; the first is how it is done today."""

    model = Arm
    form = ArmForm
    extra = 0
    min_num = 2
    max_num = 6

    def _open(self, obj: Any) -> bool:
        return obj is None or obj.state == Experiment.State.DRAFT

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Arms stand still once it has begun."""
        return self._open(obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Arms stand still once it has begun."""
        return self._open(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Arms stand still once it has begun."""
        return self._open(obj) and super().has_delete_permission(request, obj)


@admin.register(Experiment)
class ExperimentAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Questions to the viewers, and their answers."""

    list_display = ["name", "stands", "method", "profiles", "started_at", "stopped_at"]
    list_filter = ["state", "method"]
    search_fields = ["name", "key", "question"]
    inlines = [ArmInline]
    change_form_template = "recommend/experiment.html"
    prepopulated_fields = {"key": ("name",)}
    fields = ("name", "key", "question", "method", "share")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Experiment]:
        """With how many take part."""
        found: QuerySet[Experiment] = super().get_queryset(request)
        return found.annotate(taking_part=Count("participations"))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Once it has begun only its words can change."""
        begun = obj is not None and obj.state != Experiment.State.DRAFT
        return ["key", "method", "share"] if begun else []

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        """The key of a draft follows its name."""
        return {} if obj is not None and obj.state != Experiment.State.DRAFT else {"key": ("name",)}

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What is running is stopped first."""
        running = obj is not None and obj.state == Experiment.State.RUNNING
        return not running and super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> Any:
        """One at a time: a running one must not go with others."""
        return {}

    def get_urls(self) -> list[URLPattern]:
        """The buttons' addresses beside the usual ones."""
        act = path(
            "<uuid:experiment_id>/do/<slug:what>/",
            self.admin_site.admin_view(self.act),
            name="recommend_experiment_act",
        )
        return [act, *super().get_urls()]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """The form, with what was found above it."""
        row = self.get_object(request, object_id) if object_id else None
        more: dict[str, Any] = {"knobs": KNOBS.items(), "may_act": self.has_change_permission(request, row)}
        if row is not None:
            more |= {"experiment": row, "subtitle": None}
            if row.state != Experiment.State.DRAFT:
                more["result"] = results.of(row, timezone.now())
        return super().changeform_view(request, object_id, form_url, {**(extra_context or {}), **more})

    def act(self, request: HttpRequest, experiment_id: UUID, what: str) -> HttpResponse:
        """Press a button."""
        row = Experiment.objects.filter(id=experiment_id).first()
        if row is None or what not in ("start", "stop"):
            raise Http404
        if request.method != "POST" or not self.has_change_permission(request, row):
            raise PermissionDenied
        try:
            if what == "start":
                experiments.start(row.id)
                self.message_user(request, _("It has begun. Each profile joins with its next page."))
            else:
                experiments.stop(row.id)
                self.message_user(request, _("It has ended. Everybody sees what is done today."))
        except (experiments.Refused, BadKnobs) as error:
            self.message_user(request, str(error), messages.ERROR)
        return redirect(reverse("admin:recommend_experiment_change", args=[row.id]))

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def stands(self, row: Experiment) -> SafeString:
        """As a chip."""
        look = _LOOKS[Experiment.State(row.state)]
        return format_html('<span class="nl-chip nl-chip--{}">{}</span>', look, row.get_state_display())

    @admin.display(description=gettext_lazy("profiles"), ordering="taking_part")
    def profiles(self, row: Any) -> int:
        """How many take part so far."""
        return int(row.taking_part)
