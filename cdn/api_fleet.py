"""What nodes call beside their heartbeat: what they hold, what they should hold, and what they delivered.

All are signed like a heartbeat. Bodies may be compressed (gzip).
"""

import json
import re
import zlib
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from cdn import api, deliveries, heartbeats, inventory, plans, states
from cdn.api import BadBody
from cdn.live import Row
from cdn.reports import showable
from cdn.types import NodeState

#: What a body may grow to when it is unpacked, in bytes.
UNPACKED_MAX = 32 << 20
#: How many commas may be in it: about as many values, each of which takes up to thirty times its text in memory.
COMMAS_MAX = 1 << 20
_PACKAGE = re.compile(r"[0-9a-f]{32}\Z")
_RENDITION = re.compile(r"[a-z0-9][a-z0-9-]{0,31}\Z")
_BIGGEST = 1 << 62
#: What is being worked on, by node and address: one at a time, so that no node takes up threads and memory alone.
_busy: dict[tuple[UUID, str], object] = {}
#: One answer has at most so many bytes: sums of any number of rows stay within 64 bits.
_ANSWER_MOST = 1 << 36


def signed(view: Callable[[HttpRequest, Row], JsonResponse]) -> Callable[[HttpRequest], JsonResponse]:
    """Call the view with the node that signed the request; say what is wrong with any other."""

    @csrf_exempt
    @login_not_required
    @wraps(view)
    def door(request: HttpRequest) -> JsonResponse:
        try:
            row, _skew, _sequence = heartbeats.authenticated(api.signed_request(request))
            if row.state is NodeState.RETIRED:  # else nothing would end what a node that lies writes here
                return _error("state", "This node is retired: enrol it with a new code.", 403)
            return _alone(view, request, row)
        except heartbeats.NotHeard as error:
            return _error(error.code, error.message, error.status)
        except BadBody as error:
            return _error("bad_request", str(error), 400)
        except RequestDataTooBig:
            return _error("too_large", "The body is too large: send it compressed, or in parts.", 413)

    return door


def _alone(view: Callable[[HttpRequest, Row], JsonResponse], request: HttpRequest, row: Row) -> JsonResponse:
    """Call the view unless the same node's last such request is still being answered."""
    key, turn = (row.id, request.path), object()
    if _busy.setdefault(key, turn) is not turn:
        return _error("busy", "Your last request is still being answered: wait for that.", 429)
    try:
        return view(request, row)
    finally:
        del _busy[key]


@require_POST
@signed
def take_inventory(request: HttpRequest, node: Row) -> JsonResponse:
    """POST {epoch, base, packages: {package: {rendition: [state, segments]}}} → {inventory}.

    409 when `base` is not the epoch held here: the node then reports whole, with base 0.
    """
    body = _body(request)
    epoch, base = _number(body, "epoch"), _number(body, "base", default=0)
    try:
        held = inventory.holdings.take(
            node.id, slot=node.slot, epoch=epoch, base=base, report=_packages(body.get("packages"))
        )
    except inventory.WrongBase as error:
        return JsonResponse(
            {"error": {"code": "base", "message": str(error)}, "inventory": error.held}, status=409
        )
    return JsonResponse({"inventory": held})


@require_safe
@signed
def give_plan(request: HttpRequest, node: Row) -> JsonResponse:
    """GET → {version, made_at, window, rate_bps, orders: [[package, rendition, part, class, why]]}.

    Version 0 and no orders while no plan was made for the node; 403 for one that may not fetch.
    """
    if node.state not in states.MAY_FILL:
        return _error("state", f"This node is {node.state}: it may not fetch.", 403)
    plan = plans.newest(node.id)
    if plan is None:
        return JsonResponse({"version": 0, "made_at": 0, "window": None, "rate_bps": 0, "orders": []})
    return JsonResponse(
        {
            "version": plan.version,
            "made_at": plan.made_at.timestamp(),
            "window": {"from": plan.window[0], "to": plan.window[1]},
            "rate_bps": plan.rate_bps,
            "orders": [[one.package, one.rendition, one.part, one.kind, one.why] for one in plan.orders],
        }
    )


@require_POST
@signed
def take_deliveries(request: HttpRequest, node: Row) -> JsonResponse:
    """POST {journal, first, last, rows} → {acked}: rows up to `acked` are safe here.

    A row is [at_ms, session, package, rendition, name, status, bytes, ms, cache, cmcd].
    """
    body = _body(request)
    try:
        journal = UUID(str(body.get("journal", "")))
    except ValueError:
        raise BadBody("'journal' must be a UUID.") from None
    first, last, rows = _number(body, "first"), _number(body, "last"), body.get("rows")
    if not isinstance(rows, list) or len(rows) > deliveries.ROWS_MAX:
        raise BadBody(f"'rows' must be a list of at most {deliveries.ROWS_MAX}.")
    if first < 1 or last - first + 1 != len(rows):
        raise BadBody("'first' and 'last' must number the rows, from 1.")
    taken = [_row(entry, first + place) for place, entry in enumerate(rows)]
    try:
        acked = deliveries.take(node.id, journal=journal, first=first, rows=taken)
    except deliveries.NoRoom as error:
        return _error("no_room", str(error), 503)
    return JsonResponse({"acked": acked})


def _body(request: HttpRequest) -> dict[str, Any]:
    raw = request.body
    if raw[:2] == b"\x1f\x8b":
        unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
        try:
            raw = unpacker.decompress(raw, UNPACKED_MAX)
        except zlib.error:
            raise BadBody("The body is not gzip, though it begins like it.") from None
        if unpacker.unconsumed_tail or not unpacker.eof:
            raise BadBody("The body is cut short, or unpacks to more than 32 MiB: send it in parts.")
    if raw.count(b",") > COMMAS_MAX:
        raise BadBody(f"The body has more than {COMMAS_MAX} values: send it in parts.")
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise BadBody("The body is not JSON.") from None
    if not isinstance(body, dict):
        raise BadBody("The body is not a JSON object.")
    return body


def _number(body: dict[str, Any], name: str, *, default: int | None = None) -> int:
    value = body.get(name, default)
    if not _whole(value):
        raise BadBody(f"'{name}' must be a whole number, 0 or more.")
    return int(value)  # type: ignore[arg-type]


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _BIGGEST


def _packages(given: object) -> dict[str, dict[str, tuple[str, int]]]:
    if not isinstance(given, dict):
        raise BadBody("'packages' must be an object: package → rendition → [state, segments].")
    found: dict[str, dict[str, tuple[str, int]]] = {}
    for package, renditions in given.items():
        if not _PACKAGE.match(package) or not isinstance(renditions, dict):
            raise BadBody(
                f"'packages' has {package[:40]!r}, which is not a package's id with its renditions."
            )
        inner = found[package] = {}
        for rendition, said in renditions.items():
            if not _RENDITION.match(rendition) or not isinstance(said, list) or len(said) != 2:
                raise BadBody(f"'packages' has a wrong entry for {package}/{rendition[:40]}.")
            if said[0] not in inventory.STATES or not _whole(said[1]):
                raise BadBody(f"'packages' has a wrong state for {package}/{rendition}.")
            inner[rendition] = (said[0], said[1])
    return found


def _row(entry: object, number: int) -> deliveries.Row:
    if not isinstance(entry, list) or len(entry) != 10:
        raise BadBody(f"Row {number} has not ten fields.")
    at_ms, session, package, rendition, name, status, size, ms, cache, cmcd = entry
    numbers = (at_ms, status, size, ms)
    texts = ((session, 32), (package, 32), (rendition, 32), (name, 32), (cache, 8), (cmcd, 2048))
    if (
        not all(_whole(value) for value in numbers)
        or status > 999
        or ms >= 1 << 31
        or at_ms >= 1 << 43
        or size > _ANSWER_MOST
    ):
        raise BadBody(f"Row {number} has a number that cannot be.")
    if not all(isinstance(text, str) and len(text) <= longest for text, longest in texts):
        raise BadBody(f"Row {number} has a text that is too long, or none.")
    try:
        who = UUID(hex=session) if session else None
    except ValueError:
        raise BadBody(f"Row {number} has no proper session.") from None
    package, rendition, name, cache, cmcd = map(showable, (package, rendition, name, cache, cmcd))
    return deliveries.Row(at_ms, who, package, rendition, name, status, size, ms, cache, cmcd)


def _error(code: str, message: str, status: int) -> JsonResponse:
    return JsonResponse({"error": {"code": code, "message": message}}, status=status)
