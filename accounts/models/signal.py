"""Warnings to the operator about accounts that somebody else may be using, and the demand for a new password."""

from uuid import uuid4

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.user import User


class FraudSignal(models.Model):
    """Something that looks wrong, with what was seen. Nothing follows from it by itself: an operator decides."""

    class Kind(models.TextChoices):
        """What looks wrong."""

        TRAVEL = "travel", _("signed in from two places too far apart")
        NETWORKS = "networks", _("signed in from many networks")
        STREAMS = "streams", _("watching from many networks at once")
        PIN = "pin", _("guessing a PIN")
        TV_CODE = "tv_code", _("guessing codes of TVs")
        PASSWORD = "password", _("guessing a password")
        SPRAYING = "spraying", _("trying passwords on many accounts")
        SCRAPING = "scraping", _("reading the whole catalogue")

    class Severity(models.IntegerChoices):
        """How bad it would be."""

        LOW = 1, _("low")
        MEDIUM = 2, _("medium")
        HIGH = 3, _("high")

    class State(models.TextChoices):
        """What became of it."""

        OPEN = "open", _("open")
        ACKNOWLEDGED = "seen", _("acknowledged")
        ACTED = "acted", _("acted upon")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    kind = models.CharField(_("what"), max_length=10, choices=Kind.choices)
    severity = models.PositiveSmallIntegerField(_("severity"), choices=Severity.choices)
    state = models.CharField(_("state"), max_length=5, choices=State.choices, default=State.OPEN)
    user = models.ForeignKey(
        User,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="signals",
        verbose_name=_("account"),
    )
    #: What makes two of them the same: an account, a session's digest, a network.
    key = models.CharField(max_length=80)
    first_at = models.DateTimeField(_("first seen"))
    last_at = models.DateTimeField(_("last seen"), db_index=True)
    times = models.PositiveIntegerField(_("times"), default=1)
    #: What was seen, the first and the latest of it: [{"at": …, …}, …].
    evidence = models.JSONField(_("evidence"), default=list)
    #: SHA-256 of the session's key, where one session is meant: it can be paused.
    session = models.CharField(max_length=64, blank=True)
    device_id = models.UUIDField(null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    closed_by = models.UUIDField(_("by"), null=True, blank=True)
    acts = models.JSONField(_("done about it"), default=list)

    class Meta:
        ordering = ["-last_at"]
        verbose_name = _("warning")
        verbose_name_plural = _("warnings")
        indexes = [models.Index(fields=["state", "-last_at"], name="signal_by_state")]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"], condition=models.Q(state="open"), name="signal_open_once"
            ),
            models.CheckConstraint(
                condition=models.Q(state="open", closed_at=None) | models.Q(closed_at__isnull=False),
                name="signal_closed_at_some_time",
            ),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()


class PasswordDemand(models.Model):
    """An operator wants this user to choose a new password before anything else. Goes when that is done."""

    user = models.OneToOneField(
        User, primary_key=True, on_delete=models.CASCADE, related_name="password_demand"
    )
    asked_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.user_id)
