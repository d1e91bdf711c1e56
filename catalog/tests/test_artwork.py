"""Pictures: drawn anew, in several widths; hostile files are refused in words; served without a way round."""

import io
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from PIL import Image

from accounts.tests.factories import client_of
from catalog import artwork, models, services, store
from catalog.tests.factories import make_series, make_title
from catalog.tests.pictures import EPS, SVG, bomb, picture_file

pytestmark = pytest.mark.django_db


def test_a_poster_is_drawn_in_every_width() -> None:
    title = make_title()
    services.set_artwork(title_id=title.id, kind="poster", data=picture_file(800, 1200))
    poster = services.title(title.id).poster
    assert (poster.width, poster.height) == (720, 1080)
    widths = [part.rsplit(" ", 1)[1] for part in poster.srcset.split(", ")]
    assert widths == ["240w", "480w", "720w"]
    for part in poster.srcset.split(", "):
        url, width = part.split(" ")
        with default_storage.open(url.removeprefix("/media/")) as file:
            picture = Image.open(io.BytesIO(file.read()))
        assert picture.format == "WEBP"
        assert picture.width == int(width[:-1])
    assert poster.url.endswith("/480.jpg")


def test_a_small_picture_is_never_enlarged() -> None:
    drawn = artwork.draw(picture_file(300, 450), kind="poster")
    assert drawn.widths == (240, 300)
    assert set(drawn.files) == {"240.webp", "300.webp", "300.jpg"}


def test_what_a_camera_wrote_into_the_file_is_gone() -> None:
    out = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "a secret place"
    exif[0x0112] = 6
    Image.new("RGB", (900, 600), (10, 20, 30)).save(out, "JPEG", exif=exif)
    drawn = artwork.draw(out.getvalue(), kind="still")
    assert (drawn.width, drawn.height) == (600, 900), "turned upright as the camera said"
    assert all(b"a secret place" not in content for content in drawn.files.values())


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"hello", "not a picture"),
        (SVG, "not a picture"),
        (EPS, "not a picture"),
        (picture_file()[:400], "not a picture"),
        (bomb(), "pixels"),
        (picture_file(20, 20), "only 20 by 20"),
        (picture_file(form="GIF"), "not a picture"),
        (picture_file(form="TIFF"), "not a picture"),
    ],
)
def test_a_hostile_or_useless_file_is_refused_in_words(data: bytes, words: str, media_folder) -> None:
    title = make_title(packaged=False)
    with pytest.raises(artwork.BadImage, match=words):
        services.set_artwork(title_id=title.id, kind="poster", data=data)
    assert models.Artwork.objects.count() == 0
    assert [path for path in media_folder.rglob("*") if path.is_file()] == []


def test_a_file_that_is_too_large_is_not_even_opened() -> None:
    with pytest.raises(artwork.BadImage, match="larger than 25 MB"):
        artwork.draw(b"\xff\xd8\xff" + b"\0" * artwork.BYTES_MAX, kind="poster")


def test_a_new_picture_replaces_the_old_and_its_files(
    media_folder, django_capture_on_commit_callbacks
) -> None:
    title = make_title(packaged=False)
    with django_capture_on_commit_callbacks(execute=True):
        services.set_artwork(title_id=title.id, kind="poster", data=picture_file(colour=(200, 0, 0)))
    before = services.title(title.id).poster
    with django_capture_on_commit_callbacks(execute=True):
        services.set_artwork(title_id=title.id, kind="poster", data=picture_file(colour=(0, 0, 200)))
    after = services.title(title.id).poster
    assert before.url != after.url, "an address never changes its meaning"
    kept = {path.parent.name for path in media_folder.rglob("*") if path.is_file()}
    assert kept == {after.url.split("/")[3]}


def test_the_accent_is_the_colour_that_stands_out() -> None:
    picture = Image.new("RGB", (300, 300), (16, 16, 18))
    picture.paste((220, 40, 30), (0, 0, 120, 300))
    red, green, blue = (int(artwork.accent_of(picture)[at : at + 2], 16) for at in (1, 3, 5))
    assert red > 150 > green
    assert blue < 100
    assert artwork.accent_of(Image.new("RGB", (300, 300), (90, 90, 90))) == artwork.FALLBACK_ACCENT


def test_a_picture_from_the_film_gives_way_to_a_chosen_one() -> None:
    title = make_title()
    assert store.needs_artwork(video_id=title.video_id) == ("poster", "backdrop")
    store.set_artwork_from_film(video_id=title.video_id, kind="poster", data=picture_file())
    automatic = services.title(title.id).poster
    services.set_artwork(title_id=title.id, kind="poster", data=picture_file())
    chosen = services.title(title.id).poster
    assert chosen.url != automatic.url
    store.set_artwork_from_film(video_id=title.video_id, kind="poster", data=picture_file())
    assert services.title(title.id).poster == chosen
    assert store.needs_artwork(video_id=title.video_id) == ("backdrop",)


def test_an_episode_has_a_still() -> None:
    series = make_series(seasons=(1,))
    part = services.seasons(series.id)[0].episodes[0]
    assert "still" in store.needs_artwork(video_id=part.video_id)
    services.set_artwork(title_id=series.id, episode_id=part.id, kind="still", data=picture_file(1280, 720))
    assert services.episode(part.id).still.width == 960
    with pytest.raises(artwork.BadImage):
        services.set_artwork(title_id=series.id, kind="still", data=picture_file())


def test_pictures_are_served_to_all_and_kept_for_a_year() -> None:
    title = make_title(packaged=False)
    services.set_artwork(title_id=title.id, kind="poster", data=picture_file())
    answer = Client().get(services.title(title.id).poster.url)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "image/jpeg"
    assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("default-src 'none'")
    assert Client().post(services.title(title.id).poster.url).status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "/media/artwork/{id}/9999.webp",
        "/media/artwork/{id}/480.png",
        "/media/artwork/{id}/../../sources/x/source.bin",
        "/media/artwork/{id}/..%2f..%2fsources%2fx.webp",
        "/media/artwork/..%2f..%2fdb/480.webp",
        "/media/artwork/not-a-uuid/480.webp",
        "/media/packages/x/manifest.json",
        "/media/sources/x/source.bin",
    ],
)
def test_nothing_else_is_served(path: str, ada) -> None:
    title = make_title(packaged=False)
    services.set_artwork(title_id=title.id, kind="poster", data=picture_file())
    folder = services.title(title.id).poster.url.split("/")[3]
    assert client_of(ada).get(path.format(id=folder)).status_code == 404


def test_a_width_of_absurd_length_is_not_there(client) -> None:
    assert client.get(f"/media/artwork/{uuid4()}/{'9' * 300}.jpg").status_code == 404
