"""The price in a row, as the pure modules take it."""

from accounts.billing.money import Money, Period
from accounts.billing.quotes import Terms
from accounts.models import Plan, Subscription


def of_plan(plan: Plan) -> Terms:
    """What a plan costs who chooses it now."""
    return Terms(plan.name, plan.price, plan.currency, Period(plan.period))


def of_row(row: Subscription) -> Terms:
    """What a subscription costs: the price of when it was chosen."""
    return Terms(row.plan.name, row.price, row.currency, Period(row.period))


def set_plan(row: Subscription, plan: Plan) -> None:
    """Move a subscription to a plan, at its price of now. Not saved."""
    row.plan, row.next_plan = plan, None
    row.price, row.currency, row.period = plan.price, plan.currency, plan.period


def price_of(plan: Plan) -> Money:
    """For people."""
    return Money(plan.price, plan.currency)
