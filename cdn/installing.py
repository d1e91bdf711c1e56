"""The node's program as one file that python3 runs, and the one command that fetches, checks and starts it.

The file (a zipapp) holds this site's own sources of `cdn.edge` and of what those import, and nothing else: a node is
always of its site's version. It is the same bytes for the same sources, so the command can name its hash.
"""

import ast
import hashlib
import io
import shlex
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from cdn import keys
from cdn.ranges import none_match
from cdn.signing import program_message

FILE = "netflixlite-node.pyz"
_ROOT = Path(__file__).resolve().parent.parent
_DAWN = (1980, 1, 1, 0, 0, 0)  # the zip format's first moment: no clock in the bytes
_MAIN = '''"""An edge node of netflixlite: python3 netflixlite-node.pyz --help"""

import sys

if sys.version_info < (3, 11):
    sys.exit("A node needs Python 3.11 or newer (Debian 12 has it); this is " + sys.version.split()[0] + ".")

from cdn.edge.__main__ import main

sys.exit(main())
'''
_FETCH = (
    "import hashlib,ssl,sys,urllib.request as r;"
    'sys.excepthook=lambda *e:print("The program was not fetched:",e[1],"(is {origin} the site, seen from here?)");'
    'd=r.urlopen("{origin}/edge/node.pyz",context=ssl._create_unverified_context()).read();'
    'hashlib.sha256(d).hexdigest()=="{sha256}"or sys.exit("not the program that the site promised: make a new '
    'command");open("{file}","wb").write(d)'
)


@dataclass(frozen=True, slots=True)
class Program:
    """The file's bytes and their SHA-256 in hex."""

    data: bytes
    sha256: str


class _Built:
    """The program of the sources as they are now; built again when one of them has changed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stamps: tuple[tuple[str, int, int], ...] = ()
        self._program = Program(b"", "")

    def current(self) -> Program:
        """The program of now."""
        with self._lock:
            if not self._stamps or self._stamps != _stamps(name for name, _, _ in self._stamps):
                files = sources()
                self._program = build(files)
                self._stamps = _stamps(files)
            return self._program


_built = _Built()


def program() -> Program:
    """The node's program."""
    return _built.current()


def sources() -> dict[str, bytes]:
    """The node's sources by their path inside the program: all of cdn.edge and what it imports of `cdn`."""
    found: dict[str, bytes] = {}
    waiting = [
        "cdn/__init__.py",
        *sorted(str(p.relative_to(_ROOT)) for p in (_ROOT / "cdn/edge").rglob("*.py")),
    ]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = (_ROOT / name).read_bytes()
            waiting += _imported(found[name])
    return dict(sorted(found.items()))


def _imported(source: bytes) -> Iterator[str]:
    """The files of our own modules that these sources name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            named = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for dotted in named:
            place = dotted.replace(".", "/")
            if dotted.partition(".")[0] == "cdn":
                yield from (f for f in (f"{place}.py", f"{place}/__init__.py") if (_ROOT / f).is_file())


def _stamps(names: "Iterator[str] | dict[str, bytes]") -> tuple[tuple[str, int, int], ...]:
    try:
        stats = [(name, (_ROOT / name).stat()) for name in names]
    except FileNotFoundError:
        return ()
    return tuple((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)


def build(files: dict[str, bytes]) -> Program:
    """Pack these sources: stored, not deflated, so that no library's version changes the bytes."""
    packed = io.BytesIO()
    packed.write(b"#!/usr/bin/env python3\n")
    with zipfile.ZipFile(packed, "a") as archive:
        for name, source in {"__main__.py": _MAIN.encode(), **files}.items():
            entry = zipfile.ZipInfo(name, _DAWN)
            entry.create_system, entry.external_attr = 3, 0o100644 << 16
            archive.writestr(entry, source)
    data = packed.getvalue()
    return Program(data, hashlib.sha256(data).hexdigest())


def command(*, origin: str, name: str, code: str) -> str:
    """The one line to type on the new machine, which needs python3 and nothing else.

    It fetches the program without asking who answers, because it then checks the very bytes; the program itself
    checks the site's certificate before it tells anybody the code.
    """
    if any(letter in origin for letter in "\"'\\ \n"):
        raise ValueError(f"{origin} is no address for a command: no quotes, backslashes or blanks")
    fetch = _FETCH.format(origin=origin, sha256=program().sha256, file=FILE)
    start = shlex.join(["python3", FILE, "--origin", origin, "--code", code, "--name", name])
    return f"python3 -c {shlex.quote(fetch)} && {start}"


@login_not_required
@require_safe
def node_program(request: HttpRequest) -> HttpResponse:
    """GET /edge/node.pyz: the node's program. Nothing in it is secret: what opens the door is the code."""
    found = program()
    tag = f'"{found.sha256[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    if none_match(request.headers.get("If-None-Match", ""), tag):
        return HttpResponse(status=304, headers=headers)
    headers["Content-Disposition"] = f'attachment; filename="{FILE}"'
    return HttpResponse(found.data, content_type="application/zip", headers=headers)


@login_not_required
@require_safe
def node_program_hash(request: HttpRequest) -> JsonResponse:
    """GET /edge/node.json → {sha256, bytes, kid, signature}: signed with the token key, which every node knows."""
    found = program()
    key = keys.ring.signing(timezone.now())
    signature = key.private.sign(program_message(found.sha256)).hex()
    answer = {"sha256": found.sha256, "bytes": len(found.data), "kid": key.kid, "signature": signature}
    return JsonResponse(answer, headers={"Cache-Control": "no-cache"})
