"""Who may fetch: tokens for viewers, the keys that sign them, sessions that are refused."""

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from cdn import keys, models, signing
from cdn.denials import deny_list
from cdn.live import fleet
from cdn.types import PublicKey, SignedToken


def sign(
    *,
    session_id: UUID,
    account_id: UUID,
    package_id: str,
    renditions: int,
    now: datetime,
    lifetime: timedelta | None = None,
) -> SignedToken:
    """A token that opens the renditions of this mask of one package, on every node, for `lifetime` or TOKEN_SECONDS."""
    key = keys.ring.signing(now)
    expires_at = now + (lifetime or timedelta(seconds=settings.TOKEN_SECONDS))
    token = signing.Token(
        kid=key.kid,
        session=session_id.bytes,
        account=hashlib.sha256(account_id.bytes).digest()[:4],
        package=bytes.fromhex(package_id),
        renditions=renditions & signing.ALL_RENDITIONS,
        not_before=int(now.timestamp()),
        expires=int(expires_at.timestamp()),
    )
    return SignedToken(text=signing.encode(token, key.private), expires_at=expires_at)


def public_keys() -> tuple[PublicKey, ...]:
    """The public halves of every token key that nodes must know now."""
    return keys.ring.published(timezone.now())


def rotate_keys(*, notice: timedelta = keys.NOTICE) -> int:
    """Make a new token key that signs after `notice`; → its id. Old ones verify until their tokens are over."""
    return keys.rotate(now=timezone.now(), notice=notice)


@transaction.atomic
def deny(session_id: UUID, until: datetime) -> None:
    """Make every node refuse this session's tokens, within about 3 s. `until` is when they would be over anyway."""
    models.DeniedSession.objects.filter(until__lt=timezone.now()).delete()
    models.DeniedSession.objects.filter(
        session_id=session_id
    ).delete()  # a new id, so that nodes hear of it again
    models.DeniedSession.objects.create(session_id=session_id, until=until)
    transaction.on_commit(_denied)


def _denied() -> None:
    deny_list.forget()
    fleet.news.set()


def shield_base_url() -> str:
    """The pathway of last resort: the site itself serves what no node can."""
    return str(settings.SITE_URL)
