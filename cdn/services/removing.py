"""Taking what is served away: takedowns for ever, purges for once."""

import re
from datetime import timedelta

from django.utils import timezone

from cdn import models, takedowns
from cdn.types import TakenDown

__all__ = ["NotAPackage", "lift", "purge", "takedown", "takedowns_of", "takedowns_version", "taken_down"]

_PACKAGE = re.compile(r"[0-9a-f]{32}\Z")


class NotAPackage(ValueError):
    """This is no package's id."""


def takedown(package_id: str, *, reason: str, actor: str = "operator", forbidden: bool = True) -> bool:
    """Make a package unobtainable, at once here and within 5 s on every node that is heard; → whether that is new.

    A node that was away hears of it before it serves again. Playback of it ends. With `forbidden` off it is a purge.
    Raises NotAPackage.
    """
    write = takedowns.forbid if forbidden else takedowns.purge
    return write(_checked(package_id), actor=actor, reason=reason)


def purge(package_id: str, *, actor: str = "operator", reason: str = "purged by the operator") -> bool:
    """Make nodes drop what they hold of a package; they fetch it again when it is asked for. Raises NotAPackage."""
    return takedowns.purge(_checked(package_id), actor=actor, reason=reason)


def lift(package_id: str, *, actor: str = "operator", reason: str = "lifted by the operator") -> bool:
    """Let a package that was taken down be served again; → whether it was. Raises NotAPackage."""
    return takedowns.lift(_checked(package_id), actor=actor, reason=reason)


def taken_down(package_id: str) -> bool:
    """Whether nobody may have this package. From memory."""
    return takedowns.log.forbids(package_id)


def takedowns_of(*, limit: int = 100) -> tuple[TakenDown, ...]:
    """The packages that are taken down now, and the purges of the last day; newest first."""
    day = timezone.now() - timedelta(days=1)
    found = []
    for row in models.Takedown.objects.filter(lifted_at=None).order_by("-id")[: limit * 2]:
        if row.forbidden or row.at > day:
            found.append(TakenDown(row.package, row.forbidden, row.at, row.actor, row.reason))
    return tuple(found[:limit])


def takedowns_version() -> int:
    """The newest version of the takedowns: a node that reports it has carried them all out."""
    return max((order.version for order in takedowns.log.current()), default=0)


def _checked(package_id: str) -> str:
    if not _PACKAGE.match(package_id):
        raise NotAPackage(f"'{package_id}' is no package's id: it has 32 hex digits.")
    return package_id
