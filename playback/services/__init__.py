"""Playback's public verbs. Everything else in this app is private to it."""

from playback.services.choosing import UnknownLook, choose_tracks, track_choice
from playback.services.describing import content_key, keyed_playlist, manifest, playlist, segments, tracks
from playback.services.errors import (
    AboveMaturity,
    Blocked,
    NeedsPlan,
    NoPackage,
    NotAvailable,
    NotFound,
    NotPrepared,
    Refused,
    SessionOver,
    StreamLimit,
)
from playback.services.explaining import misses
from playback.services.going import (
    active_sessions,
    beat,
    catch_up,
    close_session,
    close_silent,
    decisions,
    renew_token,
    standing,
    stop_session,
)
from playback.services.history import (
    end_package,
    forget_profile,
    forget_title,
    move_profile,
    prune,
    trending,
    viewings_since,
)
from playback.services.household import (
    heed_network,
    listening,
    named,
    stop_device,
    stop_stream,
    streams,
    tell_stopped,
)
from playback.services.lasting import end_forbidden, look_again
from playback.services.opening import open_session
from playback.services.places import bookmarks, continue_watching, remove_bookmark, save_bookmark
from playback.services.preparing import begin_session, drop_prepared, prepare_session
from playback.services.remembering import forget_watched, watched
from playback.services.steer import STEERING_TTL, steer

__all__ = [
    "STEERING_TTL",
    "AboveMaturity",
    "Blocked",
    "NeedsPlan",
    "NoPackage",
    "NotAvailable",
    "NotFound",
    "NotPrepared",
    "Refused",
    "SessionOver",
    "StreamLimit",
    "UnknownLook",
    "active_sessions",
    "beat",
    "begin_session",
    "bookmarks",
    "catch_up",
    "choose_tracks",
    "close_session",
    "close_silent",
    "content_key",
    "continue_watching",
    "decisions",
    "drop_prepared",
    "end_forbidden",
    "end_package",
    "forget_profile",
    "forget_title",
    "forget_watched",
    "heed_network",
    "keyed_playlist",
    "listening",
    "look_again",
    "manifest",
    "misses",
    "move_profile",
    "named",
    "open_session",
    "playlist",
    "prepare_session",
    "prune",
    "remove_bookmark",
    "renew_token",
    "save_bookmark",
    "segments",
    "standing",
    "steer",
    "stop_device",
    "stop_session",
    "stop_stream",
    "streams",
    "tell_stopped",
    "track_choice",
    "tracks",
    "trending",
    "viewings_since",
    "watched",
]
