"""Which node holds what."""

from collections.abc import Iterable, Mapping
from typing import Literal
from uuid import UUID

from cdn import explaining, inventory
from cdn.types import FillProgress, Reason


def holds(package_id: str) -> set[UUID]:
    """The nodes that say they hold all of this package's picture and sound.

    Nodes pull what they lack, so not being here excludes nobody.
    """
    return {node_id for node_id, held in inventory.holdings.holders(package_id).items() if held == "full"}


def holders(package_id: str) -> Mapping[UUID, Literal["full", "partial", "head"]]:
    """The nodes that say they hold of this package all picture and sound, some of it, or only its first seconds.

    From memory: cheap enough to ask for every ranking. A site that has just started knows nothing for a moment.
    """
    return inventory.holdings.holders(package_id)


def explain(node_id: UUID, package_id: str) -> list[Reason]:
    """Why each rendition of a package is, or is not, on a node; empty when either is not known."""
    return explaining.explain(node_id, package_id)


def fill_progress(node_id: UUID) -> FillProgress | None:
    """How far a node is with its plan; None while none was made for it."""
    return explaining.progress.of(node_id)


def inventory_map(package_ids: Iterable[str]) -> dict[str, dict[UUID, str]]:
    """Which node holds what of many packages, as in `holders`: by package, then by node."""
    return {package: dict(inventory.holdings.holders(package)) for package in package_ids}
