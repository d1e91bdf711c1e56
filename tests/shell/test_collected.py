"""Static files as a running site has them: collected once for all that is asked here."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.test import Client, override_settings
from django.utils.module_loading import import_string

from netflixlite import offline, translations
from netflixlite.templatetags.modules import module_graph

pytestmark = pytest.mark.slow
RUNNING = "netflixlite.storage.BundledStaticFilesStorage"


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory, settings_of_module: Any) -> Iterator[Path]:
    root = tmp_path_factory.mktemp("static")
    settings_of_module(
        STATIC_ROOT=root,
        STORAGES={
            "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
            "staticfiles": {"BACKEND": RUNNING},
        },
    )
    call_command("collectstatic", verbosity=0, interactive=False)
    forget()  # what other tests asked for is named as sources are
    yield root
    forget()


def forget() -> None:
    """Names of static files are remembered for as long as a process lives."""
    offline.shell_files.cache_clear()
    module_graph.cache_clear()


@pytest.fixture(scope="module")
def settings_of_module() -> Iterator[Any]:
    held: list[override_settings] = []

    def use(**values: Any) -> None:
        held.append(override_settings(**values))
        held[-1].enable()

    yield use
    for each in held:
        each.disable()


def manifest(root: Path) -> dict[str, Any]:
    return dict(json.loads((root / "staticfiles.json").read_text(encoding="utf-8")))


def test_every_script_leads_to_what_was_collected(collected: Path) -> None:
    served = set(manifest(collected)["paths"].values())
    scripts = [name for name in served if name.startswith(("js/", "words/"))]
    assert len(scripts) > 20
    for name in scripts:
        file = collected / name
        for given in re.findall(
            r"""(?:from|import)\s*\(?["'](\.[^"']+)["']""", file.read_text(encoding="utf-8")
        ):
            needed = (file.parent / given).resolve().relative_to(collected.resolve()).as_posix()
            assert needed in served, f"{name} needs {needed}"


def test_words_teach_the_module_that_all_scripts_ask(collected: Path) -> None:
    told = manifest(collected)
    words = told["paths"]["words/de.js"]
    (shared,) = told["imports"]["now"][words]
    assert shared in staticfiles_storage.modules("js/main.js")  # type: ignore[attr-defined]
    script = collected / "asked.mjs"
    script.write_text(
        f"import * as all from './{shared}'; import './{words}';"
        "for (const each of Object.values(all)) if (each.length === 1) console.log(each('Play'));",
        encoding="utf-8",
    )
    node = shutil.which("node")
    assert node
    done = subprocess.run([node, str(script)], capture_output=True, text=True, check=True, timeout=60)
    script.unlink()
    assert "Abspielen" in done.stdout.split()


@pytest.mark.django_db
@pytest.mark.parametrize("language", ["en", *translations.languages()])
def test_a_shell_without_network_has_all_that_it_needs(
    collected: Path, client: Client, language: str
) -> None:
    text = client.get("/sw.js", headers={"accept-language": language}).content.decode()
    files = re.findall(r'"/static/([^"]+)"', text)
    assert all((collected / name).is_file() for name in files), files
    kept = set(files)
    imports = manifest(collected)["imports"]["now"]
    for name in files:
        assert kept.issuperset(imports.get(name, ())), name
    if language != "en":
        assert any(name.startswith(f"words/{language}.") for name in files)


def test_a_torn_file_is_mended_by_the_next_collection(collected: Path) -> None:
    name = manifest(collected)["paths"]["js/main.js"]
    whole = (collected / name).read_bytes()
    (collected / name).write_bytes(whole[:100])
    call_command("collectstatic", verbosity=0, interactive=False)
    assert (collected / name).read_bytes() == whole


def test_a_collection_of_an_earlier_release_still_serves_pages(collected: Path) -> None:
    told = manifest(collected)
    earlier = json.dumps({key: value for key, value in told.items() if key != "imports"})
    (collected / "staticfiles.json").write_text(earlier, encoding="utf-8")
    try:
        storage = import_string(RUNNING)()
        assert storage.modules("js/main.js") == (told["paths"]["js/main.js"],)
    finally:
        (collected / "staticfiles.json").write_text(json.dumps(told), encoding="utf-8")
