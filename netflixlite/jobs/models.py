"""Jobs, workers and ticks: the truth that every worker works from."""

from typing import Self
from uuid import uuid4

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from netflixlite.jobs.types import JobState

LIVE = (JobState.QUEUED, JobState.RUNNING)


class JobQuerySet(models.QuerySet["Job"]):
    """Chainable questions. Times are compared by the database's clock, so that workers' clocks may differ."""

    def live(self) -> Self:
        """Not finished yet."""
        return self.filter(state__in=LIVE)

    def claimable(self) -> Self:
        """Due and in nobody's hands: queued, or running under a lease that ran out with attempts left."""
        due = models.Q(state=JobState.QUEUED, available_at__lte=Now())
        return self.filter(due | (models.Q(attempts__lt=models.F("max_attempts")) & self.abandoned()))

    @staticmethod
    def abandoned() -> models.Q:
        """Running, but its worker has been silent for longer than the lease."""
        return models.Q(state=JobState.RUNNING, lease_until__lt=Now())

    def held(self, fence: int) -> Self:
        """Still in the hands of the attempt that got this fence."""
        return self.filter(state=JobState.RUNNING, fence=fence)


class Job(models.Model):
    """One piece of work. `fence` grows with every claim: a write with an older fence changes nothing."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    kind = models.CharField(max_length=100)
    payload = models.JSONField(default=dict)
    dedupe_key = models.CharField(max_length=200, blank=True, default="")
    state = models.CharField(
        max_length=10, choices=[(state.value, state.value) for state in JobState], default=JobState.QUEUED
    )
    priority = models.IntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    max_attempts = models.PositiveIntegerField(default=3)
    available_at = models.DateTimeField(default=timezone.now)
    owner = models.CharField(max_length=120, blank=True, default="")
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveBigIntegerField(default=0)
    #: The job that this one is a part of, and which part of that one's progress it stands for (0 … 1).
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.CASCADE, related_name="children"
    )
    share = models.FloatField(default=0.0)
    #: How many live parts the job waits for between two attempts; None when it is not parked.
    parked = models.PositiveIntegerField(null=True, blank=True)
    #: Grows whenever a part ends: an attempt that looked before that does not sleep over it.
    wakes = models.PositiveBigIntegerField(default=0)
    cancel_requested = models.BooleanField(default=False)
    progress = models.FloatField(default=0.0)
    note = models.CharField(max_length=300, blank=True, default="")
    checkpoint = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True, default="")
    details = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["dedupe_key"],
                condition=models.Q(state__in=[state.value for state in LIVE]) & ~models.Q(dedupe_key=""),
                name="job_live_dedupe_key",
            ),
            models.CheckConstraint(
                condition=models.Q(progress__gte=0.0, progress__lte=1.0), name="job_progress_is_a_fraction"
            ),
            models.CheckConstraint(condition=models.Q(max_attempts__gte=1), name="job_has_an_attempt"),
            models.CheckConstraint(
                condition=~models.Q(state="running") | models.Q(lease_until__isnull=False),
                name="job_runs_on_lease",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-priority", "available_at"], name="job_claim"),
            models.Index(fields=["dedupe_key", "-created_at"], name="job_latest"),
            models.Index(fields=["kind", "-created_at"], name="job_kind"),
            models.Index(fields=["state", "finished_at"], name="job_finished"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class Tick(models.Model):
    """One turn of periodic work: whoever inserts the row has it."""

    name = models.CharField(max_length=100)
    slot = models.BigIntegerField()
    owner = models.CharField(max_length=120)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["-started_at"]
        constraints = [models.UniqueConstraint(fields=["name", "slot"], name="tick_once")]

    def __str__(self) -> str:
        return f"{self.name} {self.slot}"


class Worker(models.Model):
    """A worker process, as long as it reports. It stands here for people; no job depends on it."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    name = models.CharField(max_length=120)
    slots = models.PositiveSmallIntegerField()
    kinds = models.JSONField(default=list)
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["started_at"]

    def __str__(self) -> str:
        return self.name
