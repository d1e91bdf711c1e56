"""The whole API, asked with what its schema allows and with what it does not: no 5xx, and no answer unlike the schema.

schemathesis makes the questions from the schema, alone and in chains in which an answer's ids go into the next one.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core.cache import cache
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as effort
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.tests.factories import client_of, make_operator, make_profile
from catalog.tests.factories import make_series, make_title
from cdn.tests.conftest import forget

pytestmark = [pytest.mark.slow, pytest.mark.django_db(databases=["default", "telemetry", "cache"])]
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
#: Against forged requests: the cookie and the header must be alike.
_TOKEN = "t" * 32
EFFORT = effort(
    max_examples=14,
    stateful_step_count=8,
    deadline=None,
    derandomize=True,  # the same questions each time: what fails can be asked again
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)


class Caller:
    """An operator with a profile: who may ask for most."""

    def __init__(self) -> None:
        self._who = make_profile("Olu", user=make_operator("olu"))
        self.sign_in()

    def sign_in(self) -> None:
        """Begin a session: some questions end it."""
        cookies = client_of(self._who).cookies
        self._cookies = {name: cookie.value for name, cookie in cookies.items()} | {
            "netflixlite_csrf": _TOKEN
        }

    @property
    def credentials(self) -> dict[str, Any]:
        """What each question carries."""
        return {"cookies": self._cookies, "headers": {"X-CSRFToken": _TOKEN}}

    def ask(self, case: Any) -> Any:
        """Put one question, and judge the answer."""
        answer = case.call(**self.credentials)
        case.validate_response(answer, checks=CHECKS)
        return answer


@pytest.fixture
def caller(settings: Any, tmp_path: Path) -> Iterator[Caller]:
    settings.MEDIA_ROOT, settings.KEYS_DIR = tmp_path / "media", tmp_path / "keys"
    forget()
    make_title(name="Night Mail")
    make_series(name="The Lamplighters", seasons=(1,))
    yield Caller()
    forget()


@pytest.fixture
def schema(caller: Caller) -> Iterator[Any]:
    """The schema, and the application in this thread and this transaction: as Django's own test client has it."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield schemathesis.openapi.from_wsgi("/api/v1/schema", get_wsgi_application())
    for signal in signals:
        signal.connect(close_old_connections)


def test_the_schema_is_valid_and_made_without_a_warning(tmp_path: Path) -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "schema.yml"))


def test_each_operation_by_itself(caller: Caller, schema: Any) -> None:
    asked, wrong = 0, {}
    for found in schema.get_all_operations():
        operation = found.ok()

        def ask(case: Any) -> None:
            nonlocal asked
            asked += 1
            caller.ask(case)

        caller.sign_in()
        try:
            EFFORT(given(case=operation.as_strategy())(ask))()
        except (FailureGroup, Failure) as group:
            wrong[operation.label] = str(group)
    assert asked > 150
    assert not wrong, "\n\n".join(f"{name}\n{words}" for name, words in wrong.items())


def test_operations_in_chains(caller: Caller, schema: Any) -> None:
    """What one answer names goes into the next question: a profile that was made is looked at, changed, removed."""

    class Chain(schema.as_state_machine()):  # type: ignore[misc]
        def setup(self) -> None:
            """Each chain begins in the same house: else the sixth profile is refused because of another chain's."""
            cache.clear()
            self.house = ExitStack()
            for alias in ("default", "telemetry", "cache"):
                self.house.enter_context(transaction.atomic(using=alias))
            caller.sign_in()

        def teardown(self) -> None:
            for alias in ("default", "telemetry", "cache"):
                transaction.set_rollback(True, using=alias)
            self.house.close()

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return caller.credentials

        def validate_response(self, response: Any, case: Any, **_: Any) -> None:
            case.validate_response(response, checks=CHECKS)

    Chain.run(settings=EFFORT)
