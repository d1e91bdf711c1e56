"""The key of a licence, which stands in a device's addresses for it, and the secret that opens what is kept.

Both follow from the site's own secret (NETFLIXLITE_SECRET_KEY): nothing of them is stored here. A key is not one of
playback's session keys: neither opens what the other is for.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from uuid import UUID

from django.core import signing
from django.utils.crypto import salted_hmac

_SALT = "playback.licence"


@dataclass(frozen=True, slots=True)
class Key:
    """What a key says."""

    licence_id: UUID
    package_id: str


class BadKey(ValueError):
    """The key was not made here, or was altered."""


def make(licence_id: UUID, package_id: str) -> str:
    """A key as it stands in an address: letters, digits, '-', '_' and one '.'."""
    text = base64.urlsafe_b64encode(licence_id.bytes + bytes.fromhex(package_id)).rstrip(b"=").decode()
    return signing.Signer(salt=_SALT, sep=".").sign(text)


def read(key: str) -> Key:
    """What a key says; raises BadKey."""
    try:
        text = signing.Signer(salt=_SALT, sep=".").unsign(key)
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (signing.BadSignature, binascii.Error, ValueError) as error:
        raise BadKey("This address of a download is not valid.") from error
    if len(raw) != 32:
        raise BadKey("This address of a download is not valid.")
    return Key(UUID(bytes=raw[:16]), raw[16:].hex())


def secret(licence_id: UUID) -> bytes:
    """The 32 bytes that a device needs, beside its own key, to open what it keeps by this licence."""
    root = salted_hmac(_SALT + ".secret", b"", algorithm="sha256").digest()
    return hmac.new(root, licence_id.bytes, hashlib.sha256).digest()
