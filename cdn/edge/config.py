"""What an edge node is told when it starts: arguments, with the environment as their default."""

import argparse
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cdn.edge import acme, reach

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Config:
    """A node's settings. Sizes in bytes, rates in bit/s, times in seconds."""

    origin: str
    name: str
    code: str
    host: str
    port: int
    base_url: str
    cache: Path
    cache_bytes: int
    site: str
    capacity_bps: int
    access_log: bool
    pull: bool
    reuse_port: bool
    workers: int
    header_timeout: float
    idle_timeout: float
    write_timeout: float
    connections: int
    fill_bytes: int
    journal_bytes: int
    base_url_found: bool = False
    region: str = "default"
    domain: str = ""
    #: Degrees north and east, when it says where it stands.
    place: tuple[float, float] | None = None
    cert: Path | None = None
    key: Path | None = None
    acme: bool = False
    acme_directory: str = ""
    acme_mail: str = ""
    acme_port: int = 80
    acme_trust: str = ""
    install: bool = False
    upgrade: bool = False

    @property
    def secure(self) -> bool:
        """Whether viewers are served over TLS."""
        return self.acme or self.cert is not None

    @property
    def address(self) -> reach.Address:
        """Where this node is."""
        return reach.Address(self.host, self.port, self.base_url)


def read(argv: Sequence[str]) -> Config:
    """Read the command line. Exits with a message when it makes no sense."""
    parser = argparse.ArgumentParser(
        prog="python -m cdn.edge",
        description="A netflixlite edge node: keeps a cache of packages on disk and serves viewers from it.",
    )
    _arguments(parser)
    _life_arguments(parser)
    found = parser.parse_args(argv)
    origin = str(found.origin).rstrip("/")
    if urlsplit(origin).scheme not in ("http", "https") or not urlsplit(origin).hostname:
        parser.error(f"--origin '{found.origin}' is no address: use http(s)://host[:port]")
    cache = Path(found.cache).resolve()
    address = _address(parser, found, origin, cache)
    return Config(
        origin=origin,
        name=found.name,
        code=found.code,
        host=address.host,
        port=address.port,
        base_url=address.base_url,
        cache=cache,
        cache_bytes=_budget(parser, found.cache_gb, cache),
        site=found.site,
        capacity_bps=int(found.capacity_mbps * 1_000_000),
        access_log=found.access_log,
        pull=not found.no_pull,
        reuse_port=found.reuse_port,
        workers=_workers(parser, found.workers),
        header_timeout=found.header_timeout,
        idle_timeout=found.idle_timeout,
        write_timeout=found.write_timeout,
        connections=found.connections,
        fill_bytes=int(found.fill_mb * (1 << 20)),
        journal_bytes=int(max(0.0, found.journal_mb) * (1 << 20)),
        base_url_found=address.found,
        region=found.region,
        domain=found.domain,
        place=_place(parser, found.place),
        cert=Path(found.cert).resolve() if found.cert else None,
        key=Path(found.key).resolve() if found.key else None,
        acme=found.acme,
        acme_directory=found.acme_directory,
        acme_mail=found.acme_mail,
        acme_port=found.acme_port,
        acme_trust=found.acme_trust,
        install=found.install,
        upgrade=found.upgrade,
    )


def _arguments(parser: argparse.ArgumentParser) -> None:
    env = os.environ.get
    add = parser.add_argument
    add(
        "--origin",
        default=env("NETFLIXLITE_EDGE_ORIGIN", ""),
        help="address of the site, e.g. https://tv.example",
    )
    add("--code", default=env("NETFLIXLITE_EDGE_CODE", ""), help="one-time enrolment code (first start only)")
    add("--name", default=env("NETFLIXLITE_EDGE_NAME", "edge"), help="the name that the code was made for")
    add("--listen", default=env("NETFLIXLITE_EDGE_LISTEN", ""),
        help="address:port to listen on (default: that of the last start; at first all addresses, or the loopback when "
        "the site is on this machine, and the first free port from 8101)")  # fmt: skip
    add("--base-url", default=env("NETFLIXLITE_EDGE_BASE_URL", ""),
        help="where viewers and the site reach this node (default: its address towards the site)")  # fmt: skip
    add("--cache", default=env("NETFLIXLITE_EDGE_CACHE", "edge-cache"), help="folder for state and cache")
    add("--cache-gb", type=float, default=float(env("NETFLIXLITE_EDGE_CACHE_GB", "0")),
        help="disk budget in GiB (default: 60 %% of what is free, at most 100)")  # fmt: skip
    add("--site", default=env("NETFLIXLITE_EDGE_SITE", "default"), help="place or failure domain")
    add("--region", default=env("NETFLIXLITE_EDGE_REGION", "default"),
        help="which nodes are near each other: who must leave one goes to others of its region first")  # fmt: skip
    add("--domain", default=env("NETFLIXLITE_EDGE_DOMAIN", ""),
        help="what it fails together with besides its site: a rack, an uplink")  # fmt: skip
    add("--place", default=env("NETFLIXLITE_EDGE_PLACE", ""), metavar="NORTH,EAST",
        help="where it stands, in degrees like 48.86,2.35: for sites that send viewers to what is near")  # fmt: skip
    add("--capacity-mbps", type=float, default=float(env("NETFLIXLITE_EDGE_CAPACITY_MBPS", "1000")),
        help="how much this node can send, in Mbit/s")  # fmt: skip
    add("--access-log", action="store_true", help="one line for each request")
    add("--no-pull", action="store_true", help="serve only what is held; answer 421 for the rest")
    add("--workers", type=int, default=int(env("NETFLIXLITE_EDGE_WORKERS", "") or 0),
        help="processes that serve; 1 serves in a single one (default: one per core, at most 4)")  # fmt: skip
    add("--reuse-port", action="store_true", help="share the port with other processes (SO_REUSEPORT)")
    add("--header-timeout", type=float, default=10.0, help="seconds a request's headers may take")
    add(
        "--idle-timeout", type=float, default=75.0, help="seconds a connection may be silent between requests"
    )
    add(
        "--write-timeout",
        type=float,
        default=30.0,
        help="seconds a client may take next to nothing of an answer",
    )
    add("--connections", type=int, default=8192, help="connections at once")
    add("--journal-mb", type=float, default=256.0,
        help="disk for the log of deliveries that the site has not yet, in MiB; the oldest give way")  # fmt: skip
    add("--fill-mb", type=float, default=256.0, help="memory for objects being fetched, in MiB")


def _life_arguments(parser: argparse.ArgumentParser) -> None:
    """What concerns certificates, and the program itself."""
    env = os.environ.get
    add = parser.add_argument
    add("--cert", default=env("NETFLIXLITE_EDGE_CERT", ""),
        help="file of the certificate and its chain (PEM): viewers are served over https")  # fmt: skip
    add("--key", default=env("NETFLIXLITE_EDGE_KEY", ""), help="file of its private key (PEM)")
    add("--acme", action="store_true", default=env("NETFLIXLITE_EDGE_ACME", "") == "1",
        help="obtain and renew the certificate of --base-url; you agree to the authority's terms")  # fmt: skip
    add("--acme-directory", default=env("NETFLIXLITE_EDGE_ACME_DIRECTORY", "") or acme.DIRECTORY,
        help="the authority (default: Let's Encrypt)")  # fmt: skip
    add("--acme-mail", default=env("NETFLIXLITE_EDGE_ACME_MAIL", ""), help="where the authority may write to")
    add("--acme-port", type=int, default=int(env("NETFLIXLITE_EDGE_ACME_PORT", "") or 80),
        help="the port that port 80 of NAME leads to (default: 80)")  # fmt: skip
    add("--acme-trust", default=env("NETFLIXLITE_EDGE_ACME_TRUST", ""),
        help="certificates to trust when speaking with an authority of your own")  # fmt: skip
    add("--install", action="store_true",
        help="make this a service of systemd that starts with the machine (says what it does; needs root)")  # fmt: skip
    add("--upgrade", action="store_true",
        help="replace this program by the site's newest, which the site has signed, and end")  # fmt: skip


def _address(
    parser: argparse.ArgumentParser, found: argparse.Namespace, origin: str, cache: Path
) -> reach.Address:
    secure = found.acme or bool(found.cert)
    if bool(found.cert) != bool(found.key) or (found.acme and found.cert):
        parser.error("a certificate is given by --cert and --key together, or obtained by --acme alone")
    if secure and found.base_url and not found.base_url.startswith("https://"):
        parser.error(
            f"--base-url '{found.base_url}' must begin with https://, since the node has a certificate"
        )
    if found.acme and (not found.base_url or reach.is_address(urlsplit(found.base_url).hostname or "")):
        parser.error("--acme needs the node's name in the DNS: --base-url https://NAME")
    try:
        return reach.find(
            origin=origin, listen=found.listen, base_url=found.base_url, cache=cache, secure=secure
        )
    except reach.Unclear as error:
        parser.error(str(error))


def _place(parser: argparse.ArgumentParser, text: str) -> tuple[float, float] | None:
    if not text:
        return None
    try:
        north, east = (float(one) for one in text.split(","))
    except ValueError:
        parser.error(f"--place '{text}' is no place: give degrees north and east, like 48.86,2.35")
    if not (-90 <= north <= 90 and -180 <= east <= 180):
        parser.error(
            f"--place '{text}' is not on the globe: north goes from -90 to 90, east from -180 to 180"
        )
    return north, east


def _workers(parser: argparse.ArgumentParser, wanted: int) -> int:
    if not 0 <= wanted <= 64:
        parser.error("--workers must be 1 to 64, or 0 for one per core")
    return wanted or min(4, len(os.sched_getaffinity(0)))


def _budget(parser: argparse.ArgumentParser, gigabytes: float, cache: Path) -> int:
    if gigabytes < 0:
        parser.error("--cache-gb must not be negative")
    if gigabytes:
        return int(gigabytes * GIB)
    existing = next(folder for folder in (cache, *cache.parents) if folder.exists())
    return min(100 * GIB, int(shutil.disk_usage(existing).free * 0.6))
