"""The steering address, for whoever hears the request: JSON for our player, a manifest for stock HLS and DASH players.

Asked by every player all the time, so it is made of memory alone and never answers 429 (in hls.js one such answer ends
steering for the rest of a session). See `views` for the Django view and `doorstep` for what answers before Django.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from playback import bodies, keys, pathways, services
from playback.pathways import State
from playback.types import RankedNode, Steered

PATH = "/api/v1/playback/s/{key}/steering"


def address(key: str, state: State) -> str:
    """Where a session is steered. Absolute: a relative one stops steering in Shaka.

    It replaces the address that the player had, so it has the key in it, and what the player knows.
    """
    place = f"{settings.SITE_URL}{PATH.format(key=key)}"
    return f"{place}?state={keys.seal(pathways.pack(state))}" if state.listed else place


def report(key: keys.Key, body: bytes, viewer: str) -> dict[str, Any]:
    """The answer to our player, which sends what it saw of nodes. Raises bodies.BadBody."""
    data = bodies.parse(body)
    answer = services.steer(
        key.session_id,
        current=bodies.pathway(data, "current"),
        samples=bodies.samples(data),
        address=viewer,
        package_id=key.package_id,
    )
    return {
        "nodes": listed(answer.nodes),
        "ttl": round(answer.ttl.total_seconds(), 1),
        "mb": answer.kbps,
        "frozen": answer.frozen,
        "now": _milliseconds(timezone.now()),
    }


def manifest(key: keys.Key, key_text: str, query: Mapping[str, str], viewer: str) -> dict[str, Any]:
    """A steering manifest. Raises bodies.BadBody."""
    # DASH players name all their places, by commas, the one in use first (ETSI TS 103 998, 6).
    dash = "_DASH_pathway" in query
    field = "_DASH_pathway" if dash else "_HLS_pathway"
    named = query.get(field, "").strip('"').split(",")[0].strip('"')
    current = bodies.pathway({field: named or None}, field)
    answer: Steered = services.steer(
        key.session_id,
        current=pathways.plain(current) if current else None,
        address=viewer,
        package_id=key.package_id,
    )
    order, state = pathways.priority(pathways.unpack(keys.unseal(query.get("state", ""))), answer.nodes)
    said: dict[str, Any] = {
        "VERSION": 1,
        "TTL": round(answer.ttl.total_seconds()),
        "RELOAD-URI": address(key_text, state),
        "PATHWAY-PRIORITY": order,
    }
    if state.clones:
        # An MPD has one template for all: what differs between places is the host alone.
        tracks = () if dash else services.tracks(key.package_id)
        keyed = f"{settings.SITE_URL}/api/v1/playback/s/{key_text}/keyed"
        told = pathways.clones(state, tracks, package_id=key.package_id, keyed=keyed)
        names = {one["ID"] for one in told} | set(state.listed)
        said["PATHWAY-PRIORITY"] = [one for one in order if one in names] or [*state.listed]
        said |= {"PATHWAY-CLONES": told} if told else {}
    return said


def listed(nodes: tuple[RankedNode, ...]) -> list[dict[str, Any]]:
    """A ranking as JSON."""
    return [
        {
            "id": one.id,
            "base_url": one.base_url,
            "rank": one.rank,
            "reason": one.reason,
            "healthy_since": _milliseconds(one.healthy_since) if one.healthy_since else None,
        }
        for one in nodes
    ]


def _milliseconds(at: datetime) -> int:
    """Milliseconds since 1970, as browsers count."""
    return round(at.timestamp() * 1000)
