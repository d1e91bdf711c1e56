"""What would happen if nodes were taken out of use, in words and bars: shown before the question "sure?"."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from cdn import services
from cdn.board import rows, words
from cdn.types import Forecast, Survivor

#: So many of the others are drawn, the busiest first.
SHOWN = 10


def of_node(node_id: UUID) -> dict[str, Any]:
    """What becomes of the others when this node leaves."""
    return in_words(services.evacuate("node", str(node_id), dry_run=True))


def in_words(forecast: Forecast) -> dict[str, Any]:
    """A forecast for the question's page."""
    idle = not forecast.moved_sessions
    survivors = sorted(forecast.survivors, key=lambda one: -one.after)
    return {
        "hurts": forecast.hurts,
        "idle": idle,
        "moved": words.rate(forecast.moved_bps),
        "sessions": rows.sessions(forecast.moved_sessions),
        "survivors": [_survivor(one) for one in survivors[:SHOWN]],
        "more": max(0, len(survivors) - SHOWN),
        "says": _says(forecast),
        "tone": "good" if forecast.feasible or idle else "bad",
    }


def _survivor(one: Survivor) -> dict[str, Any]:
    return {
        "name": one.name,
        "before": round(one.before * 100),
        "after": round(one.after * 100),
        "before_width": round(min(1.0, one.before) * 100, 1),
        "after_width": round(min(1.0, one.after) * 100, 1),
        "tone": words.tone_of_load(one.after),
    }


def _says(forecast: Forecast) -> str:
    if not forecast.moved_sessions:
        return _("Nothing has to move: no viewer is being served there.")
    if forecast.refusal:
        return forecast.refusal
    text = _("The others carry it: the busiest comes to %(worst)d %%. It takes about %(time)s.")
    return text % {"worst": round(forecast.worst * 100), "time": words.span(max(1, forecast.seconds))}
