"""PINs: what counts as one, how it is kept, and how long wrong ones make wait. No clock and no database."""

import hmac
from datetime import timedelta
from hashlib import sha256
from itertools import pairwise
from uuid import UUID

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.utils.crypto import get_random_string

SHORTEST, LONGEST = 4, 8
#: So many wrong ones in a row cost nothing.
FREE_TRIES = 5
#: What each further wrong one costs: at most 24 tries a day from then on, of ten thousand PINs of four digits.
WAITS = tuple(timedelta(seconds=each) for each in (30, 60, 120, 300, 900, 1800, 3600))


class PinHasher(Argon2PasswordHasher):
    """Argon2id sized small: a PIN is too short to be saved by a slow hash alone, so a key of the site goes into it."""

    time_cost = 2
    memory_cost = 8 * 1024
    parallelism = 1


def is_one(pin: str) -> bool:
    """Whether this is a PIN at all: four to eight plain digits."""
    return SHORTEST <= len(pin) <= LONGEST and pin.isascii() and pin.isdigit()


def is_obvious(pin: str) -> bool:
    """Whether it is what anybody tries first: one digit over and over, or digits in a row."""
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    return len(steps) == 1 and steps <= {0, 1, 9}


def wait_after(tries: int) -> timedelta:
    """How long to wait after so many wrong ones in a row."""
    over = tries - FREE_TRIES
    return timedelta() if over < 0 else WAITS[min(over, len(WAITS) - 1)]


def hashed(pin: str, profile_id: UUID) -> str:
    """What is kept of a PIN. Without the site's secret key it cannot even be guessed at."""
    return PinHasher().encode(_keyed(pin, profile_id, settings.SECRET_KEY), get_random_string(22))


def matches(pin: str, profile_id: UUID, kept: str) -> bool:
    """Whether this is the PIN that was kept, under the site's key of today or one that it had before."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(PinHasher().verify(_keyed(pin, profile_id, key), kept) for key in keys)


def _keyed(pin: str, profile_id: UUID, key: str | bytes) -> str:
    secret = key if isinstance(key, bytes) else key.encode()
    return hmac.new(
        sha256(b"netflixlite.pin" + secret).digest(), f"{profile_id}:{pin}".encode(), sha256
    ).hexdigest()
