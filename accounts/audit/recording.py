"""Adding to the audit log."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from ipaddress import ip_address
from uuid import UUID

from django.db import connections, router, transaction
from django.dispatch import Signal
from django.utils import timezone

from accounts.audit import asking, chain, keys
from accounts.models import AuditEntry

#: Sent after commit with `entry`, the row: for those in this app who look at what is written.
entry_written = Signal()
#: What may stand in an entry's detail.
Detail = str | int | bool | None | UUID | datetime | Sequence[str]
#: No text of a detail is longer, and no entry has more of them: what clients send may end up here.
_LONGEST, _MOST = 300, 24
#: Any number that no other lock of the database has: "audit".
_LOCK = 0x6175646974


def audit(
    actor: UUID | None,
    verb: str,
    target: str = "",
    *,
    request_ip: str = "",
    detail: Mapping[str, Detail] | None = None,
    account: UUID | None = None,
) -> None:
    """Add an entry to the audit log: `actor` (None: nobody who is signed in) did `verb` to `target`.

    Verbs stand in accounts/audit/verbs.py; targets are `<thing>:<id>`. `account` is whose account it concerns, by
    default that of a target `user:<id>`, else the actor's. The address is that of the request being answered unless
    given. Never put a secret, a password or what somebody typed in place of one into `detail`. The entry is written
    with your transaction or not at all; call it last there: on PostgreSQL others wait for it until you commit.
    """
    about = account or _account_of(target) or actor
    words = _words(detail)
    address = _address(request_ip or asking.address())
    who = chain.commit(str(actor or ""))
    matter = chain.commit(str(about or ""), target[:200], words)
    where = chain.commit(address)
    with transaction.atomic(using=router.db_for_write(AuditEntry)):
        _wait_for_turn()
        last = AuditEntry.objects.order_by("-number").values_list("number", "chain").first()
        number, before = last or (0, chain.GENESIS)
        links = chain.Links(
            number=number + 1,
            at=timezone.now(),
            verb=verb[:60],
            actor_digest=who.digest,
            matter_digest=matter.digest,
            address_digest=where.digest,
        )
        row = AuditEntry(
            number=links.number,
            at=links.at,
            verb=links.verb,
            actor=actor,
            actor_salt=who.salt,
            actor_digest=who.digest,
            subject=about,
            target=target[:200],
            detail=words,
            matter_salt=matter.salt,
            matter_digest=matter.digest,
            address=address,
            address_salt=where.salt,
            address_digest=where.digest,
            chain=chain.link(keys.key(), before, links),
        )
        row.save()
        transaction.on_commit(partial(entry_written.send_robust, sender=AuditEntry, entry=row), robust=True)
    asking.wrote(verb)


def _wait_for_turn() -> None:
    """Only one transaction at a time may add the next number. SQLite's transactions are that already."""
    connection = connections[router.db_for_write(AuditEntry)]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _account_of(target: str) -> UUID | None:
    kind, _colon, given = target.partition(":")
    if kind != "user":
        return None
    try:
        return UUID(given)
    except ValueError:
        return None


def _address(given: str) -> str:
    try:
        return str(ip_address(given.removeprefix("::ffff:")))
    except ValueError:
        return ""


def _words(detail: Mapping[str, Detail] | None) -> str:
    """The detail as canonical JSON, bounded; '' for none."""
    if not detail:
        return ""
    kept = {str(name)[:60]: _plain(value) for name, value in list(detail.items())[:_MOST]}
    return json.dumps(kept, ensure_ascii=False, sort_keys=True)


def _plain(value: Detail) -> str | int | bool | list[str] | None:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, list | tuple):
        return [str(one)[:_LONGEST] for one in value[:_MOST]]
    return str(value)[:_LONGEST]
