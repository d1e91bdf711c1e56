"""Which nodes are meant by a scope, and what taking them out of use would do to the others, in words and figures."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.utils.translation import gettext as _

from cdn import evacuation, leaving
from cdn.live import Row, fleet
from cdn.types import Forecast, NodeState, Survivor

SCOPES = ("node", "site", "region", "version")
#: States from which a drain takes a node out of use.
_IN_USE = frozenset(
    {NodeState.WARMING, NodeState.ACTIVE, NodeState.DEGRADED, NodeState.SUSPECT, NodeState.DRAINING}
)


class Infeasible(Exception):
    """The others could not carry what would be moved; `forecast` has the figures."""

    def __init__(self, forecast: Forecast) -> None:
        super().__init__(forecast.refusal)
        self.forecast = forecast


def chosen(rows: Sequence[Row], scope: str, value: str) -> list[Row]:
    """The nodes that are meant. Raises ValueError for a scope that there is not."""
    if scope not in SCOPES:
        raise ValueError(
            _("'%(scope)s' is no scope: use %(known)s.") % {"scope": scope, "known": ", ".join(SCOPES)}
        )
    if scope == "node":
        return [row for row in rows if value in (row.name, str(row.id), row.id.hex, f"n{row.slot}")][:1]
    return [row for row in rows if getattr(row, scope) == value and row.state is not NodeState.RETIRED]


def forecast(rows: Sequence[Row], gone: Sequence[Row], *, scope: str, value: str, now: datetime) -> Forecast:
    """What becomes of the others. Nodes that drain already count as gone: their viewers need room, too."""
    ids = {row.id for row in gone}
    leaves = [
        row for row in rows if row.state in _IN_USE and (row.id in ids or row.state is NodeState.DRAINING)
    ]
    stays = [row for row in leaving.survivors(rows, now) if row.id not in ids]
    found = evacuation.outlook([leaving.load(row) for row in leaves], [leaving.load(row) for row in stays])
    by_id = {str(row.id): row for row in stays}
    return Forecast(
        scope=scope,
        value=value,
        node_ids=tuple(row.id for row in gone),
        names=tuple(row.name for row in gone),
        survivors=tuple(
            Survivor(by_id[one.id].id, by_id[one.id].name, one.before, one.utilisation)
            for one in found.survivors
        ),
        moved_bps=found.moved_bps,
        moved_sessions=found.moved_sessions,
        homeless_bps=found.homeless_bps,
        worst=found.worst,
        seconds=found.seconds,
        kbps=found.kbps,
        refusal=_refusal(found, stays, now),
    )


def _refusal(found: evacuation.Outlook, stays: Sequence[Row], now: datetime) -> str:
    """Why it should not be done, in words; empty when nothing speaks against it."""
    if not stays:
        return _("No other node would be left: the site itself would have to serve everybody.")
    if not found.feasible:
        words = _(
            "The other nodes would be at %(worst)s of their capacity, above %(full)s: %(mbps)d Mbit/s would find no "
            "room. Add capacity, wait until fewer people watch, or force it, and players are asked for lower bitrates."
        )
        mbps = round(found.homeless_bps / 1e6)
        return words % {"worst": f"{found.worst:.0%}", "full": f"{evacuation.FULL:.0%}", "mbps": mbps}
    unheard = [row.name for row in stays if row.id not in fleet.beats]
    if len(unheard) == len(stays):
        return _(
            "Nothing is known of the other nodes' load here (yet): wait for their heartbeats, or force it."
        )
    return ""


def begun(forecast: Forecast) -> Forecast:
    """The same forecast, now under way."""
    return replace(forecast, done=True)
