"""The browser's modules as static files: each file's name holds its content's hash, so none may lead back to itself."""

import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

#: What Django takes for an import, in comments too: it then needs the other file's hash first.
IMPORT = re.compile(r"""(?:\bfrom|\bimport|\bimport\()\s*["'](\.[^"']+\.m?js)["']""")


def test_no_module_leads_back_to_itself(repository: Path) -> None:
    scripts = repository / "static" / "js"
    graph: dict[str, set[str]] = {}
    for file in scripts.rglob("*.js"):
        named = ((file.parent / name).resolve() for name in IMPORT.findall(file.read_text(encoding="utf-8")))
        graph[str(file.relative_to(scripts))] = {
            str(other.relative_to(scripts)) for other in named if other.is_relative_to(scripts)
        }
    assert len(graph) > 20
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        raise AssertionError(
            f"{' imports '.join(reversed(error.args[1]))}: the static files of a running site "
            "(`manage.py prepare`) cannot be named by content"
        ) from None
