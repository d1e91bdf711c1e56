"""Why a node holds a package, or does not: the plan's own words."""

from typing import Any
from uuid import UUID

from cdn import plans


def of(node_id: UUID, package: str) -> list[dict[str, Any]]:
    """What the node's plan says of each of the package's renditions; empty when it wants none of them."""
    plan = plans.newest(node_id)
    if plan is None:
        return []
    return [
        {"rendition": one.rendition, "part": one.part, "kind": one.kind, "why": one.why}
        for one in plan.orders
        if one.package == package
    ]
