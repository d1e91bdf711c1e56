"""Mails about plans and payments. They are sent after commit, and a relay that refuses does not undo what was done."""

import logging
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import override

from accounts import letters
from accounts.billing.money import Money
from accounts.models import Invoice, Subscription

log = logging.getLogger("accounts")


def send_later(kind: str, row: Subscription, *, invoice: Invoice | None = None, **more: Any) -> None:
    """Send `templates/accounts/mail/<kind>_*.txt` to who pays, once the transaction is through."""
    to = row.user.email
    if not to:
        return
    with override(settings.LANGUAGE_CODE):
        context = {
            "name": str(row.user),
            "plan": row.plan.name,
            "next_plan": row.next_plan.name if row.next_plan else "",
            "period_end": _day(row.period_end),
            "grace_until": _day(row.grace_until),
            "plans_url": _absolute("plans"),
            **more,
        }
        if invoice is not None:
            context |= {
                "number": invoice.number,
                "total": str(Money(invoice.total, invoice.currency)),
                "due": _day(invoice.due_at),
                "pay": settings.BILL_PAY if invoice.provider == "manual" else "",
                "invoice_url": invoice.receipt_url or _absolute("invoice", invoice.id),
            }
    transaction.on_commit(partial(_send, kind, to, context))


def _send(kind: str, to: str, context: dict[str, Any]) -> None:
    try:
        with override(settings.LANGUAGE_CODE):
            letters.send(f"accounts/mail/{kind}", to=to, context=context)
    except Exception:
        log.exception("The mail %r could not be sent.", kind)


def _absolute(name: str, *args: object) -> str:
    return settings.SITE_URL + reverse(name, args=args)


def _day(at: Any) -> str:
    return date_format(at, "DATE_FORMAT") if at else ""
