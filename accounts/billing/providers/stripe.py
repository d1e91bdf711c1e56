"""Stripe: Checkout for the first payment, its customer portal for cards, webhooks for news (docs/plans.md).

Stripe is the truth of what it holds, and news of it may come late, twice or in any order. So an event only says which
object to look at; what holds is always read anew (`sync_subscription`, `take_invoice`).
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import stripe
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.billing import invoicing, letters, quotes
from accounts.billing.money import Period
from accounts.billing.providers.base import Provider, ProviderFailed
from accounts.billing.quotes import Line, LineKind, Quote
from accounts.billing.states import LIVE, State
from accounts.billing.terms import of_plan, of_row, set_plan
from accounts.models import Invoice, InvoiceLine, InvoiceState, Plan, Subscription

log = logging.getLogger("accounts")

#: Of a subscription there, where ours stands. What is not named here (paused, unpaid) has not been paid.
_STATES = {
    "trialing": State.ACTIVE,
    "active": State.ACTIVE,
    "incomplete": State.PENDING,
    "incomplete_expired": State.ENDED,
    "canceled": State.ENDED,
}


class StripeProvider(Provider):
    """Calls leave by the library's own HTTP client to `settings.STRIPE_API`."""

    name = "stripe"
    label = gettext_lazy("Card")
    has_portal = True

    def start(self, row: Subscription, *, back: str, now: datetime) -> str:
        """A page of Checkout over the plan's price; the subscription begins when Stripe says so."""
        ours = {"subscription": str(row.id), "plan": str(row.plan_id)}
        params: dict[str, Any] = {
            "mode": "subscription",
            "client_reference_id": str(row.id),
            "line_items": [{"quantity": 1, "price_data": _price(row.plan)}],
            "subscription_data": {"metadata": ours},
            "metadata": ours,
            "success_url": f"{back}?checkout={{CHECKOUT_SESSION_ID}}",
            "cancel_url": back,
        }
        known = Subscription.objects.of(row.user_id).filter(provider=self.name).exclude(customer="").first()
        if known is not None:
            params["customer"] = known.customer
        elif row.user.email:
            params["customer_email"] = row.user.email
        made = _asked(
            lambda: _client().v1.checkout.sessions.create(
                params,  # type: ignore[arg-type]  # a typed dict of theirs
                {"idempotency_key": f"start-{row.id}"},
            )
        )
        return str(made["url"])

    def quote(self, row: Subscription, plan: Plan, *, now: datetime) -> Quote:
        """By our rules whether it holds at once; by Stripe's own reckoning what is due."""
        if row.period_start is None or row.period_end is None:
            return quotes.first(of_plan(plan), now=now)
        ours = quotes.change(
            of_plan(plan), of_row(row), period_start=row.period_start, period_end=row.period_end, now=now
        )
        if not ours.at_once:
            return ours
        asked: dict[str, Any] = {
            "subscription": row.reference,
            "subscription_details": {
                "items": [{"id": self._item(row), "price_data": _price(plan)}],
                "proration_behavior": "always_invoice",
                "proration_date": int(now.timestamp()),
            },
        }
        preview = _asked(lambda: _client().v1.invoices.create_preview(asked))  # type: ignore[arg-type]
        lines = tuple(
            Line(LineKind.PLAN, str(line["description"] or plan.name), int(line["amount"]))
            for line in preview["lines"]["data"]
        )
        return Quote(
            at_once=True,
            currency=plan.currency,
            lines=lines,
            total=max(int(preview["amount_due"]), 0),
            credit=0,
            starts_at=now,
            period_start=ours.period_start,
            period_end=ours.period_end,
        )

    def change(self, row: Subscription, plan: Plan, quote: Quote, *, now: datetime) -> None:
        """Change the price there: charged now, or from the next period on."""
        item = self._item(row)
        params: dict[str, Any] = {
            "items": [{"id": item, "price_data": _price(plan)}],
            "metadata": {"subscription": str(row.id), "plan": str(plan.id)},
            "proration_behavior": "always_invoice" if quote.at_once else "none",
        }
        if quote.at_once:
            # Without the payment nothing changes: no plan is had on credit.
            params |= {"payment_behavior": "error_if_incomplete", "proration_date": int(now.timestamp())}
        self._update(row, params)

    def keep_plan(self, row: Subscription) -> None:
        """Put the price of now back for the next period."""
        self._update(
            row,
            {
                "items": [{"id": self._item(row), "price_data": _price(row.plan, row)}],
                "metadata": {"subscription": str(row.id), "plan": str(row.plan_id)},
                "proration_behavior": "none",
            },
        )

    def cancel(self, row: Subscription) -> None:
        """At the period's end."""
        if row.next_plan_id is not None:
            self.keep_plan(row)
        self._update(row, {"cancel_at_period_end": True})

    def resume(self, row: Subscription) -> None:
        """Not, after all."""
        self._update(row, {"cancel_at_period_end": False})

    def end(self, row: Subscription) -> None:
        """Now. What Stripe has ended itself, or never began, is no error."""
        if not row.reference:
            return
        try:
            _client().v1.subscriptions.cancel(row.reference)
        except stripe.InvalidRequestError:
            log.info("Subscription %s was over at Stripe already.", row.reference)
        except stripe.StripeError as error:
            raise _failed(error) from error

    def refresh(self, row: Subscription, *, now: datetime) -> None:
        """Ask how it stands."""
        if row.reference:
            sync_subscription(row.reference, now=now)

    def portal(self, row: Subscription, *, back: str) -> str:
        """Stripe's page for cards and invoices."""
        made = _asked(
            lambda: _client().v1.billing_portal.sessions.create(
                {"customer": row.customer, "return_url": back}
            )
        )
        return str(made["url"])

    def forget(self, row: Subscription) -> None:
        """Delete the customer there, and with it subscriptions and cards."""
        if not row.customer:
            return
        try:
            _client().v1.customers.delete(row.customer)
        except stripe.InvalidRequestError:
            log.info("Customer %s was gone at Stripe already.", row.customer)
        except stripe.StripeError as error:
            raise _failed(error) from error

    def _item(self, row: Subscription) -> str:
        held = _asked(lambda: _client().v1.subscriptions.retrieve(row.reference))
        return str(held["items"]["data"][0]["id"])

    def _update(self, row: Subscription, params: dict[str, Any]) -> None:
        _asked(lambda: _client().v1.subscriptions.update(row.reference, params))  # type: ignore[arg-type]


def sync_checkout(checkout_id: str, *, now: datetime | None = None) -> Subscription | None:
    """Look at a Checkout session: when it is done, its subscription is ours from now on. None: not ours."""
    held = _asked(lambda: _client().v1.checkout.sessions.retrieve(checkout_id))
    reference = _text(held, "subscription")
    return sync_subscription(reference, now=now) if reference else None


def sync_subscription(reference: str, *, now: datetime | None = None) -> Subscription | None:
    """Bring our row up to Stripe's subscription as it is now; None when it is none of ours. Safe to run again."""
    now = now or timezone.now()
    held = _asked(lambda: _client().v1.subscriptions.retrieve(reference))
    with transaction.atomic():
        row = _row_of(held)
        if row is None:
            return None
        row.reference, row.customer = reference, _text(held, "customer")
        before = row.state
        if before != State.ENDED:
            _take(row, held, now=now)
        row.save()
        if row.state == State.ENDED and before in (State.ACTIVE, State.PAST_DUE, State.CANCELLED):
            letters.send_later("ended", row)
    return row


def take_invoice(reference: str, *, now: datetime | None = None) -> Invoice | None:
    """Bring our copy of an invoice up to Stripe's, and tell who pays; None when it is none of ours."""
    now = now or timezone.now()
    held = _asked(lambda: _client().v1.invoices.retrieve(reference))
    of = _subscription_of(held)
    row = sync_subscription(of, now=now) if of else None
    if row is None:
        return None
    with transaction.atomic():
        invoice, made = Invoice.objects.select_for_update().get_or_create(
            provider=StripeProvider.name,
            reference=reference,
            defaults={
                "number": _text(held, "number") or reference,
                "user": row.user,
                "subscription": row,
                "currency": _text(held, "currency").upper(),
                "total": max(int(held["total"]), 0),
                "bill_to": invoicing.bill_to(row),
                "issued_at": _time(held["created"]),
                "due_at": _time(held["created"]),
                "receipt_url": _text(held, "hosted_invoice_url")[:500],
            },
        )
        if made:
            InvoiceLine.objects.bulk_create(
                InvoiceLine(
                    invoice=invoice,
                    text=str(line["description"] or row.plan.name)[:200],
                    amount=int(line["amount"]),
                    starts_at=_time(line["period"]["start"]),
                    ends_at=_time(line["period"]["end"]),
                )
                for line in held["lines"]["data"]
            )
        status = _text(held, "status")
        if status == "paid" and invoice.state != InvoiceState.PAID:
            invoice.state, invoice.paid_at, invoice.paid_how = InvoiceState.PAID, now, _("Card")
            letters.send_later("receipt", row, invoice=invoice)
        elif status in ("void", "uncollectible") and invoice.state == InvoiceState.OPEN:
            invoice.state = InvoiceState.VOID
        invoice.save()
    return invoice


def payment_failed(reference: str, *, now: datetime | None = None) -> Invoice | None:
    """A payment did not go through: tell who pays, unless it did meanwhile."""
    invoice = take_invoice(reference, now=now)
    if invoice is not None and invoice.state == InvoiceState.OPEN and invoice.subscription is not None:
        with transaction.atomic():
            letters.send_later("payment_failed", invoice.subscription, invoice=invoice)
    return invoice


# Within -------------------------------------------------------------------------------------------------


def _take(row: Subscription, held: Any, *, now: datetime) -> None:
    start, end = _period(held)
    rolled = row.period_start is not None and start is not None and start > row.period_start
    if row.next_plan is not None and rolled and _metadata(held).get("plan") == str(row.next_plan_id):
        set_plan(row, row.next_plan)
    after = _STATES.get(_text(held, "status"), State.PAST_DUE)
    if after is State.ACTIVE and (held.get("cancel_at_period_end") or held.get("cancel_at")):
        after = State.CANCELLED
    if start is not None and end is not None:
        row.period_start, row.period_end, row.anchor = start, end, start.day
    elif after in LIVE and after is not State.PENDING and row.period_end is None:
        after = State.PENDING
    if after is State.PAST_DUE and row.state != State.PAST_DUE:
        row.grace_until = now + timedelta(days=settings.GRACE_DAYS)
    elif after is not State.PAST_DUE:
        row.grace_until = None
    if after is not State.PENDING or row.state == State.PENDING:
        row.state = after.value
    if after is State.ENDED:
        row.ended_at, row.next_plan = now, None
    if after is not State.PENDING:
        row.checkout = ""


def _row_of(held: Any) -> Subscription | None:
    """Ours of Stripe's: by its id, or by what we wrote on it when we asked for it."""
    rows = Subscription.objects.select_for_update(of=("self",)).select_related("plan", "next_plan", "user")
    row = rows.filter(provider=StripeProvider.name, reference=_text(held, "id")).first()
    if row is not None:
        return row
    try:
        ours = UUID(str(_metadata(held).get("subscription", "")))
    except ValueError:
        return None
    return rows.filter(id=ours, provider=StripeProvider.name, reference="").first()


def _metadata(held: Any) -> dict[str, Any]:
    found = held.get("metadata")
    return dict(found) if found else {}


def _period(held: Any) -> tuple[datetime | None, datetime | None]:
    """The period paid for. Since 2025 Stripe keeps it on the items, before on the subscription."""
    items = (held.get("items") or {}).get("data") or []
    place = items[0] if items and items[0].get("current_period_end") else held
    start, end = place.get("current_period_start"), place.get("current_period_end")
    return (_time(start), _time(end)) if start and end else (None, None)


def _subscription_of(invoice: Any) -> str:
    """The subscription's id of an invoice, in its place of now or of before 2025."""
    parent = invoice.get("parent") or {}
    details = parent.get("subscription_details") or {}
    return str(details.get("subscription") or invoice.get("subscription") or "")


def _price(plan: Plan, row: Subscription | None = None) -> dict[str, Any]:
    """A price made for the occasion: plans are kept here, Stripe has no copy that could differ."""
    price, currency, period = (
        (row.price, row.currency, row.period) if row else (plan.price, plan.currency, plan.period)
    )
    return {
        "currency": currency.lower(),
        "unit_amount": price,
        "recurring": {"interval": Period(period).value},
        "product_data": {"name": f"{settings.SITE_NAME}: {plan.name}"},
    }


def _client() -> stripe.StripeClient:
    if not settings.STRIPE_KEY:
        raise ProviderFailed(_("Payments by card are not set up. Tell the operator of the site."))
    return stripe.StripeClient(
        settings.STRIPE_KEY,
        base_addresses={"api": settings.STRIPE_API},
        max_network_retries=settings.STRIPE_RETRIES,
    )


@contextmanager
def _words() -> Iterator[None]:
    try:
        yield
    except stripe.StripeError as error:
        raise _failed(error) from error


def _asked(ask: Callable[[], stripe.StripeObject]) -> dict[str, Any]:
    """What Stripe answers, as a plain dict. Raises ProviderFailed."""
    with _words():
        return dict(ask().to_dict())


def _failed(error: stripe.StripeError) -> ProviderFailed:
    """What Stripe said is in the log; a card's refusal is said as Stripe says it to people."""
    log.warning("Stripe refused: %s", error)
    if isinstance(error, stripe.CardError) and error.user_message:
        return ProviderFailed(error.user_message)
    return ProviderFailed(_("The payment service did not answer as it should. Try again in a minute."))


def _text(held: Any, name: str) -> str:
    value = held.get(name)
    return str(value.get("id") if isinstance(value, dict) else value) if value else ""


def _time(seconds: Any) -> datetime:
    return datetime.fromtimestamp(int(seconds), tz=UTC)
