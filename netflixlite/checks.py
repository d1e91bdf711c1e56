"""System checks: refuse what would fail silently later."""

import importlib.util
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

_NETWORK_FILESYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "glusterfs", "ceph"}
)


def filesystem_of(path: Path, mounts: str) -> str:
    """The type of the filesystem that holds `path`, by the text of /proc/mounts; '' when unknown."""
    best, kind = "", ""
    for line in mounts.splitlines():
        _, point, this, *_ = line.split()
        point = point.replace("\\040", " ")
        inside = point == "/" or str(path) == point or str(path).startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, this
    return kind


@register()
def sqlite_on_a_network_disk(**kwargs: Any) -> list[CheckMessage]:
    """WAL needs memory shared between processes on one machine; over a network it corrupts."""
    found: list[CheckMessage] = []
    try:
        mounts = Path("/proc/mounts").read_text(encoding="utf-8")
    except OSError:
        return found
    for alias, database in settings.DATABASES.items():
        if not str(database["ENGINE"]).endswith("sqlite3"):
            continue
        kind = filesystem_of(Path(str(database["NAME"])).resolve(), mounts)
        if kind in _NETWORK_FILESYSTEMS:
            found.append(
                Error(
                    f"The SQLite database '{alias}' lies on a network disk ({kind}), where it can lose data.",
                    hint="Move NETFLIXLITE_HOME to a local disk, or set NETFLIXLITE_DATABASE_URL to a PostgreSQL.",
                    id="netflixlite.E001",
                )
            )
    return found


@register()
def many_processes_with_memory_of_their_own(**kwargs: Any) -> list[CheckMessage]:
    """What lives in one process's memory is not seen by the next: messages and node states get lost without a word."""
    if settings.WEB_PROCESSES <= 1:
        return []
    return [
        Error(
            f"NETFLIXLITE_WEB_PROCESSES is {settings.WEB_PROCESSES}, but live node state and the push layer are kept "
            "in each web process's own memory.",
            hint="Set NETFLIXLITE_WEB_PROCESSES=1. One process serves thousands of viewers: nodes carry the bytes.",
            id="netflixlite.E002",
        )
    ]


@register()
def site_url_is_an_address(**kwargs: Any) -> list[CheckMessage]:
    """Playlists and mails carry this address."""
    url = urlsplit(settings.SITE_URL)
    if url.scheme in ("http", "https") and url.hostname and url.path in ("", "/"):
        return []
    return [
        Error(
            f"NETFLIXLITE_SITE_URL is {settings.SITE_URL!r}, which is not an address like https://films.example.org.",
            hint="Give scheme and host (and port), no path.",
            id="netflixlite.E003",
        )
    ]


@register()
def tools_exist(**kwargs: Any) -> list[CheckMessage]:
    """A path to a program that is not there would show only at the first upload."""
    found: list[CheckMessage] = []
    for name in ("FFMPEG", "FFPROBE"):
        path = getattr(settings, name)
        if path and not os.access(path, os.X_OK):
            found.append(
                Error(
                    f"NETFLIXLITE_{name} is {path!r}, which is not a program that can be run.",
                    hint="Correct the path, or unset it to use the one that came with the installation.",
                    id="netflixlite.E004",
                )
            )
    return found


@register()
def leases_leave_time_for_heartbeats(**kwargs: Any) -> list[CheckMessage]:
    """A lease shorter than a few heartbeats takes work away from healthy workers and nodes."""
    found: list[CheckMessage] = []
    for name, least in (("JOB_LEASE_SECONDS", 1.0), ("NODE_LEASE_SECONDS", 3.0)):
        if getattr(settings, name) < least:
            found.append(
                Error(
                    f"NETFLIXLITE_{name} is {getattr(settings, name)}, shorter than {least:g} seconds.",
                    hint="Healthy workers and nodes would be taken for dead. Use the default or more.",
                    id="netflixlite.E005",
                )
            )
    return found


@register()
def cache_and_broker_have_their_library(**kwargs: Any) -> list[CheckMessage]:
    """A URL whose client library is missing fails at the first use, often inside a retry loop."""
    found: list[CheckMessage] = []
    wants = {
        "NETFLIXLITE_CACHE_URL": settings.CACHES["default"].get("LOCATION", ""),
        "NETFLIXLITE_BROKER_URL": settings.BROKER_URL,
    }
    for name, url in wants.items():
        if urlsplit(str(url)).scheme in ("redis", "rediss") and importlib.util.find_spec("redis") is None:
            found.append(
                Error(
                    f"{name} names a Redis or Valkey server, but the Python package 'redis' is not installed.",
                    hint="pip install redis, in the same environment.",
                    id="netflixlite.E006",
                )
            )
    return found


@register(deploy=True)
def plain_http_is_for_home_networks(**kwargs: Any) -> list[CheckMessage]:
    """Browsers withhold offline play, encryption keys and more from pages that came over plain http."""
    host = urlsplit(settings.SITE_URL).hostname or ""
    if settings.HTTPS or host in ("localhost", "127.0.0.1", "::1"):
        return []
    return [
        Warning(
            f"The site's address {settings.SITE_URL} is plain http: passwords travel readable on the network.",
            hint="Put a TLS proxy in front and set NETFLIXLITE_SITE_URL to its https address.",
            id="netflixlite.W001",
        )
    ]
