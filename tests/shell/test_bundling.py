"""Modules in few files: all that pages name is there, and all that these need; names follow contents."""

import posixpath
import re
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from netflixlite import bundling
from netflixlite.static import WholeFileWhiteNoise
from netflixlite.storage import SHEETS


def test_a_running_site_serves_all_modules_in_few_files(repository: Path) -> None:
    names = bundling.entries(repository / "templates", repository / "static")
    assert {
        "js/main.js",
        "js/elements/nl-player.js",
        "js/elements/nl-downloads.js",
        "js/offline/shell.js",
        "js/admin/queue.js",
        "words/de.js",
    } < set(names)
    made = bundling.bundled(repository / "static", names)
    assert set(made.entries) == set(names)
    for served, text in made.files.items():
        assert re.search(r"\.[0-9A-Z]{8}\.js$", served), served
        for needed in made.now[served] + made.later[served]:
            assert needed in made.files, f"{served} needs {needed}"
            way = posixpath.relpath(needed, posixpath.dirname(served))
            assert way.rpartition("/")[2] in text, f"{served} does not say where {needed} is"
    player = made.entries["js/elements/nl-player.js"]
    assert player in made.later[made.entries["js/main.js"]], "Play opens the player over any page"
    assert len(made.now[player]) < 25
    assert 'customElements.define("nl-player"' in made.files[player]


def test_a_module_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "js").mkdir()
    (tmp_path / "js" / "main.js").write_text('import "./gone.js";', encoding="utf-8")
    with pytest.raises(ImproperlyConfigured, match=r"js/main\.js.*gone\.js|gone\.js"):
        bundling.bundled(tmp_path, ["js/main.js"])


def test_each_import_gives_its_sheet_in_its_layer_with_addresses_that_lead_where_they_did(
    tmp_path: Path,
) -> None:
    for name, text in {
        "css/main.css": '@layer a, b;\n@import url("a.css") layer(a);\n@import url("parts/b.css") layer(b);\np{top:0}',
        "css/a.css": '/* lamp */ i { background: url("../img/x.svg"); }',
        "css/parts/b.css": '@import url("deep/c.css"); b { mask: url("data:image/svg+xml,z") }',
        "css/parts/deep/c.css": "u { src: url('../../../vendor/f.woff2') }",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (text,) = bundling.sheets(tmp_path, ["css/main.css"]).values()
    assert text.strip() == (
        "@layer a,b;@layer a{i{background:url(../img/x.svg)}}@layer b{u{src:url(../vendor/f.woff2)}}"
        "@layer b{b{mask:url(data:image/svg+xml,z)}}p{top:0}"
    )


def test_the_sheets_of_the_house_are_whole(repository: Path) -> None:
    static = repository / "static"
    for name, text in bundling.sheets(static, list(SHEETS)).items():
        assert "@import" not in text
        for address in re.findall(r"""url\(["']?(?!data:|[/#])([^"')]+)""", text):
            found = ((static / name).parent / address).resolve()
            assert found.is_relative_to(static.resolve()), address
            assert "vendor" in address or found.exists(), address


def test_pieces_that_modules_share_are_kept_for_ever() -> None:
    files = WholeFileWhiteNoise.__new__(WholeFileWhiteNoise)
    files.static_prefix = "/static/"
    assert files.immutable_file_test("", f"/static/{bundling.CHUNKS}chunk.ABCDEFGH.js")
    assert not files.immutable_file_test("", "/media/artwork/x.js")
