"""Somebody's page: their work by role, and nothing that the profile may not see."""

import pytest

from catalog import services as catalog
from catalog.models import Person
from catalog.tests.factories import make_title
from catalog.types import Credit
from netflixlite.pages.people import initials
from tests.pages.conftest import House

pytestmark = pytest.mark.django_db


def test_somebodys_work_stands_by_role_with_whom_they_play(house: House) -> None:
    make_title(
        name="Two Parts",
        people=[
            Credit("Ines Okafor", "cast", "The judge"),
            Credit("Ines Okafor", "cast", "Her sister"),
            Credit("Ines Okafor", "director"),
        ],
    )
    page = house.client(house.ada).get("/person/ines-okafor/")
    works = {each.role: each for each in page.context["works"]}
    assert list(works) == ["cast", "director"]
    assert [tile.title.name for tile in works["director"].tiles] == ["Two Parts"]
    captions = {tile.title.name: tile.caption for tile in works["cast"].tiles}
    assert captions["Two Parts"] == "The judge / Her sister"
    assert captions["Night Mail 0"] == "The guard"
    assert "Ines Okafor" in page.content.decode()


def test_a_child_sees_of_somebody_only_what_is_for_children(house: House) -> None:
    make_title(name="Not For You", maturity=18, people=[Credit("Vera Late", "director")])
    assert house.client(house.ada).get("/person/vera-late/").status_code == 200
    kid = house.client(house.ben)
    assert kid.get("/person/vera-late/").status_code == 404
    assert house.grown_up.name not in kid.get("/person/basil-wright/").content.decode()
    assert house.client(house.ada).get("/person/nobody/").status_code == 404


def test_people_of_one_name_stay_apart(house: House) -> None:
    first = Credit("Anna Schmidt", "cast", tmdb_id=11)
    second = Credit("Anna Schmidt", "composer", tmdb_id=12)
    one = make_title(name="One", people=[first])
    two = make_title(name="Two", people=[second])
    assert [each.slug for each in one.people] == ["anna-schmidt"]
    assert [each.slug for each in two.people] == ["anna-schmidt-2"]
    client = house.client(house.ada)
    assert "Two" not in [
        tile.title.name for tile in client.get("/person/anna-schmidt/").context["works"][0].tiles
    ]
    # Who is only named is whoever stands in the title already, or came first.
    catalog.update_title(title_id=two.id, people=[Credit("Anna Schmidt", "composer")])
    assert catalog.title(two.id).people[0].slug == "anna-schmidt-2"
    three = make_title(name="Three", people=[Credit("Anna Schmidt", "writer")])
    assert three.people[0].slug == "anna-schmidt"
    assert Person.objects.filter(name="Anna Schmidt").count() == 2


def test_a_number_is_learnt_of_somebody_who_was_only_named() -> None:
    make_title(name="One", people=[Credit("Basil Wright", "director")])
    two = make_title(name="Two", people=[Credit("Basil Wright", "director", tmdb_id=7)])
    assert two.people[0].slug == "basil-wright"
    assert Person.objects.get().tmdb_id == 7


def test_every_script_has_addresses() -> None:
    title = make_title(people=[Credit("小津 安二郎", "director"), Credit("黒澤 明", "director")])
    slugs = [each.slug for each in title.people]
    assert len(set(slugs)) == 2
    assert all(slug.startswith("person-") for slug in slugs)


def test_initials_stand_in_for_a_photo() -> None:
    assert initials("Ines Maria Okafor") == "IO"
    assert initials("Cher") == "C"
    assert initials("") == ""
