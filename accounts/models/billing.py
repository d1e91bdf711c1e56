"""Subscriptions, invoices, and the news that payment providers send."""

from typing import Self
from uuid import UUID, uuid4

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.billing.states import LIVE, State
from accounts.models.plan import Plan
from accounts.models.user import User


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    """Chainable questions about subscriptions."""

    def live(self) -> Self:
        """Those that are not over."""
        return self.filter(state__in=[state.value for state in LIVE])

    def of(self, user_id: UUID) -> Self:
        """One user's."""
        return self.filter(user_id=user_id)


class Subscription(models.Model):
    """One user's subscription to a plan, from choosing it to its end. The price is what it was when it was chosen."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="subscriptions")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="subscriptions")
    provider = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=[(state.value, state.value) for state in State])
    price = models.PositiveIntegerField(help_text=_("Minor units for each period."))
    currency = models.CharField(max_length=3)
    period = models.CharField(max_length=5)
    created_at = models.DateTimeField()
    anchor = models.PositiveSmallIntegerField(default=1, help_text=_("The day of the month of renewals."))
    period_start = models.DateTimeField(null=True, blank=True)
    period_end = models.DateTimeField(null=True, blank=True)
    grace_until = models.DateTimeField(null=True, blank=True)
    next_plan = models.ForeignKey(
        Plan,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Holds from the next period on."),
    )
    credit = models.PositiveIntegerField(
        default=0, help_text=_("Minor units that the next invoices are less.")
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    customer = models.CharField(max_length=80, blank=True, help_text=_("The provider's id of the person."))
    reference = models.CharField(
        max_length=80, blank=True, help_text=_("The provider's id of the subscription.")
    )
    checkout = models.CharField(
        max_length=255, blank=True, help_text=_("The provider's page, while pending.")
    )

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["state", "period_end"], name="subscription_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(state__in=[state.value for state in LIVE]),
                name="subscription_one_live_per_user",
            ),
            models.UniqueConstraint(
                fields=["provider", "reference"], condition=~Q(reference=""), name="subscription_reference"
            ),
            models.CheckConstraint(
                condition=Q(state="ended", ended_at__isnull=False)
                | (~Q(state="ended") & Q(ended_at__isnull=True)),
                name="subscription_ended_has_a_time",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "ended"]) | Q(period_end__isnull=False),
                name="subscription_has_a_period",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.plan}"


class InvoiceState(models.TextChoices):
    """Where an invoice stands."""

    OPEN = "open", _("open")
    PAID = "paid", _("paid")
    VOID = "void", _("void")


class Invoice(models.Model):
    """What somebody owes or paid. Numbers follow each other without a gap within a year."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    number = models.CharField(max_length=40, unique=True)
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="invoices")
    subscription = models.ForeignKey(
        Subscription, null=True, blank=True, on_delete=models.SET_NULL, related_name="invoices"
    )
    provider = models.CharField(max_length=20)
    reference = models.CharField(max_length=80, blank=True, help_text=_("The provider's id of the invoice."))
    state = models.CharField(max_length=4, choices=InvoiceState.choices, default=InvoiceState.OPEN)
    currency = models.CharField(max_length=3)
    total = models.PositiveIntegerField(help_text=_("Minor units."))
    bill_to = models.CharField(max_length=400, blank=True, help_text=_("Name and address of who pays."))
    issued_at = models.DateTimeField()
    due_at = models.DateTimeField()
    paid_at = models.DateTimeField(null=True, blank=True)
    paid_how = models.CharField(max_length=120, blank=True, help_text=_("Like a bank's reference."))
    reminders = models.PositiveSmallIntegerField(default=0)
    receipt_url = models.URLField(max_length=500, blank=True, help_text=_("The provider's own page of it."))

    class Meta:
        ordering = ["-issued_at", "-number"]
        indexes = [models.Index(fields=["state", "due_at"], name="invoice_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "reference"], condition=~Q(reference=""), name="invoice_reference"
            ),
            models.CheckConstraint(
                condition=Q(state="paid", paid_at__isnull=False)
                | (~Q(state="paid") & Q(paid_at__isnull=True)),
                name="invoice_paid_has_a_time",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class InvoiceLine(models.Model):
    """One line of an invoice; `amount` is minor units, negative for what is given back."""

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="lines")
    text = models.CharField(max_length=200)
    amount = models.IntegerField()
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.text


class InvoiceSeries(models.Model):
    """The last number of a year's invoices: the row is the lock that keeps numbers without gaps and doubles."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "invoice series"

    def __str__(self) -> str:
        return f"{self.year}: {self.last}"


class PaymentEventState(models.TextChoices):
    """What became of a provider's news."""

    RECEIVED = "received", _("received")
    DONE = "done", _("done")
    IGNORED = "ignored", _("ignored")
    FAILED = "failed", _("failed")


class PaymentEvent(models.Model):
    """A provider's news as it came, kept so that it is taken once, and can be taken again by hand."""

    provider = models.CharField(max_length=20)
    event_id = models.CharField(max_length=80)
    kind = models.CharField(max_length=80)
    user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.CASCADE, related_name="payment_events"
    )
    made_at = models.DateTimeField(help_text=_("By the provider's clock."))
    received_at = models.DateTimeField()
    body = models.JSONField()
    state = models.CharField(
        max_length=8, choices=PaymentEventState.choices, default=PaymentEventState.RECEIVED
    )
    tries = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-received_at"]
        indexes = [models.Index(fields=["state", "received_at"], name="payment_event_waiting")]
        constraints = [
            models.UniqueConstraint(fields=["provider", "event_id"], name="payment_event_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"
