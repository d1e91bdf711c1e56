"""Building the catalogue through the real pipeline: once, again, and after trouble."""

import subprocess
from dataclasses import replace
from io import BytesIO, StringIO
from pathlib import Path

import imageio_ffmpeg
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from catalog import services as catalog
from catalog.types import RenditionKind
from netflixlite.demo import build, content, films, posters, progress
from tests.media import clips

SHORT = 12


@pytest.fixture(autouse=True)
def home(settings, tmp_path: Path) -> Path:
    """State of its own for every test."""
    settings.HOME = tmp_path
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.WORK_DIR = tmp_path / "work"
    settings.BROKER_DIR = tmp_path / "broker"
    return tmp_path


@pytest.fixture
def two_titles(monkeypatch) -> tuple[content.DemoTitle, ...]:
    """A film and a series of one episode, a few seconds each; encoded here at once, as no worker runs."""
    by_slug = {title.slug: title for title in content.titles()}
    film, series = by_slug["paper-forest"], by_slug["the-lighthouse-log"]
    part = series.episodes[0]
    short = (
        replace(film, film=replace(film.film, seconds=SHORT)),
        replace(series, episodes=(replace(part, film=replace(part.film, seconds=SHORT)),)),
    )
    monkeypatch.setattr(content, "titles", lambda: short)
    monkeypatch.setattr(build, "ALONE_AFTER", 0.0)
    monkeypatch.setattr(build, "LOOK_EVERY", 0.05)
    return short


def run(**options):
    said = []
    outcome = build.build(say=lambda fraction, words: said.append((fraction, words)), **options)
    return outcome, said


@pytest.mark.slow
def test_a_film_is_made_with_sound_and_subtitles(tmp_path):
    title = next(title for title in content.titles() if title.slug == "square-dance")
    film = replace(title.film, seconds=SHORT, subtitles=("en", "fr"))
    target = tmp_path / "film.mp4"
    films.make(film, target, tmp_path, credits=[("Directed by", title.director)])
    told = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-i", str(target)], capture_output=True, text=True
    ).stderr
    assert "Duration: 00:00:12.0" in told
    assert "960x540" in told
    assert "24 fps" in told
    assert "Audio: aac" in told
    assert told.count("Subtitle: mov_text") == 2
    assert not list(tmp_path.glob("*.raw"))


def test_what_ffmpeg_would_not_do_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(films, "grade", lambda shot: "no_such_filter")
    title = next(title for title in content.titles() if title.slug == "colony")
    with pytest.raises(films.CannotMake, match="no_such_filter"):
        films.make(replace(title.film, seconds=SHORT), tmp_path / "film.mp4", tmp_path)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_catalogue_is_built_once_however_often_it_is_run(two_titles, home):
    outcome, said = run()
    assert outcome.failed == {}
    assert (outcome.made, outcome.published) == (2, 2)
    film, series = (catalog.title_by_slug(title.slug, maturity=18) for title in two_titles)
    assert film.poster
    assert film.backdrop
    assert film.runtime.total_seconds() == pytest.approx(SHORT, abs=0.3)
    package = catalog.current_package(film.video_id)
    kinds = [rendition.kind for rendition in package.renditions]
    assert kinds.count(RenditionKind.VIDEO) >= 3
    assert RenditionKind.AUDIO in kinds
    assert RenditionKind.TEXT in kinds
    assert series.playable
    assert [part.name for part in catalog.seasons(series.id)[0].episodes] == ["Entry One"]
    fractions = [fraction for fraction, _words in said]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert not list((home / "work" / "demo").iterdir())

    again, _said = run()
    assert (again.made, again.present, again.published, again.failed) == (0, 2, 0, {})
    assert catalog.count(maturity=18) == 2
    assert catalog.current_package(film.video_id).id == package.id


@pytest.fixture
def small_pictures(monkeypatch) -> None:
    """Posters of a few pixels: painting them takes a second of a processor, and is proved elsewhere."""
    buffer = BytesIO()
    Image.new("RGB", (64, 64)).save(buffer, "JPEG")
    monkeypatch.setattr(
        posters, "draw", lambda *_: {kind: buffer.getvalue() for kind in ("poster", "backdrop")}
    )


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_run_that_was_stopped_is_finished_by_the_next(two_titles, small_pictures, monkeypatch):
    """With films that need no painting."""

    def stopped(film, target, *_args, **_kwargs):
        if film.key != "paper-forest":
            raise KeyboardInterrupt
        clips.film(target, seconds=3)

    monkeypatch.setattr(films, "make", stopped)
    with pytest.raises(KeyboardInterrupt):
        run()
    monkeypatch.setattr(films, "make", lambda _film, target, *_args, **_kwargs: clips.film(target, seconds=3))
    outcome, _said = run()
    assert outcome.failed == {}
    assert outcome.published == 2
    assert catalog.count(maturity=18) == 2


@pytest.mark.django_db(transaction=True)
def test_one_film_that_cannot_be_made_is_named_and_leaves_nothing_visible(
    two_titles, small_pictures, monkeypatch
):
    def broken(*_args, **_kwargs):
        raise films.CannotMake("the disk is full")

    monkeypatch.setattr(films, "make", broken)
    outcome, _said = run(only=frozenset({"paper-forest"}))
    assert outcome.failed == {"paper-forest": "the disk is full"}
    assert catalog.count(maturity=18) == 0


@pytest.mark.django_db
def test_a_catalogue_that_somebody_filled_themselves_is_left_alone(monkeypatch):
    catalog.create_title(name="Holidays 1987", genres=["Home"])
    monkeypatch.setattr(build, "build", lambda **_: pytest.fail("it built"))
    call_command("demo", "--if-empty")
    assert catalog.title_by_slug("paper-forest") is None


@pytest.mark.django_db
def test_a_finished_demo_is_not_looked_at_again_at_the_next_start(monkeypatch, home):
    (home / "demo").write_text("done\n")
    monkeypatch.setattr(build, "build", lambda **_: pytest.fail("it built"))
    call_command("demo", "--if-empty")
    assert (home / "demo").read_text() == "done\n"


@pytest.mark.django_db
def test_a_begun_demo_goes_on_at_the_next_start(monkeypatch, home):
    (home / "demo").write_text("begun\n")
    monkeypatch.setattr(build, "build", lambda **_: build.Outcome(made=3))
    monkeypatch.setattr("os.nice", lambda _by: 0)
    out = StringIO()
    call_command("demo", "--if-empty", stdout=out)
    assert "3 films made" in out.getvalue()
    assert (home / "demo").read_text() == "done\n"


@pytest.mark.django_db
def test_failures_are_told_and_tried_again_next_time(monkeypatch, home):
    monkeypatch.setattr(build, "build", lambda **_: build.Outcome(failed={"caldera": "it was too hot"}))
    monkeypatch.setattr("os.nice", lambda _by: 0)
    errors = StringIO()
    with pytest.raises(CommandError, match="run it again"):
        call_command("demo", stderr=errors)
    assert "caldera: it was too hot" in errors.getvalue()
    assert progress.state() == "begun"


@pytest.mark.django_db
def test_a_title_that_does_not_exist_is_refused():
    with pytest.raises(CommandError, match="no demo title called nosferatu"):
        call_command("demo", "--only", "nosferatu")
