"""What news keep of people: ten minutes of what changed on whose pages. Nothing that is not elsewhere, too."""

from uuid import UUID

from django.db.models import Q

from accounts import services as accounts
from netflixlite import personal
from netflixlite.live import models
from netflixlite.personal import Kind

CLASSES: dict[str, Kind] = {"live.News": Kind.DERIVED}


def erase(user_id: UUID) -> dict[str, int]:
    """Drop what is on its way to this account's pages."""
    profiles = [profile.id for profile in accounts.profiles(user_id)]
    return personal.remove(models.News.objects.filter(Q(user_id=user_id) | Q(profile_id__in=profiles)))


personal.register("live", classes=CLASSES, erase=erase)
