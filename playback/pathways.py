"""Pathways as stock players know them: those that stand in their playlist, and clones for nodes that came later. Pure.

A player reads its playlist once. What stood in it rides in the address of its steering manifest, so that any process
answers alike, also after a restart. A node that did not stand there (or has another address now) is told of as a clone:
its id is made of the node's and of its address, for players take an id that they know for the same place for ever.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from catalog.types import Rendition, RenditionKind
from playback.multivariant import Pathway, Places, sound_groups
from playback.types import RankedNode

#: Clones that a player was told of go on being told of, the newest of so many: else it may forget where it is.
CLONES_MOST = 6
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class State:
    """What a player knows: its playlist's pathways, with a mark of each address, and clones, with their addresses.

    `token` is the one in its playlist. `keyed` tells that its media playlists come from the site, because they name a
    key. `agreed` is the scheme and port that all listed nodes share, '' when they do not.
    """

    listed: dict[str, str] = field(default_factory=dict)
    clones: tuple[tuple[str, str], ...] = ()
    token: str = ""
    keyed: bool = False
    agreed: str = ""


def mark(base_url: str) -> str:
    """Six hex digits that tell one address from another."""
    return hashlib.sha256(base_url.encode()).hexdigest()[:6]


def plain(pathway: str) -> str:
    """The node's own id in the id that a player says: of a clone, or of a lone pathway's second name."""
    return pathway.partition(".")[0].removesuffix("-again")


def listing(pathways: Iterable[Pathway], *, token: str, keyed: bool = False) -> State:
    """The state of a player whose playlist has these."""
    pathways = list(pathways)
    ways = {_way(one.base_url) for one in pathways if one.id != _SHIELD}
    agreed = next(iter(ways)) if len(ways) == 1 else ""
    return State({one.id: mark(one.base_url) for one in pathways}, (), token, keyed, agreed)


_SHIELD = "shield"


def pack(state: State) -> str:
    """The state as text, for an address; see `unpack`."""
    said = {
        "p": state.listed,
        "c": [list(one) for one in state.clones],
        "t": state.token,
        "k": int(state.keyed),
        "a": state.agreed,
    }
    return json.dumps(said, separators=(",", ":"))


def unpack(text: str) -> State:
    """The state in a text that `pack` wrote; an empty one for an empty text, or one of an older kind."""
    try:
        said = json.loads(text)
        clones = tuple((str(one), str(place)) for one, place in said["c"])
        listed = {str(one): str(place) for one, place in said["p"].items()}
        return State(listed, clones, str(said["t"]), bool(said["k"]), str(said["a"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return State()


def priority(state: State, nodes: Sequence[RankedNode]) -> tuple[list[str], State]:
    """The order as this player can follow it, and what it knows once it has heard of it."""
    clones = dict(state.clones)
    order = []
    for node in nodes:
        now = mark(node.base_url)
        if state.listed.get(node.id) == now or not state.listed:
            order.append(node.id)
            continue
        name = f"{node.id}.{now}"
        clones[name] = node.base_url
        order.append(name)
    fresh = [one for one in clones.items() if one[0] in order]
    older = [one for one in clones.items() if one[0] not in order]
    kept = tuple([*older, *fresh][-CLONES_MOST:])
    return order, State(state.listed, kept, state.token, state.keyed, state.agreed)


def clones(
    state: State, renditions: Sequence[Rendition], *, package_id: str, keyed: str
) -> list[dict[str, Any]]:
    """PATHWAY-CLONES for what the state holds. `keyed` is where the session's keyed playlists are, without a slash.

    HOST is for players that know nothing else (Shaka); it cannot change a scheme or a port, so it is given only where
    these agree. Addresses of each playlist come with it, and go before it, in players that know them. A clone that
    could be told of in neither way is left out.
    """
    base = next((one for one in state.listed if one != _SHIELD), next(iter(state.listed), ""))
    found = []
    for name, base_url in state.clones:
        place = Pathway(plain(name), base_url)
        instead: dict[str, Any] = {}
        if base != _SHIELD and state.agreed == _way(base_url) and not state.keyed:
            instead["HOST"] = urlsplit(base_url).hostname or ""
        if renditions and state.token:
            places = Places(package_id, state.token, keyed if state.keyed else "")
            instead |= _addresses(renditions, places, place)
        if instead:
            found.append({"BASE-ID": base, "ID": name, "URI-REPLACEMENT": instead})
    return found


def _addresses(renditions: Sequence[Rendition], places: Places, place: Pathway) -> dict[str, dict[str, str]]:
    pictures = [one for one in renditions if one.kind is RenditionKind.VIDEO]
    others = [one for one in renditions if one.kind in (RenditionKind.AUDIO, RenditionKind.TEXT)]
    endings = ["" if group == "aud" else f"-{group}" for group in sound_groups(renditions) or ("aud",)]
    return {
        "PER-VARIANT-URIS": {
            f"{one.name}{ending}": places.playlist(place, one) for one in pictures for ending in endings
        },
        "PER-RENDITION-URIS": {one.name: places.playlist(place, one) for one in others},
    }


def _way(base_url: str) -> str:
    parts = urlsplit(base_url)
    return f"{parts.scheme}:{parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)}"
