"""A long file over a bad connection, against the real server: whatever breaks, what had arrived stays."""

import base64
import hashlib
import os
import random
import signal
import socket
import struct

import pytest

from tests.upload import data
from tests.upload.site import Site

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

#: Megabytes of the file; NETFLIXLITE_TEST_UPLOAD_MB=5000 for the full proof.
SIZE = int(os.environ.get("NETFLIXLITE_TEST_UPLOAD_MB", "400")) * data.MB
CUTS = 20


def cut(link: socket.socket, how: str) -> None:
    """Break a connection: reset, closed, or left open and never spoken to again."""
    if how == "reset":
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if how != "silent":
        link.close()


def test_a_file_over_a_connection_cut_twenty_times_arrives_intact(site: Site) -> None:
    chance = random.Random(20)
    path = site.create(SIZE)
    points = sorted(chance.sample(range(1, SIZE - 1), CUTS))
    ways = ["reset", "close", "silent", "kill", "checksum"] * (CUTS // 5)
    chance.shuffle(ways)
    open_ends, total, sent, floor = [], 0, 0, 0
    for point, how in zip(points, ways, strict=True):
        at = site.offset(path)
        # What is said to be here never shrinks, and was sent (in pieces that count although their end never came).
        assert floor <= at <= sent
        floor = at
        checksum = base64.b64encode(hashlib.sha256(b"of more than will come").digest()).decode()
        more = {"Upload_Checksum": f"sha256 {checksum}"} if how == "checksum" else {}
        link, count = send(site, path, at, point, tab="one", **more)
        total += count
        if how == "kill":
            site.stop(signal.SIGKILL)
            site.start()
        cut(link, "reset" if how == "checksum" else how)
        open_ends.append(link)
        sent = sent if how == "checksum" else max(sent, point)
    at = floor = site.offset(path)
    link, count = send(site, path, at, SIZE, tab="one")
    total += count
    answer = link.recv(65536)
    assert b" 204 " in answer.split(b"\r\n")[0], answer
    assert f"upload-offset: {SIZE}".encode() in answer.lower()
    for link in open_ends:
        link.close()
    assert site.offset(path) == SIZE
    assert site.part(path).stat().st_size == SIZE
    expected = data.sha256(SIZE)
    row = next(row for row in site.finish() if path.endswith(row["id"]))
    assert row == {**row, "state": "done", "sha256": expected, "reason": ""}
    with site.source(path).open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == expected
    assert not site.part(path).exists()
    print(f"\n{SIZE / 1e9:.2f} GB, {CUTS} cuts, {(total - SIZE) / 1e6:.0f} MB sent twice")
    site.source(path).unlink()


def send(
    site: Site, path: str, begin: int, end: int, *, tab: str, **headers: str
) -> tuple[socket.socket, int]:
    """Announce the rest of the file, send it up to `end`, leave the connection as it is; how many bytes it took.

    A connection that was left open before may still be counted: then the offset has moved, and is asked for again.
    """
    for _attempt in range(5):
        link = site.open_piece(path, begin, SIZE - begin, X_Upload_Tab=tab, Expect="100-continue", **headers)
        said = link.recv(4096)
        if b" 100 " in said.split(b"\r\n")[0]:
            break
        link.close()
        assert b" 409 " in said.split(b"\r\n")[0], said
        begin = site.offset(path)
    for piece in data.stretch(begin, end):
        link.sendall(piece)
    return link, max(0, end - begin)
