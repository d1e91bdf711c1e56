"""What a node says of itself in a heartbeat, read with suspicion. Pure: no clock, no database, no Django."""

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

#: A body may be this long, in bytes.
BODY_MOST = 16 * 1024
#: More faults than this in one heartbeat are not read; the node repeats what was not confirmed.
FAULTS_MOST = 16
FAULT_KINDS = frozenset({"corrupt", "disk", "peer"})
_WHOLE_MOST = 1 << 62
#: The last second that a date can have here: the end of the year 9998.
_LAST_SECOND = 253_370_764_800
_TEXT_MOST = 255


class BadReport(ValueError):
    """The report is not what this address expects; the words name the field."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Wrong bytes or a failing disk, as the node tells it. `at` is in seconds since 1970, by the node's clock.

    `kind` is 'corrupt' (its own disk held wrong bytes), 'disk' (reading or writing failed) or 'peer' (another node
    sent wrong bytes: `detail` then begins with that node's pathway, as in 'n3 sent …').
    """

    id: str
    kind: str
    package: str = ""
    rendition: str = ""
    name: str = ""
    detail: str = ""
    at: float = 0.0


@dataclass(slots=True, kw_only=True)
class Heartbeat:
    """A node's report. Sizes in bytes, rates in bits per second; totals count from the start of the process.

    What an older node does not say has its default. Versions are those that the node has applied.
    """

    goodbye: bool = False
    ready: bool = True
    problem: str = ""
    base_url: str = ""
    capacity_bps: int = 0
    version: str = ""
    #: Tells one life of the node's process from the next.
    boot: str = ""
    workers: int = 0

    egress_bps: int = 0
    sessions: int = 0
    inflight: int = 0
    #: Share of the machine's processors in use, 0 … 1.
    cpu: float = 0.0
    ttfb_p50_ms: float = 0.0
    ttfb_p95_ms: float = 0.0

    cache_bytes: int = 0
    cache_limit: int = 0
    disk_free: int = 0
    hits: int = 0
    misses: int = 0
    fill_bytes: int = 0
    peer_bytes: int = 0
    origin_bytes: int = 0
    #: Requests refused for want of room, given up by the viewer, and failed by our fault.
    shed: int = 0
    aborted: int = 0
    errors: int = 0

    keys_version: int = 0
    deny_version: int = 0
    takedowns: int = 0
    peers: int = 0
    plan: int = 0
    #: Rises with every change of what the node holds.
    inventory: int = 0
    #: Whether the heads of all that its plan pins are there; None when the node does not say.
    pinned: bool | None = None

    #: For how long the node has not heard the control plane; above 0 only in the first report after an outage.
    grace_seconds: int = 0
    #: When its certificate ends, in seconds since 1970; 0 without one.
    cert_until: int = 0
    faults: tuple[Fault, ...] = ()


def document(body: bytes) -> dict[str, Any]:
    """The JSON object in a request's body. Raises BadReport."""
    if len(body) > BODY_MOST:
        raise BadReport("The body is too large.")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise BadReport("The body is not JSON.") from None
    if not isinstance(found, dict):
        raise BadReport("The body is not a JSON object.")
    return found


def heartbeat(body: Mapping[str, Any]) -> Heartbeat:
    """The report in this JSON object; names that are not known are skipped. Raises BadReport."""
    values: dict[str, Any] = {}
    for name, read in _READERS:
        value = body.get(name, MISSING)
        if value is not MISSING:
            values[name] = read(name, value)
    found = Heartbeat(**values)
    if found.cert_until > _LAST_SECOND:
        raise BadReport("'cert_until' must be in seconds since 1970, before the year 9999.")
    return found


def whole(name: str, value: object) -> int:
    """A whole number, 0 or more. Raises BadReport."""
    if type(value) is not int or not 0 <= value < _WHOLE_MOST:
        raise BadReport(f"'{name}' must be a whole number, 0 or more.")
    return value


def text(name: str, value: object, longest: int = _TEXT_MOST) -> str:
    """A text that is not too long, made fit to be stored and shown. Raises BadReport."""
    if not isinstance(value, str) or len(value) > longest:
        raise BadReport(f"'{name}' must be a text of at most {longest} characters.")
    return showable(value)


def showable(value: str) -> str:
    """The text with a mark for each character that cannot be seen: line ends, NUL, halves of surrogate pairs, marks
    that turn the writing's direction. Databases and pages break of some of these, and people are deceived by others.
    """
    if value.isprintable():
        return value
    return "".join(char if char.isprintable() else "\ufffd" for char in value)


def _number(name: str, value: object) -> float:
    """A number, 0 or more. JSON's NaN and Infinity, which Python reads, are none."""
    if type(value) not in (int, float) or not 0 <= value < float(_WHOLE_MOST):  # type: ignore[operator]
        raise BadReport(f"'{name}' must be a number, 0 or more.")
    return float(value)  # type: ignore[arg-type]


def _yes(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise BadReport(f"'{name}' must be true or false.")
    return value


def _faults(name: str, value: object) -> tuple[Fault, ...]:
    if not isinstance(value, list):
        raise BadReport(f"'{name}' must be a list.")
    return tuple(_fault(name, one) for one in value[:FAULTS_MOST])


def _fault(name: str, one: object) -> Fault:
    if not isinstance(one, dict):
        raise BadReport(f"'{name}' must be a list of objects.")
    kind = one.get("kind")
    if kind not in FAULT_KINDS:
        raise BadReport(f"'{name}.kind' must be one of {', '.join(sorted(FAULT_KINDS))}.")
    identity = text(f"{name}.id", one.get("id"), 64)
    if not identity:
        raise BadReport(f"'{name}.id' must not be empty.")
    return Fault(
        id=identity,
        kind=kind,
        package=text(f"{name}.package", one.get("package", ""), 32),
        rendition=text(f"{name}.rendition", one.get("rendition", ""), 32),
        name=text(f"{name}.name", one.get("name", ""), 32),
        detail=text(f"{name}.detail", one.get("detail", "")),
        at=_number(f"{name}.at", one.get("at", 0)),
    )


_BY_TYPE: dict[object, Callable[[str, object], object]] = {
    bool: _yes,
    int: whole,
    float: _number,
    str: text,
    bool | None: _yes,
    tuple[Fault, ...]: _faults,
}
#: How each field is read, by its annotation: a field that is added is read without another line here.
_READERS = tuple((spec.name, _BY_TYPE[spec.type]) for spec in fields(Heartbeat))
