"""Titles that one profile does not see, whatever its age. Titles belong to another app: only their ids stand here."""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import models
from accounts.audit.recording import audit
from accounts.services.errors import InvalidField, NotFound
from accounts.services.profiles import narrowed, value
from accounts.types import Profile


def block_title(*, profile_id: UUID, title_id: UUID, actor: UUID | None = None) -> Profile:
    """The profile does not see this title from now on; what it plays of it ends. Twice changes nothing.

    Raises NotFound, InvalidField when there are too many.
    """
    with transaction.atomic():
        row = _held(profile_id)
        if str(title_id) not in row.blocked:
            if len(row.blocked) >= models.BLOCKED_MAX:
                raise InvalidField(
                    "title",
                    _(
                        "A profile can have %(limit)d blocked titles at most. Allow one again first, or lower its age."
                    )
                    % {"limit": models.BLOCKED_MAX},
                )
            row.blocked = [*row.blocked, str(title_id)]
            row.save(update_fields=["blocked"])
            audit(
                actor,
                "title.blocked",
                f"profile:{profile_id}",
                detail={"title": title_id},
                account=row.user_id,
            )
            narrowed(profile_id)
    return value(row)


def allow_title(*, profile_id: UUID, title_id: UUID, actor: UUID | None = None) -> Profile:
    """Take a title off the profile's blocked ones, whether it was there or not. Raises NotFound."""
    with transaction.atomic():
        row = _held(profile_id)
        if str(title_id) in row.blocked:
            row.blocked = [each for each in row.blocked if each != str(title_id)]
            row.save(update_fields=["blocked"])
            audit(
                actor,
                "title.allowed",
                f"profile:{profile_id}",
                detail={"title": title_id},
                account=row.user_id,
            )
    return value(row)


def _held(profile_id: UUID) -> models.Profile:
    row = models.Profile.objects.select_for_update().filter(id=profile_id).first()
    if row is None:
        raise NotFound(f"There is no profile {profile_id}.")
    return row
