"""Which node holds what."""

from collections.abc import Mapping
from typing import Literal
from uuid import UUID

from cdn import inventory


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
