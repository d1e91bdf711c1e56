"""What a profile has said of titles. Titles and profiles belong to other apps: only their ids stand here."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

from recommend import types
from recommend.learning.models import ModelVersion, Serving
from recommend.signals.models import Mark, Signal, Taste, TrendCell, Vote
from recommend.trials.models import (
    Arm,
    CountedViewing,
    Decision,
    Experiment,
    Impression,
    Participation,
    ProfileTally,
    SeenDay,
    Showing,
    Tally,
)

__all__ = [
    "Arm",
    "CountedViewing",
    "Decision",
    "Experiment",
    "Impression",
    "ListEntry",
    "Mark",
    "ModelVersion",
    "Participation",
    "ProfileTally",
    "SeenDay",
    "Serving",
    "Showing",
    "Signal",
    "Tally",
    "Taste",
    "Thumb",
    "TrendCell",
    "Vote",
]


class Thumb(models.Model):
    """A profile's verdict on a title: the newest one counts, there is one row at most."""

    VALUES = [(thumb.value, thumb.value.replace("_", " ")) for thumb in types.Thumb]

    profile_id = models.UUIDField()
    title_id = models.UUIDField(db_index=True)
    value = models.CharField(max_length=16, choices=VALUES)
    rated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["profile_id", "title_id"], name="one_thumb_a_title"),
            models.CheckConstraint(
                condition=models.Q(value__in=[thumb.value for thumb in types.Thumb]), name="thumb_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.value} for {self.title_id}"


class ListEntry(models.Model):
    """A title that a profile keeps for later."""

    profile_id = models.UUIDField()
    title_id = models.UUIDField(db_index=True)
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "list entries"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["profile_id", "title_id"], name="listed_once"),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["profile_id", "-added_at"], name="list_newest_first"),
        ]

    def __str__(self) -> str:
        return f"{self.title_id} on the list of {self.profile_id}"
