"""Telling the operator: one open row for one thing, however often it is seen."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import FraudSignal
from netflixlite.personal import Json, plain

#: What is kept of one thing's evidence: how it began, and the latest.
_FIRST, _LATEST = 5, 15
_LONGEST = 200
#: What an operator has looked at is not raised again for so long; it is only counted on.
_QUIET = timedelta(hours=24)


def raise_signal(
    kind: FraudSignal.Kind,
    key: str,
    *,
    severity: FraudSignal.Severity,
    user_id: UUID | None = None,
    evidence: Mapping[str, object],
    session: str = "",
    device_id: UUID | None = None,
) -> None:
    """Tell the operator of something. `key` makes two of them the same; addresses in `evidence` are networks."""
    now = timezone.now()
    seen: dict[str, Json] = {
        "at": now.isoformat(timespec="seconds"),
        **{k: _cut(plain(v)) for k, v in evidence.items()},
    }
    for _try in range(2):
        try:
            with transaction.atomic():
                rows = FraudSignal.objects.select_for_update().filter(kind=kind, key=key)
                row = rows.filter(state=FraudSignal.State.OPEN).first()
                row = row or rows.filter(closed_at__gt=now - _QUIET).order_by("-closed_at").first()
                if row is not None:
                    _again(row, seen, severity)
                else:
                    FraudSignal.objects.create(
                        kind=kind, key=key, severity=severity, user_id=user_id, first_at=now, last_at=now,
                        evidence=[seen], session=session, device_id=device_id,
                    )  # fmt: skip
            return
        except IntegrityError:  # another request raised it at the same moment: add to that one
            continue


def _again(row: FraudSignal, seen: dict[str, Json], severity: int) -> None:
    evidence = [*row.evidence, seen]
    row.evidence = (
        evidence if len(evidence) <= _FIRST + _LATEST else [*evidence[:_FIRST], *evidence[-_LATEST:]]
    )
    row.times += 1
    row.last_at = timezone.now()
    row.severity = max(row.severity, severity)
    row.save(update_fields=["evidence", "times", "last_at", "severity"])


def digest(session_key: str) -> str:
    """What stands for a session's key, which opens the account, in a row."""
    return hashlib.sha256(session_key.encode()).hexdigest() if session_key else ""


def _cut(value: Json) -> Json:
    return value[:_LONGEST] if isinstance(value, str) else value
