"""Who is watching."""

from typing import Self
from uuid import UUID, uuid4

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from accounts import maturity
from accounts.models.user import User

AVATARS = ("ember", "lagoon", "meadow", "dusk", "honey", "rose", "slate", "orchid")


class ProfileQuerySet(models.QuerySet["Profile"]):
    """Chainable questions about profiles."""

    def of(self, user_id: UUID) -> Self:
        """Profiles of one user, oldest first."""
        return self.filter(user_id=user_id).order_by("created_at", "id")


class Profile(models.Model):
    """Who is watching."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="profiles")
    name = models.CharField(max_length=40)
    avatar = models.CharField(
        max_length=20, choices=[(key, key.title()) for key in AVATARS], default=AVATARS[0]
    )
    is_kid = models.BooleanField(default=False)
    maturity = models.PositiveSmallIntegerField(
        choices=[(age, str(age)) for age in maturity.AGES], default=maturity.ADULT_DEFAULT
    )
    language = models.CharField(max_length=10, default="en")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = ProfileQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [
            models.UniqueConstraint("user", Lower("name"), name="profile_name_once_per_user"),
            models.CheckConstraint(
                condition=models.Q(maturity__in=maturity.AGES), name="profile_maturity_is_an_age"
            ),
            models.CheckConstraint(
                condition=models.Q(is_kid=False) | models.Q(maturity__lte=maturity.KID_MAXIMUM),
                name="profile_kid_maturity",
            ),
        ]

    def __str__(self) -> str:
        return self.name
