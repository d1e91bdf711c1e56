"""Codes by which a television asks to be signed in."""

from uuid import uuid4

from django.db import models

from accounts.models.user import User


class TvCode(models.Model):
    """One request of a television (RFC 8628). Neither code is kept as it is: only what recognises it."""

    class State(models.TextChoices):
        """Where a request stands. A code opens once: approved, then used, by whoever changes the row first."""

        PENDING = "pending"
        APPROVED = "approved"
        DENIED = "denied"
        USED = "used"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    device_digest = models.CharField(max_length=64, unique=True, editable=False)
    user_digest = models.CharField(max_length=64, unique=True, editable=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    name = models.CharField(max_length=40, blank=True)
    player = models.CharField(max_length=60, blank=True)
    place = models.CharField(max_length=120, blank=True)
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    interval_s = models.PositiveSmallIntegerField()
    polled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="tv_code_by_expiry")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(user__isnull=False) | ~models.Q(state__in=["approved", "used"]),
                name="tv_code_approved_by_somebody",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name or self.player or 'TV'}: {self.state}"
