"""A title that is blocked on a profile is found nowhere, by no page and by no question to the API."""

import pytest

from accounts import services as accounts
from tests.pages.conftest import House

pytestmark = pytest.mark.django_db

PAGES = (
    "/",
    "/my-list/",
    "/search/?q=night",
    "/search/?q=nothing-like-this",
    "/browse/",
    "/browse/?kind=film",
)


def test_a_blocked_title_is_found_nowhere(house: House) -> None:
    film = house.films[3]
    client = house.client(house.ada)
    assert film.name in client.get("/my-list/").content.decode()
    accounts.block_title(profile_id=house.ada.id, title_id=film.id)
    for page in PAGES:
        assert film.name not in client.get(page).content.decode(), page
    assert film.name not in client.get(f"/title/{house.films[5].slug}/").content.decode()
    assert client.get(f"/title/{film.slug}/").status_code == 404
    assert client.get(f"/watch/{film.video_id}/").status_code == 404
    api = "/api/v1"
    assert client.get(f"{api}/titles/{film.id}").status_code == 404
    assert str(film.id) not in client.get(f"{api}/titles?limit=100").content.decode()
    assert str(film.id) not in client.get(f"{api}/search?q=night").content.decode()
    for path, body in ((f"{api}/my-list/{film.id}", None), (f"{api}/thumbs/{film.id}", {"thumb": "up"})):
        assert client.put(path, body, content_type="application/json").status_code == 404, path
    assert house.client(house.ben).get(f"/title/{film.slug}/").status_code == 200, "only on this profile"


def test_the_page_blocks_and_allows(house: House) -> None:
    client = house.client(house.ada)
    film = house.films[0]
    path = f"/profiles/{house.ben.id}/blocked/"
    page = client.get(f"{path}?q=night").content.decode()
    assert film.name in page
    assert house.grown_up.name not in client.get(f"{path}?q=forbidden").content.decode(), (
        "it sees that by no means"
    )
    client.post(path, {"block": str(film.id), "q": "night"})
    ben = accounts.profile(house.ben.id)
    assert ben is not None
    assert ben.blocked == {film.id}
    assert client.post(path, {"block": "x"}).status_code == 404
    assert client.post(path, {"block": str(house.ada.id)}).status_code == 404
    client.post(path, {"allow": str(film.id)})
    ben = accounts.profile(house.ben.id)
    assert ben is not None
    assert ben.blocked == set()


def test_a_childs_rows_have_a_childs_words(house: House) -> None:
    home = house.client(house.ben).get("/").content.decode()
    assert "Brand new" in home
    assert "Just for you" in home
    assert "Most recent" not in home
