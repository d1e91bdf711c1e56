"""What a subscription allows."""

from uuid import uuid4

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


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
