"""What a subscription allows, and what it costs."""

from typing import Self
from uuid import uuid4

from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.billing.money import Period


class PlanQuerySet(models.QuerySet["Plan"]):
    """Chainable questions about plans."""

    def on_offer(self) -> Self:
        """What people may choose by themselves, in the order of the page."""
        return self.filter(is_public=True).order_by("position", "price", "name")


class Plan(models.Model):
    """What a subscription allows. One plan is the default: it holds for users who have no other."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    name = models.CharField(max_length=60, unique=True)
    about = models.CharField(max_length=160, blank=True, help_text=_("One sentence for the page of plans."))
    streams = models.PositiveSmallIntegerField(
        default=2, validators=[MinValueValidator(1)], help_text=_("How many films may play at the same time.")
    )
    max_height = models.PositiveIntegerField(
        null=True, blank=True, help_text=_("The tallest picture, in pixels. Empty: no limit.")
    )
    downloads = models.PositiveSmallIntegerField(
        default=0, help_text=_("On how many devices films may be kept for offline. 0: on none.")
    )
    offline_days = models.PositiveSmallIntegerField(
        default=30,
        validators=[MinValueValidator(1)],
        help_text=_("For so many days a kept film plays before its device must be online once."),
    )
    price = models.PositiveIntegerField(
        default=0, help_text=_("In the smallest unit of the currency (cents). 0: free.")
    )
    currency = models.CharField(
        max_length=3,
        default="EUR",
        validators=[RegexValidator(r"^[A-Z]{3}\Z", _("Write three capital letters, as in EUR (ISO 4217)."))],
    )
    period = models.CharField(
        max_length=5,
        choices=[(Period.MONTH.value, _("month")), (Period.YEAR.value, _("year"))],
        default="month",
        help_text=_("How often the price is paid."),
    )
    is_public = models.BooleanField(
        default=False, help_text=_("People may choose it by themselves, once payments are on.")
    )
    position = models.PositiveSmallIntegerField(default=0, help_text=_("Smaller numbers stand first."))
    is_default = models.BooleanField(default=False, help_text=_("For users who have no other plan."))

    objects = PlanQuerySet.as_manager()

    class Meta:
        ordering = ["position", "name"]
        constraints = [
            models.CheckConstraint(condition=models.Q(streams__gte=1), name="plan_allows_a_stream"),
            models.CheckConstraint(
                condition=models.Q(period__in=[period.value for period in Period]), name="plan_period_known"
            ),
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="plan_one_default"
            ),
        ]

    def __str__(self) -> str:
        return self.name
