"""Devices that a user signed in on, and the sessions that are open there."""

from typing import Self
from uuid import UUID, uuid4

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.devices.words import Kind
from accounts.models.profile import Profile
from accounts.models.user import User


class DeviceQuerySet(models.QuerySet["Device"]):
    """Chainable questions about devices."""

    def of(self, user_id: UUID) -> Self:
        """Devices of one user, latest used first."""
        return self.filter(user_id=user_id).order_by("-last_used_at", "id")


class Device(models.Model):
    """A browser, television or app on which a user signed in. Two users of one browser have a device each."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="devices")
    browser = models.CharField(
        max_length=64, editable=False, help_text=_("Digest of the key in the browser's device cookie.")
    )
    name = models.CharField(max_length=40, blank=True, help_text=_("What its owner calls it."))
    kind = models.CharField(
        max_length=10, choices=[(kind.value, kind.value) for kind in Kind], default="computer"
    )
    player = models.CharField(max_length=60, blank=True, help_text=_("Browser and system, in our own words."))
    place = models.CharField(max_length=120, blank=True)
    network = models.CharField(max_length=50, blank=True)
    first_used_at = models.DateTimeField()
    last_used_at = models.DateTimeField()
    last_profile = models.ForeignKey(
        Profile, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = DeviceQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["last_used_at"], name="device_by_last_use")]
        constraints = [
            models.UniqueConstraint(fields=["user", "browser"], name="device_once_per_user_and_browser")
        ]

    def __str__(self) -> str:
        return self.name or self.player or str(_("A device"))


class DeviceSession(models.Model):
    """A Django session that is open on a device. The row goes when the session does."""

    session_key = models.CharField(max_length=40, primary_key=True, editable=False)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="sessions")
    began_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.device}, {self.began_at:%Y-%m-%d %H:%M}"
