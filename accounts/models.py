"""Users, their profiles and their plans."""

from typing import Self
from uuid import UUID, uuid4

from django.contrib.auth.models import AbstractUser
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import maturity

AVATARS = ("ember", "lagoon", "meadow", "dusk", "honey", "rose", "slate", "orchid")


class Plan(models.Model):
    """What a subscription allows. One plan is the default: it holds for users who have no other."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    name = models.CharField(max_length=60, unique=True)
    streams = models.PositiveSmallIntegerField(
        default=2, validators=[MinValueValidator(1)], help_text=_("How many films may play at the same time.")
    )
    max_height = models.PositiveIntegerField(
        null=True, blank=True, help_text=_("The tallest picture, in pixels. Empty: no limit.")
    )
    is_default = models.BooleanField(default=False, help_text=_("For users who have no other plan."))

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=models.Q(streams__gte=1), name="plan_allows_a_stream"),
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="plan_one_default"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """Who signs in and pays. `is_staff` makes an operator."""

    username_validator = RegexValidator(  # type: ignore[assignment]  # Django's own class attribute is a subclass
        r"^[\w.@+\- ]+\Z", _("Use letters, digits, spaces and @ . + - _ only.")
    )

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    username = models.CharField(
        max_length=150,
        unique=True,
        validators=[username_validator],
        error_messages={"unique": _("This name is taken.")},
    )
    name = models.CharField(max_length=80, blank=True)
    email = models.EmailField(blank=True)
    plan = models.ForeignKey(
        Plan,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="users",
        help_text=_("Empty: the default plan."),
    )

    first_name = None  # type: ignore[assignment]  # people have one name here, as they write it
    last_name = None  # type: ignore[assignment]

    class Meta:
        ordering = ["username"]
        constraints = [
            models.UniqueConstraint(Lower("username"), name="user_username_any_case"),
            models.UniqueConstraint(
                Lower("email"), condition=~models.Q(email=""), name="user_email_any_case"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.username

    def get_full_name(self) -> str:
        """The name as its owner writes it."""
        return str(self)

    def get_short_name(self) -> str:
        """The same: nobody's name is taken apart here."""
        return str(self)


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
