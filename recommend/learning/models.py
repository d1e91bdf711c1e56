"""What was learnt, and which of it is served. The numbers themselves lie in files (shelf.py)."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class ModelVersion(models.Model):
    """One training: what went in, what it was worth, and what became of it."""

    class State(models.TextChoices):
        """Whether it may be served."""

        GOOD = "good", _("good")
        REFUSED = "refused", _("refused")
        WITHDRAWN = "withdrawn", _("withdrawn")
        TORN = "torn", _("files damaged")

    state = models.CharField(max_length=16, choices=State.choices)
    #: Its folder below MODELS_DIR; '' once its files are gone.
    folder = models.CharField(max_length=64, blank=True)
    bytes = models.BigIntegerField(default=0)
    made_at = models.DateTimeField(default=timezone.now)
    #: Why it was trained (deciding.Reason), and what was said of it at the gate or afterwards.
    occasion = models.CharField(max_length=32, blank=True)
    verdict = models.TextField(blank=True)
    #: When signals were read: what is withdrawn later than this is still in it.
    read_at = models.DateTimeField(default=timezone.now)
    #: The newest event that went in; None when there was none (what titles are alone made it).
    cut = models.DateTimeField(null=True, blank=True)
    events = models.PositiveIntegerField(default=0)
    viewers = models.PositiveIntegerField(default=0)
    accounts = models.PositiveIntegerField(default=0)
    titles = models.PositiveIntegerField(default=0)
    #: How many of the titles have learnt rows of their own; those of the others are imputed from titles like them.
    head = models.PositiveIntegerField(default=0)
    cpu_seconds = models.FloatField(default=0.0)
    peak_bytes = models.BigIntegerField(default=0)
    #: The engine's settings, and the figures of the gate and of its time in use (gate.py says what stands in them).
    settings = models.JSONField(default=dict)
    figures = models.JSONField(default=dict)
    #: Figures on plays that came after it went live, beside the version before it (watching.py).
    live_figures = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("model version")
        verbose_name_plural = _("model versions")
        ordering: ClassVar[list[str]] = ["-id"]
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(
                condition=models.Q(state__in=["good", "refused", "withdrawn", "torn"]),
                name="model_state_is_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """How it is called in logs, answers and on the page: `m7`."""
        return f"m{self.pk}"


class Serving(models.Model):
    """The pointer: which version is served now. One row, with id 1."""

    version = models.ForeignKey(
        ModelVersion, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    #: The one that was served before and is kept: what is gone back to.
    previous = models.ForeignKey(
        ModelVersion, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    #: Grows with every change: who has an older one in memory maps anew.
    revision = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField(default=timezone.now)
    reason = models.CharField(max_length=300, blank=True)
    #: An operator wants this version and no other until it is let go.
    pinned = models.BooleanField(default=False)
    #: The last look whether there is something to learn, and what came of it; for the page.
    looked_at = models.DateTimeField(null=True, blank=True)
    looked_words = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=models.Q(id=1), name="one_model_is_served"),
        ]

    def __str__(self) -> str:
        return f"{self.version or 'no model'} (revision {self.revision})"
