"""A copy of everything and an account's end, as a person does it in Chromium, with a worker beside."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts import models, services
from accounts.privacy import erasing, exporting
from accounts.tests.factories import PASSWORD, make_operator, make_profile, make_user
from netflixlite.jobs import services as jobs
from tests.conftest import CALM, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, databases="__all__")]


@pytest.fixture(autouse=True)
def _places(settings: Any, tmp_path: Path) -> None:
    for name in ("EXPORTS_DIR", "KEYS_DIR", "WORK_DIR"):
        folder = tmp_path / name.lower()
        folder.mkdir()
        setattr(settings, name, folder)


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, reduced_motion=CALM)
    page = context.new_page()
    page.set_default_timeout(60_000)
    yield page
    context.close()


def sign_in(page: Any, url: str) -> None:
    page.goto(f"{url}/accounts/login/")
    page.fill("[name=login]", "ada@example.org")
    page.fill("[name=password]", PASSWORD)
    page.click(".entrance__panel .button--lamp")
    page.wait_for_url(lambda address: "/login/" not in address)


def do(kind: str) -> None:
    """Do the newest job of this kind, as a worker would: away from the browser's loop."""
    found = wait_for(lambda: jobs.find(kind=kind), seconds=60, what=f"a job {kind}")
    worker = threading.Thread(target=jobs.run_here, args=[found[0].id])
    worker.start()
    worker.join()


def test_somebody_takes_a_copy_along_and_leaves(
    live_server: Any, settings: Any, page: Any, tmp_path: Path
) -> None:
    settings.ERASURE_DAYS = 0
    make_operator("Olu")
    ada = make_user("ada", email="ada@example.org")
    make_profile("Ada", user=ada)
    sign_in(page, live_server.url)

    page.goto(f"{live_server.url}/account/data/")
    page.get_by_role("button", name="Make a copy").click()
    page.wait_for_selector("nl-copy progress")
    do(exporting.KIND)
    page.get_by_role("link", name="Download").wait_for()  # the page looks by itself
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    download.value.save_as(tmp_path / "copy.zip")
    assert (tmp_path / "copy.zip").read_bytes()[:2] == b"PK"

    page.goto(f"{live_server.url}/account/erase/")
    page.check("[name=sure]")
    page.get_by_role("button", name="Erase everything").click()
    receipt = page.inner_text(".receipt__secret")
    page.get_by_role("link", name="Where the proof will be").click()
    page.get_by_role("heading", name="No proof yet").wait_for()
    do(erasing.KIND)
    page.reload()
    page.get_by_role("heading", name="An account was erased").wait_for()
    page.click("summary")
    page.fill("[name=email]", "ada@example.org")
    page.fill("[name=secret]", receipt)
    page.get_by_role("button", name="Compare").click()
    page.get_by_text("The receipt fits").wait_for()
    assert not models.User.objects.filter(id=ada.id).exists()
    with pytest.raises(services.NotFound):
        services.user(ada.id)
