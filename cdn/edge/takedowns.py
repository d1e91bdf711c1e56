"""Packages that this node must not serve any more: told by the control plane, kept over restarts."""

import json
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cdn.edge import files

log = logging.getLogger("edge")


class Takedowns:
    """What is forbidden. `version` is the newest that is safely on disk: what the control plane is told."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.version = 0
        self._heard = 0
        self._packages: dict[str, int] = {}
        try:
            stored = json.loads(path.read_bytes())
            self.version = self._heard = int(stored["version"])
            self._packages = {str(package): int(version) for package, version in stored["packages"].items()}
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            log.error("%s cannot be read (%s): the takedowns are asked for anew", path, error)

    def forbids(self, package: str) -> bool:
        """Whether this package may not be served."""
        return package in self._packages

    def __len__(self) -> int:
        return len(self._packages)

    def take(self, news: Iterable[Mapping[str, Any]], version: int = 0) -> set[str]:
        """Hear of takedowns {version, package, forbidden, lifted}; → packages that have to go from here.

        One that is neither forbidden nor lifted is a purge: the package goes, and may come back. `version` is the
        newest that the control plane knows. What makes no sense is passed over. In force at once; `save` keeps it.
        """
        gone = set()
        if 0 < version < self._heard:
            # The site's database was restored from a backup: its log counts anew, and it tells all of it.
            self._heard = 0
            self._packages.clear()
        for one in news:
            package, number = str(one.get("package", "")), one.get("version", 0)
            if not package or not isinstance(number, int):
                continue
            self._heard = max(self._heard, number)
            if one.get("lifted"):
                self._packages.pop(package, None)
                continue
            if one.get("forbidden", True):
                self._packages[package] = number
            gone.add(package)
        self._heard = max(self._heard, version)
        return gone

    @property
    def unsaved(self) -> bool:
        """Whether something was heard that is not on disk."""
        return self._heard != self.version

    def save(self) -> None:
        """Write it to disk, whole or not at all. Blocks. Raises OSError: `version` stays, and all is told again."""
        heard, packages = self._heard, dict(self._packages)
        text = json.dumps({"version": heard, "packages": packages}, separators=(",", ":"))
        self._path.parent.mkdir(parents=True, exist_ok=True)
        files.replace(self._path, text.encode())
        self.version = heard
