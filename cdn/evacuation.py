"""Taking nodes out of use without hurting viewers: what the others would carry, and how fast to move. Pure.

No clock, no database, no Django: the site, its dry run and a node ask the same rules.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: Survivors are not planned above this share of their capacity.
FULL = 0.85
#: A region that was short of capacity has enough again below this.
ROOMY = 0.70
#: This share of the survivors' free capacity may be filled with moved viewers each second.
PACE = 0.10
#: Whatever the survivors say, a drain is over in this time, in seconds: a node that must go goes.
SLOWEST_SECONDS = 60.0
#: Viewers of a drained node that ignore every hint are refused this long after the last was asked to go, in seconds.
GRACE_SECONDS = 20
#: Bitrates to suggest when capacity is short, in kbit/s, highest first; below the last nobody is helped.
RUNGS_KBPS = (8000, 6000, 4500, 3000, 2000, 1200, 700, 400)


@dataclass(frozen=True, slots=True)
class Load:
    """One node's load. Bits per second; nodes of one `region` take over from each other before others do."""

    id: str
    region: str
    capacity_bps: int
    egress_bps: int
    sessions: int = 0

    @property
    def room_bps(self) -> int:
        """What it can still take without being planned above FULL."""
        return max(0, int(self.capacity_bps * FULL) - self.egress_bps)

    @property
    def utilisation(self) -> float:
        """Share of the capacity in use."""
        return self.egress_bps / self.capacity_bps if self.capacity_bps > 0 else 1.0


@dataclass(frozen=True, slots=True)
class After:
    """A survivor as it would be: `utilisation` 0 … 1 and above."""

    id: str
    before: float
    utilisation: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """What becomes of the fleet. `moved_bps` leaves, `homeless_bps` of it finds no room below FULL and goes on top.

    `seconds` is how long the moving takes at the allowed pace; `kbps` the bitrate to suggest, 0 when there is room.
    """

    survivors: tuple[After, ...]
    moved_bps: int
    moved_sessions: int
    homeless_bps: int
    worst: float
    seconds: float
    kbps: int

    @property
    def feasible(self) -> bool:
        """Whether everybody finds room."""
        return self.homeless_bps == 0 and (bool(self.survivors) or self.moved_bps == 0)


def outlook(leaving: Sequence[Load], staying: Sequence[Load]) -> Outlook:
    """Predict the survivors' load: region by region in proportion to free room, then wherever there is room.

    What finds no room is laid on all survivors in proportion to their capacity, which is what would happen.
    """
    load = {one.id: float(one.egress_bps) for one in staying}
    rest = 0.0
    for region in sorted({one.region for one in leaving}):
        moved = float(sum(one.egress_bps for one in leaving if one.region == region))
        rest += _pour(moved, [one for one in staying if one.region == region], load)
    homeless = _pour(rest, staying, load)
    capacity = sum(one.capacity_bps for one in staying)
    for one in staying:
        load[one.id] += homeless * one.capacity_bps / capacity if capacity else 0.0
    after = tuple(
        After(one.id, one.utilisation, load[one.id] / one.capacity_bps if one.capacity_bps > 0 else 1.0)
        for one in staying
    )
    total = sum(one.egress_bps for one in leaving)
    short = homeless >= 1.0 or (not staying and total > 0)
    sessions = sum(one.sessions for one in (*leaving, *staying))
    return Outlook(
        survivors=after,
        moved_bps=total,
        moved_sessions=sum(one.sessions for one in leaving),
        homeless_bps=round(homeless) if staying else total,
        worst=max((one.utilisation for one in after), default=0.0),
        seconds=seconds_to_move(total, staying),
        kbps=suggested_kbps(capacity_bps=capacity, sessions=sessions) if short else 0,
    )


def _pour(bps: float, into: Sequence[Load], load: dict[str, float]) -> float:
    """Fill the free room of these nodes evenly with so much; → what did not fit."""
    room = {one.id: max(0.0, one.capacity_bps * FULL - load[one.id]) for one in into}
    free = sum(room.values())
    if bps <= 0 or free <= 0:
        return bps
    taken = min(bps, free)
    for one in into:
        load[one.id] += taken * room[one.id] / free
    return bps - taken


def pace_bps(staying: Sequence[Load]) -> float:
    """How many bits per second of viewing may move in each second."""
    return PACE * sum(one.room_bps for one in staying)


def seconds_to_move(bps: float, staying: Sequence[Load]) -> float:
    """How long it takes to move so much at the allowed pace; bounded, for what must go goes."""
    if bps <= 0:
        return 0.0
    pace = pace_bps(staying)
    return min(SLOWEST_SECONDS, bps / pace) if pace > 0 else SLOWEST_SECONDS


def share(elapsed_seconds: float, whole_seconds: float) -> float:
    """The share of a drained node's sessions that should have moved on by now, 0 … 1."""
    if whole_seconds <= 0:
        return 1.0
    return min(1.0, max(0.0, elapsed_seconds / whole_seconds))


def moves(session: bytes, share: float) -> bool:
    """Whether this session (16 random bytes) is among the share that should have moved on.

    Site and nodes (`cdn.edge.admission`) say the same of a session, and who was asked to go stays asked as the share
    grows.
    """
    return int.from_bytes(session[:4], "big") < share * (1 << 32)


def suggested_kbps(*, capacity_bps: int, sessions: int) -> int:
    """The highest rung at which this capacity carries so many sessions below FULL; the lowest when none does."""
    if sessions <= 0:
        return 0
    each = capacity_bps * FULL / sessions / 1000
    return next((rung for rung in RUNGS_KBPS if rung <= each), RUNGS_KBPS[-1])


def shortage(loads: Mapping[str, Sequence[Load]], before: Mapping[str, int]) -> dict[str, int]:
    """By region, the bitrate to suggest where the nodes together are above FULL; regions with room are left out.

    A region that was short stays so until it is well below: lower bitrates are what made the room.
    """
    found: dict[str, int] = {}
    for region, nodes in loads.items():
        capacity = sum(one.capacity_bps for one in nodes)
        limit = ROOMY if region in before else FULL
        if capacity > 0 and sum(one.egress_bps for one in nodes) > limit * capacity:
            rung = suggested_kbps(capacity_bps=capacity, sessions=sum(one.sessions for one in nodes))
            found[region] = min(rung, before.get(region, rung)) or rung
    return found
