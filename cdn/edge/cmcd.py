"""What a player says about itself in the query (CTA-5004, CMCD version 1): hints, never to be relied on. Pure.

The query is `CMCD=` with a percent-encoded list such as `bs,dl=4000,nor="6.m4s",su`. Nothing in it is believed
further than to decide who waits and what is fetched ahead.
"""

import re
from typing import NamedTuple
from urllib.parse import unquote

#: Longer ones are not read, in bytes.
MOST = 2048
#: A player with less than this in hand looks at a wheel that turns, or soon will, in seconds.
PRESSING_SECONDS = 2.0
#: Our own player's word (a custom key, as CTA-5004 wants them) for what nobody waits for: a prefetch, or a hedge.
SPECULATIVE = "com.netflixlite-spec"
_FIELD = re.compile(r'([a-zA-Z0-9.-]{1,64})(?:=("(?:[^"\\]|\\.)*"|[^,"]*))?(?:,|\Z)')
_NAME = re.compile(r"(?:\.\./([a-z0-9-]{1,32})/)?([A-Za-z0-9]{1,20}\.[a-z0-9]{2,5})\Z")


class Wish(NamedTuple):
    """What a request says of itself."""

    #: Seconds until the player's buffer is empty (`dl`); None when unsaid.
    deadline: float | None = None
    #: It starts up or seeks (`su`).
    starting: bool = False
    #: Its buffer ran dry (`bs`).
    starved: bool = False
    #: The next object, relative to this one (`nor`).
    following: str = ""
    #: Nobody has asked for it yet: fetched ahead by a player.
    speculative: bool = False

    @property
    def pressing(self) -> bool:
        """Whether somebody looks at a still picture, or soon will."""
        near = self.deadline is not None and self.deadline < PRESSING_SECONDS
        return self.starting or self.starved or near

    def next_object(self) -> tuple[str, str] | None:
        """Rendition ('' for the same one) and wire name of the next object; None when unsaid or strange."""
        match = _NAME.match(self.following)
        return (match[1] or "", match[2]) if match else None


NOTHING = Wish()


def parse(query: bytes) -> Wish:
    """Read a request's query (without the question mark); what makes no sense is passed over."""
    if len(query) > MOST:
        return NOTHING
    for part in query.split(b"&"):
        if part.startswith(b"CMCD="):
            return _read(unquote(part[5:].decode("latin-1")))
    return NOTHING


def _read(text: str) -> Wish:
    deadline: float | None = None
    said: set[str] = set()
    following = ""
    for name, value in _FIELD.findall(text):
        if name == "dl" and value.isascii() and value.isdigit() and len(value) < 10:
            deadline = int(value) / 1000
        elif name == "nor" and value.startswith('"'):
            following = unquote(re.sub(r"\\(.)", r"\1", value[1:-1]))
        elif value in ("", "?1"):
            said.add(name)
    return Wish(deadline, "su" in said, "bs" in said, following, SPECULATIVE in said)
