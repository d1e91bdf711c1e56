"""The printed command, as a shell runs it on a machine with nothing but Python: from the site to a viewer's bytes."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from catalog import services as catalog
from catalog.tests.factories import make_package, make_title, make_video
from cdn import services as cdn
from cdn.types import NodeState
from tests.edge.harness import Edge, free_port, until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def site(live_server: Any, settings: Any, tmp_path: Path) -> str:
    """The site, listening."""
    settings.MEDIA_ROOT, settings.KEYS_DIR = tmp_path / "media", tmp_path / "keys"
    settings.SITE_URL = live_server.url
    return str(live_server.url)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder in which `python3` is this interpreter, without packages and without the user's settings."""
    (tmp_path / "machine/bin").mkdir(parents=True)
    shell = shutil.which("sh")
    assert shell is not None
    python = tmp_path / "machine/bin/python3"
    python.write_text(f'#!{shell}\nexec "{sys.executable}" -I -S "$@"\n')
    python.chmod(0o755)
    return tmp_path / "machine"


@pytest.fixture
def node(site: str, machine: Path) -> Iterator[Edge]:
    """What the command starts."""
    command = cdn.node_command(name="attic", code=cdn.enrolment_code(name="attic"))
    edge = Edge(site, machine / "edge-cache", name="attic", port=free_port())
    log = (machine / "log").open("w")
    # Its own folder, an empty environment, another home; a port that is free, since nodes of developers run here too.
    edge.process = subprocess.Popen(
        ["/bin/sh", "-c", f"{command} --listen 127.0.0.1:{edge.port} --cache-gb 1"],
        cwd=machine, env={"PATH": f"{machine}/bin", "HOME": str(machine)}, stdout=log, stderr=log, text=True,
        start_new_session=True,
    )  # fmt: skip
    edge.log = machine / "log"
    yield edge
    with contextlib.suppress(ProcessLookupError):
        os.killpg(edge.process.pid, signal.SIGKILL)  # the shell and what it started
    edge.process.wait(10)
    log.close()


def test_the_printed_command_makes_a_machine_a_node(node: Edge) -> None:
    until(node.ready, seconds=20, what=f"readiness ({node.log.read_text()})")
    until(
        lambda: [found.state for found in cdn.nodes() if found.state is NodeState.ACTIVE], seconds=20,
        what="being active",
    )  # fmt: skip
    package = catalog.package(make_package(make_video(title_id=make_title(packaged=False).id)))
    assert package is not None
    token = cdn.sign(
        session_id=uuid4(), account_id=uuid4(), package_id=package.id, renditions=0xFFFF, now=timezone.now()
    ).text
    rendition = package.renditions[0]
    stored = catalog.stored_object(package.id, rendition=rendition.name, name="0.m4s")
    assert stored is not None
    reply = node.get(f"/v1/{token}/{package.id}/{rendition.name}/0.m4s")
    assert (reply.status, len(reply.body)) == (200, stored.length)
    assert node.process is not None
    os.killpg(node.process.pid, signal.SIGTERM)  # as a terminal's Ctrl-C does
    node.wait()
    until(lambda: "stopping" in node.log.read_text(), what="stopping")
