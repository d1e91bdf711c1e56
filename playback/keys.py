"""Capability keys: whoever holds a session's key may speak for that session, without a cookie and without a database.

The key stands in the URLs that a player calls every few seconds; it is opaque to it. It holds what steering needs to
answer from memory alone: the session, its package and a hash of its user, signed.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from uuid import UUID

from django.core import signing

_SALT, _STATE_SALT = "playback.session", "playback.steering"


@dataclass(frozen=True, slots=True)
class Key:
    """What a key says. `account` is a short hash: enough to tell households apart in a log, useless to name one."""

    session_id: UUID
    package_id: str
    account: str


class BadKey(ValueError):
    """The key was not made here, or was altered."""


def make(*, session_id: UUID, package_id: str, user_id: UUID) -> str:
    """A key as it stands in a URL: letters, digits, '-', '_' and one '.'."""
    raw = session_id.bytes + bytes.fromhex(package_id) + hashlib.sha256(user_id.bytes).digest()[:4]
    text = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    return signing.Signer(salt=_SALT, sep=".").sign(text)


def read(key: str) -> Key:
    """What a key says; raises BadKey."""
    try:
        text = signing.Signer(salt=_SALT, sep=".").unsign(key)
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (signing.BadSignature, binascii.Error, ValueError) as error:
        raise BadKey("This playback address is not valid.") from error
    if len(raw) != 36:
        raise BadKey("This playback address is not valid.")
    return Key(session_id=UUID(bytes=raw[:16]), package_id=raw[16:32].hex(), account=raw[32:].hex())


def seal(state: str) -> str:
    """A text that comes back to us through a player, signed: fit for an address."""
    return signing.dumps(state, salt=_STATE_SALT, compress=True)


def unseal(text: str) -> str:
    """The text that was sealed; '' when this was not made here: whoever asks is served all the same."""
    try:
        return str(signing.loads(text, salt=_STATE_SALT)) if text else ""
    except signing.BadSignature:
        return ""
