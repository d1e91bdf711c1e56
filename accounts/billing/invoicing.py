"""Invoices: numbering, issuing, and what follows when one is paid."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.billing import letters
from accounts.billing.money import Period, later
from accounts.billing.quotes import Line, LineKind, Quote
from accounts.billing.states import State, step
from accounts.models import Invoice, InvoiceLine, InvoiceSeries, InvoiceState, Subscription


class NotOpen(Exception):
    """The invoice was paid or made void already."""


def next_number(now: datetime) -> str:
    """The next invoice's number, like 2026-0007. Within the transaction that issues it: a failure leaves no gap."""
    InvoiceSeries.objects.get_or_create(year=now.year)
    series = InvoiceSeries.objects.select_for_update().get(year=now.year)
    series.last += 1
    series.save(update_fields=["last"])
    return f"{now.year}-{series.last:04d}"


def issue(row: Subscription, quote: Quote, *, now: datetime) -> Invoice:
    """Issue an invoice over a quote, and send it. Within a transaction."""
    invoice = Invoice.objects.create(
        number=next_number(now),
        user=row.user,
        subscription=row,
        provider=row.provider,
        currency=quote.currency,
        total=quote.total,
        bill_to=bill_to(row),
        issued_at=now,
        due_at=now + timedelta(days=settings.INVOICE_DAYS),
    )
    InvoiceLine.objects.bulk_create(
        InvoiceLine(
            invoice=invoice,
            text=words(line)[:200],
            amount=line.amount,
            starts_at=line.starts_at,
            ends_at=line.ends_at,
        )
        for line in quote.lines
    )
    letters.send_later("invoice", row, invoice=invoice)
    return invoice


def words(line: Line) -> str:
    """A line for people, in the site's own language: an invoice is a document, whoever looks at it."""
    with override(settings.LANGUAGE_CODE):
        if line.kind is LineKind.UNUSED:
            return _("Not used of %(plan)s") % {"plan": line.name}
        if line.kind is LineKind.CREDIT:
            return _("Credit from before")
        return line.name


def bill_to(row: Subscription) -> str:
    """Who pays, as far as we know: a name and an address of mail."""
    return "\n".join(part for part in (str(row.user), row.user.email) if part)


def mark_paid(invoice_id: UUID, *, how: str = "", now: datetime | None = None) -> Invoice:
    """An open invoice is paid: what waited for it begins, or goes on. Raises NotOpen."""
    now = now or timezone.now()
    with transaction.atomic():
        invoice = Invoice.objects.select_for_update().get(id=invoice_id)
        if invoice.state != InvoiceState.OPEN:
            raise NotOpen(invoice.number)
        invoice.state, invoice.paid_at, invoice.paid_how = InvoiceState.PAID, now, how[:120]
        invoice.save(update_fields=["state", "paid_at", "paid_how"])
        if invoice.subscription_id is None:
            return invoice
        row = (
            Subscription.objects.select_for_update()
            .select_related("user", "plan")
            .get(id=invoice.subscription_id)
        )
        if row.state == State.PENDING:
            begin(row, now=now)
        elif row.state == State.PAST_DUE and not overdue(row, now=now):
            row.state, row.grace_until = step(State(row.state), State.ACTIVE).value, None
            row.save(update_fields=["state", "grace_until"])
        letters.send_later("receipt", row, invoice=invoice)
    return invoice


def begin(row: Subscription, *, now: datetime) -> None:
    """A pending subscription begins: its first period runs from now."""
    row.state = step(State(row.state), State.ACTIVE).value
    row.anchor, row.period_start = now.day, now
    row.period_end = later(now, Period(row.period))
    row.save(update_fields=["state", "anchor", "period_start", "period_end"])


def overdue(row: Subscription, *, now: datetime) -> bool:
    """Whether an invoice of it was to be paid by now."""
    return row.invoices.filter(state=InvoiceState.OPEN, due_at__lte=now).exists()


def make_void(invoice_id: UUID) -> Invoice:
    """An open invoice need not be paid after all. It keeps its number. Raises NotOpen."""
    with transaction.atomic():
        invoice = Invoice.objects.select_for_update().get(id=invoice_id)
        if invoice.state != InvoiceState.OPEN:
            raise NotOpen(invoice.number)
        invoice.state = InvoiceState.VOID
        invoice.save(update_fields=["state"])
    return invoice


def drop_open(row: Subscription) -> None:
    """What was invoiced for something that never began need not be paid."""
    row.invoices.filter(state=InvoiceState.OPEN).update(state=InvoiceState.VOID)
