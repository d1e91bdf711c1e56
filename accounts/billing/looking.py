"""What the pages of payments show, as plain values."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts import services
from accounts.billing import invoicing, subscribing
from accounts.billing.money import Money
from accounts.billing.quotes import Line
from accounts.models import Invoice
from accounts.types import Plan

#: Invoices on the page of plans.
SHOWN = 36


@dataclass(frozen=True, slots=True)
class InvoiceLineValue:
    """One line, with its days when it is for some."""

    text: str
    amount: Money
    starts_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class InvoiceValue:
    """An invoice for people."""

    id: UUID
    number: str
    state: str
    state_words: str
    total: Money
    bill_to: str
    issued_at: datetime
    due_at: datetime
    paid_at: datetime | None
    paid_how: str
    provider: str
    receipt_url: str
    lines: tuple[InvoiceLineValue, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether it is still to be paid."""
        return self.state == "open"


def invoices_of(user_id: UUID) -> tuple[InvoiceValue, ...]:
    """A user's invoices, latest first, without their lines."""
    return tuple(_value(row) for row in Invoice.objects.filter(user_id=user_id)[:SHOWN])


def invoice(invoice_id: UUID, *, user_id: UUID | None) -> InvoiceValue | None:
    """One invoice with its lines; of this user only, unless None is given."""
    rows = Invoice.objects.filter(id=invoice_id).prefetch_related("lines")
    row = (rows if user_id is None else rows.filter(user_id=user_id)).first()
    return _value(row, with_lines=True) if row else None


def offer(plan_id: UUID) -> Plan:
    """A plan on offer. Raises subscribing.NotFound."""
    for plan in services.plans_on_offer():
        if plan.id == plan_id:
            return plan
    raise subscribing.NotFound


def line_words(line: Line) -> str:
    """A quote's line for people."""
    return invoicing.words(line)


def _value(row: Invoice, *, with_lines: bool = False) -> InvoiceValue:
    lines = row.lines.all() if with_lines else ()
    return InvoiceValue(
        id=row.id,
        number=row.number,
        state=row.state,
        state_words=row.get_state_display(),
        total=Money(row.total, row.currency),
        bill_to=row.bill_to,
        issued_at=row.issued_at,
        due_at=row.due_at,
        paid_at=row.paid_at,
        paid_how=row.paid_how,
        provider=row.provider,
        receipt_url=row.receipt_url,
        lines=tuple(
            InvoiceLineValue(one.text, Money(one.amount, row.currency), one.starts_at, one.ends_at)
            for one in lines
        ),
    )
