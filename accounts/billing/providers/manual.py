"""Invoices that the operator marks as paid: by bank transfer, in cash, as the household likes."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from accounts.billing import invoicing, quotes
from accounts.billing.providers.base import Provider
from accounts.billing.quotes import Quote
from accounts.billing.terms import of_plan, of_row
from accounts.models import Plan, Subscription


class ManualProvider(Provider):
    """Nothing happens anywhere else: invoices and the periodic pass are all there is."""

    name = "manual"
    label = _("Invoice")

    def start(self, row: Subscription, *, back: str, now: datetime) -> str:
        """Issue the first invoice; it begins when that is paid, at once when there is nothing to pay."""
        quote = quotes.first(of_plan(row.plan), now=now)
        if quote.total:
            invoicing.issue(row, quote, now=now)
        return ""

    def quote(self, row: Subscription, plan: Plan, *, now: datetime) -> Quote:
        """By our own reckoning."""
        if row.period_start is None or row.period_end is None:
            return quotes.first(of_plan(plan), now=now)
        return quotes.change(
            of_plan(plan),
            of_row(row),
            period_start=row.period_start,
            period_end=row.period_end,
            now=now,
            credit=row.credit,
        )

    def change(self, row: Subscription, plan: Plan, quote: Quote, *, now: datetime) -> None:
        """Issue an invoice of the difference; what holds later is invoiced with its period."""
        if quote.at_once and quote.total:
            invoicing.issue(row, quote, now=now)
        if quote.at_once:
            row.credit = quote.credit

    def keep_plan(self, row: Subscription) -> None:
        """Nothing was told to anybody."""

    def cancel(self, row: Subscription) -> None:
        """Nothing was told to anybody."""

    def resume(self, row: Subscription) -> None:
        """Nothing was told to anybody."""

    def end(self, row: Subscription) -> None:
        """Nothing was told to anybody."""

    def forget(self, row: Subscription) -> None:
        """Nothing was told to anybody."""

    def refresh(self, row: Subscription, *, now: datetime) -> None:
        """Our rows are all there is."""
