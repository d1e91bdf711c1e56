"""Filters of the list of titles."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from catalog.models import Title, Video

_TROUBLE = [Video.State.REFUSED, Video.State.FAILED]
_BUSY = [Video.State.RECEIVING, Video.State.CHECKING, Video.State.QUEUED, Video.State.ENCODING]


class PublishedFilter(admin.SimpleListFilter):
    """Published or hidden."""

    title = _("published")
    parameter_name = "published"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The choices."""
        return [("yes", _("published")), ("no", _("hidden"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Title]) -> QuerySet[Title]:
        """The chosen ones."""
        if self.value() in ("yes", "no"):
            return queryset.filter(published_at__isnull=self.value() == "no")
        return queryset


class MediaFilter(admin.SimpleListFilter):
    """What there is to play."""

    title = _("media")
    parameter_name = "media"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """The choices."""
        return [
            ("trouble", _("refused or failed")),
            ("busy", _("under way")),
            ("playable", _("playable")),
            ("none", _("nothing to play")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Title]) -> QuerySet[Title]:
        """The chosen ones."""
        conditions = {
            "trouble": _states(_TROUBLE),
            "busy": _states(_BUSY),
            "playable": _playable(),
            "none": ~_playable(),
        }
        chosen = conditions.get(self.value() or "")
        # By id: the list counts over the same joins, and filtering those would change the counts.
        return queryset.filter(id__in=Title.objects.filter(chosen).values("id")) if chosen else queryset


def _states(states: list[Video.State]) -> Q:
    return Q(video__state__in=states) | Q(seasons__episodes__video__state__in=states)


def _playable() -> Q:
    films = Video.objects.filter(current_package__isnull=False, title__isnull=False).values("title")
    series = Video.objects.filter(current_package__isnull=False, episode__isnull=False)
    return Q(id__in=films) | Q(id__in=series.values("episode__season__title"))
