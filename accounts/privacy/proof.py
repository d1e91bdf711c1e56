"""Receipts and proofs of erasures. Pure but for the key.

Who asks for an erasure is given a receipt: a number and a secret. The proof that stays carries the number and a
commitment to the secret and the e-mail address. Without the secret it says nothing of anybody; with both, the person
(and nobody else) can show that this proof is theirs.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_LENGTH = 20


def new_secret() -> str:
    """20 letters of 32: 100 bits, in groups of five, without letters that look alike."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
    return "-".join(letters[start : start + 5] for start in range(0, _LENGTH, 5))


def commitment(secret: str, email: str) -> str:
    """What is kept of a receipt."""
    plain = "".join(letter for letter in secret.upper() if letter in _ALPHABET)
    return hashlib.sha256(json.dumps(["erasure", plain, email.strip().lower()]).encode()).hexdigest()


def digest(
    key: bytes, *, proof_id: UUID, erased_at: datetime, counts: Mapping[str, int], commitment: str
) -> str:
    """The seal of a proof: HMAC-SHA256 over all that it says."""
    covered = [
        str(proof_id),
        erased_at.astimezone(UTC).isoformat(timespec="microseconds"),
        dict(sorted(counts.items())),
        commitment,
    ]
    return hmac.new(key, json.dumps(covered, sort_keys=True).encode(), hashlib.sha256).hexdigest()
