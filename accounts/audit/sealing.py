"""Forgetting the personal parts of entries: addresses after a while, and everything of an account that is erased."""

import json
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import AuditEntry

#: How long the log knows from which address something was done.
ADDRESSES_FOR = timedelta(days=90)
_BATCH = 500


def forget_addresses(*, now: datetime | None = None) -> int:
    """Forget the addresses of entries older than 90 days; returns of how many. Periodic."""
    before = (now or timezone.now()) - ADDRESSES_FOR
    old = _rows().filter(at__lt=before).exclude(address="")
    return _in_batches(old, address="", address_salt="")


def forget_account(user_id: UUID, words: Collection[str]) -> int:
    """Forget who, what and from where in all entries that an account made or that speak of it; returns of how many.

    `words` are what else names the account: ids of its profiles and devices, its e-mail address.
    """
    named = Q()
    for word in {str(user_id), *words} - {""}:
        # As JSON writes it, too: quotes and the like are escaped there.
        named |= Q(target__icontains=word) | Q(detail__icontains=json.dumps(word, ensure_ascii=False)[1:-1])
    about = Q(subject=user_id) | named
    gone = {"subject": None, "target": "", "detail": "", "matter_salt": ""}
    here = {"address": "", "address_salt": ""}
    ids = set(_rows().filter(about | Q(actor=user_id)).values_list("number", flat=True))
    # The address first: it is the erased person's where that person acted, and nobody else's where the site did.
    _in_batches(_rows().filter(Q(actor=user_id) | (Q(actor=None) & about)).exclude(address=""), **here)
    _in_batches(_rows().filter(about), **gone)
    _in_batches(_rows().filter(actor=user_id), actor=None, actor_salt="")
    return len(ids)


def _rows() -> "QuerySet[AuditEntry]":
    """The rows without the model's refusal: for here alone. The database's triggers still hold."""
    return QuerySet(model=AuditEntry)


def _in_batches(rows: "QuerySet[AuditEntry]", **values: object) -> int:
    """Set these values a few rows at a time, so that nobody waits long; the filter must no longer match then."""
    changed = 0
    while ids := list(rows.order_by("number").values_list("number", flat=True)[:_BATCH]):
        changed += _rows().filter(number__in=ids).update(**values)
    return changed
