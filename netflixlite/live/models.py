"""News on its way to open pages. Rows live for minutes: a page that was away for longer looks at everything anew."""

from __future__ import annotations

from typing import Any, ClassVar, Self
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils import timezone


class NewsQuerySet(models.QuerySet["News"]):
    """Chainable questions about news."""

    def concerning(self, *, user_id: UUID, profile_id: UUID | None) -> Self:
        """What concerns somebody: their account, and the profile that is watching."""
        own = Q(profile_id=profile_id) if profile_id else Q(pk__in=())
        return self.filter(own | Q(user_id=user_id, profile_id=None))


class News(models.Model):
    """One thing that happened. With a profile it is for that profile alone, else for the whole account."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    user_id = models.UUIDField(null=True, blank=True)
    profile_id = models.UUIDField(null=True, blank=True)
    topic = models.CharField(max_length=20)
    detail = models.JSONField(default=dict)

    objects = NewsQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "news"
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=Q(user_id__isnull=False) | Q(profile_id__isnull=False), name="news_is_for_somebody"
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["profile_id", "id"], name="news_of_profile"),
            models.Index(fields=["user_id", "id"], name="news_of_user"),
        ]

    def __str__(self) -> str:
        return f"{self.topic} {self.pk}"
