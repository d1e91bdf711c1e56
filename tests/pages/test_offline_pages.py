"""What a browser keeps of the site: the manifest, the worker and the page without the site tell nothing of anybody."""

import json
import re

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from accounts.tests.factories import client_of, make_operator, make_profile
from netflixlite import offline

pytestmark = pytest.mark.django_db(databases=["default", "telemetry", "cache"])


@pytest.fixture(autouse=True)
def _site(db: None) -> None:
    make_operator("operator")


def test_the_app_can_be_installed() -> None:
    answer = Client().get("/manifest.webmanifest")
    said = answer.json()
    assert answer["Content-Type"] == "application/manifest+json"
    assert {one["purpose"] for one in said["icons"]} == {"any", "maskable"}
    for icon in said["icons"]:
        name = icon["src"].removeprefix("/static/")
        assert finders.find(name), name
    assert said["id"] == "/"
    assert next(one["url"] for one in said["shortcuts"]) == "/downloads/"


def test_the_page_without_the_site_is_the_same_for_everybody() -> None:
    ada = make_profile("Ada Lovelace")
    mine, anonymous = client_of(ada), Client()
    for address in ("/downloads/offline/", f"/downloads/watch/{ada.id}/"):
        page = mine.get(address)
        assert page.status_code == 200
        assert page.content == anonymous.get(address).content
        assert "Ada" not in page.content.decode()
        assert "csrf" not in page.content.decode()
    assert anonymous.get("/downloads/").status_code == 302


def test_the_worker_keeps_one_page_and_what_it_needs() -> None:
    answer = Client().get("/sw.js")
    text = answer.content.decode()
    found = re.search(r"= (\{.*\});", text)
    assert found
    facts = json.loads(found[1])
    assert answer["Cache-Control"] == "no-cache"
    assert facts["shell"] == "/downloads/offline/"
    assert all(one.startswith("/static/") for one in facts["files"])
    for needed in ("js/offline/shell.js", "js/player/player.js", "vendor/hls.min.mjs", "css/reset.css"):
        assert f"/static/{needed}" in facts["files"]
    assert facts["version"] == json.loads(found[1])["version"]
    assert facts["kept"] == "/downloads/watch/"


def test_all_that_the_page_without_the_site_needs_is_there() -> None:
    for name in offline.shell_files():
        assert finders.find(name) or name.startswith("vendor/"), name
    assert "js/elements/nl-player.js" in offline.shell_files()
    assert any(name.endswith(".woff2") for name in offline.shell_files())


def test_a_profile_sees_its_page_of_downloads() -> None:
    ada = make_profile("Ada Lovelace")
    text = client_of(ada).get("/downloads/").content.decode()
    assert f'data-profile="{ada.id}"' in text
    assert 'rel="manifest"' in text
