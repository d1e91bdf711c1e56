"""Who gets package bytes from the site itself, and under which name."""

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from asgiref.sync import async_to_sync
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.http import StreamingHttpResponse
from django.test import AsyncRequestFactory, Client, RequestFactory
from django.utils import timezone

from catalog import services as catalog
from catalog.tests.factories import make_title
from catalog.types import StoredObject
from cdn import origin, services
from cdn.tests.nodes import FakeNode

pytestmark = pytest.mark.django_db
ALL = 0xFFFFFFFF


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def package() -> str:
    title = make_title()
    assert title.video_id is not None
    found = catalog.current_package(title.video_id)
    assert found is not None
    return found.id


def content(package: str, rendition: str, name: str) -> bytes:
    stored = catalog.stored_object(package, rendition=rendition, name=name)
    assert stored is not None
    return catalog.open_object(stored)


def token(package: str, *, renditions: int = ALL, session: UUID | None = None) -> str:
    return services.sign(
        session_id=session or uuid4(),
        account_id=uuid4(),
        package_id=package,
        renditions=renditions,
        now=timezone.now(),
    ).text


def test_a_node_gets_manifest_and_objects(client: Client, node: FakeNode, package: str) -> None:
    manifest = node.get(client, f"/origin/v1/{package}/manifest.json")
    assert (manifest.status_code, manifest.content) == (200, catalog.manifest_bytes(package))
    for name in ("index.m3u8", "init.mp4", "0.m4s"):
        answer = node.get(client, f"/origin/v1/{package}/v720/{name}")
        assert (answer.status_code, answer.content) == (200, content(package, "v720", name))
        assert answer.headers["Content-Length"] == str(len(answer.content))


def test_nobody_else_gets_anything_from_the_origin(client: Client, node: FakeNode, package: str) -> None:
    path = f"/origin/v1/{package}/v720/0.m4s"
    assert client.get(path).status_code == 401
    assert (
        client.get(path, REMOTE_ADDR="127.0.0.1", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 401
    )
    assert node.get(client, path, key=Ed25519PrivateKey.generate()).status_code == 401
    assert node.get(client, path, skew=31).status_code == 401
    assert node.get(client, path, skew=-31).status_code == 401
    signed = node.headers("GET", path)
    assert client.get(f"/origin/v1/{package}/v720/1.m4s", headers=signed).status_code == 401
    assert client.get(path, headers=signed).status_code == 200
    assert client.get(path, headers=signed).status_code == 200  # a replay of a GET is harmless


@pytest.mark.parametrize("wanted", ["retire", "quarantine"])
def test_a_node_that_is_out_may_not_fetch(client: Client, node: FakeNode, package: str, wanted: str) -> None:
    node_id = UUID(node.node_id)
    if wanted == "retire":
        services.retire(node_id)
    else:
        services.quarantine(node_id, reason="wrong bytes")
    assert node.get(client, f"/origin/v1/{package}/v720/0.m4s").status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "v720/..%2f..%2f..%2fmain.sqlite3", "v720/%2e%2e", "..%2fv720/0.m4s", "v720/v720.mp4", "v720/99.m4s",
        "v720/-1.m4s", "v720/00.m4s", "v720/0.m4s%00", "v999/0.m4s", "v720/manifest.json", "%2e%2e/0.m4s",
    ],
)  # fmt: skip
def test_names_that_lead_nowhere(client: Client, node: FakeNode, package: str, path: str) -> None:
    from urllib.parse import unquote

    origin = f"/origin/v1/{package}/{path}"
    headers = node.headers("GET", unquote(origin))
    assert client.get(origin, headers=headers).status_code == 404
    assert client.get(f"/v1/{token(package)}/{package}/{path}").status_code == 404
    assert client.get(f"/v1/{token('ab' * 16)}/{'ab' * 16}/{path}").status_code == 404


def test_the_shield_serves_a_viewer_with_a_token_and_no_cookie(client: Client, package: str) -> None:
    for rendition, name, kind in (
        ("v720", "index.m3u8", "application/vnd.apple.mpegurl"),
        ("v720", "init.mp4", "video/mp4"),
        ("a-en", "0.m4s", "audio/mp4"),
        ("t-en", "0.vtt", "text/vtt"),
    ):
        answer = client.get(f"/v1/{token(package)}/{package}/{rendition}/{name}")
        assert (answer.status_code, answer.content) == (200, content(package, rendition, name))
        assert answer.headers["Content-Type"] == kind
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Timing-Allow-Origin"] == "*"
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["X-Cache"] == "SHIELD"
        assert len(answer.headers["ETag"]) == 18
        assert not answer.cookies


def test_the_shield_knows_ranges_and_conditions(client: Client, package: str) -> None:
    path, data = f"/v1/{token(package)}/{package}/v720/0.m4s", content(package, "v720", "0.m4s")
    part = client.get(path, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, data[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(data)}"
    assert client.get(path, headers={"Range": f"bytes={len(data)}-"}).status_code == 416
    assert client.get(path, headers={"If-None-Match": part.headers["ETag"]}).status_code == 304
    assert client.get(path, headers={"Range": "bytes=0-1", "If-Range": '"x"'}).status_code == 200
    preflight = client.options(path)
    assert (preflight.status_code, preflight.headers["Access-Control-Allow-Origin"]) == (204, "*")
    assert client.head(path).headers["Content-Length"] == str(len(data))


def test_the_shield_refuses_what_a_node_refuses(client: Client, package: str) -> None:
    other = make_title(name="Nanook")
    assert other.video_id is not None
    foreign = catalog.current_package(other.video_id)
    assert foreign is not None
    session = uuid4()
    opened = token(package, session=session)
    path = f"/v1/%s/{package}/v720/0.m4s"
    assert client.get(path % opened).status_code == 200
    if foreign.id != package:
        assert client.get(path % token(foreign.id)).status_code == 403
    for bad in (token("ab" * 16), "x", opened[:-1], opened[:-2] + ("AA" if opened[-2:] != "AA" else "BB")):
        assert client.get(path % bad).status_code == 403
    assert client.get(path % token(package, renditions=0b1000_0000)).status_code == 403
    with time_machine.travel(timezone.now() + timedelta(seconds=901)):
        assert client.get(path % opened).status_code == 403
    services.deny(session, timezone.now() + timedelta(minutes=15))
    assert client.get(path % opened).status_code == 403
    assert client.get(path % token(package)).status_code == 200


def large(monkeypatch: pytest.MonkeyPatch, data: bytes) -> StoredObject:
    """An object that is too large to be read at once."""
    monkeypatch.setattr(origin, "AT_ONCE", 1000)
    key = default_storage.save("packages/large.mp4", ContentFile(b"before" + data + b"behind"))
    return StoredObject(key, 6, len(data), "video/mp4", hashlib.sha256(data).hexdigest())


def test_a_large_object_is_read_piece_by_piece(monkeypatch: pytest.MonkeyPatch, rf: RequestFactory) -> None:
    data = bytes(range(251)) * 40
    stored = large(monkeypatch, data)
    whole = origin.answer(rf.get("/"), stored)
    assert isinstance(whole, StreamingHttpResponse)
    pieces = list(whole)
    assert (b"".join(pieces), max(map(len, pieces))) == (data, 1000)
    part = origin.answer(rf.get("/", headers={"Range": "bytes=3000-6999"}), stored)
    assert isinstance(part, StreamingHttpResponse)
    assert (part.status_code, b"".join(part)) == (206, data[3000:7000])
    assert part.headers["Content-Range"] == f"bytes 3000-6999/{len(data)}"
    head = origin.answer(rf.head("/"), stored)
    assert head.headers["Content-Length"] == str(len(data))


def test_a_large_object_is_streamed_to_an_async_server_too(
    monkeypatch: pytest.MonkeyPatch, async_rf: AsyncRequestFactory
) -> None:
    data = bytes(range(251)) * 40
    answer = origin.answer(async_rf.get("/"), large(monkeypatch, data))
    assert isinstance(answer, StreamingHttpResponse)
    assert answer.is_async

    async def pieces() -> list[bytes]:
        return [piece async for piece in answer]

    found = async_to_sync(pieces)()
    assert (b"".join(found), max(map(len, found))) == (data, 1000)


def test_a_stored_file_that_is_too_short_is_said_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch, rf: RequestFactory
) -> None:
    stored = replace(large(monkeypatch, b"x" * 5000), length=9000)
    assert origin.answer(rf.get("/"), stored).status_code == 502
