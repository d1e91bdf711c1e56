"""An origin, an edge, and a package for each test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cdn.tests import conftest as fleet
from tests.edge.harness import Edge, Origin, running_origin


@pytest.fixture(autouse=True)
def forgetful(request: pytest.FixtureRequest) -> Iterator[None]:
    """With the site in this process, each test begins with a site that has just been started.

    Or the last test's dead nodes hold the brake, and its takedowns are told to this one's nodes.
    """
    if request.node.get_closest_marker("django_db") is None:
        yield
        return
    fleet.forget()
    yield
    fleet.forget()


@pytest.fixture
def origin() -> Iterator[Origin]:
    """An origin that behaves, until told otherwise."""
    with running_origin() as found:
        yield found


@pytest.fixture
def new_edge(origin: Origin, tmp_path: Path) -> Iterator[Callable[..., Edge]]:
    """Makes edges that are gone after the test."""
    made: list[Edge] = []

    def make(name: str = "test", **more: object) -> Edge:
        edge = Edge(origin.url, tmp_path / name, name=name, **more)  # type: ignore[arg-type]
        made.append(edge)
        return edge

    yield make
    for edge in made:
        edge.stop()


@pytest.fixture
def edge(new_edge: Callable[..., Edge]) -> Edge:
    """One edge that is ready."""
    return new_edge().start()
