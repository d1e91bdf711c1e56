"""What would happen if nodes were taken out of use: the forecast before the question "sure?"."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from cdn import evacuation, leaving, states
from cdn.board import rows, words
from cdn.live import Row, fleet


def forecast(ids: Iterable[UUID]) -> dict[str, Any]:
    """What becomes of the others when these nodes leave, for the question's page."""
    going = set(ids)
    known = fleet.rows()
    gone = [leaving.load(row) for row in known if row.id in going and row.state in states.SERVING]
    staying = [row for row in leaving.survivors(known, timezone.now()) if row.id not in going]
    outlook = evacuation.outlook(gone, [leaving.load(row) for row in staying])
    names = {str(row.id): row for row in staying}
    survivors = [_survivor(names[one.id], one.before, one.utilisation) for one in outlook.survivors]
    survivors.sort(key=lambda one: -one["after"])
    return {
        "feasible": outlook.feasible,
        "empty": not gone,
        "moved": words.rate(outlook.moved_bps),
        "sessions": rows.sessions(outlook.moved_sessions),
        "survivors": survivors[:12],
        "more": max(0, len(survivors) - 12),
        "says": _says(outlook, alone=not staying),
        "tone": "good" if outlook.feasible else "bad",
    }


def _survivor(row: Row, before: float, after: float) -> dict[str, Any]:
    return {
        "name": row.name,
        "site": row.site,
        "before": round(before * 100),
        "after": round(after * 100),
        "before_width": round(min(1.0, before) * 100, 1),
        "after_width": round(min(1.0, after) * 100, 1),
        "tone": words.tone_of_load(after),
    }


def _says(outlook: evacuation.Outlook, *, alone: bool) -> str:
    if alone:
        return _("No other node serves: the site itself would have to carry every viewer.")
    if not outlook.moved_bps:
        return _("Nothing has to move: no viewer is being served there.")
    if outlook.feasible:
        text = _("The others carry it: the busiest comes to %(worst)d %%. It takes about %(time)s.")
        return text % {"worst": outlook.worst * 100, "time": words.span(outlook.seconds)}
    text = _(
        "The others are too few: %(rest)s find no room below %(full)d %%, and the busiest would come to %(worst)d %%. "
        "Viewers would be asked to stay at or below %(kbps)s."
    )
    return text % {
        "rest": words.rate(outlook.homeless_bps),
        "full": evacuation.FULL * 100,
        "worst": outlook.worst * 100,
        "kbps": words.rate(outlook.kbps * 1000),
    }
