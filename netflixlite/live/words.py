"""What news looks like, on its way and on the wire. Pure.

The wire is that of server-sent events (HTML Living Standard §9.2): fields in lines, an empty line after each event.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID


class Topic(StrEnum):
    """What changed. Pages name the topics that a part of them depends on (`data-live`)."""

    #: Where a profile is in a film: continue watching, progress, what Play does.
    CONTINUE = "continue"
    #: A profile's list; the detail has `title` and `listed`.
    LIST = "list"
    #: A profile's verdict; the detail has `title` and `thumb`.
    THUMB = "thumb"
    #: A profile is not interested in a title; the detail has `title` and `hidden`.
    HIDDEN = "hidden"
    #: What a profile's rows are made of: something was watched to its end, left, judged or hidden.
    ROWS = "rows"
    #: Who in a household is watching what.
    WATCHING = "watching"
    #: What a household has downloaded.
    DOWNLOADS = "downloads"
    #: The household's profiles: made, changed or removed.
    PROFILES = "profiles"
    #: Who listens must prove anew who they are: signed out, another profile, a narrower one. Never reaches a page.
    ANEW = "anew"
    #: A playback session was ended on purpose: for the player's open question, never for a page.
    STOPPED = "stopped"


#: What children's profiles are not told: it is about others.
GROWN_UP = frozenset({Topic.WATCHING, Topic.PROFILES})
#: What is for the site's processes alone.
WITHIN = frozenset({Topic.ANEW, Topic.STOPPED})


@dataclass(frozen=True, slots=True)
class Word:
    """One piece of news. `id` grows with time; without a `profile_id` it is for the whole account."""

    id: int
    topic: str
    user_id: UUID | None = None
    profile_id: UUID | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


def news(word: Word) -> bytes:
    """A word as a page reads it."""
    said = {"topic": word.topic, **word.detail}
    return _event("news", said, f"id: {word.id}\n")


def hello(*, newest: int, profile_id: UUID, whole: bool, held: bool) -> bytes:
    """The first thing a page is told.

    `whole`: the news since the page was made are all coming; else it has to look at everything anew. `held`: the line
    stays open; else the page asks again after a while. `profile_id`: who is watching in this session now.
    """
    said = {"profile": str(profile_id), "whole": whole, "held": held}
    return _event("hello", said, f"id: {newest}\n")


def beat() -> bytes:
    """The line is alive."""
    return _event("beat", {})


def again() -> bytes:
    """Come again at once, and show who you are."""
    return _event("again", {})


def full() -> bytes:
    """There are too many lines open: come again much later."""
    return _event("full", {})


def gone() -> bytes:
    """Nobody is signed in here, or nobody has said who is watching."""
    return _event("gone", {})


def _event(kind: str, said: Mapping[str, Any], head: str = "") -> bytes:
    return f"{head}event: {kind}\ndata: {json.dumps(said, separators=(',', ':'))}\n\n".encode()
