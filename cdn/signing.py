"""Playback tokens, signed node requests, and proofs of reachability. Pure: shared with the edge, no Django.

A token is one path element, `base64url(53 bytes + 64 bytes of Ed25519 signature)` without padding, so that relative
URLs of a playlist inherit it and no player or encoder alters it. Layout, big-endian: version 1, key id 2, session
16, account 4, package 16, rendition mask 4, not-before 4, expires 4, scope 2.
"""

import base64
import binascii
import hashlib
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from cdn.ed25519 import Ed25519PrivateKey, Ed25519PublicKey, InvalidSignature

VERSION = 1
_LAYOUT = struct.Struct(">BH16s4s16sIIIH")
_SHAPE = re.compile(r"[A-Za-z0-9_-]{156}\Z")
#: A node's clock may be this much behind ours, in seconds.
LEEWAY = 30
ANY_SCOPE = 0
ALL_RENDITIONS = 0xFFFFFFFF


class BadToken(Exception):
    """This token opens nothing; `reason` is one word for logs and tests."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Token:
    """What a signed token says. Times are seconds since 1970; `renditions` has bit i set for rendition index i."""

    kid: int
    session: bytes
    account: bytes
    package: bytes
    renditions: int
    not_before: int
    expires: int
    scope: int = ANY_SCOPE


def encode(token: Token, private_key: Ed25519PrivateKey) -> str:
    """Sign a token and write it as one path element of 156 characters."""
    body = _LAYOUT.pack(
        VERSION,
        token.kid,
        token.session,
        token.account,
        token.package,
        token.renditions,
        token.not_before,
        token.expires,
        token.scope,
    )
    return base64.urlsafe_b64encode(body + private_key.sign(body)).decode().rstrip("=")


def decode(text: str, keys: Mapping[int, Ed25519PublicKey]) -> Token:
    """Read a token whose signature is right; raises BadToken with reason shape, version, key or signature."""
    raw = _raw(text)
    body, signature = raw[: _LAYOUT.size], raw[_LAYOUT.size :]
    version, kid, session, account, package, mask, not_before, expires, scope = _LAYOUT.unpack(body)
    if version != VERSION:
        raise BadToken("version")
    key = keys.get(kid)
    if key is None:
        raise BadToken("key")
    try:
        key.verify(signature, body)
    except InvalidSignature:
        raise BadToken("signature") from None
    return Token(kid, session, account, package, mask, not_before, expires, scope)


def _raw(text: str) -> bytes:
    if not _SHAPE.match(text):
        raise BadToken("shape")
    try:
        raw = base64.urlsafe_b64decode(text)
    except (binascii.Error, ValueError):
        raise BadToken("shape") from None
    return raw


def check(token: Token, *, package: str, rendition_index: int, now: float, grace: float = 0) -> None:
    """Whether this token opens this rendition now; raises BadToken with reason early, expired, package or rendition.

    `package` is the 32-digit id; `now` is seconds since 1970; `grace` in seconds is added to the expiry.
    """
    if now + LEEWAY < token.not_before:
        raise BadToken("early")
    if now >= token.expires + grace:
        raise BadToken("expired")
    if token.package.hex() != package:
        raise BadToken("package")
    if not (0 <= rendition_index < 32 and token.renditions >> rendition_index & 1):
        raise BadToken("rendition")


def request_message(method: str, path: str, time: str, sequence: str, body: bytes) -> bytes:
    """What a node signs to be known: every part that matters of its request, one per line."""
    return "\n".join((method, path, time, sequence, hashlib.sha256(body).hexdigest())).encode()


def proof_message(nonce: str) -> bytes:
    """What a node signs to show that an address leads to it. Can never equal a request's message."""
    return f"netflixlite proof of reachability\n{nonce}".encode()


def program_message(sha256_hex: str) -> bytes:
    """What the site signs so that a node knows a newer program for the site's own. Equals no token's body."""
    return f"netflixlite node program\n{sha256_hex}".encode()


def verified(public_key: Ed25519PublicKey, signature_hex: str, message: bytes) -> bool:
    """Whether the hex signature is this key's over this message."""
    try:
        public_key.verify(bytes.fromhex(signature_hex), message)
    except (InvalidSignature, ValueError):
        return False
    return True
