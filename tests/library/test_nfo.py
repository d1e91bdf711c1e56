"""NFO files: good ones read, hostile ones refused in words."""

import pytest

from catalog.metadata import description, nfo, ratings
from catalog.types import Credit

FILM = b"""<?xml version="1.0" encoding="UTF-8" standalone="yes" ?>
<movie><title>Night &amp; Mail</title><year>1936</year><plot>Bla & more.\r\n\r\nTwo</plot><mpaa>Rated PG-13 for x</mpaa>
<genre>Drama / War</genre><genre>drama</genre><uniqueid type="imdb">tt0028020</uniqueid>
<uniqueid type="tmdb" default="true">41382</uniqueid><director>Harry Watt</director>
<actor><name>Stuart Legg</name><role>Narrator</role></actor></movie>
https://www.themoviedb.org/movie/1?x=1&y=2"""


def test_a_film_is_read_with_the_faults_that_real_files_have() -> None:
    [said] = nfo.parse(FILM)
    assert (said.name, said.year, said.maturity, said.tmdb_id, said.imdb_id) == (
        "Night & Mail",
        1936,
        13,
        41382,
        "tt0028020",
    )
    assert said.synopsis == "Bla & more.\n\nTwo"
    assert said.genres == ("Drama", "War")
    assert said.people == (Credit("Harry Watt", "director"), Credit("Stuart Legg", "cast", "Narrator"))


def test_several_episodes_in_one_file() -> None:
    said = nfo.parse(
        b"<episodedetails><title>A</title></episodedetails><episodedetails><title>B</title></episodedetails>"
    )
    assert [one.name for one in said] == ["A", "B"]


def test_a_link_alone_is_enough() -> None:
    assert nfo.parse(b"https://www.imdb.com/title/tt0028020/")[0].imdb_id == "tt0028020"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_other_letters(encoding: str) -> None:
    assert nfo.parse("<movie><title>Amélie</title></movie>".encode(encoding))[0].name == "Amélie"


LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<movie><title>&b;</title></movie>"""


@pytest.mark.parametrize(
    "data",
    [
        LAUGHS,
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><movie><title>&e;</title></movie>',
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd"><movie/>',
        b"",
        b"\x00" * 100,
        b"<movie>",
        b"<a>" * 200_000,
        b"<movie>" + b"<a/>" * 100_000 + b"</movie>",
        b"x" * (2 * 1024 * 1024),
        b"<movie><title>\xff\xfe",
    ],
)
def test_a_hostile_file_is_refused_in_words(data: bytes) -> None:
    with pytest.raises(nfo.BadNfo):
        nfo.parse(data)


def test_a_codec_that_is_no_letters_is_not_used() -> None:
    assert nfo.parse(b"<?xml version='1.0' encoding='zip'?><movie><title>A</title></movie>")[0].name == "A"


def test_texts_are_made_harmless() -> None:
    assert description.line("a\u202egpj.exe\x00\nb", 200) == "agpj.exe b"
    assert len(description.line("x" * 10_000, 200) or "") == 200
    assert description.line("\u200f \n", 200) is None
    people = description.credits(("Ada", "cast", "") for _each in range(1000))
    assert people == (Credit("Ada", "cast"),)


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("Rated R", 17), ("DE:16", 16), ("FSK 12", 12), ("TV-MA", 17), ("12A", 12), ("NC-17", 18), ("18+", 18),
        ("US:PG / UK:12", 7), ("PG-13", 13), ("UA 16+", 16), ("U", 0), ("Not Rated", None), ("", None), ("99", None),
    ],
)  # fmt: skip
def test_ratings_become_ages(text: str, age: int | None) -> None:
    assert ratings.age(text) == age
