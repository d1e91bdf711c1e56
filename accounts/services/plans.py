"""What a user's plan allows: that of a subscription, or one that an operator gave, or the default."""

from uuid import UUID

from django.conf import settings
from django.utils import timezone

from accounts import models
from accounts.billing.states import State, allows
from accounts.services.errors import NotFound
from accounts.types import Plan, Subscription

#: Of a default plan that has to be made anew: on how many devices films may be kept, as in a fresh install.
DOWNLOADS = 4


def plan(user_id: UUID) -> Plan:
    """The plan that holds for this user: of the subscription, or the user's own, or else the default one.

    Raises NotFound.
    """
    row = models.User.objects.select_related("plan").filter(id=user_id).first()
    if row is None:
        raise NotFound(f"There is no user {user_id}.")
    subscribed = _subscribed(user_id)
    chosen = subscribed or row.plan or models.Plan.objects.filter(is_default=True).first()
    if chosen is None:
        # An operator deleted it: the site goes on with the figures that a fresh install has.
        chosen, _made = models.Plan.objects.get_or_create(
            name="Default", defaults={"is_default": True, "downloads": DOWNLOADS}
        )
    may_watch = not settings.PAYWALL or bool(subscribed or row.plan or row.is_staff)
    return _plan(chosen, may_watch=may_watch)


def plans_on_offer() -> tuple[Plan, ...]:
    """What people may choose by themselves, in the order of the page; none where nobody pays."""
    if settings.PAYMENTS == "none":
        return ()
    return tuple(_plan(row, may_watch=True) for row in models.Plan.objects.on_offer())


def subscription(user_id: UUID) -> Subscription | None:
    """The user's subscription that is not over, None when there is none."""
    row = models.Subscription.objects.live().of(user_id).select_related("plan", "next_plan").first()
    if row is None:
        return None
    return Subscription(
        id=row.id,
        plan_id=row.plan_id,
        plan=row.plan.name,
        state=row.state,
        price=row.price,
        currency=row.currency,
        period=row.period,
        period_end=row.period_end,
        grace_until=row.grace_until,
        next_plan_id=row.next_plan_id,
        next_plan=row.next_plan.name if row.next_plan else "",
        provider=row.provider,
    )


def _subscribed(user_id: UUID) -> models.Plan | None:
    """The plan of a subscription that opens it now. Where nobody pays, nobody is asked."""
    if settings.PAYMENTS == "none":
        return None
    row = models.Subscription.objects.live().of(user_id).select_related("plan").first()
    if row is None:
        return None
    opens = allows(
        State(row.state), period_end=row.period_end, grace_until=row.grace_until, now=timezone.now()
    )
    return row.plan if opens else None


def _plan(row: models.Plan, *, may_watch: bool) -> Plan:
    return Plan(
        id=row.id,
        name=row.name,
        streams=row.streams,
        max_height=row.max_height,
        about=row.about,
        downloads=row.downloads,
        offline_days=row.offline_days,
        price=row.price,
        currency=row.currency,
        period=row.period,
        may_watch=may_watch,
    )
