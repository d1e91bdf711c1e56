"""What is known and switched, over HTTP."""

import pytest

from accounts.tests.factories import client_of
from catalog.tests.factories import make_title
from recommend import services
from recommend.types import Thumb

pytestmark = pytest.mark.django_db(databases="__all__")

URL = "/api/v1/recommendations"


def test_what_is_known_is_shown_taken_back_and_erased(ada):
    film, other = make_title(name="One"), make_title(name="Two")
    services.rate(profile_id=ada.id, title_id=film.id, thumb=Thumb.UP)
    services.rate(profile_id=ada.id, title_id=other.id, thumb=Thumb.UP)
    browser = client_of(ada)
    known = browser.get(URL).json()
    assert known["switches"] == {"personal": True, "learn": True, "shared": True, "steady": False}
    assert {each["title_id"] for each in known["titles"]} == {str(film.id), str(other.id)}
    assert browser.delete(f"{URL}/{film.id}").status_code == 204
    assert [each["title_id"] for each in browser.get(URL).json()["titles"]] == [str(other.id)]
    assert browser.delete(URL).status_code == 204
    assert browser.get(URL).json()["titles"] == []
    assert services.about(ada.id, [other.id])[other.id].thumb is None


def test_switches_are_set_one_by_one_and_nonsense_is_refused(ada):
    browser = client_of(ada)
    set_ = browser.patch(URL, {"shared": False}, content_type="application/json")
    assert set_.json() == {"personal": True, "learn": True, "shared": False, "steady": False}
    assert browser.patch(URL, {"learn": "perhaps"}, content_type="application/json").status_code == 400


def test_starting_anew_keeps_thumbs_and_lets_them_weigh_nothing(ada):
    film = make_title()
    services.rate(profile_id=ada.id, title_id=film.id, thumb=Thumb.UP)
    browser = client_of(ada)
    assert browser.post(f"{URL}/anew").status_code == 204
    assert browser.get(URL).json()["titles"] == []
    assert services.about(ada.id, [film.id])[film.id].thumb is Thumb.UP


def test_a_child_neither_sees_nor_changes_it(ben):
    browser = client_of(ben)
    assert browser.get(URL).status_code == 403
    assert browser.delete(URL).status_code == 403
    assert browser.patch(URL, {"learn": False}, content_type="application/json").status_code == 403
