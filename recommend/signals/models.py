"""What viewers did, what it comes to, and what is watched here. Titles and profiles are ids of other apps."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from recommend.signals.shapes import Did


class Signal(models.Model):
    """One act of a profile with a title. One row for each viewing, verdict, wish: told again, the row grows."""

    KINDS: ClassVar[list[tuple[str, str]]] = [(did.value, did.value) for did in Did]

    profile_id = models.UUIDField()
    title_id = models.UUIDField(db_index=True)
    video_id = models.UUIDField(null=True, blank=True)
    did = models.CharField(max_length=12, choices=KINDS)
    ref = models.UUIDField(help_text="Which one: the viewing's id, or the title's.")
    value = models.FloatField(default=1.0, help_text="How far it came, 0 to 1; a verdict: -1, 1 or 2.")
    watched = models.FloatField(default=0.0, help_text="Seconds that the picture moved.")
    length = models.FloatField(default=0.0, help_text="Seconds without credits; 0: not known.")
    over = models.BooleanField(default=True)
    part = models.BooleanField(default=False, help_text="Of an episode.")
    alone = models.BooleanField(
        default=False, help_text="It began by itself, and nobody was seen to watch it."
    )
    counts = models.BooleanField(default=True, help_text="Off: a wish for the page alone, not learnt from.")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["profile_id", "did", "ref"], name="signal_told_once"),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["profile_id", "title_id"], name="signal_of_profile_and_title"),
            models.Index(fields=["profile_id", "at"], name="signal_of_profile_by_time"),
            models.Index(fields=["at"], name="signal_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.did} {self.title_id}"


class Taste(models.Model):
    """What a profile's signals come to, in one row that every page reads, and what it switched.

    `entries`, `hidden` and `seen` are packed (packing.py) and can be made anew from the signals. The rest cannot.
    """

    profile_id = models.UUIDField(primary_key=True)
    version = models.PositiveBigIntegerField(default=0)
    entries = models.BinaryField(default=bytes)
    hidden = models.BinaryField(default=bytes)
    seen = models.BinaryField(default=bytes)
    personal = models.BooleanField(default=True)
    learn = models.BooleanField(default=True)
    shared = models.BooleanField(default=True)
    steady = models.BooleanField(default=False)
    learning_since = models.DateTimeField(
        null=True, blank=True, help_text="What was before is not learnt from; empty: nothing is left out."
    )
    anew_since = models.DateTimeField(
        null=True, blank=True, help_text="When it started anew: what was before has no weight."
    )
    day = models.DateField(null=True, blank=True)
    told = models.PositiveIntegerField(default=0, help_text="Viewings that were learnt from that day.")
    checked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["checked_at"], name="taste_by_check")]

    def __str__(self) -> str:
        return f"taste of {self.profile_id}, {self.version}"


class Vote(models.Model):
    """That a profile watched a title, and when last: it counts once for a title, however often it plays it."""

    profile_id = models.UUIDField()
    user_id = models.UUIDField()
    title_id = models.UUIDField()
    kids = models.BooleanField(default=False, help_text="It is a child's.")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["profile_id", "title_id"], name="vote_once_a_title"),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["title_id", "at"], name="vote_of_title"),
            models.Index(fields=["at"], name="vote_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.title_id} at {self.at:%Y-%m-%d %H:%M}"


class TrendCell(models.Model):
    """The votes for a title, each decayed by its age at `at`, with half-lives of a day, a week and thirty days.

    Children's and grown-ups' are apart. Nothing of a person: sums.
    """

    title_id = models.UUIDField()
    kids = models.BooleanField(default=False)
    day = models.FloatField(default=0.0)
    week = models.FloatField(default=0.0)
    month = models.FloatField(default=0.0)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["title_id", "kids"], name="cell_one_of_title"),
        ]
        indexes: ClassVar[list[Any]] = [models.Index(fields=["kids", "-month"], name="cell_most_watched")]

    def __str__(self) -> str:
        return f"{self.title_id}: {self.week:.2f}"


class Mark(models.Model):
    """How far periodic work has come, by its name; and each withdrawal of somebody's influence (keeping.withdrawn)."""

    name = models.CharField(max_length=32, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.at:%Y-%m-%d %H:%M}"
