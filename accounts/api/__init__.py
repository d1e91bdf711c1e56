"""`/api/v1/`: what clients may ask of accounts."""

from accounts.api.profiles import ProfileDetail, ProfileList

__all__ = ["ProfileDetail", "ProfileList"]
