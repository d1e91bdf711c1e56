"""manage.py takedown: make a package unobtainable everywhere, and watch the nodes confirm it."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from cdn import services
from cdn.management.commands.whereis import PACKAGE, packages
from cdn.types import NodeState

_LOOK_SECONDS = 0.25


class Command(BaseCommand):
    """Take down, purge or lift; without a package: list what is taken down."""

    help = (
        "Take a package down on the site and on every node, for ever (or --purge: once; --lift: let it back)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What may be typed."""
        parser.add_argument(
            "package", nargs="?", default="", help="the package's id (32 hex digits), or a title"
        )
        parser.add_argument("--reason", default="", help="why; a takedown needs one")
        parser.add_argument("--purge", action="store_true", help="only drop what nodes hold now")
        parser.add_argument(
            "--lift", action="store_true", help="let a package that was taken down be served again"
        )
        parser.add_argument(
            "--wait", type=float, default=10.0, help="seconds to wait for the nodes (default 10)"
        )
        parser.add_argument("--url", default="", help="address of the running site (default: SITE_URL)")
        parser.add_argument("--actor", default="operator", help="who, for the record")

    def handle(self, *args: object, **given: Any) -> None:
        """Write it down, then watch."""
        package = str(given["package"])
        if not package:
            self._list()
            return
        package = self._meant(package)
        begun = time.monotonic()
        try:
            new = self._write(package, given)
        except services.NotAPackage as error:
            raise CommandError(str(error)) from error
        if not new:
            self.stdout.write("Nothing to do: it is so already.")
            return
        self.stdout.write(
            "Written down: the site refuses from now on." if not given["lift"] else "Written down."
        )
        self._watch(begun, float(given["wait"]), str(given["url"]))

    def _meant(self, text: str) -> str:
        """The id of the package that is meant; an id that no title is known to use is taken as it is, with a word."""
        found = packages(text)
        if len(found) > 1:
            listed = "".join(f"\n  {package}  {name}" for name, package in found)
            raise CommandError(f"{text!r} may mean several; give the id of one:{listed}")
        if found:
            name, package = found[0]
            if package != text:
                self.stdout.write(f"{name} ({package})")
            return package
        if not PACKAGE.match(text):
            raise CommandError(f"{text!r} is no package's id, and no title that can be played is called so.")
        self.stdout.write(
            f"Mind that no title is known to use {text}: was it typed right? (--lift takes it back)"
        )
        return text

    def _write(self, package: str, given: dict[str, Any]) -> bool:
        actor, reason = str(given["actor"]), str(given["reason"])
        if given["lift"]:
            return services.lift(package, actor=actor, reason=reason or "lifted by the operator")
        if given["purge"]:
            return services.purge(package, actor=actor, reason=reason or "purged by the operator")
        if not reason:
            raise CommandError("A takedown needs --reason: somebody will ask.")
        return services.takedown(package, reason=reason, actor=actor)

    def _list(self) -> None:
        for one in services.takedowns_of():
            kind = "taken down" if one.forbidden else "purged"
            at = timezone.localtime(one.at)
            self.stdout.write(f"{one.package_id} {kind} {at:%Y-%m-%d %H:%M} by {one.actor}: {one.reason}")

    def _watch(self, begun: float, wait: float, site: str) -> None:
        """Say which nodes have carried it out, and when all that are heard had."""
        version = services.takedowns_version()
        late: list[str] = []
        while True:
            if trouble := services.learn(site=site):
                self.stderr.write(f"{trouble} Nodes hear of it all the same; who has, is not known here.")
                return
            now = timezone.now()
            heard = [
                one for one in services.health() if one.heard_at is not None and one.node.lease_until > now
            ]
            late = [one.node.name for one in heard if one.takedowns < version]
            if not late or time.monotonic() - begun > wait:
                break
            time.sleep(_LOOK_SECONDS)
        away = [
            one.node.name
            for one in services.health()
            if one.node.state is not NodeState.RETIRED
            and (one.heard_at is None or one.node.lease_until <= now)
        ]
        if late:
            raise CommandError(f"Not confirmed within {wait:g} s: {', '.join(late)}.")
        self.stdout.write(
            f"All {len(heard)} nodes that are heard have carried it out after {time.monotonic() - begun:.1f} s."
        )
        if away:
            self.stdout.write(f"Away now, and told before they serve again: {', '.join(away)}.")
