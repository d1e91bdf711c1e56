"""Reading what players send: JSON of any content type, bounded, every number checked. Pure but for the error's name.

`navigator.sendBeacon` sends text/plain unless a preflight is paid for, so the content type says nothing here.
"""

import json
import math
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

from playback.multivariant import Wanted
from playback.types import Report, Sample

#: The longest body that is read, in bytes; a real beacon has about 500.
BODY_MAX = 16 * 1024
#: No position is later than this: 100 hours, in seconds.
POSITION_MAX = 360_000.0
#: A report that waited longer than this tells of another life, in seconds.
AGE_MAX = 7 * 86_400.0
#: Reports taken from one body: what waited while the site was away comes together.
REPORTS_MAX = 16
#: Samples taken from one body; a session knows four pathways.
SAMPLES_MAX = 16

#: What is said of subtitles instead of a track.
_TEXT_MODES = ("off", "forced", "foreign")
_TRACK = re.compile(r"[A-Za-z0-9-]{1,35}(:(sdh|forced|description))?(#[2-9])?")
_NAME = re.compile(r"[A-Za-z0-9_.-]{0,32}")


class BadBody(ValueError):
    """The body cannot be taken; `field` says which part, '' for all of it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


def parse(raw: bytes) -> dict[str, Any]:
    """The JSON object in a body; an empty body is an empty object. Raises BadBody."""
    if len(raw) > BODY_MAX:
        raise BadBody("", f"The body is longer than {BODY_MAX} bytes.")
    if not raw.strip():
        return {}
    try:
        data = json.loads(raw.decode("utf-8"))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise BadBody("", "The body is not JSON.") from error
    if not isinstance(data, dict):
        raise BadBody("", "The body must be a JSON object.")
    return data


def reports(data: dict[str, Any]) -> tuple[Report, ...]:
    """A body with one report, or with several as `reports`, oldest first. Raises BadBody."""
    given = data.get("reports")
    if given is None:
        return (report(data),)
    if not isinstance(given, list) or not 1 <= len(given) <= REPORTS_MAX:
        raise BadBody("reports", f"reports must be a list of 1 to {REPORTS_MAX}.")
    if not all(isinstance(one, dict) for one in given):
        raise BadBody("reports", "Each of reports must be an object.")
    return tuple(report(one) for one in given)


def report(data: dict[str, Any]) -> Report:
    """A beacon's body. Raises BadBody; fields that are not known are ignored."""
    position = _number(data, "position", high=POSITION_MAX)
    if position is None:
        raise BadBody("position", "position is needed, in seconds.")
    return Report(
        position=timedelta(seconds=position),
        duration=_span(data, "duration", high=POSITION_MAX),
        watched=_span(data, "watched", high=POSITION_MAX),
        paused=_flag(data, "paused"),
        buffer=_span(data, "buffer", high=POSITION_MAX),
        rendition=_name(data, "rendition"),
        height=_whole(data, "height", high=16_384),
        stalls=_whole(data, "stalls", high=1_000_000) or 0,
        stall_time=timedelta(milliseconds=_number(data, "stall_ms", high=POSITION_MAX * 1000) or 0.0),
        dropped=_whole(data, "dropped", high=100_000_000) or 0,
        node=_name(data, "node"),
        event=_name(data, "event"),
        samples=samples(data),
        age=_span(data, "age", high=AGE_MAX) or timedelta(0),
        kept=_flag(data, "kept"),
        alone=_flag(data, "alone"),
    )


def samples(data: dict[str, Any]) -> tuple[Sample, ...]:
    """What a player saw of its nodes. Raises BadBody."""
    given = data.get("samples")
    if given is None:
        return ()
    if not isinstance(given, list) or len(given) > SAMPLES_MAX:
        raise BadBody("samples", f"samples must be a list of {SAMPLES_MAX} at most.")
    found = []
    for one in given:
        if not isinstance(one, dict) or not _name(one, "node"):
            raise BadBody("samples", "Each of samples must be an object with a node.")
        found.append(
            Sample(
                node=_name(one, "node"),
                ok=_count(one, "ok"),
                failures=_count(one, "failures"),
                ttfb_ms=_number(one, "ttfb_ms", high=3_600_000),
                bps=_number(one, "bps", high=1e12),
                rtt_ms=_number(one, "rtt_ms", high=3_600_000),
                corrupt=_count(one, "corrupt"),
                hedges=_count(one, "hedges"),
            )
        )
    return tuple(found)


def identity(data: dict[str, Any], field: str) -> UUID | None:
    """A public id, or None when none is given. Raises BadBody."""
    value = data.get(field)
    if value is None:
        return None
    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError) as error:
        raise BadBody(field, f"{field} must be an id like 01234567-89ab-cdef-0123-456789abcdef.") from error


def choice(data: dict[str, Any]) -> dict[str, str]:
    """What a viewer chose of sound and subtitles, as far as it is given. Raises BadBody."""
    found = {}
    for field, words in (("audio", ()), ("text", _TEXT_MODES), ("second", ())):
        value = data.get(field)
        if value is None:
            continue
        known = isinstance(value, str) and (value in ("", *words) or bool(_TRACK.fullmatch(value)))
        if not known or (value in _TEXT_MODES and value not in words):
            raise BadBody(field, f"{field} must be like 'de', 'en:sdh' or 'en:description#2'.")
        found[field] = value
    return found


def look(data: dict[str, Any]) -> dict[str, str]:
    """How a viewer wants subtitles to look, as far as it is given. Raises BadBody."""
    value = data.get("look")
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in (*value, *value.values())):
        raise BadBody("look", "look must be an object of words, such as {'size': 'large'}.")
    return value


def wanted(least: str | None, most: str | None, sound: str | None, avoid: str | None) -> Wanted:
    """What a playlist's address asks for. Raises BadBody."""
    for field, name in (("sound", sound or ""), *(("avoid", one) for one in (avoid or "").split(","))):
        if not _NAME.fullmatch(name):
            raise BadBody(field, f"{field} must be a short name of letters, digits, '-', '_' and '.'.")
    return Wanted(
        least=_height("least", least),
        most=_height("most", most),
        sound=sound or "",
        avoid=frozenset(filter(None, (avoid or "").split(",")[:SAMPLES_MAX])),
    )


def _height(field: str, said: str | None) -> int:
    if said is None:
        return 0
    if not re.fullmatch("[0-9]{1,5}", said):
        raise BadBody(field, f"{field} must be a height in pixels.")
    return int(said)


def pathway(data: dict[str, Any], field: str) -> str | None:
    """A pathway's id, or None when none is given. Raises BadBody."""
    return _name(data, field) or None


def _number(data: dict[str, Any], field: str, *, high: float) -> float | None:
    value = data.get(field)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadBody(field, f"{field} must be a number.")
    # Compared before it is converted: an integer of a thousand digits is no float.
    if (isinstance(value, float) and not math.isfinite(value)) or not 0 <= value <= high:
        raise BadBody(field, f"{field} must be between 0 and {high:.0f}.")
    return float(value)


def _whole(data: dict[str, Any], field: str, *, high: int) -> int | None:
    value = _number(data, field, high=high)
    return None if value is None else round(value)


def _count(data: dict[str, Any], field: str) -> int:
    """How often; true and false count as 1 and 0, since 'ok' reads like a yes or no."""
    value = data.get(field)
    if isinstance(value, bool):
        return int(value)
    return _whole(data, field, high=1_000_000) or 0


def _span(data: dict[str, Any], field: str, *, high: float) -> timedelta | None:
    value = _number(data, field, high=high)
    return None if value is None else timedelta(seconds=value)


def _flag(data: dict[str, Any], field: str) -> bool:
    value = data.get(field, False)
    if value is not None and not isinstance(value, bool):
        raise BadBody(field, f"{field} must be true or false.")
    return bool(value)


def _name(data: dict[str, Any], field: str) -> str:
    value = data.get(field)
    if value is None:
        return ""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise BadBody(field, f"{field} must be a short name of letters, digits, '-', '_' and '.'.")
    return value
