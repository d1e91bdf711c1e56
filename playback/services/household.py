"""Who is watching what in a household, and stopping one of them."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from accounts import services as accounts
from playback import models
from playback.hearing import NEWS
from playback.services import going
from playback.services.errors import NotFound
from playback.types import ActiveSession, Ended


def streams(
    user_id: UUID,
    *,
    maturity: int | None = None,
    without: Collection[UUID] = (),
    now: datetime | None = None,
) -> list[ActiveSession]:
    """What a household plays now, latest first, with its devices called as they are called today.

    With `maturity` (an age) and `without` (blocked titles), what such a profile may not see has no name.
    """
    return named(going.active_sessions(user_id, maturity=maturity, without=without, now=now))


def named(sessions: Sequence[ActiveSession]) -> list[ActiveSession]:
    """The same with the names that people gave to their devices."""
    names = accounts.device_names({one.device_id for one in sessions if one.device_id})
    return [replace(one, device_name=names.get(one.device_id, one.device_name)) for one in sessions]  # type: ignore[arg-type]


def stop_stream(*, user_id: UUID, session_id: UUID, now: datetime | None = None) -> None:
    """Somebody of the household stops a stream: its slot is free at once, its player is told at once.

    One that is over already is no error. Raises NotFound, also for another household's.
    """
    row = models.PlaybackSession.objects.filter(id=session_id, user_id=user_id).first()
    if row is None:
        raise NotFound
    goes_on = row.ended_at is None
    going.stop_session(session_id, why=Ended.OWNER, now=now)
    if goes_on:
        accounts.audit(
            user_id,
            "stream.stopped",
            f"stream:{session_id}",
            detail={"profile": row.profile_name, "device": row.device_name},
        )


def listening() -> int:
    """How many players' questions this process holds (playback/hearing.py)."""
    return NEWS.listening


def tell_stopped(session_id: UUID) -> None:
    """A session was stopped, maybe by another process: its player is told if its question is held by this one."""
    if NEWS.waits_for(session_id):
        with suppress(NotFound):
            NEWS.tell(session_id, going.standing(session_id))


def heed_network(*, user_id: UUID, session_id: UUID, address: str, now: datetime | None = None) -> None:
    """A film was begun from this address: accounts warns the operator when too many networks play at once."""
    if accounts.saw_stream(user_id=user_id, session_id=session_id, address=address):
        playing = [one.id for one in going.active_sessions(user_id, now=now)]
        accounts.judge_streams(user_id=user_id, playing=playing)


def stop_device(device_id: UUID, *, now: datetime | None = None) -> int:
    """A device was signed out: end what plays there, and return how many those were. Safe to run again."""
    rows = models.PlaybackSession.objects.open().filter(device_id=device_id)
    models.Prepared.objects.filter(device_id=device_id).delete()
    stopped = 0
    for session_id in list(rows.values_list("id", flat=True)):
        with suppress(NotFound):
            going.stop_session(session_id, why=Ended.SIGNED_OUT, now=now)
            stopped += 1
    return stopped
