"""Every route of the site and who may use it: the table, and the walk over the routes.

A route that nobody wrote down fails the test: whoever makes a door says who may open it. Doors of the studio below the
admin are in test_studio_doors.py; Django's own admin pages ask Django's permissions.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.urls import URLPattern, URLResolver, get_resolver


class Actor(StrEnum):
    """Who asks. All but the first two have to do with the household whose things are asked for."""

    ANONYMOUS = "anonymous"
    STRANGER = "other household"
    KID = "kid"
    MEMBER = "member"
    STAFF = "staff"
    NODE = "node"


PEOPLE = frozenset({Actor.STRANGER, Actor.KID, Actor.MEMBER, Actor.STAFF})


class May(StrEnum):
    """Who may open a door. Each value names the actors for whom it opens."""

    #: Nothing of anybody is behind it, or it is how one gets in.
    ANYBODY = "anybody"
    #: The same, but not through a kids profile.
    ANYBODY_GROWN_UP = "anybody, but no kids profile"
    #: Whoever is signed in; what is shown is their own.
    SIGNED_IN = "signed in"
    #: The same, but not through a kids profile.
    GROWN_UP = "grown-up"
    #: It names a thing of one household: that household alone.
    OWN = "own"
    #: The same, but not through a kids profile.
    OWN_GROWN_UP = "own, grown-up"
    #: That household's grown-ups, and those who run the site.
    OWN_OR_OPERATOR = "own, grown-up, or operator"
    #: Those who run the site.
    OPERATOR = "operator"
    #: Edge nodes, by their signature.
    NODE = "node"
    #: The address itself holds a secret that this household was given; there is nothing else to prove.
    KEY = "key"


OPENS: dict[May, frozenset[Actor]] = {
    May.ANYBODY: frozenset(Actor),
    May.ANYBODY_GROWN_UP: frozenset(Actor) - {Actor.KID},
    May.SIGNED_IN: PEOPLE,
    May.GROWN_UP: PEOPLE - {Actor.KID},
    May.OWN: frozenset({Actor.KID, Actor.MEMBER}),
    May.OWN_GROWN_UP: frozenset({Actor.MEMBER}),
    May.OWN_OR_OPERATOR: frozenset({Actor.MEMBER, Actor.STAFF}),
    May.OPERATOR: frozenset({Actor.STAFF}),
    May.NODE: frozenset({Actor.NODE}),
    May.KEY: frozenset(Actor),
}


@dataclass(frozen=True, slots=True)
class Route:
    """An address of the site. `wants` are the names in it."""

    name: str
    path: str
    wants: tuple[str, ...]


def routes() -> Iterator[Route]:
    """All that Django answers, but the admin's inside."""

    def walk(
        entries: list[URLPattern | URLResolver], before: str, spaces: tuple[str, ...]
    ) -> Iterator[Route]:
        for one in entries:
            path = before + str(one.pattern)
            if isinstance(one, URLResolver):
                if one.app_name != "admin":
                    inner = (*spaces, one.namespace) if one.namespace else spaces
                    yield from walk(one.url_patterns, path, inner)
            else:
                wants = tuple(re.findall(r"<(?:\w+:)?(\w+)>", path))
                yield Route(":".join((*spaces, one.name or path)), path, wants)

    yield from walk(get_resolver().url_patterns, "", ())
