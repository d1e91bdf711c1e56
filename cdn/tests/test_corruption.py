"""Players say that a node sends wrong bytes: it is asked like by a viewer, and what is found wrong is its fault."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import pytest

from catalog.tests import factories as shop
from cdn import corruption, models
from cdn.corruption import AGAIN_SECONDS, CLEAN_SECONDS, Claim, Claims, look_into
from cdn.tests import factories
from cdn.types import NodeState

pytestmark = pytest.mark.django_db


@contextmanager
def serving(
    package: str, *, wrong: bytes = b"", status: int = 200, cut: int | None = None, wait: float = 0.0
) -> Iterator[str]:
    """A node that serves every object of a package, with its first bytes replaced; → its address.

    It goes away after `cut` bytes of a body, or sends the rest one by one, `wait` seconds apart.
    """
    kept: dict[str, bytes] = {}
    for one in shop.services.package(package).renditions:  # type: ignore[union-attr]
        for number in range(len(one.segments)):
            stored = shop.services.stored_object(package, rendition=one.name, name=f"{number}.m4s")
            if stored:
                kept[f"{package}/{one.name}/{number}.m4s"] = shop.services.open_object(stored)

    class Node(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _, _v1, token, wanted = self.path.split("/", 3)
            assert len(token) == 156
            assert "netflixlite" not in self.headers["User-Agent"], "it must not know who asks"
            body = wrong + kept[wanted][len(wrong) :]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:cut])
            with suppress(OSError):
                for byte in body[cut:] if cut is not None and wait else b"":
                    time.sleep(wait)
                    self.wfile.write(bytes([byte]))

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Node)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def film() -> str:
    """A film's package."""
    title = shop.make_title(name="Whole", packaged=False)
    return shop.make_package(shop.make_video(title_id=title.id))


def test_wrong_bytes_are_the_nodes_fault_and_enough_of_them_end_its_use(film: str) -> None:
    factories.make_node(site="other")
    with serving(film, wrong=b"!!") as url:
        node = factories.make_node(base_url=url)
        assert look_into(Claim(node.id, film)) >= 3
    row = models.EdgeNode.objects.get(id=node.id)
    assert row.state == NodeState.QUARANTINED
    kinds = models.NodeFault.objects.filter(node=row).values_list("kind", flat=True)
    assert set(kinds) == {"corrupt"}


@pytest.mark.parametrize("status", [200, 403, 503])
def test_a_claim_that_is_not_found_true_does_nothing(film: str, status: int) -> None:
    with serving(film, wrong=b"" if status == 200 else b"!!", status=status) as url:
        node = factories.make_node(base_url=url)
        assert look_into(Claim(node.id, film)) == 0
    assert models.EdgeNode.objects.get(id=node.id).state == NodeState.ACTIVE
    assert not models.NodeFault.objects.exists()


def test_a_node_that_goes_away_in_the_middle_sent_nothing_wrong(film: str) -> None:
    with serving(film, cut=10) as url:
        node = factories.make_node(base_url=url)
        assert look_into(Claim(node.id, film)) == 0
    assert not models.NodeFault.objects.exists(), "it was restarted, or our own line was cut"


def test_a_node_that_trickles_keeps_nobody_waiting(film: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corruption, "PATIENCE", 0.2)
    ((rendition, name), *_) = corruption._some(film)
    with serving(film, cut=10, wait=0.05) as url, pytest.raises(TimeoutError):
        corruption._fetched(url, f"/v1/{'t' * 156}/{film}/{rendition}/{name}", 1 << 20)


def test_a_node_that_cannot_be_reached_or_is_not_known_is_left_alone(film: str) -> None:
    node = factories.make_node(base_url="http://127.0.0.1:9")
    assert look_into(Claim(node.id, film)) == look_into(Claim(uuid4(), film)) == 0
    assert look_into(Claim(node.id, "0" * 32)) == 0


def test_who_complains_all_the_time_is_not_listened_to_all_the_time() -> None:
    claims, node, other, session = Claims(), uuid4(), uuid4(), uuid4()
    assert claims.report(node, session, "p", 0.0)
    assert not claims.report(node, session, "p", 1.0)
    assert claims.report(other, session, "p", 1.0)
    assert claims.report(node, session, "p", AGAIN_SECONDS)
    claims.cleared(node, 30.0)
    assert not claims.report(node, session, "p", 29.0 + CLEAN_SECONDS)
    assert claims.report(node, session, "p", 30.0 + CLEAN_SECONDS)
    assert claims.take(0.01) == Claim(node, "p")
    for number in range(2 * corruption._WAITING):
        claims.report(uuid4(), session, "p", float(number))
    assert claims.take(0.01) is not None


def test_one_liar_does_not_have_all_nodes_looked_at() -> None:
    claims, liar, honest = Claims(), uuid4(), uuid4()
    looks = [claims.report(uuid4(), liar, "p", float(number)) for number in range(100)]
    assert sum(looks) == corruption.LOOKS_OF_SESSION
    assert claims.report(uuid4(), honest, "p", 100.0)
    assert claims.report(uuid4(), liar, "p", CLEAN_SECONDS)
