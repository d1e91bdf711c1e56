"""How far nodes are with their plans."""

from uuid import UUID

from cdn.board.rows import Filling


def filling(node_id: UUID) -> Filling | None:
    """What a node has of what its plan wants; None when nothing is known yet."""
    return None
