"""What is where: packages by nodes, from what nodes report of themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import UUID
from zlib import crc32

from django.db.models import Max, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from catalog import services as catalog
from cdn import models, states, takedowns
from cdn.board import words
from cdn.inventory import holdings
from cdn.live import Row, fleet
from cdn.types import NodeState

#: Titles on one page, and nodes beside each other.
ROWS, COLUMNS = 40, 24
#: Titles beside a node's figures.
HELD_ROWS = 20
HELD_NAMES = {
    "full": gettext_lazy("whole"),
    "partial": gettext_lazy("in part"),
    "head": gettext_lazy("its beginning"),
    "none": gettext_lazy("nothing"),
}
ORDERS = {
    "demand": gettext_lazy("Most watched"),
    "copies": gettext_lazy("Fewest copies"),
    "size": gettext_lazy("Largest"),
    "newest": gettext_lazy("Newest"),
}


@dataclass(frozen=True, slots=True)
class Packaged:
    """A package as the map lists it. Bytes; `demand` is its most asked rendition's, by short memory."""

    package: str
    video_id: UUID | None
    bytes: int
    demand: float
    newest: int


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person wants to see of the map: words in the title, an order, a site, a page of titles and of nodes."""

    search: str = ""
    order: str = "demand"
    site: str = ""
    number: int = 1
    column: int = 1


def page(choice: Choice) -> dict[str, Any]:
    """One page of the map: titles down, nodes across."""
    columns = _columns(choice.site)
    across = columns[(choice.column - 1) * COLUMNS : choice.column * COLUMNS]
    found = _packages()
    names: dict[UUID, dict[str, str]] = {}
    if choice.search:
        names = _names(one.video_id for one in found)
        wanted = choice.search.lower().split()
        found = [one for one in found if _matches(one, names, wanted)]
    serving = {
        row.id for row in columns if row.state in states.SERVING and row.state is not NodeState.SUSPECT
    }
    found = _ordered(found, choice.order, serving)
    shown = found[(choice.number - 1) * ROWS : choice.number * ROWS]
    names = names or _names(one.video_id for one in shown)
    firsts = {rows[0].id for rows in _by_site(across)}
    return {
        "nodes": [_column(row, first=row.id in firsts) for row in across],
        "groups": _groups(across),
        "titles": [_title(one, names, across, serving, firsts) for one in shown],
        "found": len(found),
        "number": choice.number,
        "pages": max(1, -(-len(found) // ROWS)),
        "column": choice.column,
        "column_pages": max(1, -(-len(columns) // COLUMNS)),
        "all_nodes": len(columns),
        "sites": sorted({row.site for row in fleet.rows() if row.state is not NodeState.RETIRED}),
        "unheard": [row.name for row in across if row.state in states.SERVING and not holdings.epoch(row.id)],
        "version": version(),
    }


def version() -> str:
    """Changes when any node has reported a change of what it holds, or is in another state."""
    epochs = [one.epoch for one in list(holdings.nodes.values())]
    standing = ",".join(f"{row.slot} {row.state.value}" for row in fleet.rows())
    return f"{len(epochs)}-{sum(epochs)}-{crc32(standing.encode()):x}"


def held_by(node_id: UUID, *, search: str = "", page: int = 1) -> dict[str, Any]:
    """What one node holds, title by title, with its renditions."""
    found = _packages()
    names = _names(one.video_id for one in found)
    wanted = search.lower().split()
    lines = []
    for one in found:
        held = holdings.holders(one.package).get(node_id, "none")
        if held != "none" and _matches(one, names, wanted):
            lines.append((one, held))
    rank = {"full": 0, "partial": 1, "head": 2}
    lines.sort(key=lambda line: (rank[line[1]], -line[0].demand, line[0].package))
    shown = lines[(page - 1) * HELD_ROWS : page * HELD_ROWS]
    return {
        "titles": [
            {
                **_named(one, names),
                "held": held,
                "held_name": str(HELD_NAMES[held]),
                "renditions": renditions(node_id, one.package),
            }
            for one, held in shown
        ],
        "counts": {name: sum(held == name for _one, held in lines) for name in rank},
        "found": len(lines),
        "number": page,
        "pages": max(1, -(-len(lines) // HELD_ROWS)),
        "search": search,
        "known": bool(holdings.epoch(node_id)),
    }


def renditions(node_id: UUID, package: str) -> list[dict[str, str]]:
    """What a node holds of a package, rendition by rendition, pictures first, largest first."""
    rows = models.Bundle.objects.filter(package=package).order_by("-kind", "-bandwidth")
    found = []
    for row in rows:
        state = holdings.state(node_id, row.id)
        found.append(
            {
                "name": row.rendition,
                "kind": row.kind,
                "held": state,
                "held_name": str(HELD_NAMES[state]),
                "size": words.size(row.bytes),
                "says": f"{row.rendition}: {HELD_NAMES[state]}, {words.size(row.bytes)}",
            }
        )
    return found


def named(package: str) -> dict[str, str]:
    """A package's title and size in words."""
    rows = models.Bundle.objects.filter(package=package).values_list("video_id", "bytes")
    video = next((video for video, _bytes in rows), None)
    one = Packaged(package, video, sum(size for _video, size in rows), 0.0, 0)
    return _named(one, _names([video]))


def holders(package: str) -> list[dict[str, str]]:
    """The nodes that hold something of a package."""
    held = holdings.holders(package)
    rows = sorted((row for row in fleet.rows() if row.id in held), key=lambda row: row.slot)
    return [
        {"id": str(row.id), "name": row.name, "held": held[row.id], "says": str(HELD_NAMES[held[row.id]])}
        for row in rows
    ]


def _packages() -> list[Packaged]:
    rows = (
        models.Bundle.objects.filter(gone_at=None)
        .order_by()
        .values_list("package", "video_id")
        .annotate(Sum("bytes"), Max("demand__short"), Max("id"))
    )
    return [
        Packaged(package, video, size or 0, demand or 0.0, newest)
        for package, video, size, demand, newest in rows
    ]


def _ordered(found: list[Packaged], order: str, serving: set[UUID]) -> list[Packaged]:
    if order == "copies":
        copies = {one.package: _copies(holdings.holders(one.package), serving) for one in found}
        return sorted(found, key=lambda one: (copies[one.package], -one.demand, one.package))
    if order == "size":
        return sorted(found, key=lambda one: -one.bytes)
    if order == "newest":
        return sorted(found, key=lambda one: -one.newest)
    return sorted(found, key=lambda one: (-one.demand, -one.newest))


def _copies(held: Mapping[UUID, str], serving: set[UUID]) -> int:
    """How many of the nodes that serve hold all of it: what a suspect one holds is no help now."""
    return sum(state == "full" for node, state in held.items() if node in serving)


def _names(ids: Any) -> dict[UUID, dict[str, str]]:
    """Videos' names: the film's, or the series' with the episode's."""
    found = {}
    for one in catalog.videos({one for one in ids if one}).values():
        name, _dot, part = one.name.partition(" · ") if one.episode_id else (one.name, "", "")
        found[one.id] = {"name": name, "part": part, "title": str(one.title_id)}
    return found


def _matches(one: Packaged, names: dict[UUID, dict[str, str]], wanted: list[str]) -> bool:
    said = names.get(one.video_id, {}) if one.video_id else {}
    text = f"{said.get('name', '')} {said.get('part', '')} {one.package}".lower()
    return all(word in text for word in wanted)


def _named(one: Packaged, names: dict[UUID, dict[str, str]]) -> dict[str, str]:
    unknown = {"name": _("(no title any more)"), "part": "", "title": ""}
    said = names.get(one.video_id, unknown) if one.video_id else unknown
    return {**said, "package": one.package, "size": words.size(one.bytes)}


def _columns(site: str) -> list[Row]:
    rows = [row for row in fleet.rows() if row.state is not NodeState.RETIRED and site in ("", row.site)]
    return sorted(rows, key=lambda row: (row.region, row.site, row.slot))


def _by_site(rows: list[Row]) -> list[list[Row]]:
    return [list(members) for _key, members in groupby(rows, key=lambda row: (row.region, row.site))]


def _groups(rows: list[Row]) -> list[dict[str, Any]]:
    """The sites across, with how many columns each has."""
    return [{"site": of[0].site, "region": of[0].region, "span": len(of)} for of in _by_site(rows)]


def _column(row: Row, *, first: bool) -> dict[str, Any]:
    return {
        "first": first,
        "id": str(row.id),
        "name": row.name,
        "site": row.site,
        "region": row.region,
        "tone": words.STATES[row.state].tone,
        "state": str(words.STATES[row.state].name),
    }


def _title(
    one: Packaged,
    names: dict[UUID, dict[str, str]],
    across: list[Row],
    serving: set[UUID],
    firsts: set[UUID],
) -> dict[str, Any]:
    held = holdings.holders(one.package)
    copies = _copies(held, serving)
    cells = []
    for row in across:
        state = held.get(row.id, "none")
        cells.append(
            {
                "node": str(row.id),
                "name": row.name,
                "held": state,
                "says": str(HELD_NAMES[state]),
                "first": row.id in firsts,
            }
        )
    return {
        **_named(one, names),
        "demand": f"{one.demand:.1f}" if one.demand >= 0.05 else "",
        "copies": copies,
        "copies_says": ngettext("%(n)d whole copy", "%(n)d whole copies", copies) % {"n": copies},
        "down": takedowns.log.forbids(one.package),
        "cells": cells,
    }
