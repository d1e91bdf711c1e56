"""Where viewers are."""

from cdn import silence
from cdn.networks import atlas
from cdn.types import Location


def locate(address: str) -> Location:
    """Where the viewer of this address is: by the operator's map of networks, and on the globe when a database says so.

    From memory where nodes are watched over; else the map is read when it is due.
    """
    if not silence.watching():
        atlas.refresh_if_it_can()
    return atlas.find(address)
