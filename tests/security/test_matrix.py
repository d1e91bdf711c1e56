"""Every route by everybody who may come: the household's own, another's, a kid, an operator, a node, nobody.

Each door is knocked at with every method (pages with GET and POST). Where the table says that an actor may not, no
method lets them in, nothing of the household is told, and nothing changes; where it says that they may, one method
does. The routes are what Django answers and what the API's schema lists, so that a new one that nobody wrote into the
table fails.
"""

import json
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.tests.factories import client_of, make_operator, make_profile, make_user
from accounts.types import Profile
from catalog import services as catalog
from catalog.tests.factories import make_title
from catalog.types import Credit
from cdn import services as cdn
from cdn.tests.conftest import forget
from cdn.tests.nodes import FakeNode
from playback.tests.factories import make_bookmark, open_session
from tests.security import doors
from tests.security.matrix import OPENS, Actor, May, Route, routes

pytestmark = [pytest.mark.slow, pytest.mark.django_db(databases=["default", "telemetry", "cache"])]

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
#: Pages know no others: forms send these.
OF_PAGES = ("GET", "POST")
#: Where somebody is sent who may not: to sign in, to the gate, to prove anew who it is.
_AWAY = re.compile(
    r"^/(accounts/(login|reauthenticate|prove|2fa/reauthenticate|2fa/authenticate|operators)|profiles)/"
)


@dataclass
class Household:
    """Whose things are asked for, and what would tell of it: names that stand nowhere else."""

    member: Profile
    kid: Profile
    args: dict[str, str]
    marks: list[str] = field(default_factory=list)


@pytest.fixture
def household(settings: Any, tmp_path: Path) -> Iterator[Household]:
    settings.MEDIA_ROOT, settings.KEYS_DIR = tmp_path / "media", tmp_path / "keys"
    settings.PAYMENTS = "manual"  # else there are no pages about plans
    forget()
    user = make_user("quillfeather", email="quillfeather@example.org")
    member = make_profile("Zinnia Quill", user=user)
    kid = make_profile("Pip Quill", user=user, is_kid=True)
    film = make_title(name="Night Mail", maturity=0, people=[Credit("Harry Watt", "director")])
    video = catalog.first_video(film.id)
    assert video is not None
    make_bookmark(profile_id=member.id, video_id=video)
    session = open_session(profile_id=member.id, video_id=video)
    args = {
        "profile_id": str(member.id),
        "title_id": str(film.id),
        "video_id": str(video),
        "slug": film.slug,
        "person": film.people[0].slug,
        "genre": "documentary",
        **doors.things(user_id=user.id, profile=member, session=session),
    }
    yield Household(member, kid, args, ["quillfeather", "Zinnia", "Pip Quill", str(user.id), str(kid.id)])
    forget()


class Asker:
    """Somebody at the door."""

    def __init__(self, actor: Actor, client: Client, node: FakeNode | None = None) -> None:
        self.actor, self._client, self._node = actor, client, node
        client.raise_request_exception = False

    def ask(self, method: str, path: str) -> HttpResponse:
        body, cookies = "" if method == "GET" else "{}", deepcopy(self._client.cookies)
        signed = self._node.headers(method, path, body.encode()) if self._node else {}
        answer: Any = self._client.generic(
            method, path, body, content_type="application/json", headers={**signed, "Accept": "*/*"}
        )
        self._client.cookies = cookies  # who is signed out by one question asks the next one all the same
        return answer  # type: ignore[no-any-return]


@pytest.fixture
def askers(household: Household) -> Iterator[dict[Actor, Asker]]:
    """One of each sort. All that are people have just proved who they are, the operator by two factors."""
    with FakeNode().listening() as node:
        make_operator("olu")
        node.enrol(Client(), cdn.enrolment_code(name="paris-1"))
        node.beat(Client())
        people = {
            Actor.STRANGER: make_profile("Someone Else"),
            Actor.KID: household.kid,
            Actor.MEMBER: household.member,
            Actor.STAFF: make_profile("Olu", user=make_operator("olu2")),
        }
        found = {actor: Asker(actor, _proved(client_of(who))) for actor, who in people.items()}
        found[Actor.ANONYMOUS] = Asker(Actor.ANONYMOUS, Client())
        found[Actor.NODE] = Asker(Actor.NODE, Client(), node)
        yield found


def _proved(client: Client) -> Client:
    session = client.session
    session[AUTHENTICATION_METHODS_SESSION_KEY] = [
        {"method": "password", "at": time.time()},
        {"method": "mfa", "type": "totp", "at": time.time()},
    ]
    session.save()
    return client


def outcomes(asker: Asker, path: str) -> dict[str, HttpResponse]:
    """What each method gets; nothing of it stays."""
    found = {}
    for method in METHODS if path.startswith("/api/") else OF_PAGES:
        with ExitStack() as stack:
            for alias in ("default", "telemetry", "cache"):
                stack.enter_context(transaction.atomic(using=alias))
            found[method] = asker.ask(method, path)
            for alias in ("default", "telemetry", "cache"):
                transaction.set_rollback(True, using=alias)
    return found


def is_refused(answer: HttpResponse) -> bool:
    """Whether this answer lets nobody in."""
    if answer.status_code in (302, 303):
        return bool(_AWAY.match(answer.headers.get("Location", "")))
    return answer.status_code in (401, 403, 404, 405, 410)


def address(route: Route, household: Household) -> str:
    wanted = {name: doors.SPECIAL.get((route.name, name), household.args.get(name)) for name in route.wants}
    missing = [name for name, value in wanted.items() if value is None]
    assert not missing, f"tests/security/doors.py has no {missing} for {route.name}"
    if "/" in route.name:  # a door without a name
        return f"/{route.path}"
    return reverse(route.name, kwargs=wanted)


def test_somebody_has_said_of_every_route_who_may_use_it() -> None:
    known = {route.name for route in routes()}
    assert sorted(known - set(doors.TABLE)) == [], "write these into tests/security/doors.py"
    assert sorted(set(doors.TABLE) - known) == [], "these are no more"


def test_every_operation_of_the_schema_is_a_route_of_the_table(client: Client) -> None:
    make_operator()
    schema = json.loads(client.get("/api/v1/schema").content)
    paths = {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", "/" + route.path) for route in routes()}
    assert sorted(set(schema["paths"]) - paths) == []
    api = {path for path in paths if path.startswith("/api/")}
    unlisted = {path for path in api - set(schema["paths"]) if not doors.BESIDE_THE_SCHEMA.match(path)}
    assert sorted(unlisted) == [], "an endpoint of the API that its schema does not know"


@pytest.mark.parametrize("actor", list(Actor))
def test_who_may_is_let_in_and_who_may_not_gets_nothing(
    actor: Actor, household: Household, askers: dict[Actor, Asker]
) -> None:
    asker, wrongly_in, wrongly_out, told, broken = askers[actor], [], [], [], []
    for route in routes():
        may = doors.TABLE.get(route.name)
        if may is None:
            continue
        answers = outcomes(asker, address(route, household))
        for method, answer in answers.items():
            if answer.status_code >= 500:
                broken.append((route.name, method, answer.status_code))
            if actor not in OPENS[may] and not is_refused(answer):
                wrongly_in.append((route.name, method, answer.status_code))
            knows = actor in (Actor.MEMBER, Actor.KID) or (
                actor is Actor.STAFF and may is May.OWN_OR_OPERATOR
            )
            if not knows and may is not May.KEY:
                told += [(route.name, method, mark) for mark in household.marks if mark in _text(answer)]
        # Else the table would be right of a site that is shut.
        open_to = actor in OPENS[may] and route.name not in doors.SHUT_HERE
        if open_to and all(is_refused(answer) for answer in answers.values()):
            wrongly_out.append(
                (route.name, {method: answer.status_code for method, answer in answers.items()})
            )
    assert not broken
    assert not wrongly_in
    assert not told
    assert not wrongly_out


def _text(answer: Any) -> str:
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return bytes(content).decode("utf-8", "replace")


def test_a_secret_address_that_was_guessed_opens_nothing(
    household: Household, askers: dict[Actor, Asker]
) -> None:
    opened = []
    for route in routes():
        if doors.TABLE.get(route.name) is not May.KEY or route.name in doors.SHUT_HERE:
            continue
        path = address(route, household)
        secret = next(household.args[name] for name in route.wants if name in ("key", "token", "licence"))
        for wrong in (secret[:-1] + ("A" if secret[-1] != "A" else "B"), uuid4().hex):
            for method, answer in outcomes(askers[Actor.MEMBER], path.replace(secret, wrong)).items():
                if not is_refused(answer):
                    opened.append((route.name, method, answer.status_code))
    assert not opened
