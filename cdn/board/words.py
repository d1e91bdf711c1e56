"""States, rates, sizes and spans in the words of the fleet's pages."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cdn.types import NodeState

#: Above this share of a node's capacity its load is a warning, and above the other an alarm (nodes refuse at 92 %).
BUSY, FULL = 0.7, 0.85
#: What stands where nobody knows a figure.
UNKNOWN = "\u2013"


@dataclass(frozen=True, slots=True)
class Said:
    """A state as a person reads it: its name, its colour, what it means."""

    name: str | Promise
    tone: str
    means: str | Promise


STATES: dict[NodeState, Said] = {
    NodeState.PENDING: Said(gettext_lazy("pending"), "busy", gettext_lazy("It has not enrolled yet.")),
    NodeState.VERIFYING: Said(
        gettext_lazy("verifying"),
        "busy",
        gettext_lazy("Its address is being proved: nobody is sent there yet."),
    ),
    NodeState.WARMING: Said(
        gettext_lazy("warming"),
        "busy",
        gettext_lazy("It fetches the beginnings of all titles before it serves."),
    ),
    NodeState.ACTIVE: Said(gettext_lazy("active"), "good", gettext_lazy("It serves viewers.")),
    NodeState.DEGRADED: Said(
        gettext_lazy("degraded"),
        "warn",
        gettext_lazy("It serves, but something is wrong: viewers are sent there last."),
    ),
    NodeState.SUSPECT: Said(
        gettext_lazy("suspect"),
        "bad",
        gettext_lazy("It was not heard for too long: nobody new is sent there."),
    ),
    NodeState.DRAINING: Said(
        gettext_lazy("draining"),
        "busy",
        gettext_lazy("Its viewers move elsewhere; nobody new is sent there."),
    ),
    NodeState.EVACUATED: Said(
        gettext_lazy("evacuated"), "quiet", gettext_lazy("It serves nobody, and may be switched off.")
    ),
    NodeState.RETIRED: Said(
        gettext_lazy("retired"), "quiet", gettext_lazy("Out for good: only a new enrolment brings it back.")
    ),
    NodeState.QUARANTINED: Said(
        gettext_lazy("quarantined"),
        "bad",
        gettext_lazy("It is trusted with nothing until a person has looked."),
    ),
}


def rate(bits: float) -> str:
    """'1.24 Gbit/s'; `bits` per second. Less than 1 kbit/s is the tail of an average, and nothing."""
    return _scaled(bits if bits >= 1000 else 0, "bit/s")


def size(count: float) -> str:
    """'42.1 GB', in powers of ten as disks are sold."""
    return _scaled(count, "B")


def _scaled(value: float, unit: str) -> str:
    for prefix in ("", "k", "M", "G", "T"):
        if value < 999.5 or prefix == "T":
            break
        value /= 1000
    if not prefix or value >= 99.95:
        return f"{value:.0f} {prefix}{unit}"
    return f"{value:.1f} {prefix}{unit}" if value >= 9.995 else f"{value:.2f} {prefix}{unit}"


def milliseconds(value: float) -> str:
    """'0.4 ms', '12 ms', or a dash when nobody knows."""
    if not value:
        return UNKNOWN
    return f"{value:.1f} ms" if value < 9.95 else f"{value:.0f} ms"


def share(part: float | None) -> str:
    """'97.2 %', '100 %', or a dash when nobody knows."""
    if part is None:
        return UNKNOWN
    return "100 %" if part >= 1 else f"{int(part * 1000) / 10:.1f} %"


def span(seconds: float) -> str:
    """'8 s', '12 min', '3 h', '82 d': one unit, rounded down."""
    whole = max(0, int(seconds))
    if whole < 100:
        return _("%(n)d s") % {"n": whole}
    if whole < 100 * 60:
        return _("%(n)d min") % {"n": whole // 60}
    if whole < 48 * 3600:
        return _("%(n)d h") % {"n": whole // 3600}
    return _("%(n)d d") % {"n": whole // 86400}


def ago(then: datetime, now: datetime) -> str:
    """'3 min ago', 'just now'."""
    seconds = (now - then).total_seconds()
    return _("just now") if seconds < 5 else _("%(span)s ago") % {"span": span(seconds)}


def nodes(count: int) -> str:
    """'1 node', '4 nodes'."""
    return ngettext("%(n)d node", "%(n)d nodes", count) % {"n": count}


def tone_of_load(part: float) -> str:
    """The colour of a share of a capacity."""
    return "bad" if part > FULL + 0.004 else "warn" if part >= BUSY else "good"
