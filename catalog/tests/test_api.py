"""The catalogue over HTTP: what it says, and to whom it does not say it."""

from uuid import uuid4

import pytest
from django.test import Client

from accounts.tests.factories import client_of, make_user
from catalog import services, types
from catalog.tests.factories import make_series, make_title

pytestmark = pytest.mark.django_db


def test_titles_are_listed_with_filters_and_a_count(ada) -> None:
    make_title(name="Anna", genres=("Comedy",))
    make_title(name="Bill", genres=("Drama",))
    make_series(name="Cato", genres=("Drama",))
    answer = client_of(ada).get("/api/v1/titles", {"genre": "drama", "order": "name", "limit": 1}).json()
    assert answer["count"] == 2
    assert [title["name"] for title in answer["results"]] == ["Bill"]
    answer = client_of(ada).get("/api/v1/titles", {"kind": "series"}).json()
    assert [title["name"] for title in answer["results"]] == ["Cato"]


def test_a_title_is_told_in_plain_json(ada) -> None:
    title = make_title(name="Night Mail", people=[types.Credit("Basil Wright", "director")])
    answer = client_of(ada).get(f"/api/v1/titles/{title.id}").json()
    assert answer["id"] == str(title.id)
    assert answer["runtime"] == 10.0
    assert answer["genres"] == [{"slug": "documentary", "name": "Documentary"}]
    assert answer["people"] == [
        {"person": "Basil Wright", "role": "director", "character": "", "slug": "basil-wright"}
    ]
    assert answer["seasons"] == []


def test_a_series_comes_with_its_episodes(ada) -> None:
    series = make_series(seasons=(2, 1))
    answer = client_of(ada).get(f"/api/v1/titles/{series.id}").json()
    assert [[part["number"] for part in season["episodes"]] for season in answer["seasons"]] == [[1, 2], [1]]
    assert answer["seasons"][0]["episodes"][0]["playable"] is True


def test_a_child_cannot_get_a_title_above_its_age(ben) -> None:
    film, series = make_title(name="Grim film", maturity=16), make_series(name="Grim series", maturity=12)
    gentle = make_title(name="Gentle", maturity=7)
    client = client_of(ben)
    for title in (film, series):
        answer = client.get(f"/api/v1/titles/{title.id}")
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "not_found"
    assert [one["id"] for one in client.get("/api/v1/titles").json()["results"]] == [str(gentle.id)]
    assert client.get("/api/v1/search", {"q": "grim"}).json()["results"] == []


def test_a_hidden_title_and_none_at_all_look_the_same(ada) -> None:
    hidden = make_title(published=False)
    client = client_of(ada)
    answers = [client.get(f"/api/v1/titles/{title_id}") for title_id in (hidden.id, uuid4())]
    assert {answer.status_code for answer in answers} == {404}
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize(
    "path", ["/api/v1/titles", "/api/v1/search?q=x", "/api/v1/titles/0b5e9b1c-61b1-4f9c-8d3e-4b0a7a1f6f11"]
)
def test_who_has_not_said_who_is_watching_is_told_nothing(path: str, olu) -> None:
    assert Client().get(path).status_code in (302, 401, 403)
    assert client_of(make_user()).get(path).status_code in (302, 403)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "1000"}, "limit"),
        ({"offset": "-1"}, "offset"),
        ({"kind": "soap"}, "kind"),
        ({"order": "random"}, "order"),
    ],
)
def test_a_wrong_question_is_named(ada, query: dict[str, str], field: str) -> None:
    answer = client_of(ada).get("/api/v1/titles", query)
    assert answer.status_code == 400
    assert answer.json()["error"]["field"] == field


def test_search_answers_in_order(ada) -> None:
    make_title(name="Mail")
    make_title(name="Night Mail")
    results = client_of(ada).get("/api/v1/search", {"q": "mail"}).json()["results"]
    assert [title["name"] for title in results] == ["Mail", "Night Mail"]
    assert client_of(ada).get("/api/v1/search", {"q": ""}).json()["results"] == []
    assert client_of(ada).get("/api/v1/search", {"q": "x" * 500}).status_code == 400


def test_the_number_of_queries_is_bounded(ada, django_assert_max_num_queries) -> None:
    for number in range(8):
        make_title(name=f"Film {number}", genres=("Drama", "Comedy"))
    series = make_series(seasons=(3, 3, 3))
    client = client_of(ada)
    client.get("/api/v1/titles")
    session = 4  # who signed in, which profile: the accounts app's, the same on every page
    with django_assert_max_num_queries(session + 6):
        assert client.get("/api/v1/titles").json()["count"] == 9
    client.get("/api/v1/search", {"q": "film"})  # reads the index
    with django_assert_max_num_queries(session + 9):
        assert client.get("/api/v1/search", {"q": "film"}).json()["results"]
    with django_assert_max_num_queries(session + 7):
        assert len(client.get(f"/api/v1/titles/{series.id}").json()["seasons"]) == 3


def test_the_schema_describes_the_endpoints(ada) -> None:
    from drf_spectacular.generators import SchemaGenerator

    paths = SchemaGenerator().get_schema(request=None, public=True)["paths"]
    assert {"/api/v1/titles", "/api/v1/titles/{title_id}", "/api/v1/search"} <= set(paths)
    shape = paths["/api/v1/search"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert shape["$ref"].endswith("/SearchOutput")
    assert services.count(maturity=18) == 0


def test_search_answers_with_people_and_what_was_meant(ada) -> None:
    make_title(name="Harbour", people=[types.Credit("Zoë Lund", "director")], packaged=False)
    answer = client_of(ada).get("/api/v1/search", {"q": "zoe lund"}).json()
    assert [one["slug"] for one in answer["people"]] == ["zoe-lund"]
    assert (answer["people"][0]["roles"], answer["people"][0]["titles"]) == (["director"], 1)
    assert [one["name"] for one in answer["results"]] == ["Harbour"]
    mistyped = client_of(ada).get("/api/v1/search", {"q": "harbuor"}).json()
    assert (mistyped["corrected"], mistyped["some_words"], mistyped["count"]) == ("harbour", False, 1)
    some = client_of(ada).get("/api/v1/search", {"q": "harbour qqqqq"}).json()
    assert (some["some_words"], [one["name"] for one in some["results"]]) == (True, ["Harbour"])
