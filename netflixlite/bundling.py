"""Scripts and sheets as visitors get them: few, small, each named by its content. esbuild makes them of `static/`.

A page's modules import one another: nearly fifty files for each page, eighty for the player. A telephone pays for each
of them, and for the words that explain them. Sources stay as they are: tests and debugging are served by those.
"""

import json
import os
import posixpath
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

#: Where esbuild puts what several modules share, below `static/`.
CHUNKS = "js/chunks/"
#: Where each language's words are, below `static/` (netflixlite/translations.py).
WORDS = "words/"
#: Made by others and whole: it stays in a piece of its own, which a change of ours does not have fetched again.
ENGINE = "vendor/hls.min.mjs"
#: Folders below `static/` of what sheets show, which stays in files of its own.
_BESIDE = ("vendor", "img", "icons")
#: What `env` answers where there is no Node.
_NOT_RUN = (126, 127)
_NAMED = re.compile(r"""\{% (?:static|module_\w+)\s+["'](js/[^"']+\.js)["']""")


@dataclass(frozen=True)
class Bundle:
    """What was made: texts by the names that they are served by, and how to come from the names of sources to these."""

    #: The content of each file below `static/`.
    files: dict[str, str]
    #: The served name of each module that templates name.
    entries: dict[str, str]
    #: By a served name: what it imports at once, and what it may import later.
    now: dict[str, list[str]]
    later: dict[str, list[str]]


def entries(templates: Path, static: Path) -> list[str]:
    """The modules below `static/` that templates name, and each language's words, sorted.

    Words teach the module that all others ask (`js/lib/words.js`): bundled apart they would teach one of their own.
    """
    texts = (file.read_text(encoding="utf-8") for file in templates.rglob("*.html"))
    words = {f"{WORDS}{file.name}" for file in (static / WORDS).glob("*.js")}
    return sorted({name for text in texts for name in _NAMED.findall(text)} | words)


def bundled(static: Path, names: list[str]) -> Bundle:
    """The modules `names` below `static`, with all that they import, in as few files as serve all of them.

    Raises ImproperlyConfigured where esbuild is missing, or with its own words where it cannot read a module.
    """
    with tempfile.TemporaryDirectory(prefix="netflixlite-bundle-") as folder:
        made, facts = Path(folder) / "made", Path(folder) / "facts.json"
        _esbuild(
            static,
            *names,
            ENGINE,
            "--bundle",
            "--splitting",
            "--format=esm",
            "--minify",
            "--charset=utf8",
            "--outbase=.",
            f"--outdir={made}",
            f"--metafile={facts}",
            "--entry-names=[dir]/[name].[hash]",
            f"--chunk-names={CHUNKS}[name].[hash]",
        )
        told = json.loads(facts.read_text(encoding="utf-8"))["outputs"]
        outputs = {_below(static, path, made): one for path, one in told.items()}
        files = {name: (made / name).read_text(encoding="utf-8") for name in outputs}
    imports = {
        kind: {
            name: [_below(static, each["path"], made) for each in one["imports"] if each["kind"] == kind]
            for name, one in outputs.items()
        }
        for kind in ("import-statement", "dynamic-import")
    }
    served = {one["entryPoint"]: name for name, one in outputs.items() if one.get("entryPoint") in names}
    return Bundle(files, served, imports["import-statement"], imports["dynamic-import"])


def sheets(static: Path, names: list[str]) -> dict[str, str]:
    """The texts of the style sheets `names` below `static`: each in one piece with what it imports, in the layers that
    these name, without what only people read. Addresses of fonts and pictures lead from where the sheet is.
    """
    with tempfile.TemporaryDirectory(prefix="netflixlite-sheets-") as folder:
        made = Path(folder).resolve()
        kept = [f"--external:./{where}/*" for where in _BESIDE]
        _esbuild(
            static, *names, "--bundle", *kept, "--minify", "--charset=utf8", "--outbase=.", f"--outdir={made}"
        )
        here = os.path.relpath(
            static.resolve(), made
        )  # esbuild's way from where its results are to what stays beside
        texts = {}
        for name in names:
            there = posixpath.relpath(".", posixpath.dirname(name) or ".")
            texts[name] = (made / name).read_text(encoding="utf-8").replace(here, there)
        return texts


def _cannot_run(why: object) -> ImproperlyConfigured:
    return ImproperlyConfigured(
        f"esbuild, which makes the site's scripts small, cannot be run ({why}). "
        "`make setup` fetches it; it needs Node 20 on the PATH."
    )


def _below(static: Path, path: str, made: Path) -> str:
    """esbuild tells of files by their way from where it runs."""
    return (static / path).resolve().relative_to(made.resolve()).as_posix()


def _esbuild(static: Path, *arguments: str) -> None:
    program = Path(settings.BASE_DIR) / "node_modules" / "esbuild" / "bin" / "esbuild"
    command = [str(program), *arguments, "--log-level=warning", "--log-limit=5"]
    try:
        done = subprocess.run(command, cwd=static, capture_output=True, text=True, check=False, timeout=120)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _cannot_run(error) from error
    if done.returncode in _NOT_RUN:
        raise _cannot_run(done.stderr.strip())
    if done.returncode:
        raise ImproperlyConfigured(f"esbuild could not make the site's scripts:\n{done.stderr.strip()}")
