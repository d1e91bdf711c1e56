"""What a cell's log says. Pure: entries as `bench._shim.Entry` has them in, seconds and bytes out."""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from bench._shim import kind_of
from bench._stage import PICTURES

_TOKEN = re.compile(r"/v1/([A-Za-z0-9_-]{40,})/")
Entries = Sequence[Mapping[str, Any]]
MEDIA = ("video", "audio")
#: Requests within so many seconds are one: for a picture and its sound.
SOON = 0.05
_ASKED = (*MEDIA, "init", "playlist", "text")


def own(log: Entries, requests: Sequence[Sequence[Any]]) -> list[Mapping[str, Any]]:
    """The entries of one page among those of several: the token in a path is its session's alone."""
    tokens = {found[1] for _, url in requests if (found := _TOKEN.search(str(url)))}
    return [one for one in log if (found := _TOKEN.search(one["path"])) and found[1] in tokens]


def serving(log: Entries) -> str | None:
    """The door that the last media before now came through, or is coming; None when there was none."""
    return next((str(one["door"]) for one in reversed(log) if one["kind"] in MEDIA and one["sent"]), None)


def touched(
    log: Entries, requests: Sequence[Sequence[Any]], *, node: str, base_url: str, at: float, how: str
) -> float | None:
    """When the fault of that moment first touched a request, in seconds since 1970; None when it never did.

    `requests` is what the page asked for, [ms since 1970, address], refused connections and all.
    """
    if not how:
        return None
    mine = [one for one in log if one["door"] == node and one["kind"] in _ASKED]
    if how == "marked":
        # What was under way already is broken from the fault on; what came later, from when it was asked for.
        return min((max(at, one["at"]) for one in mine if one["fault"]), default=None)
    if how == "all" and any(one["at"] < at and (not one["end"] or one["end"] > at) for one in mine):
        return at
    later = [when / 1000 for when, url in requests if str(url).startswith(base_url) and when / 1000 >= at]
    return min(later, default=None)


def recovery(log: Entries, *, node: str, touched: float, kinds: Sequence[str] = MEDIA) -> float:
    """Seconds from then to the first byte of these kinds from elsewhere; infinite when none came."""
    others = [one for one in log if one["door"] != node and one["kind"] in kinds and one["first"] >= touched]
    return min((one["first"] - touched for one in others), default=float("inf"))


def needed(
    log: Entries, requests: Sequence[Sequence[Any]], *, node: str, base_url: str, touched: float
) -> Sequence[str]:
    """What ends a recovery: media, or any object when the request that was touched asked for no media.

    A player whose buffer is full fetches the playlist of another quality and no media for seconds: no fault's doing.
    """
    asked = [
        kind_of(urlsplit(str(url)).path)
        for when, url in requests
        if _soon(when / 1000, touched, url, base_url)
    ]
    way = [
        one["kind"]
        for one in log
        if one["door"] == node and one["at"] <= touched + SOON and _open(one, touched)
    ]
    return MEDIA if any(kind in MEDIA for kind in (*asked, *way)) else _ASKED


def _soon(when: float, touched: float, url: object, base_url: str) -> bool:
    return str(url).startswith(base_url) and touched <= when <= touched + SOON


def _open(one: Mapping[str, Any], touched: float) -> bool:
    return not one["end"] or one["end"] >= touched


def switched(log: Entries, *, node: str, at: float) -> float | None:
    """Seconds from the fault to the first byte of media from elsewhere; None when none came."""
    found = recovery(log, node=node, touched=at)
    return None if found == float("inf") else found


def mean_rate(log: Entries, *, since: float) -> float | None:
    """Bits a second of the pictures that were loaded from then on, as the mean over segments; None without any."""
    chosen: dict[str, int] = {}
    for one in log:
        if one["kind"] == "video" and one["outcome"] == "whole" and one["status"] in (200, 206):
            rendition, name = one["name"].split("/")
            if one["end"] >= since and rendition in PICTURES:
                chosen[name] = PICTURES[rendition]  # the last one is what is shown
    return sum(chosen.values()) / len(chosen) if chosen else None


def repeated(log: Entries) -> tuple[int, int]:
    """(bytes of media that were sent, how many of them were of an object beyond its own size).

    A race's loser, a second try and a probe count; a segment that is loaded in another quality as well does not.
    """
    sent: dict[str, int] = {}
    size: dict[str, int] = {}
    for one in log:
        if one["kind"] in MEDIA:
            sent[one["name"]] = sent.get(one["name"], 0) + one["sent"]
            if not one["range"] and one["status"] == 200:
                size[one["name"]] = max(size.get(one["name"], 0), one["total"])
    more = sum(max(0, count - size.get(name, count)) for name, count in sent.items())
    return sum(sent.values()), more
