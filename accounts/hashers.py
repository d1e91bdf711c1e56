"""Password hashing sized for small machines."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class SmallHostArgon2(Argon2PasswordHasher):
    """Argon2id at 19 MiB, 2 passes, 1 lane: OWASP's figure for small hosts.

    Django's default takes 100 MiB and 8 lanes for each attempt, which a handful of parallel sign-ins turns into a
    way to exhaust a small machine.
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
