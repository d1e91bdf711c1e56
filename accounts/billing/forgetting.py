"""What an account's payments leave behind: for its export, and for erasing it."""

import logging
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.billing import subscribing
from accounts.billing.providers import provider
from accounts.models import Invoice, InvoiceState, PaymentEvent, Subscription

log = logging.getLogger("accounts")


def export(user_id: UUID) -> Iterator[tuple[str, Any]]:
    """Subscriptions and invoices, as (path, JSON-able)."""
    rows = Subscription.objects.of(user_id).select_related("plan")
    yield (
        "payments/subscriptions.json",
        [
            {
                "plan": row.plan.name,
                "state": row.state,
                "price_minor": row.price,
                "currency": row.currency,
                "period": row.period,
                "provider": row.provider,
                "created_at": row.created_at,
                "period_end": row.period_end,
                "ended_at": row.ended_at,
            }
            for row in rows
        ],
    )
    yield (
        "payments/invoices.json",
        [
            {
                "number": invoice.number,
                "state": invoice.state,
                "total_minor": invoice.total,
                "currency": invoice.currency,
                "bill_to": invoice.bill_to,
                "issued_at": invoice.issued_at,
                "due_at": invoice.due_at,
                "paid_at": invoice.paid_at,
                "lines": [{"text": line.text, "amount_minor": line.amount} for line in invoice.lines.all()],
            }
            for invoice in Invoice.objects.filter(user_id=user_id).prefetch_related("lines")
        ],
    )


def leave_providers(user_id: UUID) -> None:
    """End what goes on, and have each provider forget the person. Safe to run again.

    Raises ProviderFailed when one could not be reached: erasing is to be tried again then, since a card would go on
    being charged.
    """
    for row in Subscription.objects.of(user_id):
        subscribing.end_now(row.id)
        if held_by := provider(row.provider):
            held_by.forget(row)
    customers = Subscription.objects.of(user_id).exclude(customer="").values_list("customer", flat=True)
    for customer in list(customers):
        PaymentEvent.objects.filter(body__data__object__customer=customer).delete()


def erase(user_id: UUID) -> None:
    """Leave the providers, and take the person off the invoices.

    The invoices themselves stay without a name: a business keeps its numbers without gaps. Raises ProviderFailed.
    """
    leave_providers(user_id)
    with transaction.atomic():
        PaymentEvent.objects.filter(user_id=user_id).delete()
        Invoice.objects.filter(user_id=user_id, state=InvoiceState.OPEN).update(state=InvoiceState.VOID)
        Invoice.objects.filter(user_id=user_id).update(
            user=None, subscription=None, bill_to="", receipt_url="", reference="", paid_how=""
        )
        Subscription.objects.of(user_id).delete()
