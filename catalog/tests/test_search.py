"""Search: the questions that people type."""

import pytest

from catalog import services, types
from catalog.search import slips, text
from catalog.tests.factories import make_title

SHELF = {
    "Amélie": [types.Credit("Audrey Tautou", "cast", "Amélie Poulain")],
    "Spider-Man: Into the Dark": [types.Credit("Tom Holland", "cast", "Peter")],
    "Rocky II": [types.Credit("Sylvester Stallone", "director")],
    "Rocky": [types.Credit("Sylvester Stallone", "cast", "Rocky Balboa")],
    "The Good, the Bad and the Quiet": [types.Credit("Łukasz Żal", "director")],
    "L'Œuvre au noir": [types.Credit("Gian Maria Volonté", "cast")],
    "Schindler's Garden": [],
    "M*A*S*H": [],
    "東京物語": [types.Credit("小津 安二郎", "director")],
    "Straße der Nacht": [],
    "Mail": [],
    "Night Mail": [],
    "Fight": [],
}


@pytest.fixture
def shelf(db) -> None:
    for name, people in SHELF.items():
        make_title(
            name=name, people=people, packaged=False, genres=("Comedy",) if name == "Amélie" else ("Drama",)
        )


QUESTIONS = [
    ("amelie", "Amélie"),
    ("AMÉLIE", "Amélie"),
    ("ame", "Amélie"),
    ("amleie", "Amélie"),
    ("spiderman", "Spider-Man: Into the Dark"),
    ("spider man", "Spider-Man: Into the Dark"),
    ("spider-man", "Spider-Man: Into the Dark"),
    ("spidermn", "Spider-Man: Into the Dark"),
    ("rocky 2", "Rocky II"),
    ("rocky ii", "Rocky II"),
    ("rocky", "Rocky"),
    ("bad good", "The Good, the Bad and the Quiet"),
    ("lukasz zal", "The Good, the Bad and the Quiet"),
    ("oeuvre", "L'Œuvre au noir"),
    ("œuvre", "L'Œuvre au noir"),
    ("l oeuvre", "L'Œuvre au noir"),
    ("volonte", "L'Œuvre au noir"),
    ("schindlers", "Schindler's Garden"),
    ("shindler garden", "Schindler's Garden"),
    ("schindler\u2019s", "Schindler's Garden"),
    ("mash", "M*A*S*H"),
    ("東京", "東京物語"),
    ("strasse", "Straße der Nacht"),
    ("nacht strasse", "Straße der Nacht"),
    ("nihgt mail", "Night Mail"),
    ("mail", "Mail"),
    ("tautou comedy", "Amélie"),
    ("balboa", "Rocky"),
    ("stalone", "Rocky"),
]
NONSENSE = ["", "   ", "!!!", "zzzz", "amelie zzzz", "%", "_", "\\", "'; drop table--"]


def test_the_right_title_comes_first(shelf) -> None:
    """One test for all, as filling the shelf costs more than asking."""
    wrong = {}
    for question, first in QUESTIONS:
        found = [title.name for title in services.search(question, maturity=18)]
        if found[:1] != [first]:
            wrong[question] = found
    assert wrong == {}


def test_nothing_is_found_for_nothing(shelf) -> None:
    found = {question: services.search(question, maturity=18) for question in NONSENSE}
    assert found == {question: [] for question in NONSENSE}


def test_search_respects_age_window_and_publication(db) -> None:
    make_title(name="Moonrise one", maturity=0)
    make_title(name="Moonrise two", maturity=16)
    make_title(name="Moonrise three", published=False)
    assert [title.name for title in services.search("moonrise", maturity=7)] == ["Moonrise one"]
    assert len(services.search("moonrise", maturity=18)) == 2
    assert len(services.search("moonrise", maturity=18, limit=1)) == 1


def test_a_very_long_question_is_answered(shelf) -> None:
    assert services.search("rocky " * 500 + "x" * 10_000, maturity=18) != services.search("mail", maturity=18)


@pytest.mark.parametrize(
    ("left", "right", "count"),
    [
        ("night", "night", 0),
        ("nihgt", "night", 1),
        ("nigt", "night", 1),
        ("knight", "night", 1),
        ("bight", "night", 1),
        ("nacht", "night", 2),
        ("mail", "night", 3),
    ],
)
def test_slips_are_counted(left: str, right: str, count: int) -> None:
    assert slips.distance(left, right, 2) == count


@pytest.mark.parametrize("word", ["mail", "night", "garden", "schindler", "lamplighters"])
def test_all_words_are_compared_at_once_as_one_by_one(word: str) -> None:
    others = [
        "q",
        "mail",
        "nights",
        "gardens",
        "shindler",
        "lampligters",
        "lamplighter",
        "straight",
        "dengar",
    ]
    table = slips.Table(others)
    for position in range(len(word)):
        for typed in (
            word[:position] + word[position + 1 :],
            word[:position] + "q" + word[position + 1 :],
            word[:position] + "q" + word[position:],
            word[: max(0, position - 1)]
            + word[position]
            + word[position - 1 : position]
            + word[position + 1 :],
        ):
            most = slips.allowed(typed)
            near = {place: count for place, count, _whole in table.near(typed, most)}
            for place, other in enumerate(others):
                alone = min(slips.distance(typed, other[:end], most) for end in range(len(other) + 1))
                assert near.get(place, most + 1) == min(alone, most + 1) or most == 0, (typed, other)


def test_the_index_can_be_read_back() -> None:
    entry = text.Entry(
        name="Spider-Man II", people="Zoë Ł", about="Drama", others="Homme-araignée", parts="One"
    )
    read = text.entry_of(text.index_text(entry))
    assert read.name.split("\t") == ["spider man ii", "2 spiderman manii spidermanii smi"]
    assert (read.people, read.about, read.others.split("\t")[0]) == ("zoe l\tzoel", "drama", "homme araignee")


def test_texts_of_the_first_form_are_still_read() -> None:
    read = text.entry_of(" spider man\tspiderman \n zoe \n drama ")
    assert (read.name, read.people, read.about) == ("spider man\tspiderman", "zoe", "drama")
