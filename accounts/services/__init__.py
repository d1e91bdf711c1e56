"""What other apps and the shell may ask of accounts. Values in and out are plain: ids and `accounts.types`."""

from accounts.services.errors import PROFILE_LIMIT, AlreadyRun, InvalidField, NotFound, TooManyProfiles
from accounts.services.plans import plan
from accounts.services.profiles import (
    AVATARS,
    create_first_profile,
    create_profile,
    delete_profile,
    kid_age_refusal,
    profile,
    profiles,
    update_profile,
    watching,
)
from accounts.services.users import (
    create_first_operator,
    create_operator,
    delete_user,
    operator_exists,
    user,
)

__all__ = [
    "AVATARS",
    "PROFILE_LIMIT",
    "AlreadyRun",
    "InvalidField",
    "NotFound",
    "TooManyProfiles",
    "create_first_operator",
    "create_first_profile",
    "create_operator",
    "create_profile",
    "delete_profile",
    "delete_user",
    "kid_age_refusal",
    "operator_exists",
    "plan",
    "profile",
    "profiles",
    "update_profile",
    "user",
    "watching",
]
