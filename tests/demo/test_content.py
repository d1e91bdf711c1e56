"""The demo catalogue as it is written down."""

import re
from collections import Counter

from netflixlite.demo import content
from netflixlite.demo.films import CREDITS_FOR, TITLE_AT, TITLE_FOR, subtitles
from netflixlite.demo.frames import ANIMATORS
from netflixlite.demo.scenes import PAINTERS

TITLES = content.titles()


def films():
    return [
        film
        for title in TITLES
        for film in ([title.film] if title.film else [part.film for part in title.episodes])
    ]


def test_it_looks_like_a_service():
    assert len(TITLES) >= 24
    shelves = Counter(genre for title in TITLES for genre in title.genres)
    assert len(shelves) >= 6
    assert min(shelves.values()) >= 3
    series = [title for title in TITLES if title.kind == "series"]
    assert len(series) == 2
    assert all(len(title.episodes) >= 3 for title in series)
    assert max(len({part.season for part in title.episodes}) for title in series) == 2


def test_every_age_finds_something():
    ages = Counter(title.maturity for title in TITLES)
    assert {0, 7, 12, 16, 18} == set(ages)
    assert sum(count for age, count in ages.items() if age <= 7) >= 10


def test_names_are_unique_and_everything_is_told():
    assert len({title.slug for title in TITLES}) == len(TITLES)
    assert len({film.key for film in films()}) == len(films())
    for title in TITLES:
        assert title.name
        assert title.tagline
        assert len(title.synopsis) > 60
        assert 1990 < title.year <= 2026
        assert title.genres


def test_no_two_titles_have_the_same_picture():
    looks = [(shot.kind, shot.what, shot.seed, shot.palette) for title in TITLES for shot in title.shots]
    assert len(set(looks)) == len(looks)
    for kind, what, _seed, palette in looks:
        assert what in {"scene": PAINTERS, "frames": ANIMATORS}.get(
            kind, ("mandelbrot", "life", "cellauto", "gradients")
        )
        assert all(re.fullmatch("#[0-9a-f]{6}", getattr(palette, name)) for name in palette.__slots__)


def test_something_short_is_made_first_and_the_feature_second():
    assert TITLES[0].slug == content.FIRST_SLUG
    assert TITLES[0].film.seconds <= 30
    assert TITLES[1].slug == content.FEATURE_SLUG
    assert TITLES[1].film.seconds >= 100


def test_a_film_drawn_frame_by_frame_is_one_shot():
    assert all(len(film.shots) == 1 for film in films() if any(shot.kind == "frames" for shot in film.shots))


def test_licensed_footage_names_its_owner():
    owned = [title for title in TITLES if title.film and title.film.footage]
    assert owned
    assert all("CC BY" in title.credit for title in owned)


def test_subtitles_run_between_title_and_credits_and_never_overlap():
    told = [(film, language) for film in films() for language in film.subtitles]
    assert len(told) >= 6
    assert any(language == "fr" for _film, language in told)
    for film, language in told:
        stamps = re.findall(r"(\d+):(\d+):(\d+),(\d+)", subtitles(film, language))
        at = [int(h) * 3600 + int(m) * 60 + int(s) + int(ms) / 1000 for h, m, s, ms in stamps]
        assert at == sorted(at)
        assert len(at) >= 6
        assert at[0] > TITLE_AT + TITLE_FOR
        assert at[-1] < film.seconds - CREDITS_FOR
