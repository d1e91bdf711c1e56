"""A title's trailer on its page, and on the billboard in the film's place."""

import re

import pytest

from catalog import models
from catalog.tests.factories import make_package
from tests.pages.conftest import House

pytestmark = pytest.mark.django_db


def test_a_trailer_is_offered_once_it_can_be_played(house: House) -> None:
    client = house.client(house.ada)
    (name,) = re.findall(r'class="billboard__name[^>]*>([^<]+)<', client.get("/").content.decode())
    title = models.Title.objects.get(name=name)
    video = models.Video.objects.create(trailer_of=title)
    address = f"/title/{title.slug}/"
    assert str(video.id) not in client.get(address).content.decode()
    make_package(video.id)
    assert f'href="/watch/{video.id}/"' in client.get(address).content.decode()
    assert f'data-video="{video.id}" data-trailer' in client.get("/").content.decode()
    page = client.get(f"/watch/{video.id}/")
    assert page.status_code == 200
