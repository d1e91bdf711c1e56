"""What names say: a table of usual and unusual ones, and no time spent on the usual."""

import pytest

from catalog.library import names, odd_names

FILMS = [
    ("Night Mail (1936)/Night Mail (1936) [1080p].mkv", "Night Mail", 1936, "Night Mail (1936)"),
    ("Night.Mail.1936.1080p.BluRay.x264-GRP.mkv", "Night Mail", 1936, ""),
    ("Alien 3 (1992).mkv", "Alien 3", 1992, ""),
    ("2001 A Space Odyssey (1968).mkv", "2001 A Space Odyssey", 1968, ""),
    ("Blade.Runner.2049.2017.1080p.mkv", "Blade Runner 2049", 2017, ""),
    ("1917 (2019)/1917.mkv", "1917", 2019, "1917 (2019)"),
    ("Dr. Strangelove (1964).mkv", "Dr. Strangelove", 1964, ""),
    ("Le Fabuleux Destin d'Amélie Poulain (2001).mkv", "Le Fabuleux Destin d'Amélie Poulain", 2001, ""),
    ("M (1931)/M.mkv", "M", 1931, "M (1931)"),
    ("The Interview (2014)/The Interview (2014).mkv", "The Interview", 2014, "The Interview (2014)"),
    ("Short Circuit (1986)/Short Circuit (1986).mkv", "Short Circuit", 1986, "Short Circuit (1986)"),
    ("The Interview.mkv", "The Interview", None, ""),
    ("Inception/Inception.mkv", "Inception", None, "Inception"),
    ("Drama/Inception (2010).mkv", "Inception", 2010, ""),
    ("holiday video.mp4", "holiday video", None, ""),
    ("VID_20190812_143012.mp4", "VID 20190812 143012", None, ""),
    ("Kill Bill Vol. 1 (2003) {imdb-tt0266697}.mkv", "Kill Bill Vol. 1", 2003, ""),
    ("七人の侍 (1954).mkv", "七人の侍", 1954, ""),
]
EPISODES = [
    ("Show/Season 01/Show - S01E02.mkv", "Show", None, 1, (2,), "", "Show"),
    ("Show/Season 1/Show S01E01-E03 Big.mkv", "Show", None, 1, (1, 2, 3), "Big", "Show"),
    ("The.Wire.S03E04E05.720p.BluRay.x264-GRP.mkv", "The Wire", None, 3, (4, 5), "", ""),
    ("Breaking Bad/Season 1/01 - Pilot.mkv", "Breaking Bad", None, 1, (1,), "Pilot", "Breaking Bad"),
    (
        "Doctor Who (2005)/Specials/Doctor Who S00E01.mkv",
        "Doctor Who",
        2005,
        0,
        (1,),
        "",
        "Doctor Who (2005)",
    ),
    ("Naruto/[Group] Naruto - 135 [720p].mkv", "Naruto", None, 1, (135,), "", "Naruto"),
    ("Show/S02/e03.mkv", "Show", None, 2, (3,), "", "Show"),
    ("24/Season 01/24 1x02.mkv", "24", None, 1, (2,), "", "24"),
    ("The 100/Season 1/The 100 - 1x03 - Earth Kills.mkv", "The 100", None, 1, (3,), "Earth Kills", "The 100"),
    ("1899/1899.S01E01.mkv", "1899", None, 1, (1,), "", "1899"),
    ("TV/Breaking Bad S01E01 Pilot.mkv", "Breaking Bad", None, 1, (1,), "Pilot", ""),
    ("Die Brücke/Staffel 2/Die Brücke S02E01.mkv", "Die Brücke", None, 2, (1,), "", "Die Brücke"),
    ("Daily/2014/Daily.2014.06.03.Guest.mkv", "Daily", None, 2014, (603,), "2014-06-03 Guest", "Daily"),
    ("Show.S01.720p.WEB/Show.S01E05.Name.720p.WEB.mkv", "Show", None, 1, (5,), "Name", ""),
    ("Show 2019/Season 1/Episode 4.mkv", "Show", 2019, 1, (4,), "", "Show 2019"),
]
LEFT_OUT = [
    ("Film (2000)/Film (2000)-teaser.mp4", "extra"),
    ("Film (2000)/Extras/making.mkv", "extra"),
    ("Film (2000)/Behind The Scenes/making.mkv", "extra"),
    ("Film (2000)/Sample/x.mkv", "extra"),
    ("Film (2000)/film-sample.mkv", "sample"),
    ("Film (2000)/sample.mkv", "sample"),
    ("Movie (2010)/VIDEO_TS/VTS_01_1.VOB", "disc"),
]


TRAILERS = [
    ("Film (2000)/Film (2000)-trailer.mp4", "Film", 2000),
    ("Film (2000)/Film (2000) [1080p]-trailer2.mp4", "Film", 2000),
    ("Film (2000)/trailer.mkv", "Film", 2000),
    ("Film (2000)/trailers/whatever it is called.mkv", "Film", 2000),
    ("Film (2000)/other words-trailer.mkv", "Film", 2000),
    ("Film (2000)-trailer.mkv", "Film", 2000),
    ("Film.2000.Trailer.1.mkv", "Film", 2000),
    ("Show/trailers/x.mkv", "Show", None),
    ("Show/Show-trailer.mkv", "Show", None),
    ("Films/Film (2000) [tmdbid-841]/trailer.mkv", "Film", 2000),
]


@pytest.mark.parametrize(("path", "name", "year"), TRAILERS)
def test_trailers(path: str, name: str, year: int | None) -> None:
    guess = names.guess(path)
    assert (guess.kind, guess.name, guess.year) == ("trailer", name, year)


@pytest.mark.parametrize("path", ["Trailer Park (2003)/Trailer Park (2003).mkv", "trailers/Film (2000).mkv"])
def test_films_that_only_look_like_trailers(path: str) -> None:
    assert names.guess(path).kind == "film"


@pytest.mark.parametrize(("path", "name", "year", "root"), FILMS)
def test_films(path: str, name: str, year: int | None, root: str) -> None:
    guess = names.guess(path)
    assert (guess.kind, guess.name, guess.year, guess.root) == ("film", name, year, root)


@pytest.mark.parametrize(("path", "name", "year", "season", "numbers", "title", "root"), EPISODES)
def test_episodes(
    path: str, name: str, year: int | None, season: int, numbers: tuple[int, ...], title: str, root: str
) -> None:
    guess = names.guess(path)
    assert (guess.kind, guess.name, guess.year) == ("episode", name, year)
    assert (guess.season, guess.episodes, guess.episode_name, guess.root) == (season, numbers, title, root)


@pytest.mark.parametrize(("path", "why"), LEFT_OUT)
def test_what_accompanies_a_film_is_left_out(path: str, why: str) -> None:
    guess = names.guess(path)
    assert (guess.kind, guess.why) == ("skipped", why)


def test_numbers_of_databases_are_read() -> None:
    assert names.guess("Dune (1984) [tmdbid-841].mkv").ids == {"tmdb": "841"}
    assert names.guess("Kill Bill (2003) {imdb-tt0266697}/Kill Bill.mkv").ids == {"imdb": "tt0266697"}


def test_a_part_of_a_film_says_so() -> None:
    assert names.guess("Film (1999) - cd1.avi").part == 1


def test_names_are_compared_without_accents_capitals_and_articles() -> None:
    assert names.fold("Amélie & Co.") == names.fold("amelie and co")
    assert names.fold("The Office") == names.fold("the office!")


def test_usual_names_never_ask_guessit(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(path: str) -> dict[str, object]:
        raise AssertionError(f"guessit was asked about {path}")

    monkeypatch.setattr(odd_names, "ask", never)
    for number in range(1, 500):
        assert names.guess(f"Film {number} (1990)/Film {number} (1990).mkv").year == 1990
        assert names.guess(f"Show/Season 02/Show - S02E{number:02}.mkv").episodes == (number,)


@pytest.mark.parametrize(
    "path",
    [
        "(" * 200 + ".mkv",
        "S01E" + "9" * 200 + ".mkv",
        "-" * 250 + ".mkv",
        "a/" * 100 + "S00E00.mkv",
        "\u202e.mkv",
        ".mkv",
    ],
)
def test_no_name_breaks_it(path: str) -> None:
    assert isinstance(names.guess(path), names.Guess)
