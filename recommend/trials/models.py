"""What was shown, what was decided, what came of it, and experiments.

`Impression` and `Decision` are many and small: they live in the telemetry database (netflixlite/routers.py).
"""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Impression(models.Model):
    """A card that was in view. `propensity` is how likely just this card was at just this place; 1 where nothing was
    tried. `played_at`: when watching it for real began to count, if it did within a day."""

    profile_id = models.UUIDField()
    request_id = models.UUIDField()
    row_key = models.CharField(max_length=80)
    row_place = models.PositiveSmallIntegerField()
    position = models.PositiveSmallIntegerField()
    title_id = models.UUIDField(db_index=True)
    artwork_id = models.UUIDField(null=True, blank=True)
    tried = models.BooleanField(default=False)
    propensity = models.FloatField(default=1.0)
    team = models.CharField(max_length=40, blank=True)
    model_version = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField(default=timezone.now, db_index=True)
    played_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["request_id", "row_key", "title_id"], name="seen_once_a_page"),
            models.CheckConstraint(
                condition=models.Q(propensity__gt=0, propensity__lte=1), name="seen_propensity"
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["profile_id", "title_id", "-at"], name="seen_latest_of_title"),
        ]

    def __str__(self) -> str:
        return f"{self.title_id} in {self.row_key}"


class Decision(models.Model):
    """One draw whose outcome was seen: what it was drawn from, what was chosen and how likely that was.

    `detail` is what another policy needs to be asked the same question (recommend/trials/offpolicy.py).
    """

    class Kind(models.TextChoices):
        """What was drawn."""

        ROWS = "rows", _("order of rows")
        SLOT = "slot", _("one title")
        PICTURE = "picture", _("picture")

    profile_id = models.UUIDField(db_index=True)
    request_id = models.UUIDField()
    kind = models.CharField(max_length=8, choices=Kind.choices)
    subject = models.CharField(max_length=80)
    title_id = models.UUIDField(null=True, blank=True)
    chosen = models.CharField(max_length=80)
    propensity = models.FloatField()
    detail = models.JSONField(default=dict)
    reward = models.FloatField(default=0.0)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["request_id", "kind", "subject"], name="decided_once_a_page"),
            models.CheckConstraint(
                condition=models.Q(propensity__gt=0, propensity__lte=1), name="decided_propensity"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.chosen}"


class Counting(models.Model):
    """Showings and plays, fading by half in 14 days. `shown` and `played` are as of the beginning of `day`, what came
    since stands beside them: draws of a day see only the former, so that they are the same all day."""

    day = models.DateField()
    shown = models.FloatField(default=0.0)
    played = models.FloatField(default=0.0)
    shown_today = models.FloatField(default=0.0)
    played_today = models.FloatField(default=0.0)

    class Meta:
        abstract = True


class Tally(Counting):
    """How something does with everybody: `all:row:because`, `kids:title:<id>`, `all:art:<id>`. It names nobody."""

    key = models.CharField(max_length=140, unique=True)

    class Meta:
        verbose_name_plural = "tallies"

    def __str__(self) -> str:
        return self.key


class ProfileTally(Counting):
    """How a kind of row does with one profile."""

    profile_id = models.UUIDField()
    kind = models.CharField(max_length=40)

    class Meta:
        verbose_name_plural = "profile tallies"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["profile_id", "kind"], name="one_tally_a_row_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.profile_id}"


class Showing(models.Model):
    """How many cards a profile saw on a day, and how many of them were tried: the bound on trying."""

    profile_id = models.UUIDField()
    day = models.DateField(db_index=True)
    shown = models.PositiveIntegerField(default=0)
    tried = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["profile_id", "day"], name="one_showing_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.profile_id} on {self.day}"


class SeenDay(models.Model):
    """What is left of impressions after a month: how many cards of a kind of row were shown and played on a day."""

    day = models.DateField()
    kind = models.CharField(max_length=40)
    tried = models.BooleanField(default=False)
    shown = models.PositiveIntegerField(default=0)
    played = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["day", "kind", "tried"], name="one_line_a_day_and_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} on {self.day}"


class Experiment(models.Model):
    """A question that is put to the viewers: two or more arms, and who is in which is a hash."""

    class Method(models.TextChoices):
        """How it is asked."""

        SPLIT = "split", _("Each profile sees one arm")
        INTERLEAVE = "interleave", _("Both arms mixed in Top picks")

    class State(models.TextChoices):
        """Where it stands."""

        DRAFT = "draft", _("draft")
        RUNNING = "running", _("running")
        STOPPED = "stopped", _("stopped")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.SlugField(_("key"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    question = models.TextField(_("question"), blank=True, help_text=_("What shall be known afterwards?"))
    method = models.CharField(_("method"), max_length=12, choices=Method.choices, default=Method.SPLIT)
    share = models.PositiveSmallIntegerField(
        _("share of profiles, in percent"),
        default=100,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
    )
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.DRAFT)
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(_("started"), null=True, blank=True, editable=False)
    stopped_at = models.DateTimeField(_("stopped"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("experiment")
        verbose_name_plural = _("experiments")
        ordering: ClassVar[list[str]] = ["-made_at"]
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=models.Q(share__gte=1, share__lte=100), name="experiment_share"),
        ]

    def __str__(self) -> str:
        return self.name


class Arm(models.Model):
    """One way to do it. The first arm is how it is done today; `knobs` are what another arm does differently."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="arms")
    key = models.SlugField(_("key"), max_length=40)
    weight = models.PositiveSmallIntegerField(
        _("weight"), default=1, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    knobs = models.JSONField(_("knobs"), default=dict, blank=True)

    class Meta:
        verbose_name = _("arm")
        verbose_name_plural = _("arms")
        ordering: ClassVar[list[str]] = ["id"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["experiment", "key"], name="arm_key_once"),
        ]

    def __str__(self) -> str:
        return self.key


class Participation(models.Model):
    """What one profile did while it was in an experiment: sums only, from its first page in it on."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="participations")
    profile_id = models.UUIDField(db_index=True)
    arm = models.CharField(max_length=40)
    first_at = models.DateTimeField(default=timezone.now)
    visit_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    visits = models.PositiveIntegerField(default=0)
    plays = models.PositiveIntegerField(default=0)
    qualified = models.PositiveIntegerField(default=0)
    abandoned = models.PositiveIntegerField(default=0)
    thumbs_up = models.PositiveIntegerField(default=0)
    thumbs_down = models.PositiveIntegerField(default=0)
    #: Seconds from the beginning of a visit to its first qualified play, over the visits that had one.
    waited = models.FloatField(default=0.0)
    answered = models.PositiveIntegerField(default=0)
    answered_visit_at = models.DateTimeField(null=True, blank=True)
    titles = models.JSONField(default=list)
    returned = models.BooleanField(default=False)
    #: Plays of titles that an arm brought into a mixed list: {arm: plays}.
    points = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["experiment", "profile_id"], name="in_an_experiment_once"),
        ]

    def __str__(self) -> str:
        return f"{self.profile_id} in {self.arm}"


class CountedViewing(models.Model):
    """A viewing that has been counted as a play, and how: news of it may come again."""

    viewing_id = models.UUIDField(unique=True)
    profile_id = models.UUIDField(db_index=True)
    qualified = models.BooleanField(default=False)
    abandoned = models.BooleanField(default=False)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return str(self.viewing_id)
