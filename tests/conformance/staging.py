"""The site's own server, real nodes and a viewer: what every player that is not ours is given."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from accounts.tests import factories as people
from accounts.types import Profile
from catalog import keyring, manifests, store
from catalog.tests import factories as shop
from cdn import services as cdn
from cdn.types import NodeState
from playback import services
from playback.live import LIVE
from playback.types import Capabilities, Session
from tests.conformance.making import Made
from tests.edge.harness import Edge, until


@dataclass(slots=True)
class Stage:
    """The site, its nodes and a viewer."""

    url: str
    ada: Profile
    edges: list[Edge]
    video: UUID = field(default_factory=lambda: UUID(int=0))

    @property
    def edge(self) -> Edge:
        """The first node."""
        return self.edges[0]

    @property
    def answers(self) -> int:
        """How many requests the nodes that still live have answered."""
        told = [edge.health() for edge in self.edges if edge.process and edge.process.poll() is None]
        return sum(one["hits"] + one["misses"] for one in told)

    def publish(self, made: Made, *, key: bytes | None = None) -> None:
        """Put a package on the shelf, as the title's only one."""
        title = shop.make_title(name=made.folder.name, packaged=False)
        video = shop.make_video(title_id=title.id)
        document = json.loads(made.manifest) | {"video": str(video)}
        manifest = manifests.canonical(document)
        name = manifests.package_id(manifest)
        for path in made.folder.iterdir():
            data = manifest if path.name == "manifest.json" else path.read_bytes()
            default_storage.save(manifests.key(name, path.name), ContentFile(data))
        if key:
            keyring.keep(name, video_id=video, key=key)
        store.record_package(video_id=video, manifest=manifest)
        self.video = video

    def open(self, **can: bool) -> Session:
        """Press play."""
        LIVE.clear()
        session = services.open_session(
            profile_id=self.ada.id, video_id=self.video, device="test", can=Capabilities(**can)
        )
        bases = {f"http://127.0.0.1:{edge.port}" for edge in self.edges}
        assert session.nodes[0].base_url in bases
        return session


@contextmanager
def standing(url: str, home: Path, *, nodes: int = 1) -> Iterator[Stage]:
    """Nodes of a site that runs at `url`, in service."""
    people.make_operator("operator")
    names = [f"node-{number}" for number in range(1, nodes + 1)]
    edges = [Edge(url, home / name, name=name, code=cdn.enrolment_code(name=name)) for name in names]
    try:
        for edge in edges:
            edge.start()
        until(
            lambda: [node.state for node in cdn.nodes()] == [NodeState.ACTIVE] * nodes,
            seconds=30,
            what="being active",
        )
        yield Stage(url, people.make_profile("Ada", maturity=18), edges)
    finally:
        for edge in edges:
            edge.stop()
