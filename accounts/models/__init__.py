"""Users, their profiles and their plans."""

from accounts.models.plan import Plan
from accounts.models.profile import AVATARS, Profile, ProfileQuerySet
from accounts.models.user import User

__all__ = ["AVATARS", "Plan", "Profile", "ProfileQuerySet", "User"]
