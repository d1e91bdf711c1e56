"""The browser's modules: none leads back to itself, so that what each of them needs is there before it begins."""

import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

#: What leads to another module, at once or later.
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
            f"{' imports '.join(reversed(error.args[1]))}: which of them begins first depends on who asks"
        ) from None
