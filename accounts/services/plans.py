"""What a user's subscription allows."""

from uuid import UUID

from accounts import models
from accounts.services.errors import NotFound
from accounts.types import Plan


def plan(user_id: UUID) -> Plan:
    """The plan that holds for this user: the user's own or else the default one. Raises NotFound."""
    row = models.User.objects.select_related("plan").filter(id=user_id).first()
    if row is None:
        raise NotFound(f"There is no user {user_id}.")
    chosen = row.plan or models.Plan.objects.filter(is_default=True).first()
    if chosen is None:
        # An operator deleted it: the site goes on with the figures that a fresh install has.
        chosen, _made = models.Plan.objects.get_or_create(name="Default", defaults={"is_default": True})
    return Plan(id=chosen.id, name=chosen.name, streams=chosen.streams, max_height=chosen.max_height)
