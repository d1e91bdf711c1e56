"""The periodic pass: what is over ends, what goes on is invoiced anew, who has not paid is reminded.

Each subscription is brought up to now in a transaction of its own; doing it twice changes nothing. A site that was away
for months issues the invoices of that time one after the other.
"""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.billing import invoicing, letters, quotes
from accounts.billing.providers import ProviderFailed, provider
from accounts.billing.states import State, step
from accounts.billing.terms import of_row, set_plan
from accounts.models import Invoice, InvoiceState, Subscription

log = logging.getLogger("accounts")

#: Who has not paid hears of it this long before it is due.
REMIND_BEFORE = timedelta(days=3)
#: What was chosen and never paid is dropped after so long.
PENDING_FOR = timedelta(days=30)
#: A provider that was not heard of for so long after a period's end is asked.
ASK_AFTER = timedelta(hours=6)
#: Periods that one pass catches up with at most.
_PERIODS_MOST = 60


def keep(*, now: datetime | None = None) -> int:
    """Bring all subscriptions up to now; → how many were looked at closely."""
    now = now or timezone.now()
    ids = _due(now)
    for row_id in ids:
        try:
            with transaction.atomic():
                _keep_one(row_id, now)
        except ProviderFailed as error:
            log.warning("Subscription %s could not be brought up to date: %s", row_id, error.message)
    return len(ids)


def _due(now: datetime) -> list[UUID]:
    """Those with something to be done: one question, however many subscriptions there are."""
    began = ~Q(state=State.PENDING.value)
    late = Q(invoices__state=InvoiceState.OPEN, invoices__due_at__lte=now + REMIND_BEFORE)
    rows = Subscription.objects.live().filter(
        Q(state=State.PENDING.value, created_at__lte=now - PENDING_FOR)
        | (began & (Q(period_end__lte=now) | late))
        | Q(state=State.PAST_DUE.value, grace_until__lte=now)
    )
    return list(rows.order_by("created_at").values_list("id", flat=True).distinct())


def _keep_one(row_id: UUID, now: datetime) -> None:
    rows = Subscription.objects.select_for_update(of=("self",)).select_related("plan", "next_plan", "user")
    row = rows.get(id=row_id)
    if row.state == State.PENDING:
        _over(row, now)
        return
    if row.provider != "manual":
        _ask(row, now)
        return
    for _round in range(_PERIODS_MOST):
        if row.state not in (State.ACTIVE, State.PAST_DUE, State.CANCELLED) or not _advance(row, now):
            break
    _press(row, now)


def _advance(row: Subscription, now: datetime) -> bool:
    """One period on, if this one is over; → whether it was."""
    if row.period_end is None or row.period_end > now:
        return False
    if row.state == State.CANCELLED:
        _over(row, now)
        return False
    if row.state == State.PAST_DUE:
        return False  # nothing new is invoiced before the old is paid, or the grace is over
    if row.next_plan is not None:
        set_plan(row, row.next_plan)
    quote = quotes.renewal(of_row(row), period_end=row.period_end, anchor=row.anchor, credit=row.credit)
    row.period_start, row.period_end, row.credit = quote.period_start, quote.period_end, quote.credit
    row.save()
    if quote.total:
        invoicing.issue(row, quote, now=max(quote.period_start, now - timedelta(days=settings.INVOICE_DAYS)))
    return True


def _press(row: Subscription, now: datetime) -> None:
    """Remind of what is open; what is late is past due, and ends when its grace is over."""
    if row.state == State.ENDED:
        return
    for invoice in Invoice.objects.select_for_update().filter(subscription=row, state=InvoiceState.OPEN):
        if not invoice.reminders and invoice.due_at - REMIND_BEFORE <= now < invoice.due_at:
            invoice.reminders = 1
            invoice.save(update_fields=["reminders"])
            letters.send_later("reminder", row, invoice=invoice)
        if invoice.due_at <= now and row.state == State.ACTIVE:
            row.state = step(State(row.state), State.PAST_DUE).value
            row.grace_until = invoice.due_at + timedelta(days=settings.GRACE_DAYS)
            row.save(update_fields=["state", "grace_until"])
            letters.send_later("past_due", row, invoice=invoice)
        grace_over = invoice.due_at + timedelta(days=settings.GRACE_DAYS) <= now
        if row.state == State.CANCELLED and grace_over:
            _over(row, now)  # what is paid goes on to the period's end; this was not
            return
    if row.state == State.PAST_DUE and row.grace_until is not None and row.grace_until <= now:
        _over(row, now)


def _over(row: Subscription, now: datetime) -> None:
    began = row.state != State.PENDING
    if not began:
        invoicing.drop_open(row)
    if held_by := provider(row.provider):
        held_by.end(row)
    row.state, row.ended_at, row.next_plan = step(State(row.state), State.ENDED).value, now, None
    row.save(update_fields=["state", "ended_at", "next_plan"])
    if began:
        letters.send_later("ended", row)


def _ask(row: Subscription, now: datetime) -> None:
    held_by = provider(row.provider)
    if held_by is None or row.period_end is None or row.period_end + ASK_AFTER > now:
        return
    held_by.refresh(row, now=now)
