"""Nodes that are expected: a code was made for them, and they are not in service yet."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cdn import models
from cdn.board import words
from cdn.board.filling import Filling
from cdn.board.rows import shape
from cdn.live import Row
from cdn.refusals import refusals
from cdn.types import NodeState

STEPS = (
    ("waiting", gettext_lazy("Waiting for the machine")),
    ("verifying", gettext_lazy("Address proved")),
    ("warming", gettext_lazy("Warming up")),
    ("active", gettext_lazy("In service")),
)


def expected(rows: tuple[Row, ...], now: datetime) -> list[dict[str, Any]]:
    """Open codes whose node has not come, newest first."""
    codes = models.EnrolmentCode.objects.filter(used_at=None, expires_at__gt=now).order_by("-created_at")[:20]
    found: dict[str, dict[str, Any]] = {}
    for code in codes:
        if code.name not in found:
            found[code.name] = _waiting(code.name, code.expires_at, now)
    return list(found.values())


def _waiting(name: str, until: datetime, now: datetime) -> dict[str, Any]:
    refused = refusals.of(name, now)
    left = _("The code is good for another %(span)s.") % {"span": words.span((until - now).total_seconds())}
    return {
        "name": name,
        "says": left,
        "refused": refused.message if refused else "",
        "refused_ago": words.ago(refused.at, now) if refused else "",
        "shape": shape([name, refused.message if refused else ""]),
    }


def progress(name: str, rows: tuple[Row, ...], filling: Filling | None, now: datetime) -> dict[str, Any]:
    """How far the node of this name has come, for the page that waits for it."""
    row = next((one for one in rows if one.name == name), None)
    code = models.EnrolmentCode.objects.filter(name=name).order_by("-created_at").first()
    open_code = code is not None and code.used_at is None and code.expires_at > now
    if open_code and code is not None:
        waiting = _waiting(name, code.expires_at, now)
        says, refused = waiting["says"], waiting["refused"]
        return _standing(0, "now", says, refused=refused, ago=waiting["refused_ago"])
    if row is None:
        text = _("The code has expired and nobody came. Make a new one.")
        return _standing(0, "bad", text, over=True)
    return _of_row(row, filling)


def _of_row(row: Row, filling: Filling | None) -> dict[str, Any]:
    link = str(row.id)
    if row.state in (NodeState.PENDING, NodeState.VERIFYING):
        return _standing(
            1, "now", _("The site is proving that %(url)s leads to it.") % {"url": row.base_url}, node=link
        )
    if row.state is NodeState.WARMING:
        says = _(
            "It fetches the beginnings of all titles, so that whoever presses Play there waits for nothing."
        )
        return _standing(2, "now", says, node=link, percent=filling.beginnings if filling else None)
    if row.state is NodeState.ACTIVE:
        says = _("It serves viewers now: a few at first, its full share after ten minutes.")
        return _standing(4, "done", says, node=link, over=True)
    said = words.STATES[row.state]
    reason = f"{said.name}: {row.reason}" if row.reason else str(said.name)
    return _standing(3, "bad", reason[:1].upper() + reason[1:], node=link, over=False)


def _standing(
    at: int,
    mark: str,
    says: str,
    *,
    refused: str = "",
    ago: str = "",
    node: str = "",
    percent: float | None = None,
    over: bool = False,
) -> dict[str, Any]:
    """`at` is the step that `mark` is for; those before it are done."""
    steps = []
    for number, (key, name) in enumerate(STEPS):
        here = "done" if number < at else mark if number == at else "later"
        text = str(name)
        if key == "warming" and number == at and percent is not None:
            text = f"{text} {int(percent)} %"
        steps.append({"key": key, "name": text, "mark": here})
    return {
        "steps": steps,
        "says": says,
        "refused": refused,
        "refused_ago": ago,
        "node": node,
        "percent": percent,
        "over": over,
    }
