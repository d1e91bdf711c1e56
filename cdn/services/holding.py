"""Which node holds what."""

from uuid import UUID


def holds(package_id: str) -> set[UUID]:
    """The nodes known to hold this package whole: none yet, since nodes do not report what they hold.

    Nodes pull what they lack, so not being here excludes nobody.
    """
    return set()
