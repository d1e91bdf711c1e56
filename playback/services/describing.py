"""What players read of a session that goes on: playlists, the MPD, and the key of an encrypted package."""

import base64
import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import accumulate
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from catalog import services as catalog
from catalog.types import Package, Rendition, RenditionKind
from playback import keyed, keys, models, mpd, multivariant, pathways
from playback.known import KNOWN
from playback.multivariant import Pathway, Places
from playback.services import going, steer
from playback.services.errors import NotFound
from playback.types import Head, RankedNode

#: So many bytes of each segment's SHA-256 are told: nobody finds other bytes with the same beginning.
DIGEST_BYTES = 16
#: Of so many segments, from where a viewer begins, the digests come with the session itself.
HEAD_SEGMENTS = 3
#: Stock players cannot renew a token: theirs lasts as long as the film and so much more. It is revoked like any other.
STOCK_TOKEN_BEYOND = timedelta(hours=4)


def url(name: str, key: str, **more: str) -> str:
    """The absolute address of one of a session's capability URLs."""
    return f"{settings.SITE_URL}{reverse(name, kwargs={'key': key, **more})}"


def playlist(
    session_id: UUID,
    *,
    by_loader: bool = False,
    wanted: multivariant.Wanted = multivariant.Wanted(),  # noqa: B008  (it is frozen)
    now: datetime | None = None,
) -> str:
    """The multivariant playlist of a session, with a fresh token. Raises NotFound, SessionOver.

    `wanted` is for players that can choose by the playlist alone.

    An encrypted package's media playlists are given by the site, with the key's address in them, unless they are read
    `by_loader`: our own player asks nodes for all playlists and knows where the key is.
    """
    now = now or timezone.now()
    row, package, renditions, places = _described(session_id, now=now, by_loader=by_loader)
    if package.encrypted and not by_loader:
        one = url("playback-keyed", going.key_of(row), pathway="-", rendition="-")
        places = replace(places, keyed=one.removesuffix("/-/-.m3u8"))
    ways = sorted(_pathways(row.id, now=now), key=lambda way: way.id in wanted.avoid)
    return multivariant.write(
        multivariant.narrowed(renditions, wanted),
        ways,
        places=places,
        steering_url=_steering(row, ways, places),
        sound=wanted.sound,
    )


def written(row: models.PlaybackSession, package: Package, nodes: Sequence[RankedNode], token: str) -> str:
    """The multivariant playlist as our loader reads it, of a session that need not be saved yet."""
    ways, places = [Pathway(node.id, node.base_url) for node in nodes], Places(package.id, token)
    renditions = [one for one in package.renditions if row.renditions >> one.index & 1]
    return multivariant.write(renditions, ways, places=places, steering_url=_steering(row, ways, places))


def _steering(row: models.PlaybackSession, ways: Sequence[Pathway], places: Places) -> str:
    """Where a stock player is steered; what stands in its playlist rides along, so that it can be told of more."""
    state = pathways.listing(ways, token=places.token, keyed=bool(places.keyed))
    return f"{url('playback-steering', going.key_of(row))}?state={keys.seal(pathways.pack(state))}"


def manifest(session_id: UUID, *, now: datetime | None = None) -> str:
    """The MPD of a session, with a fresh token. Raises NotFound (also for an encrypted package), SessionOver."""
    now = now or timezone.now()
    row, package, renditions, places = _described(session_id, now=now)
    if package.encrypted:
        raise NotFound
    ways = _pathways(row.id, now=now)
    return mpd.write(
        renditions,
        ways,
        places=places,
        duration=package.duration,
        steering_url=_steering(row, ways, places),
    )


def keyed_playlist(session_id: UUID, *, pathway: str, rendition: str, now: datetime | None = None) -> str:
    """One rendition's media playlist with absolute addresses and the session's key in it.

    Raises NotFound (also when the package is not encrypted), SessionOver.
    """
    now = now or timezone.now()
    row, package, renditions, places = _described(session_id, now=now)
    base_url = steer.base_url(pathways.plain(pathway), now)
    one = next((one for one in renditions if one.name == rendition), None)
    stored = catalog.stored_object(package.id, rendition=rendition, name="index.m3u8")
    if not package.encrypted or base_url is None or one is None or stored is None:
        raise NotFound
    return keyed.absolute(
        catalog.open_object(stored).decode(),
        base=places.url(Pathway(pathway, base_url), rendition, ""),
        key_url=url("playback-content-key", going.key_of(row)),
    )


@lru_cache(maxsize=128)
def segments(package_id: str, rendition: str) -> bytes:
    """What the segments of a rendition must be, as JSON: `sizes` in bytes, `digests` (base64 of 16 bytes for each: the
    beginning of its SHA-256), and the same of `init`, null where there is none.

    Kept in memory: packages never change. About 55 KB for two hours. Raises NotFound.
    """
    found = catalog.rendition_digests(package_id, rendition)
    if found is None:
        raise NotFound
    digests = b"".join(digest[:DIGEST_BYTES] for digest in found.sha256)
    init = {"size": found.init_size, "digest": _base64(found.init_sha256[:DIGEST_BYTES])}
    table = {"sizes": found.sizes, "digests": _base64(digests), "init": init if found.init_size else None}
    return json.dumps(table, separators=(",", ":")).encode()


def heads(renditions: Sequence[Rendition], position: timedelta) -> dict[str, Head]:
    """What the first segments from `position` on must be, by rendition: all of this is in the package's manifest.

    Text is no part of a first picture, and digests of init segments would have to be read from the storage.
    """
    return {
        one.name: _head(one, position.total_seconds())
        for one in renditions
        if one.kind in (RenditionKind.VIDEO, RenditionKind.AUDIO)
    }


def _head(rendition: Rendition, second: float) -> Head:
    ends = accumulate(part.duration for part in rendition.segments) if second > 0 else ()
    first = min(bisect_right(tuple(ends), second), max(0, len(rendition.segments) - 1))
    parts = rendition.segments[first : first + HEAD_SEGMENTS]
    return Head(first, _base64(b"".join(bytes.fromhex(part.sha256)[:DIGEST_BYTES] for part in parts)))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def tracks(package_id: str) -> tuple[Rendition, ...]:
    """What a package is made of, from memory; nothing when nobody has played it here lately."""
    return KNOWN.tracks(package_id)


def content_key(session_id: UUID, *, now: datetime | None = None) -> bytes:
    """The 16 bytes that open what a session plays. Raises NotFound (also when it is not encrypted), SessionOver."""
    row, _token = going.fresh_token(session_id, now=now or timezone.now())
    key = catalog.content_key(row.package_id)
    if key is None:
        raise NotFound
    return key


def _described(
    session_id: UUID, *, now: datetime, by_loader: bool = False
) -> tuple[models.PlaybackSession, Package, list[Rendition], Places]:
    played = models.PlaybackSession.objects.filter(id=session_id).values_list("duration", flat=True).first()
    stock = None if by_loader or played is None else played + STOCK_TOKEN_BEYOND
    row, token = going.fresh_token(session_id, now=now, lifetime=stock)
    package = catalog.package(row.package_id)
    if package is None:
        raise NotFound
    renditions = [one for one in package.renditions if row.renditions >> one.index & 1]
    return row, package, renditions, Places(package.id, token.text)


def _pathways(session_id: UUID, *, now: datetime) -> list[Pathway]:
    return [Pathway(node.id, node.base_url) for node in steer.rank(session_id, why="playlist", now=now)]
