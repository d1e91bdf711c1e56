"""What people do with their subscription: choose a plan, change it, cancel, resume. Doors call this, nothing else."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit.recording import audit
from accounts.billing import invoicing, letters, quotes
from accounts.billing.providers import Provider, ProviderFailed, provider, provider_in_use
from accounts.billing.quotes import Quote
from accounts.billing.states import State, WrongState, step
from accounts.billing.terms import of_plan, set_plan
from accounts.models import Plan, Subscription, User

log = logging.getLogger("accounts")


class Refused(Exception):
    """It cannot be done now. `message` is for people."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotFound(Refused):
    """There is no such plan on offer, or no subscription."""

    def __init__(self) -> None:
        super().__init__(_("There is no such plan."))


def live(user_id: UUID) -> Subscription | None:
    """The user's subscription that is not over."""
    rows = Subscription.objects.live().of(user_id).select_related("plan", "next_plan", "user")
    return rows.first()


def on_offer(plan_id: UUID) -> Plan:
    """A plan that people may choose. Raises NotFound."""
    plan = Plan.objects.on_offer().filter(id=plan_id).first()
    if plan is None:
        raise NotFound
    return plan


def quote(user_id: UUID, plan_id: UUID, *, now: datetime | None = None) -> Quote:
    """What choosing this plan would cost now, and from when it would hold. Raises NotFound, Refused."""
    now = now or timezone.now()
    plan, row = on_offer(plan_id), live(user_id)
    if row is None or row.state == State.PENDING:
        return quotes.first(of_plan(plan), now=now)
    _check_change(row, plan)
    return _provider(row).quote(row, plan, now=now)


def choose(user_id: UUID, plan_id: UUID, *, back: str, now: datetime | None = None) -> str:
    """Take this plan: the first one, or another. → the address where it is paid, '' when nothing is to be done there.

    Raises NotFound, Refused.
    """
    now = now or timezone.now()
    plan = on_offer(plan_id)
    with _said_by_provider(), transaction.atomic():
        user = User.objects.select_for_update().get(id=user_id)
        row = _held(user_id)
        if row is not None and row.state != State.PENDING:
            _change(row, plan, now=now)
            return ""
        if row is not None:
            if row.plan_id == plan.id and row.checkout:
                return row.checkout
            _end(row, now=now)
        return _start(user, plan, back=back, now=now)


def cancel(user_id: UUID, *, now: datetime | None = None) -> Subscription:
    """Cancel: what is paid goes on until its period's end; what never began is over. Raises Refused."""
    now = now or timezone.now()
    with _said_by_provider(), transaction.atomic():
        row = _held(user_id)
        if row is None:
            raise Refused(_("There is no subscription to cancel."))
        if row.state == State.CANCELLED:
            return row
        if row.state == State.PENDING:
            _end(row, now=now)
            return row
        if row.state == State.PAST_DUE:
            # What was not paid is not gone on with: the grace was for who wants to stay.
            _provider(row).end(row)
            _end(row, now=now)
            letters.send_later("ended", row)
            return row
        _provider(row).cancel(row)
        row.state = _stepped(row, State.CANCELLED)
        row.next_plan = None
        row.save(update_fields=["state", "next_plan"])
        letters.send_later("cancelled", row)
        audit(user_id, "plan.cancelled", f"user:{user_id}", detail={"plan": row.plan.name})
    return row


def resume(user_id: UUID) -> Subscription:
    """Go on after all: with what was cancelled, or without the change that was to come. Raises Refused."""
    with _said_by_provider(), transaction.atomic():
        row = _held(user_id)
        if row is None or (row.state != State.CANCELLED and row.next_plan is None):
            raise Refused(_("There is nothing to take back."))
        held_by = _provider(row)
        if row.next_plan is not None:
            held_by.keep_plan(row)
            row.next_plan = None
        if row.state == State.CANCELLED:
            held_by.resume(row)
            row.state = _stepped(row, State.ACTIVE)
        row.save(update_fields=["state", "next_plan"])
        audit(user_id, "plan.resumed", f"user:{user_id}", detail={"plan": row.plan.name})
    return row


def portal(user_id: UUID, *, back: str) -> str:
    """The provider's own page, where people change how they pay. Raises Refused."""
    row = live(user_id)
    held_by = provider(row.provider) if row else None
    if row is None or held_by is None or not held_by.has_portal or not row.customer:
        raise Refused(_("There is no such page for this subscription."))
    with _said_by_provider():
        return held_by.portal(row, back=back)


def end_now(subscription_id: UUID, *, now: datetime | None = None) -> None:
    """An operator ends a subscription, or its account is erased. One that is over is no error."""
    now = now or timezone.now()
    with transaction.atomic():
        row = Subscription.objects.select_for_update().select_related("plan", "user").get(id=subscription_id)
        if row.state == State.ENDED:
            return
        if held_by := provider(row.provider):
            held_by.end(row)
        _end(row, now=now)


# Within -------------------------------------------------------------------------------------------------


def _start(user: User, plan: Plan, *, back: str, now: datetime) -> str:
    taken_by = provider_in_use()
    if taken_by is None:
        raise Refused(_("Nobody pays here: the operator of the site gives plans."))
    if not plan.price:
        manual = provider("manual")
        taken_by = manual or taken_by  # nothing to pay: no provider need know
    row = Subscription(user=user, provider=taken_by.name, state=State.PENDING.value, created_at=now)
    set_plan(row, plan)
    row.save(force_insert=True)
    address = taken_by.start(row, back=back, now=now)
    row.checkout = address
    row.save(update_fields=["checkout"])
    if not plan.price:
        invoicing.begin(row, now=now)
    audit(user.id, "plan.chosen", f"user:{user.id}", detail={"plan": plan.name})
    return address


def _change(row: Subscription, plan: Plan, *, now: datetime) -> None:
    _check_change(row, plan)
    held_by = _provider(row)
    if row.state == State.CANCELLED:
        held_by.resume(row)
        row.state = _stepped(row, State.ACTIVE)
    asked = held_by.quote(row, plan, now=now)
    before = row.plan.name
    held_by.change(row, plan, asked, now=now)
    if asked.at_once:
        set_plan(row, plan)
        if asked.period_start != row.period_start:
            row.anchor = asked.period_start.day
        row.period_start, row.period_end = asked.period_start, asked.period_end
    else:
        row.next_plan = plan
    row.save()
    letters.send_later("changed", row, from_plan=before)
    audit(row.user_id, "plan.changed", f"user:{row.user_id}", detail={"from": before, "to": plan.name})


def _check_change(row: Subscription, plan: Plan) -> None:
    if row.plan_id == plan.id and row.next_plan_id is None and row.state != State.CANCELLED:
        raise Refused(_("This is your plan already."))
    if row.state == State.PAST_DUE:
        raise Refused(_("An invoice is open. Pay it first, then change the plan."))
    if row.currency != plan.currency:
        raise Refused(
            _("This plan is paid in %(currency)s. Cancel yours, and choose this one when it has ended.")
            % {"currency": plan.currency}
        )
    if not row.price and plan.price and row.provider == "manual" and _not_manual():
        raise Refused(_("Cancel the free plan first, then choose this one."))


def _not_manual() -> bool:
    in_use = provider_in_use()
    return in_use is not None and in_use.name != "manual"


def _end(row: Subscription, *, now: datetime) -> None:
    if row.state == State.PENDING:
        invoicing.drop_open(row)
        if held_by := provider(row.provider):
            held_by.end(row)
    row.state, row.ended_at, row.next_plan = _stepped(row, State.ENDED), now, None
    row.save(update_fields=["state", "ended_at", "next_plan"])


def _held(user_id: UUID) -> Subscription | None:
    rows = Subscription.objects.select_for_update(of=("self",)).live().of(user_id)
    return rows.select_related("plan", "next_plan", "user").first()


def _provider(row: Subscription) -> Provider:
    held_by = provider(row.provider)
    if held_by is None:
        raise Refused(_("This subscription is with a provider that is not known any more."))
    return held_by


def _stepped(row: Subscription, after: State) -> str:
    try:
        return step(State(row.state), after).value
    except WrongState as error:
        raise Refused(_("That cannot be done with this subscription now.")) from error


@contextmanager
def _said_by_provider() -> Iterator[None]:
    """A provider's failure, in words for people."""
    try:
        yield
    except ProviderFailed as error:
        raise Refused(error.message) from error
