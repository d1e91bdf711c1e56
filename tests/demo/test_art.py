"""Posters, lettering, pictures and music are really made, at their sizes."""

import io
import wave
from dataclasses import replace
from random import Random

import pytest
from PIL import Image, ImageStat

from netflixlite.demo import content, films, frames, lettering, paint, posters, score
from netflixlite.demo.scenes import PAINTERS

#: Everything is drawn at its size.
pytestmark = pytest.mark.slow
BY_SLUG = {title.slug: title for title in content.titles()}
PALETTE = BY_SLUG["the-long-dusk"].shots[0].palette


def canvas(width=320, height=180, span=0):
    return paint.Canvas(width, height, span, PALETTE, Random(1))


@pytest.mark.parametrize("name", sorted(PAINTERS))
def test_a_painter_fills_the_frame_and_paints_the_same_twice(name):
    one, other = PAINTERS[name](canvas()).still(), PAINTERS[name](canvas()).still()
    assert one.size == (320, 180)
    assert one.tobytes() == other.tobytes()
    assert max(ImageStat.Stat(one).stddev) > 8


@pytest.mark.parametrize("name", sorted(frames.ANIMATORS))
def test_an_animation_moves(name):
    drawn = list(frames.play(frames.ANIMATORS[name], canvas(), 2.0))
    assert len(drawn) == 2 * frames.RATE
    assert drawn[0].size == (320, 180)
    assert drawn[0].copy().tobytes() != frames.ANIMATORS[name](canvas())(1.5).tobytes()


def test_layers_that_move_reach_as_far_as_they_go():
    scene = PAINTERS["mountains"](canvas(960, 540, films.SPAN))
    for layer in scene.layers:
        assert layer.image.width + layer.vx * 40 >= 960


def test_what_falls_repeats_without_a_gap():
    layer = paint.Layer(Image.new("RGBA", (4, 200)), vy=33.0, wrap=100)
    assert all(-100 <= layer.place(t / 7)[1] <= 0 for t in range(300))
    rising = paint.Layer(Image.new("RGBA", (4, 200)), vy=-33.0, wrap=100)
    assert all(-100 <= rising.place(t / 7)[1] <= 0 for t in range(300))


@pytest.mark.parametrize(
    "slug", ["neon-rain", "green-fire", "colony", "square-dance", "tidewater", "first-snow"]
)
def test_a_poster_and_a_backdrop_are_drawn_at_size(slug, tmp_path):
    made = posters.draw(BY_SLUG[slug], tmp_path)
    poster, backdrop = (Image.open(io.BytesIO(made[kind])) for kind in ("poster", "backdrop"))
    assert (poster.format, poster.size) == ("JPEG", (800, 1200))
    assert (backdrop.format, backdrop.size) == ("JPEG", (1920, 1080))
    assert max(ImageStat.Stat(poster).stddev) > 15
    assert not list(tmp_path.iterdir())


def test_licensed_footage_shows_itself(tmp_path, settings):
    bunny = BY_SLUG["big-buck-bunny"]
    source = tmp_path / bunny.film.footage
    source.parent.mkdir(parents=True)
    shot = replace(BY_SLUG["the-long-dusk"].film, seconds=20)
    films.make(shot, source, tmp_path)
    settings.BASE_DIR = tmp_path
    made = {kind: Image.open(io.BytesIO(data)) for kind, data in posters.draw(bunny, tmp_path).items()}
    assert made["poster"].size == (800, 1200)
    assert made["backdrop"].size == (960, 540), "a frame as it is, never blown up"


def test_footage_that_is_not_there_leaves_the_pictures_to_the_film(tmp_path, settings):
    settings.BASE_DIR = tmp_path
    assert posters.draw(BY_SLUG["big-buck-bunny"], tmp_path) == {}


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("Caldera", ["Caldera"]),
        ("Neon Rain", ["Neon", "Rain"]),
        ("Letters from the Dry Sea", ["Letters", "from the", "Dry Sea"]),
    ],
)
def test_titles_break_where_a_designer_would(name, lines):
    assert lettering.lines_of(name, 3) == lines


def test_letters_are_set_within_the_width_they_are_given():
    for family in ("bebas", "inter"):
        face, size = lettering.fit("A Thousand Lanterns", family, 500, most=400, weight=800)
        assert 8 < size <= 400
        assert lettering.width_of("A Thousand Lanterns", face) <= 510


def test_type_is_there_even_when_no_typeface_was_fetched(settings, tmp_path):
    settings.BASE_DIR = tmp_path
    lettering.font.cache_clear()
    try:
        assert lettering.title_card((320, 180), "Paper Forest", "A film").getbbox()
    finally:
        lettering.font.cache_clear()


@pytest.mark.parametrize("style", ["pads", "arpeggio", "bells", "pulse", "waltz", "drone"])
def test_music_is_a_loop_that_is_neither_silent_nor_clipped(style, tmp_path):
    path = tmp_path / "loop.wav"
    seconds = score.compose(path, content.Music(57, "minor", 96, style, ""), Random(2))
    with wave.open(str(path)) as file:
        assert file.getframerate() == score.RATE
        assert file.getnframes() / score.RATE == pytest.approx(seconds, abs=0.01)
        samples = memoryview(file.readframes(file.getnframes())).cast("h")
    assert seconds > 6
    loudest = max(max(samples), -min(samples))
    assert 3000 < loudest <= 32000
    assert sum(abs(value) >= 32000 for value in samples) < len(samples) / 500


@pytest.mark.parametrize("name", sorted(PAINTERS))
def test_no_edge_of_a_broad_layer_comes_into_view(name):
    for layer in PAINTERS[name](canvas(960, 540, films.SPAN)).layers:
        alpha = layer.image.getchannel("A")
        left, right = (alpha.crop((x, 0, x + 1, alpha.height)) for x in (0, alpha.width - 1))
        if alpha.width < 960 or layer.wrap or not (layer.vx or layer.sway[0]):
            continue
        places = [layer.place(t / 2)[0] for t in range(64)]
        for edge, inside in ((left, max(places) > 6), (right, min(places) + alpha.width < 960)):
            assert not inside or sum(edge.histogram()[40:]) < 40, f"{name}: a layer's edge shows"
