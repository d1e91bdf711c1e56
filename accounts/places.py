"""Where an address is, as coarse as people need it: a city and country from the operator's database, else a network.

What is kept of an address is never finer than this: a /24 of IPv4, a /48 of IPv6.
"""

import logging
import threading
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Any

import maxminddb
from django.conf import settings

log = logging.getLogger("accounts")

#: How many leading bits of an address are kept, by its version.
KEPT_BITS = {4: 24, 6: 48}


@dataclass(frozen=True, slots=True)
class Place:
    """`name` is 'Lyon, France' or ''; `country` its ISO 3166 code or ''; `network` like '203.0.113.0/24' or ''.

    `position` is in degrees north and east, None when unknown.
    """

    name: str = ""
    country: str = ""
    network: str = ""
    position: tuple[float, float] | None = None


def find(address: str) -> Place:
    """What is known of an address; an empty place for what is none."""
    try:
        found = ip_address(address)
    except ValueError:
        return Place()
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    network = network_of(found)
    record = _BOOK.find(str(found))
    country = _part(record, "country")
    names = [_name(_part(record, "city")), _name(country)]
    return Place(
        name=", ".join(one for one in names if one)[:120],
        country=str(country.get("iso_code", ""))[:2],
        network=network,
        position=_position(record),
    )


def network_of(address: IPv4Address | IPv6Address) -> str:
    """The network that an address is in, no finer than what we keep."""
    return str(ip_network((address, KEPT_BITS[address.version]), strict=False))


def is_local(network: str) -> bool:
    """Whether a network is one of a home or of this machine, which nobody outside can name."""
    try:
        return ip_network(network).is_private
    except ValueError:
        return False


class Book:
    """The operator's database of addresses, opened anew when another file stands there."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reader: Any = None
        self._opened: tuple[str, float] = ("", 0.0)

    def find(self, address: str) -> dict[str, Any]:
        """The record of an address; {} when there is none, or no database."""
        with self._lock:
            self._refresh(settings.GEO_DATABASE)
            if self._reader is None:
                return {}
            try:
                record = self._reader.get(address)
            except (ValueError, maxminddb.InvalidDatabaseError):
                return {}
        return record if isinstance(record, dict) else {}

    def _refresh(self, path: str) -> None:
        try:
            stamp = (path, Path(path).stat().st_mtime) if path else ("", 0.0)
        except OSError:
            stamp = (path, -1.0)
        if stamp == self._opened:
            return
        before, self._reader, self._opened = self._reader, None, stamp
        if before is not None:
            before.close()
        if not path:
            return
        try:
            # Not mapped: one copied over it in place would end the process at the next look (SIGBUS).
            self._reader = maxminddb.open_database(path, maxminddb.MODE_MEMORY)
        except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
            log.warning(
                "NETFLIXLITE_GEO_DATABASE: %s cannot be read (%s); devices have no place.", path, error
            )


_BOOK = Book()


def _part(record: dict[str, Any], name: str) -> dict[str, Any]:
    part = record.get(name)
    return part if isinstance(part, dict) else {}


def _name(part: dict[str, Any]) -> str:
    names = _part(part, "names")
    return str(names.get("en", "")) if names else ""


def _position(record: dict[str, Any]) -> tuple[float, float] | None:
    place = _part(record, "location")
    north, east = place.get("latitude"), place.get("longitude")
    if not isinstance(north, int | float) or not isinstance(east, int | float):
        return None
    return (float(north), float(east)) if abs(north) <= 90 and abs(east) <= 180 else None
