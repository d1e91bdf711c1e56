"""Who is watching."""

from typing import Self
from uuid import UUID, uuid4

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import look, maturity
from accounts.models.user import User

AVATARS = (
    "ember", "lagoon", "meadow", "dusk", "honey", "rose", "slate", "orchid",
    "fox", "owl", "cat", "bear", "panda", "frog", "whale", "robin",
    "dino", "rocket", "unicorn", "monster", "octopus", "astronaut", "cinema", "vinyl",
)  # fmt: skip
#: How many titles may be blocked on one profile. They stand in the profile's row, which is read with each request.
BLOCKED_MAX = 200
#: Data saver: what a profile may say of it.
SAVER = ("on", "off")
#: What the player does with openings, recaps and credits: a button, by itself, nothing.
SKIPS = ("ask", "auto", "never")


def _keys(keys: tuple[str, ...]) -> list[tuple[str, str]]:
    """Choices for a column; the words that people read are the forms'."""
    return [(key, key) for key in keys]


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
    autoplay_next = models.BooleanField(default=True, help_text=_("The next episode begins by itself."))
    previews = models.BooleanField(
        default=True, help_text=_("Pages show moving pictures of films, without sound.")
    )
    data_saver = models.CharField(
        max_length=4,
        blank=True,
        choices=_keys(SAVER),
        help_text=_("A smaller picture. Empty: as the browser says."),
    )
    skips = models.CharField(
        max_length=5,
        choices=_keys(SKIPS),
        default=SKIPS[0],
        help_text=_("What the player does with openings, recaps and credits."),
    )
    caption_size = models.CharField(max_length=8, choices=_keys(look.SIZES), default=look.DEFAULT.size)
    caption_color = models.CharField(max_length=8, choices=_keys(look.COLORS), default=look.DEFAULT.color)
    caption_background = models.CharField(
        max_length=8, choices=_keys(look.BACKGROUNDS), default=look.DEFAULT.background
    )
    caption_edge = models.CharField(max_length=8, choices=_keys(look.EDGES), default=look.DEFAULT.edge)
    caption_font = models.CharField(max_length=8, choices=_keys(look.FONTS), default=look.DEFAULT.font)
    caption_position = models.CharField(
        max_length=8, choices=_keys(look.POSITIONS), default=look.DEFAULT.position
    )
    blocked = models.JSONField(
        default=list, blank=True, editable=False, help_text=_("Ids of titles that it does not see.")
    )
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


class ProfileLock(models.Model):
    """The PIN of a profile that has one, and the tries at it. What is counted here locks this one gate only."""

    profile = models.OneToOneField(Profile, primary_key=True, on_delete=models.CASCADE, related_name="lock")
    secret = models.CharField(max_length=200, editable=False)
    #: Changes with the PIN: sessions that entered by an older one enter again.
    stamp = models.CharField(max_length=32, editable=False)
    set_at = models.DateTimeField(default=timezone.now, editable=False)
    tries = models.PositiveIntegerField(default=0, editable=False, help_text=_("Wrong ones in a row."))
    tried_at = models.DateTimeField(null=True, editable=False)
    wait_until = models.DateTimeField(
        null=True, editable=False, help_text=_("Until then no PIN is looked at.")
    )
    told_at = models.DateTimeField(
        null=True, editable=False, help_text=_("When the owner was last written to.")
    )

    def __str__(self) -> str:
        return str(self.profile_id)


class ProfileTransfer(models.Model):
    """A profile's way to an account of its own: a link that works once. Only a digest of it is kept."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    profile = models.OneToOneField(Profile, on_delete=models.CASCADE, related_name="transfer")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    email = models.EmailField(blank=True)
    made_at = models.DateTimeField(default=timezone.now, editable=False)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.profile_id)
