"""The archive that somebody is given: JSON for programs, and one page for people that needs nothing else."""

import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from netflixlite import personal
from netflixlite.personal import Json

#: The page shows so many lines of a table at most; the JSON beside it has all.
LINES = 500
_SAFE = re.compile(r"[^a-zA-Z0-9./_-]+")


@dataclass(frozen=True, slots=True)
class Table:
    """One file of the archive as the page shows it."""

    anchor: str
    name: str
    file: str
    columns: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]
    total: int

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Names and values of the only line."""
        return list(zip(self.columns, self.lines[0], strict=True)) if self.lines else []


@dataclass
class Archive:
    """A zip that is being written. `close` puts the page in and the file in its place."""

    path: Path
    name: str
    made_at: datetime
    #: What stands for ids in headings: a profile's id → its name.
    names: dict[str, str] = field(default_factory=dict)
    tables: list[Table] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._part = self.path.with_suffix(".part")
        self._part.unlink(missing_ok=True)
        self._part.touch(mode=0o600)
        self._zip = zipfile.ZipFile(self._part, "w", zipfile.ZIP_DEFLATED)

    def add(self, path: str, content: Json) -> None:
        """Put one subject in; '' or an empty list is put in, too: it says that nothing is known."""
        path = path.removesuffix(".json")
        file = f"{_SAFE.sub('-', path).strip('/')}.json"
        content = personal.plain(content)
        self._zip.writestr(f"data/{file}", json.dumps(content, ensure_ascii=False, indent=1))
        self.tables.append(self._table(path, f"data/{file}", content))

    def close(self) -> int:
        """Write the page, and the file under its name; returns its size in bytes."""
        page = render_to_string(
            "accounts/privacy/archive.html",
            {"name": self.name, "site": settings.SITE_NAME, "made_at": self.made_at, "tables": self.tables},
        )
        self._zip.writestr("index.html", page)
        self._zip.close()
        self._part.replace(self.path)
        return self.path.stat().st_size

    def drop(self) -> None:
        """Give up: leave nothing behind."""
        self._zip.close()
        self._part.unlink(missing_ok=True)

    def _table(self, path: str, file: str, content: Json) -> Table:
        rows = content if isinstance(content, list) else [content]
        found = [row if isinstance(row, dict) else {"value": row} for row in rows if row is not None]
        columns = list(dict.fromkeys(name for row in found[:LINES] for name in row))
        lines = tuple(tuple(_shown(row.get(name)) for name in columns) for row in found[:LINES])
        used = [n for n in range(len(columns)) if any(line[n] for line in lines)]
        return Table(
            anchor=f"t{len(self.tables) + 1}",
            name=" · ".join(self._words(path)),
            file=file,
            columns=tuple(_heading(columns[n]) for n in used),
            lines=tuple(tuple(line[n] for n in used) for line in lines),
            total=len(found),
        )

    def _words(self, path: str) -> Iterator[str]:
        said = ""
        for part in path.split("/"):
            words = self.names.get(part) or part.replace("-", " ").replace("_", " ")
            if words != said:
                yield words[:1].upper() + words[1:]
            said = words


def _heading(column: str) -> str:
    return column.removesuffix("_id").removesuffix("_at").replace("_", " ").capitalize()


def _shown(value: Json) -> str:
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, str):
        return _moment(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _moment(text: str) -> str:
    """A time as people read it; any other text as it is."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d)?", text):
        return text
    return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M}"
