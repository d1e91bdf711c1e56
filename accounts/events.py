"""News from accounts. Sent after commit with `send_robust(sender=<type>, event=<dataclass>)`."""

from django.dispatch import Signal

#: Carries `accounts.types.ProfileDeleted`.
profile_deleted = Signal()

#: Carries `accounts.types.DeviceEnded`.
device_ended = Signal()

#: Carries `accounts.types.ProfileMoved`.
profile_moved = Signal()

#: Carries `accounts.types.ProfileNarrowed`.
profile_narrowed = Signal()

#: Carries `accounts.types.ProfileEntered`.
profile_entered = Signal()

#: Carries `accounts.types.ProfilesChanged`.
profiles_changed = Signal()
