"""While it plays and after: beacons, renewing the token, closing, silence."""

import logging
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import services as accounts
from catalog import services as catalog
from cdn import services as cdn
from cdn.types import SignedToken
from playback import concurrency, events, keys, models, multivariant
from playback.hearing import NEWS
from playback.live import LIVE
from playback.services import history, taking
from playback.services.errors import NotFound, SessionOver
from playback.services.steer import rank
from playback.types import (
    ActiveSession,
    Capabilities,
    Considered,
    Decision,
    Ended,
    Heard,
    PlaybackEnded,
    RankedNode,
    Report,
    SessionStopped,
    Standing,
    StreamsChanged,
    Token,
)

log = logging.getLogger("playback")

#: After so much silence a session holds no stream slot any more.
SILENCE = timedelta(seconds=30)
#: A session is over this long after its start, whatever its player says: nobody watches one film that long.
LONGEST = timedelta(hours=24)
#: Silent sessions that one periodic pass ends.
SWEEP_BATCH = 500

#: What somebody did to this session on purpose: its player is told before it asks.
_SAID_AT_ONCE = frozenset({Ended.STOPPED, Ended.OWNER, Ended.SIGNED_OUT})
_ZERO = timedelta(0)


def beat(session_id: UUID, report: Report, *, now: datetime | None = None) -> Heard:
    """Take in a beacon: the bookmark at once, the session's figures, and the beacon itself for later questions.

    A session that was silent goes on when its household still has a stream free. Raises NotFound.
    """
    now = now or timezone.now()
    if report.kept or report.age >= SILENCE:
        return catch_up(session_id, (report,), now=now)
    # Its samples are kept, not counted: players tell steering of them too, at once, and a failure counts once.
    LIVE.report(session_id, samples=(), current=report.node or None, now=now)
    with transaction.atomic():
        row = locked(session_id)
        heard = _still_on(row, now=now)
        if heard.active:
            goes_on = row.paused == report.paused
            taking.take(row, report, now=taking.made(row, report, now))
            row.save()
            taking.move_bookmark(row, now=now, goes_on=goes_on)
    if heard.active:
        heard = replace(heard, newer_package=_offers_more(row))
        taking.keep(session_id, (report,), now=now)
    return heard


def catch_up(session_id: UUID, reports: Sequence[Report], *, now: datetime | None = None) -> Heard:
    """Take in reports that waited, oldest first: the site was away, or the page that made them is gone.

    They tell how far the viewer came. They are no sign of life: they neither hold a stream nor wake a session that
    ended; and they never take a bookmark back that was set since, here or on another device. Taking them twice changes
    nothing. It costs the same however many they are: after an outage everybody brings some. Raises NotFound.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row = locked(session_id)
        told = [at for report in reports if (at := taking.take_late(row, report, now=now)) is not None]
        if told:
            if row.ended in ("", Ended.SILENT):
                row.save()
            if row.ended == Ended.SILENT:
                end(row, Ended.SILENT, now=told[-1])  # there was more of this viewing than we knew
            if not taking.set_since(row, told[-1]):
                taking.move_bookmark(row, now=told[-1])
    taking.keep(session_id, reports, now=now)
    return Heard(active=row.ended_at is None, ended=Ended(row.ended) if row.ended else None)


def close_session(session_id: UUID, report: Report | None = None, *, now: datetime | None = None) -> Heard:
    """The viewer leaves; `report` is the player's last word. Closing twice is no error. Raises NotFound."""
    now = now or timezone.now()
    if report is not None:
        beat(session_id, report, now=now)
    with transaction.atomic():
        row = locked(session_id)
        if row.ended_at is None:
            end(row, Ended.CLOSED, now=now if report is None else taking.made(row, report, now))
    return Heard(active=False, ended=Ended(row.ended), message=_words(Ended(row.ended)))


def stop_session(session_id: UUID, *, why: Ended = Ended.STOPPED, now: datetime | None = None) -> None:
    """An operator ends a playback: nodes refuse its token within seconds, and its player is told. Raises NotFound.

    `why` is OWNER when somebody of its household does, SIGNED_OUT when its device was.
    """
    now = now or timezone.now()
    with transaction.atomic():
        row = locked(session_id)
        if row.ended_at is None:
            end(row, why, now=now)
        elif row.ended == Ended.SILENT:  # else it would wake when its player speaks up again
            _over(row, why, now=now)
        cdn.deny(session_id, now + timedelta(days=1))


def standing(session_id: UUID) -> Standing:
    """Whether a session goes on, as its player is told; asking is no sign of life. Raises NotFound."""
    rows = models.PlaybackSession.objects.filter(id=session_id)
    found = rows.values_list("ended", "ended_at").first()
    if found is None:
        raise NotFound
    ended, at = found
    return _standing(Ended(ended), at) if at and ended in _SAID_AT_ONCE else Standing(active=True)


def renew_token(session_id: UUID, *, now: datetime | None = None) -> tuple[Token, tuple[RankedNode, ...]]:
    """A fresh token and the nodes as they stand now. Raises NotFound, SessionOver (closed, stopped, too old)."""
    now = now or timezone.now()
    row, signed = fresh_token(session_id, now=now)
    return Token(value=signed.text, expires_at=signed.expires_at), rank(
        row.id, why="renewed", now=now, package_id=row.package_id
    )


def fresh_token(
    session_id: UUID, *, now: datetime, lifetime: timedelta | None = None
) -> tuple[models.PlaybackSession, SignedToken]:
    """Sign anew for a session that still goes on, for `lifetime` or TOKEN_SECONDS. Asking is a sign of life.

    Raises NotFound, SessionOver.

    Asks again whether the profile may watch this: its age or the title's may have been set otherwise since, or the
    user been blocked.
    """
    with transaction.atomic():
        row = locked(session_id)
        heard = _still_on(row, now=now)
        if heard.active and not may_watch(row):
            end(row, Ended.FORGOTTEN, now=now)
            cdn.deny(session_id, now + timedelta(days=1))
            heard = Heard(active=False, ended=Ended.FORGOTTEN, message=_words(Ended.FORGOTTEN))
        if heard.active:
            row.last_seen_at = max(now, row.last_seen_at)
            lifetime = min(lifetime, LONGEST) if lifetime else None
            if lifetime:
                row.open_until = max(now + lifetime, row.open_until or now)
            row.save(update_fields=["last_seen_at", "ended_at", "ended", "open_until"])
    if not heard.active:
        raise SessionOver(heard.ended or Ended.CLOSED, heard.message)
    signed = cdn.sign(
        session_id=row.id,
        account_id=row.user_id,
        package_id=row.package_id,
        renditions=row.renditions,
        now=now,
        lifetime=lifetime,
    )
    return row, signed


def active_sessions(
    user_id: UUID | None = None,
    *,
    maturity: int | None = None,
    without: Collection[UUID] = (),
    now: datetime | None = None,
) -> list[ActiveSession]:
    """What plays now, latest first: of one user, or of everyone. Read from the rows: needs no periodic pass.

    With `maturity` (an age) and `without` (blocked titles), what such a profile may not see has no name.
    """
    rows = models.PlaybackSession.objects.live(heard_since=(now or timezone.now()) - SILENCE)
    if user_id is not None:
        rows = rows.filter(user_id=user_id)
    return [active(row, maturity=maturity, without=without) for row in rows.order_by("-started_at")[:1000]]


def decisions(session_id: UUID) -> list[Decision]:
    """Why a session was sent where it was sent: its last rankings, oldest first. Raises NotFound."""
    kept = models.PlaybackSession.objects.filter(id=session_id).values_list("decisions", flat=True).first()
    if kept is None:
        raise NotFound
    return [
        Decision(
            at=datetime.fromisoformat(one["at"]),
            why=one["why"],
            order=tuple(Considered(node, reason) for node, reason in one["order"]),
            passed=tuple(Considered(node, reason) for node, reason in one["passed"]),
        )
        for one in kept
    ]


def close_silent(*, now: datetime | None = None) -> int:
    """End the sessions that fell silent; returns how many. Periodic: it makes history, slots are free without it."""
    now = now or timezone.now()
    ids = models.PlaybackSession.objects.open().filter(last_seen_at__lt=now - SILENCE)
    ended = 0
    for session_id in list(ids.order_by("last_seen_at").values_list("id", flat=True)[:SWEEP_BATCH]):
        with transaction.atomic():
            row = locked(session_id)
            if row.ended_at is None and row.last_seen_at < now - SILENCE:  # not heard from in the meantime
                end(row, Ended.SILENT, now=now)
                ended += 1
    return ended


# Used by the other modules of this package. --------------------------------------------------------------


def hand_over(row: models.PlaybackSession, to: models.PlaybackSession, *, now: datetime) -> None:
    """End a session that another one goes on from: one watching is one viewing, told when the last one ends.

    `to` is not saved here. Its own time watched begins at nothing, since a bookmark moves by that.
    """
    if row.beats or row.viewing_id:
        to.viewing_id = row.viewing_id or row.id
        to.viewing_since = row.viewing_since or row.started_at
        to.watched_before = row.watched_before + row.watched
        to.position, to.replayed, to.alone = row.position, row.replayed, row.alone
    _over(row, Ended.REPLACED, now=now)


def end(row: models.PlaybackSession, why: Ended, *, now: datetime) -> None:
    """End a session, keep what came of it as a viewing, and tell whoever listens. Within a transaction."""
    _over(row, why, now=now)
    if row.trailer or (not row.beats and row.viewing_id is None):
        return  # the picture never came up, or it was a trailer's
    come = taking.so_far(row)
    viewing, _made = models.Viewing.objects.update_or_create(
        id=come.id,
        defaults={
            "user_id": row.user_id,
            "profile_id": come.profile_id,
            "video_id": come.video_id,
            "title_id": come.title_id,
            "title_name": row.title_name,
            "watched": come.watched,
            "fraction": come.fraction,
            "alone": come.alone,
            "started_at": come.started_at,
            "ended_at": come.ended_at,
        },
    )
    news = PlaybackEnded(history.value(viewing), row.duration, row.finish_at)
    transaction.on_commit(partial(events.playback_ended.send_robust, sender=PlaybackEnded, event=news))


def tell_streams(user_id: UUID) -> None:
    """Tell whoever listens, after the transaction, that a household began to watch something, or ended."""
    news = StreamsChanged(user_id)
    transaction.on_commit(partial(events.streams_changed.send_robust, sender=StreamsChanged, event=news))


def make_room(row: models.PlaybackSession, *, holding: int, limit: int, now: datetime) -> None:
    """`row` takes a stream beside `holding` others: what stock players were given beyond the plan ends now.

    They hold no slot once they are silent, and their tokens last as long as the film: opened one after the other, half
    a minute apart, they would play as many films as anybody likes. The latest stay. Household held, in a transaction.
    """
    others = models.PlaybackSession.objects.filter(user_id=row.user_id).lasting(now).exclude(id=row.id)
    silent = others.exclude(ended_at=None, last_seen_at__gt=now - SILENCE).order_by("-last_seen_at")
    for one in silent[max(0, limit - holding - 1) :]:
        if one.ended_at is None:
            end(one, Ended.SILENT, now=now)
        _over(one, Ended.CLOSED, now=now)


def active(
    row: models.PlaybackSession, *, maturity: int | None = None, without: Collection[UUID] = ()
) -> ActiveSession:
    """A session for people to see; the name of what a profile of this `maturity` may not see is left out."""
    hidden = (maturity is not None and row.maturity > maturity) or row.title_id in without
    return ActiveSession(
        id=row.id,
        user_id=row.user_id,
        profile_id=row.profile_id,
        profile_name=row.profile_name,
        video_id=row.video_id,
        title_id=row.title_id,
        title_name="" if hidden else row.title_name,
        device_name=row.device_name,
        device_id=row.device_id,
        node=row.node,
        started_at=row.started_at,
        last_seen_at=row.last_seen_at,
        position=row.position,
        duration=row.duration,
        paused=row.paused,
    )


def stream(row: models.PlaybackSession) -> concurrency.Stream:
    """A session as it is counted."""
    return concurrency.Stream(
        id=row.id,
        profile_id=row.profile_id,
        video_id=row.video_id,
        device=row.device,
        last_seen_at=row.last_seen_at,
    )


def key_of(row: models.PlaybackSession) -> str:
    """The session's capability key."""
    return keys.make(session_id=row.id, package_id=row.package_id, user_id=row.user_id)


# Within -------------------------------------------------------------------------------------------------


def _over(row: models.PlaybackSession, why: Ended, *, now: datetime) -> None:
    """Note that a session is over, and why. One that cannot wake any more takes a token that lasts with it."""
    row.ended = why
    row.ended_at = row.last_seen_at if why is Ended.SILENT else now
    row.decisions = taking.with_pending(row)
    row.save(update_fields=["ended", "ended_at", "decisions"])
    if why is not Ended.SILENT:
        if row.open_until is not None and row.open_until > now:
            cdn.deny(row.id, row.open_until)
        transaction.on_commit(partial(LIVE.forget, row.id))
    if why in _SAID_AT_ONCE:
        transaction.on_commit(partial(NEWS.tell, row.id, _standing(why, now)))
        stopped = SessionStopped(row.id, row.user_id)
        transaction.on_commit(
            partial(events.session_stopped.send_robust, sender=SessionStopped, event=stopped)
        )
    tell_streams(row.user_id)


def locked(session_id: UUID) -> models.PlaybackSession:
    """The session's row, held: its household first, in the order in which opening takes them."""
    sessions = models.PlaybackSession.objects.filter(id=session_id)
    if connection.features.has_select_for_update:  # SQLite has one writer at a time anyway
        households = models.Household.objects.select_for_update()
        list(households.filter(user_id__in=sessions.values("user_id")))
    row = sessions.select_for_update().first()
    if row is None:
        raise NotFound
    return row


def _still_on(row: models.PlaybackSession, *, now: datetime) -> Heard:
    """Whether a session that speaks up goes on. One that was silent must find a stream free again."""
    too_old = now - row.started_at > LONGEST
    if too_old and row.ended_at is None:
        end(row, Ended.CLOSED, now=now)
    if row.ended_at is not None and (too_old or row.ended != Ended.SILENT):
        return Heard(active=False, ended=Ended(row.ended), message=_words(Ended(row.ended)))
    if row.ended_at is None and now - row.last_seen_at < SILENCE:
        return Heard(active=True)
    heard_since = now - SILENCE
    others = models.PlaybackSession.objects.filter(user_id=row.user_id).live(heard_since=heard_since)
    holding, limit = others.exclude(id=row.id).count(), accounts.plan(row.user_id).streams
    if holding >= limit and not row.trailer:
        if row.ended_at is None:
            end(row, Ended.SILENT, now=now)
        return Heard(active=False, ended=Ended.SILENT, message=_words(Ended.SILENT))
    row.ended_at, row.ended = None, ""
    if row.trailer:
        return Heard(active=True)
    make_room(row, holding=holding, limit=limit, now=now)
    return Heard(active=True)


def may_watch(row: models.PlaybackSession) -> bool:
    """Whether the session's profile may still see what it plays. A title that was hidden meanwhile plays to its end."""
    if cdn.taken_down(row.package_id):
        return False
    profile, video = accounts.watching(row.profile_id), catalog.video(row.video_id)
    if profile is None or video is None:
        return False
    return video.maturity <= profile.maturity and video.title_id not in profile.blocked


def _offers_more(row: models.PlaybackSession) -> bool:
    """Whether the video's package of now has something else for this player than the one that it plays.

    Told by the renditions' own bytes: a package that differs in nothing that this player may use (a second ladder in a
    codec that it does not decode) is no reason to move.
    """
    current = catalog.current_package_id(row.video_id)
    if current is None or current == row.package_id:
        return False
    newer, mine = catalog.package(current), catalog.package(row.package_id)
    if newer is None or mine is None:
        return False
    can = Capabilities(av1=row.av1, surround=row.surround)
    max_height = accounts.plan(row.user_id).max_height
    offered = multivariant.allowed(newer.renditions, max_height=max_height, can=can)
    used = [one for one in mine.renditions if row.renditions >> one.index & 1]
    return {one.sha256 for one in offered} != {one.sha256 for one in used}


def _words(why: Ended) -> str:
    return {
        Ended.CLOSED: _("This playback was closed."),
        Ended.REPLACED: _("This title was opened again on this device, and plays on there."),
        Ended.STOPPED: _("This playback was stopped by the operator of the site."),
        Ended.SILENT: _(
            "Nothing was heard from this player for a while, and others are using the streams now."
        ),
        Ended.FORGOTTEN: _("This title is no longer available."),
        Ended.OWNER: _("Stopped by the account's owner."),
        Ended.SIGNED_OUT: _("This device was signed out."),
    }[why]


def _standing(why: Ended, at: datetime) -> Standing:
    timed = {
        Ended.OWNER: _("Stopped by the account's owner at {time}."),
        Ended.SIGNED_OUT: _("This device was signed out at {time}."),
    }
    return Standing(active=False, ended=why, message=_words(why), message_at=timed.get(why, ""), at=at)
