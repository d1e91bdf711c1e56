"""What other apps and the shell may ask of accounts. Values in and out are plain: ids and `accounts.types`."""

from accounts.audit.recording import audit
from accounts.services.devices import (
    bind_device,
    close_session,
    device,
    device_names,
    device_of_session,
    device_used,
    devices,
    end_all_devices,
    end_device,
    move_session,
    prune_devices,
    rename_device,
)
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
    "audit",
    "bind_device",
    "close_session",
    "create_first_operator",
    "create_first_profile",
    "create_operator",
    "create_profile",
    "delete_profile",
    "delete_user",
    "device",
    "device_names",
    "device_of_session",
    "device_used",
    "devices",
    "end_all_devices",
    "end_device",
    "kid_age_refusal",
    "move_session",
    "operator_exists",
    "plan",
    "profile",
    "profiles",
    "prune_devices",
    "rename_device",
    "update_profile",
    "user",
    "watching",
]
