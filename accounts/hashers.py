"""Password hashing sized for small machines."""

import threading

from django.contrib.auth.hashers import Argon2PasswordHasher

#: So many hashes are made at once at most: each takes 19 MiB and a core for some tens of milliseconds. Sign-ins that
#: come by the hundred wait for one another, and films do not wait for them.
AT_ONCE = 2
_turn = threading.BoundedSemaphore(AT_ONCE)


class SmallHostArgon2(Argon2PasswordHasher):
    """Argon2id at 19 MiB, 2 passes, 1 lane: OWASP's figure for small hosts.

    Django's default takes 100 MiB and 8 lanes for each attempt, which a handful of parallel sign-ins turns into a
    way to exhaust a small machine.
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        """Hash a password, when it is its turn."""
        with _turn:
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        """Whether a password is the one of a hash, when it is its turn."""
        with _turn:
            return super().verify(password, encoded)
