"""How a command beside the site learns what only the web process knows: the loads of the moment, from its memory.

Both have the site's secret key; a short-lived signature by it is the way in.
"""

import json
import urllib.request
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any
from urllib.error import URLError
from uuid import UUID

from django.conf import settings
from django.core import signing

from cdn.live import Beat, fleet

PATH = "/api/v1/cdn/loads"
HEADER = "X-Site-Key"
_SALT, _SECONDS = "cdn.loads", 30
_TIMEOUT = 5.0
_TIMES = ("heard_at", "lease_until")


def told() -> dict[str, Any]:
    """What this process last heard of each node, as JSON."""
    found = {}
    for node_id, beat in list(fleet.beats.items()):
        values = asdict(beat) | {name: getattr(beat, name).isoformat() for name in _TIMES}
        values.pop("faults")
        found[str(node_id)] = values
    return {"beats": found}


def allowed(key: str) -> bool:
    """Whether this key was made a moment ago by who knows the site's secret."""
    try:
        return bool(signing.TimestampSigner(salt=_SALT).unsign(key, max_age=_SECONDS) == PATH)
    except signing.BadSignature:
        return False


def learn(site: str = "") -> str:
    """Take over what the running site knows; → '' or, in words, why that failed."""
    url = (site or str(settings.SITE_URL)).rstrip("/") + PATH
    key = signing.TimestampSigner(salt=_SALT).sign(PATH)
    request = urllib.request.Request(url, headers={HEADER: key})  # noqa: S310 (the operator names it)
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
            beats = json.load(answer)["beats"]
        known = {spec.name for spec in fields(Beat)}
        fleet.borrowed = True
        for node_id, values in beats.items():
            values |= {name: datetime.fromisoformat(values[name]) for name in _TIMES}
            fleet.beats[UUID(node_id)] = Beat(
                **{name: value for name, value in values.items() if name in known}
            )
    except (URLError, OSError) as error:
        why = getattr(error, "reason", error)
        return f"The site does not answer at {url} ({why}): is it running? If it is elsewhere, name it with --url."
    except (ValueError, KeyError, TypeError) as error:
        return f"{url} does not answer as the site does ({error!r}). Name the right address with --url."
    return ""
