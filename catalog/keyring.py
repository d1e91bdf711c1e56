"""Keys of encrypted packages. They leave this house through playback sessions alone."""

import secrets
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings

from catalog import models

#: How long a key may wait for its package to be published.
_PATIENCE = timedelta(days=1)


def wanted(video_id: UUID) -> bytes | None:
    """A fresh key when the video's title is to be encrypted, else None."""
    film = models.Video.objects.filter(id=video_id)
    if (
        film.filter(title__encrypted=True).exists()
        or film.filter(episode__season__title__encrypted=True).exists()
        or film.filter(trailer_of__encrypted=True).exists()
    ):
        return secrets.token_bytes(16)
    return None


def keep(package_id: str, *, video_id: UUID | str, key: bytes) -> None:
    """Remember a package's key, before the package is published. The first one stays."""
    models.ContentKey.objects.get_or_create(
        package_id=package_id, defaults={"video_id": video_id, "key": key}
    )


def of(package_id: str) -> bytes | None:
    """The key of a package; None when it is not encrypted."""
    key = models.ContentKey.objects.filter(package_id=package_id).values_list("key", flat=True).first()
    return bytes(key) if key is not None else None


def sweep(*, now: datetime) -> int:
    """Forget keys whose package never came or is gone; returns how many."""
    known = models.Package.objects.values("id")
    gone = models.ContentKey.objects.filter(created_at__lt=now - _PATIENCE).exclude(package_id__in=known)
    return gone.delete()[0]


def usual() -> bool:
    """Whether titles made from now on are encrypted unless somebody says otherwise."""
    return bool(settings.ENCRYPT)
