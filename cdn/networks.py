"""Where viewers are: by the operator's map of networks, and by a database of addresses when one is given. In memory.

Asked for every session and never asks the database then: the thread that keeps the nodes' knowledge reads the map anew
every few seconds, and reopens the file of addresses when it was replaced.
"""

import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any

import maxminddb
from django.conf import settings
from django.core.exceptions import SynchronousOnlyOperation
from django.db import DatabaseError
from django.utils.translation import gettext as _

from cdn import models
from cdn.types import Location

log = logging.getLogger(__name__)

#: How often the map is read anew, in seconds: how late an operator's change is seen.
REFRESH_SECONDS = 2.0
Network = IPv4Network | IPv6Network


class BadNetwork(ValueError):
    """This is no network; the message says what to write instead."""


def network(text: str) -> Network:
    """A network as an operator writes it: 10.1.0.0/16, 2001:db8::/32, or one address. Raises BadNetwork."""
    try:
        return ip_network(text.strip(), strict=True)
    except ValueError as error:
        if "has host bits set" in str(error):
            meant = ip_network(text.strip(), strict=False)
            said = _("%(text)s names one address of a network: write %(meant)s for all of it.")
            raise BadNetwork(said % {"text": text, "meant": meant}) from error
        said = _("'%(text)s' is no network: write it like 10.1.0.0/16 or 2001:db8::/32.")
        raise BadNetwork(said % {"text": text}) from error


class Map:
    """Networks and where they belong, the longest prefix first."""

    def __init__(self, entries: Iterable[tuple[Network, str, str]] = ()) -> None:
        #: By version and length of the prefix, the longest first; then by the prefix's bits.
        self._by_length: dict[int, list[tuple[int, dict[int, tuple[str, str]]]]] = {4: [], 6: []}
        tables: dict[tuple[int, int], dict[int, tuple[str, str]]] = {}
        for one, site, region in entries:
            bits = int(one.network_address) >> (one.max_prefixlen - one.prefixlen)
            tables.setdefault((one.version, one.prefixlen), {})[bits] = (site, region)
        for (version, length), table in sorted(tables.items(), reverse=True):
            self._by_length[version].append((length, table))
        self.size = sum(len(table) for table in tables.values())

    def find(self, address: str) -> tuple[str, str] | None:
        """Site and region of an address (either may be ''); None when the map does not say, or it is none."""
        try:
            found = ip_address(address)
        except ValueError:
            return None
        if isinstance(found, IPv6Address) and found.ipv4_mapped:
            found = found.ipv4_mapped
        number, most = int(found), found.max_prefixlen
        for length, table in self._by_length[found.version]:
            if (place := table.get(number >> (most - length))) is not None:
                return place
        return None


class Addresses:
    """A database of addresses in MaxMind's format: where on the globe they are."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reader: Any = None
        self._opened: tuple[str, float] = ("", 0.0)

    def refresh(self, path: str) -> None:
        """Open the file if there is another one than before; what cannot be read is told once and left out."""
        try:
            stamp = (path, Path(path).stat().st_mtime) if path else ("", 0.0)
        except OSError:
            stamp = (path, -1.0)
        if stamp == self._opened:
            return
        reader = None
        try:
            if path:
                # Not mapped: one copied over it in place would end the process at the next look (SIGBUS).
                reader = maxminddb.open_database(path, maxminddb.MODE_MEMORY)
        except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
            log.warning(
                "NETFLIXLITE_GEO_DATABASE: %s cannot be read (%s); distance is left out.", path, error
            )
        with self._lock:
            before, self._reader, self._opened = self._reader, reader, stamp
        if before is not None:
            before.close()

    def find(self, address: str) -> tuple[float, float] | None:
        """Degrees north and east of an address; None when that is not known."""
        address = address.removeprefix("::ffff:")  # IPv4, as a socket for both kinds gives it
        with self._lock:
            if self._reader is None:
                return None
            try:
                record = self._reader.get(address)
            except (ValueError, maxminddb.InvalidDatabaseError):
                return None
        place = record.get("location") if isinstance(record, dict) else None
        if not isinstance(place, dict):
            return None
        north, east = place.get("latitude"), place.get("longitude")
        if not isinstance(north, int | float) or not isinstance(east, int | float):
            return None
        return (float(north), float(east)) if abs(north) <= 90 and abs(east) <= 180 else None


@dataclass(slots=True)
class Atlas:
    """The map and the addresses of this process."""

    addresses: Addresses = field(default_factory=Addresses)
    map: Map = field(default_factory=Map)
    _rows: list[tuple[str, str, str]] = field(default_factory=list)
    _read_at: float = float("-inf")

    def refresh(self) -> None:
        """Read the map when it is due. Raises DatabaseError."""
        if time.monotonic() - self._read_at < REFRESH_SECONDS:
            return
        rows = list(models.Network.objects.values_list("cidr", "site", "region"))
        if rows != self._rows:
            entries = []
            for cidr, site, region in rows:
                try:
                    entries.append((network(cidr), site, region))
                except BadNetwork as error:
                    log.warning("The map of networks: %s", error)
            self.map, self._rows = Map(entries), rows
        self.addresses.refresh(str(settings.GEO_DATABASE))
        self._read_at = time.monotonic()

    def changed(self) -> None:
        """Rows have changed: read them at the next question."""
        self._read_at = float("-inf")

    def forget(self) -> None:
        """As in a fresh process."""
        self.addresses.refresh("")
        self.map, self._rows, self._read_at = Map(), [], float("-inf")

    def find(self, address: str) -> Location:
        """Where an address is, from memory; fields of what is not known are empty."""
        site, region = self.map.find(address) or ("", "")
        return Location(site=site, region=region, place=self.addresses.find(address))

    def refresh_if_it_can(self) -> None:
        """The same, but what the database does not give stays as it was."""
        try:
            self.refresh()
        except (DatabaseError, SynchronousOnlyOperation):
            log.warning("The map of networks could not be read; the last is kept.", exc_info=True)


atlas = Atlas()
