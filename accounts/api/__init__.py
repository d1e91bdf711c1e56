"""`/api/v1/`: what clients may ask of accounts."""

from accounts.api.gates import Blocked, BlockedTitle, Enter, Pin, ProfileTransfer, TakeProfile, Unlock
from accounts.api.profiles import ProfileDetail, ProfileList

__all__ = [
    "Blocked",
    "BlockedTitle",
    "Enter",
    "Pin",
    "ProfileDetail",
    "ProfileList",
    "ProfileTransfer",
    "TakeProfile",
    "Unlock",
]
