"""News of payment providers: checked, kept, taken once, and taken again by hand when it failed."""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import stripe
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.billing.providers import ProviderFailed
from accounts.billing.providers import stripe as by_stripe
from accounts.models import PaymentEvent, PaymentEventState, Subscription

log = logging.getLogger("accounts")

#: A failed event is tried again by itself so many times, then only by hand.
TRIES = 8
#: And not more often than this, the wait doubling from time to time.
FIRST_WAIT = timedelta(minutes=1)
#: News is kept this long once it is taken.
KEPT_FOR = timedelta(days=180)


class BadEvent(Exception):
    """Not from the provider, too old, or no event at all."""


def receive_stripe(payload: bytes, signature: str, *, now: datetime | None = None) -> PaymentEvent:
    """Check an event's signature, keep it, and take it. One that came before is not taken again. Raises BadEvent."""
    now = now or timezone.now()
    if not settings.STRIPE_WEBHOOK_SECRET:
        raise BadEvent("NETFLIXLITE_STRIPE_WEBHOOK_SECRET is not set: events cannot be checked.")
    try:
        stripe.WebhookSignature.verify_header(
            payload.decode("utf-8"), signature, settings.STRIPE_WEBHOOK_SECRET, tolerance=300
        )
        body = json.loads(payload)
        event_id, kind, made = str(body["id"])[:80], str(body["type"])[:80], int(body["created"])
        body["data"]["object"]["object"]
    except (stripe.SignatureVerificationError, ValueError, KeyError, TypeError) as error:
        raise BadEvent(f"This is no event of Stripe's: {error}") from error
    event, fresh = PaymentEvent.objects.get_or_create(
        provider="stripe",
        event_id=event_id,
        defaults={
            "kind": kind,
            "made_at": datetime.fromtimestamp(made, tz=UTC),
            "received_at": now,
            "body": body,
        },
    )
    if fresh or event.state == PaymentEventState.FAILED:
        process(event.pk, now=now)
        event.refresh_from_db()
    return event


def process(event_pk: int, *, now: datetime | None = None) -> bool:
    """Take an event, again if need be; → whether it went through. What failed is written down and tried later."""
    now = now or timezone.now()
    PaymentEvent.objects.filter(pk=event_pk).update(tries=F("tries") + 1)
    event = PaymentEvent.objects.get(pk=event_pk)
    try:
        with transaction.atomic():
            row = _take(event, now)
    except ProviderFailed as error:
        _fail(event, error.message)
        return False
    except Exception as error:
        log.exception("Event %s could not be taken.", event.event_id)
        _fail(event, f"{type(error).__name__}: {error}")
        return False
    event.state = PaymentEventState.DONE if row is not None else PaymentEventState.IGNORED
    event.user_id = row.user_id if row is not None else None
    event.done_at, event.error = now, ""
    event.save(update_fields=["state", "user", "done_at", "error"])
    return True


def retry_failed(*, now: datetime | None = None) -> int:
    """Try again what failed, each after a wait that doubles; → how many went through. Periodic."""
    now = now or timezone.now()
    waiting = PaymentEvent.objects.filter(
        state__in=[PaymentEventState.FAILED, PaymentEventState.RECEIVED], tries__lt=TRIES
    )
    through = 0
    for event in waiting.order_by("made_at")[:100]:
        if now - event.received_at >= FIRST_WAIT * 2**event.tries:
            through += process(event.pk, now=now)
    return through


def prune(*, now: datetime | None = None) -> int:
    """Forget news that was taken long ago. Periodic."""
    old = (now or timezone.now()) - KEPT_FOR
    return PaymentEvent.objects.filter(received_at__lt=old).delete()[0]


# Within -------------------------------------------------------------------------------------------------


def _take(event: PaymentEvent, now: datetime) -> Subscription | None:
    held = event.body["data"]["object"]
    take = _TAKERS.get(event.kind)
    return take(str(held.get("id", "")), now) if take else None


def _subscription(reference: str, now: datetime) -> Subscription | None:
    return by_stripe.sync_subscription(reference, now=now)


def _checkout(reference: str, now: datetime) -> Subscription | None:
    return by_stripe.sync_checkout(reference, now=now)


def _invoice(reference: str, now: datetime) -> Subscription | None:
    invoice = by_stripe.take_invoice(reference, now=now)
    return invoice.subscription if invoice else None


def _failed_payment(reference: str, now: datetime) -> Subscription | None:
    invoice = by_stripe.payment_failed(reference, now=now)
    return invoice.subscription if invoice else None


_TAKERS: dict[str, Callable[[str, datetime], Subscription | None]] = {
    "checkout.session.completed": _checkout,
    "checkout.session.async_payment_succeeded": _checkout,
    "customer.subscription.created": _subscription,
    "customer.subscription.updated": _subscription,
    "customer.subscription.deleted": _subscription,
    "customer.subscription.paused": _subscription,
    "customer.subscription.resumed": _subscription,
    "invoice.paid": _invoice,
    "invoice.voided": _invoice,
    "invoice.marked_uncollectible": _invoice,
    "invoice.payment_failed": _failed_payment,
    "invoice.payment_action_required": _failed_payment,
}
#: Of the kinds that Stripe knows, those that its webhook should send us (docs/plans.md).
KINDS: tuple[str, ...] = tuple(_TAKERS)


def _fail(event: PaymentEvent, why: Any) -> None:
    event.state, event.error = PaymentEventState.FAILED, str(why)[:300]
    event.save(update_fields=["state", "error"])
