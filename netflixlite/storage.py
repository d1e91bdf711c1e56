"""Static files with fingerprints: ES modules in few files, and style sheets in one piece."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from whitenoise.storage import CompressedManifestStaticFilesStorage

from netflixlite import bundling

#: The sheets that pages name.
SHEETS = ("css/main.css", "css/admin.css", "css/transitions.css")


class BundledStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Collects what pages name, small and named by content, so that all of it may be cached for ever."""

    #: A page that names a file which is not there should fail in tests, not in front of a viewer.
    manifest_strict = False
    _bundle: bundling.Bundle | None = None
    _imports: dict[str, dict[str, list[str]]]

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        """As always, but with our modules bundled, and each sheet that pages name made one with those it imports."""
        if dry_run:
            return

        static = Path(settings.BASE_DIR) / "static"
        for name, text in bundling.sheets(static, [name for name in SHEETS if name in paths]).items():
            paths[name] = (_Made(text), paths[name][1])
        self._bundle = bundling.bundled(
            static, bundling.entries(Path(settings.BASE_DIR) / "templates", static)
        )
        ours = [name for name in paths if name.startswith(("js/", bundling.WORDS)) or name == bundling.ENGINE]
        for name in ours:
            del paths[name]
        for name, text in self._bundle.files.items():
            self._put(name, text.encode("utf-8"))
        yield from super().post_process(paths, dry_run=dry_run, **options)
        for name, _ in self.compress_files(self._bundle.files):
            yield name, name, True

    def _put(self, name: str, content: bytes) -> None:
        """Let a file hold this. One that a full disk or a kill tore has the right name and the wrong content."""
        if self.exists(name):
            with self.open(name) as file:
                if file.read() == content:
                    return
            self.delete(name)
        self._save(name, ContentFile(content))

    def save_manifest(self) -> None:
        """As always, with what was bundled and which of it imports which: read in one piece, as it is written."""
        if self._bundle:
            self.hashed_files |= {name: name for name in self._bundle.files} | self._bundle.entries
            self._imports = {"now": self._bundle.now, "later": self._bundle.later}
        names = json.dumps(sorted(self.hashed_files.items())).encode("utf-8")
        self.manifest_hash = self.file_hash(None, ContentFile(names))
        told = {
            "paths": self.hashed_files,
            "version": self.manifest_version,
            "hash": self.manifest_hash,
            "imports": self._imports,
        }
        if self.manifest_storage.exists(self.manifest_name):
            self.manifest_storage.delete(self.manifest_name)
        self.manifest_storage._save(self.manifest_name, ContentFile(json.dumps(told).encode("utf-8")))

    def load_manifest(self) -> tuple[dict[str, str], str]:
        """The names, as always; what imports what beside them, of the same collection."""
        told = json.loads(self.read_manifest() or "{}")
        self._imports = told.get("imports", {})
        paths, found = super().load_manifest()
        return paths, found

    def modules(self, entry: str, *, later: bool = False) -> tuple[str, ...]:
        """The files that a module of ours needs, itself among them, nearest first; `later`: what it may need, too.

        Raises KeyError for a module that was not collected. A collection that does not say what imports what (of an
        earlier release, until `manage.py prepare` has run) names the module alone: pages work, a little slower.
        """
        found = [self.hashed_files[entry]]
        for name in found:
            needed = [*self._imports.get("now", {}).get(name, ())]
            needed += self._imports.get("later", {}).get(name, ()) if later else ()
            found += dict.fromkeys(each for each in needed if each not in found)
        return tuple(found)


class _Made(Storage):
    """Gives one text, whatever is asked for: as much of a storage as `post_process` reads from."""

    def __init__(self, text: str) -> None:
        self._text = text

    def _open(self, name: str, mode: str = "rb") -> ContentFile[bytes]:
        return ContentFile(self._text.encode("utf-8"), name)
