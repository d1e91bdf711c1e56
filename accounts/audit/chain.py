"""How entries of the audit log hang together. Pure: values in, digests out.

Each personal part of an entry is committed to by SHA-256 over a random salt and the part; without the salt nobody can
guess the part from its digest, not even for an address of 32 bits. A link is HMAC-SHA256 (RFC 2104) over the link
before and the entry's number, time, verb and digests, with a key that is not in the database: who can only write there
cannot make a chain that holds.
"""

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

#: The link before the first entry.
GENESIS = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an entry and what the chain knows of it. `digest` is '' for a part that was empty from the start;
    `salt` is '' for that, too, and for a part that was forgotten.
    """

    salt: str
    digest: str


@dataclass(frozen=True, slots=True)
class Links:
    """What a link of the chain covers besides the link before."""

    number: int
    at: datetime
    verb: str
    actor_digest: str
    matter_digest: str
    address_digest: str


def commit(*values: str) -> Part:
    """A commitment to these values, together; to nothing when all of them are ''."""
    if not any(values):
        return Part(salt="", digest="")
    salt = secrets.token_hex(16)
    return Part(salt=salt, digest=_digest(salt, values))


def holds(part: Part, *values: str) -> bool:
    """Whether these are the values that were committed to, or nothing is left to compare them with."""
    if not part.salt:  # never there, or forgotten: then the values have to be gone as well
        return not any(values)
    return hmac.compare_digest(part.digest, _digest(part.salt, values))


def forgotten(part: Part) -> bool:
    """Whether there was something that is no longer there."""
    return bool(part.digest) and not part.salt


def link(key: bytes, before: str, links: Links) -> str:
    """The next link of the chain, in hex."""
    covered = [
        before,
        links.number,
        links.at.astimezone(UTC).isoformat(timespec="microseconds"),
        links.verb,
        links.actor_digest,
        links.matter_digest,
        links.address_digest,
    ]
    return hmac.new(key, json.dumps(covered, ensure_ascii=True).encode(), hashlib.sha256).hexdigest()


def _digest(salt: str, values: tuple[str, ...]) -> str:
    return hashlib.sha256(json.dumps([salt, *values], ensure_ascii=True).encode()).hexdigest()
