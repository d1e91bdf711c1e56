"""manage.py whereis: which nodes should hold a title, and why or why not."""

import re
from argparse import ArgumentParser
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from catalog import services as catalog
from cdn import explaining, models

PACKAGE = re.compile(r"[0-9a-f]{32}\Z")
_AGE_MAX = 99


class Command(BaseCommand):
    """Where a package is planned to be, node by node."""

    help = "Say for each node whether it should hold a package or title, and why (what is there now: the fleet's page)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What may be typed."""
        parser.add_argument("what", nargs="+", help="a package's id, or words of a title")
        parser.add_argument("--node", default="", help="only the node of this name")

    def handle(self, *args: object, **options: object) -> None:
        """Find the packages, then explain each on each node."""
        words = options["what"]
        text = " ".join(words) if isinstance(words, list) else str(words)
        found = packages(text)
        if not found:
            raise CommandError(f"Nothing that can be played is called {text!r}, and no package has this id.")
        nodes = models.EdgeNode.objects.exclude(state="retired")
        if options["node"]:
            nodes = nodes.filter(name=str(options["node"]))
        if not nodes:
            known = ", ".join(models.EdgeNode.objects.exclude(state="retired").values_list("name", flat=True))
            if options["node"] and known:
                raise CommandError(f"There is no node named '{options['node']}'. Nodes: {known}.")
            raise CommandError("There is no node yet: manage.py addnode paris-1 lets one join.")
        for name, package in found:
            self.stdout.write(f"{name} ({package})")
            for node in nodes:
                self._node(node, package)

    def _node(self, node: models.EdgeNode, package: str) -> None:
        reasons = explaining.explain(node.id, package)
        self.stdout.write(f"  {node.name} ({node.state})")
        if not reasons:
            self.stdout.write(
                "    it is not planned yet: its rows follow within a minute while a worker runs"
            )
        for one in reasons:
            self.stdout.write(f"    {one.rendition:<12} {one.wanted or 'no':<5} {one.why}")


def packages(text: str) -> list[tuple[str, str]]:
    """Names and ids of the packages that an id or words of a title mean."""
    if PACKAGE.match(text):
        return [("package", text)] if models.Bundle.objects.filter(package=text).exists() else []
    found: list[tuple[str, str]] = []
    for title in catalog.search(text, maturity=_AGE_MAX, limit=3):
        for name, video in _videos(title.id, title.name):
            package = catalog.current_package_id(video)
            if package:
                found.append((name, package))
    return found


def _videos(title_id: UUID, name: str) -> list[tuple[str, UUID]]:
    parts = [
        (f"{name}, {season.name}: {episode.name}", episode.video_id)
        for season in catalog.seasons(title_id)
        for episode in season.episodes
    ]
    if not parts:
        parts = [(name, catalog.first_video(title_id))]
    return [(said, video) for said, video in parts if video is not None]
