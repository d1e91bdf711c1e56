"""Where this node is reached: found by itself when nobody says, kept over restarts, and what to do when nobody can."""

import ipaddress
import json
import logging
import re
import socket
import ssl
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from cdn.edge import files

log = logging.getLogger("edge")

#: The first port that a node tries, and how many more.
FIRST_PORT = 8101
_PORTS = 100
_TRY_SECONDS = 2.0
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 (compared, and bound only on request)


class Unclear(Exception):
    """The address cannot be found out; the words say which option tells it."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the node listens, and where viewers reach it. `found` when nobody said the latter."""

    host: str
    port: int
    base_url: str
    found: bool = False


def find(*, origin: str, listen: str, base_url: str, cache: Path, secure: bool) -> Address:
    """Where to listen and how viewers get here. What is not said is what was before, else found out. Raises Unclear."""
    kept = _kept(cache)
    site = urlsplit(origin).hostname or ""
    if listen:
        host, port = parse_listen(listen)
    elif kept is not None:
        host, port = kept.host, kept.port
    else:
        host = "127.0.0.1" if is_loopback(site) else _EVERYWHERE[0]
        port = _free_port(host)
    if base_url:
        return Address(host, port, base_url.rstrip("/"))
    shown = host if host not in _EVERYWHERE else local_address(site)
    if not shown:
        if kept is None:
            raise Unclear(
                f"this machine's address cannot be found out, because '{site}' is not known here: check --origin and "
                f"the machine's DNS, or say --base-url http://THIS-MACHINE:{port}"
            )
        return Address(host, port, kept.base_url, found=True)
    scheme = "https" if secure else "http"
    return Address(host, port, f"{scheme}://{f'[{shown}]' if ':' in shown else shown}:{port}", found=True)


def remember(address: Address, cache: Path) -> None:
    """Keep it for the next start, if the disk takes it."""
    try:
        files.replace(cache / "address.json", json.dumps(asdict(address)).encode())
    except OSError as error:  # a disk that takes nothing is no reason not to serve
        log.warning("the address cannot be written down: %s", error.strerror or error)


def _kept(cache: Path) -> Address | None:
    try:
        kept = json.loads((cache / "address.json").read_text())
        return Address(str(kept["host"]), int(kept["port"]), str(kept["base_url"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def parse_listen(text: str) -> tuple[str, int]:
    """`address:port` → its parts; no address means all of them. Raises Unclear."""
    match = re.fullmatch(r"\[?([^\]]*?)\]?:(\d{1,5})", text)
    if match is None or not 0 < int(match[2]) < 65536:
        raise Unclear(f"--listen '{text}' is no address:port")
    return match[1] or _EVERYWHERE[0], int(match[2])


def _free_port(host: str) -> int:
    for port in range(FIRST_PORT, FIRST_PORT + _PORTS):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise Unclear(f"no port from {FIRST_PORT} to {FIRST_PORT + _PORTS - 1} is free: say --listen {host}:PORT")


def local_address(site: str) -> str:
    """Which of this machine's addresses it uses towards the site; '' when the site's name is not known. No packet
    is sent: connecting a datagram socket only asks the routing table."""
    try:
        found = socket.getaddrinfo(site, 9, type=socket.SOCK_DGRAM)
    except OSError:
        return ""
    for family, kind, protocol, _, place in found:
        with socket.socket(family, kind, protocol) as probe:
            try:
                probe.connect(place)
            except OSError:
                continue
            return str(probe.getsockname()[0])
    return ""


def is_loopback(host: str) -> bool:
    """Whether this host can only be the machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_address(host: str) -> bool:
    """Whether this host is an IP address and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def distrust(error: ssl.SSLError) -> str:
    """Why the other side's certificate is not taken, and what to do when this machine knows no authority at all."""
    words = getattr(error, "verify_message", "") or (error.reason or str(error)).replace("_", " ").lower()
    paths = ssl.get_default_verify_paths()
    known = paths.cafile or (paths.capath and any(Path(paths.capath).iterdir()))
    return words if known else f"{words}; this machine knows no authorities: apt install ca-certificates"


def remedy(address: Address, origin: str) -> str:
    """What whoever stands at this machine can do when the site cannot reach it. Blocks for some seconds."""
    parts = urlsplit(address.base_url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    site = urlsplit(origin).hostname or ""
    if is_loopback(address.host) and not is_loopback(host):
        return f"This node listens on {address.host} only: start it with --listen 0.0.0.0:{address.port}."
    if is_loopback(host) and not is_loopback(site):
        return (
            f"{address.base_url} means this machine itself, on every machine: start it with "
            f"--base-url http://THIS-MACHINE:{port}."
        )
    if _private(host) and not _private(site):
        return (
            f"{host} is an address of a local network, and the site is outside of it: forward a port of your router to "
            f"{host}:{address.port} and start the node with --base-url http://YOUR-PUBLIC-ADDRESS:PORT, or take a "
            "machine with a public address."
        )
    try:
        socket.create_connection((host, port), timeout=_TRY_SECONDS).close()
    except OSError as error:
        words = error.strerror or str(error) or "no answer"
        return (
            f"This machine does not reach {host}:{port} either ({words}): is that its address? The node listens on "
            f"{address.host}:{address.port}; --base-url says where viewers and the site reach it."
        )
    return (
        f"This machine reaches itself there, so something between it and the site holds the site back: let TCP port "
        f"{address.port} in (for example: ufw allow {address.port}/tcp, or the security group of a rented machine)."
    )


def _private(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        try:
            return ipaddress.ip_address(socket.gethostbyname(host)).is_private
        except (OSError, ValueError):
            return False
