"""What a page tells the browser of its scripts ahead."""

import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from django.template import Context, Template

from netflixlite.templatetags.modules import module_graph


def test_the_player_is_named_with_all_that_it_imports(repository: Path) -> None:
    names = module_graph("js/elements/nl-player.js")
    assert names[0] == "js/elements/nl-player.js"
    assert len(set(names)) == len(names) > 30
    assert {"vendor/hls.min.mjs", "js/player/engine.js", "js/player/loader.js", "js/player/ui/bar.js"} <= set(
        names
    )
    assert "js/player/rehearsal.js" not in names, "it is imported later, if at all"
    for name in names:
        assert (repository / "static" / name).is_file(), name


def test_links_are_written_for_all_of_them() -> None:
    page = Template("{% load modules %}{% module_preloads 'js/player/larder.js' %}").render(Context())
    assert page.count('<link rel="modulepreload"') == len(module_graph("js/player/larder.js"))
    assert "js/player/transfer.js" in page


def test_a_name_that_is_not_there_says_so() -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.js"):
        module_graph("js/nowhere.js")


def test_no_module_names_one_that_names_it(repository: Path) -> None:
    """Names with fingerprints could never settle. Words in comments count: `import("./x.js")` is looked for as text."""
    static = repository / "static"
    names = {file: file.read_text(encoding="utf-8") for file in static.rglob("*.js")}
    wanted = re.compile(r"""(?:\bfrom\s*|\bimport\s*|\bimport\()["'](\.[^"']+)["']""")
    graph = {
        str(file): [str((file.parent / name).resolve()) for name in wanted.findall(text)]
        for file, text in names.items()
    }
    assert list(TopologicalSorter(graph).static_order())
