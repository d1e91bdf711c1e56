"""What is said in films is found, with its moment, and only by whom may see the film."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.core.files.storage import default_storage

from catalog import manifests, models, services, types
from catalog.media import vtt
from catalog.spoken import keeping, lines
from catalog.tests import factories
from catalog.tests.factories import make_series, make_title

FILM = """WEBVTT

00:00:10.000 --> 00:00:12.000
<i>May the wind</i>

00:00:12.500 --> 00:00:15.000
be with your sails, Zoë &amp; Tom!

00:01:00.000 --> 00:01:02.000
L'œuvre est là

00:02:00.000 --> 00:02:03.000
東京物語が好き

00:03:00.000 --> 00:03:03.000
Nothing here. Wind, may the sea
"""
GERMAN = "WEBVTT\n\n00:00:10.000 --> 00:00:12.000\nMöge der Wind\n"

Say = Callable[..., types.Title]


@pytest.fixture
def say(db: None, monkeypatch: pytest.MonkeyPatch) -> Say:
    """Makes a film in which a WebVTT file is said, by language."""

    def make(*, said: dict[str, str], series: bool = False, **more: object) -> types.Title:
        def body(name: str, language: str, duration: float, files: dict[str, bytes]) -> dict[str, object]:
            return written(name, said[language], duration, files)

        monkeypatch.setattr(factories, "_text", body)
        title = (make_series if series else make_title)(packaged=False, **more)  # type: ignore[operator]
        if series:
            owner = models.Episode.objects.filter(season__title_id=title.id).order_by("number").first()
            video = factories.make_video(episode_id=owner.id)  # type: ignore[union-attr]
        else:
            video = factories.make_video(title_id=title.id)
        factories.make_package(video, text=tuple(said))
        keeping.learn(video)
        return title

    return make


def written(name: str, text: str, duration: float, files: dict[str, bytes]) -> dict[str, object]:
    content = text.encode()
    playlist = ["#EXTM3U", f"#EXTINF:{duration:.6f},", "0.vtt", "#EXT-X-ENDLIST", ""]
    entry = factories._entry(name, f"{name}.vtt", content, playlist, files)
    segment = [0, len(content), duration, entry["sha256"]]
    return entry | {
        "kind": "text", "codecs": "wvtt", "bandwidth": 200, "average_bandwidth": 200,
        "language": name.removeprefix("t-"), "label": name, "init": None, "segments": [segment],
    }  # fmt: skip


def found(text: str, **more: object) -> list[tuple[str, float]]:
    several = services.spoken(text, **({"maturity": 18} | more))  # type: ignore[arg-type]
    return [(one.name, one.start.total_seconds()) for one in several]


def test_a_line_is_found_with_its_moment_whatever_the_accents(say: Say) -> None:
    say(name="Sails", said={"en": FILM})
    assert found("zoe") == []  # three letters alone say too little
    assert found("with your sails zoe") == [("Sails", 12.5)]
    assert found("OEUVRE EST") == [("Sails", 60.0)]
    assert found("l'oeuvre est la") == [("Sails", 60.0)]
    assert found("東京") == [("Sails", 120.0)]
    assert found("物語が") == [("Sails", 120.0)]
    assert found("with your sai") == [("Sails", 12.5)]
    assert found("no such words") == []


def test_a_sentence_that_runs_over_two_subtitles_is_found_at_its_beginning_and_before_words_apart(
    say: Say,
) -> None:
    say(name="Sails", said={"en": FILM})
    assert found("may the wind be with") == [("Sails", 10.0)]
    assert found("may the wind") == [("Sails", 10.0), ("Sails", 180.0)]


def test_what_was_asked_for_is_marked(say: Say) -> None:
    say(name="Sails", said={"en": FILM})
    (line,) = services.spoken("your sails zo", maturity=18)
    assert line.start == timedelta(seconds=12.5)
    assert "".join(piece for piece, _hit in line.pieces) == "be with your sails, Zoë & Tom!"
    assert [piece for piece, hit in line.pieces if hit] == ["your", "sails,", "Zoë"]


def test_only_who_may_see_the_film_finds_its_words(say: Say) -> None:
    title = say(name="Sails", said={"en": FILM}, maturity=12)
    asked = "may the wind be"
    assert found(asked, maturity=6) == []
    assert found(asked, maturity=12) == [("Sails", 10.0)]
    assert found(asked, without=[title.id]) == []
    services.unpublish(title.id)
    assert found(asked) == []


def test_words_of_an_episode_say_which_one(say: Say) -> None:
    say(name="Harbour", said={"en": FILM}, series=True)
    (line,) = services.spoken("may the wind be", maturity=18)
    assert (line.name, line.season, line.number, line.episode) == ("Harbour", 1, 1, "Part 1")


def test_the_viewers_language_comes_first(say: Say) -> None:
    say(name="Sails", said={"en": "WEBVTT\n\n00:00:10.000 --> 00:00:12.000\nDer Wind\n", "de": GERMAN})
    english = services.spoken("der wind", maturity=18, language="en")
    german = services.spoken("der wind", maturity=18, language="de")
    assert [one.language for one in english] == ["en"]
    assert [one.language for one in german] == ["de"]


def test_a_new_package_brings_its_own_words_and_keeps_what_is_the_same(say: Say) -> None:
    title = say(name="Sails", said={"en": FILM, "de": GERMAN})
    video = models.Video.objects.get(title_id=title.id)
    german = models.SpokenTrack.objects.get(language="de")
    said = {"en": FILM.replace("wind", "rain"), "de": GERMAN}
    _repackage(video.id, said)
    assert keeping._missed().count() == 1
    keeping.learn(video.id)
    assert keeping._missed().count() == 0
    assert found("may the wind be") == []
    assert found("may the rain be") == [("Sails", 10.0)]
    assert models.SpokenTrack.objects.get(language="de") == german
    _repackage(video.id, {"de": GERMAN})
    keeping.learn(video.id)
    assert found("may the rain be") == []
    assert found("der wind") == [("Sails", 10.0)]


def test_a_removed_film_takes_its_words_along(say: Say) -> None:
    title = say(name="Sails", said={"en": FILM})
    services.remove_title(title.id)
    assert found("may the wind be") == []
    assert not models.SpokenLine.objects.exists()


def test_hostile_words_are_words(say: Say) -> None:
    say(name="Sails", said={"en": FILM})
    for text in (
        '"',
        'may" OR "the',
        "NEAR(may the)",
        "may* AND",
        "'; drop table x; --",
        "a:b",
        "%",
        "\\",
        "^wind",
    ):
        services.spoken(text, maturity=18)
    assert found('"may the wind" be') == [("Sails", 10.0)]


def test_lines_are_as_they_are_shown_and_bounded() -> None:
    (line,) = lines.lines(
        "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n<b>Tom</b> &lt;3\nJerry " + "x" * 900 + "\n"
    )
    assert line.text.startswith("Tom <3 Jerry")
    assert len(line.text) <= 400
    assert vtt.parse("") == []


def _repackage(video: UUID, said: dict[str, str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            factories,
            "_text",
            lambda name, language, duration, files: written(name, said[language], duration, files),
        )
        package = factories.make_package(video, text=tuple(said))
    assert default_storage.exists(manifests.key(package, "manifest.json"))
