"""Who signs in and pays."""

from uuid import uuid4

from django.contrib.auth.models import AbstractUser
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.models.plan import Plan


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
