"""New packages from published ones: what stays is shared, what is new is added, and neither hurts the other."""

import json
from fractions import Fraction
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from catalog import keyring, manifests, models, services, store
from catalog.media import extend, shelf
from catalog.media.tracks import Sheets, Written
from catalog.tests.factories import make_package, make_title, make_video

pytestmark = pytest.mark.django_db

KEY = bytes(range(16))
FRENCH = Written("fr", "Français", b"WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nBonjour.\n", forced=True)


@pytest.fixture
def video(settings, tmp_path: Path):
    settings.MEDIA_ROOT = tmp_path / "media"
    return make_video(title_id=make_title(packaged=False).id)


def stored(package: str, file: str) -> Path:
    return Path(default_storage.path(manifests.key(package, file)))


def published(manifest: bytes, folder: Path, video) -> str:
    name = manifests.package_id(manifest)
    shelf.publish(folder, name)
    assert store.record_package(video_id=video, manifest=manifest) == name
    return name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "new"
    made.mkdir()
    return made


def test_new_subtitles_cost_nothing_but_themselves(video, folder: Path) -> None:
    base = make_package(video, sheets=1)
    after = published(extend.extend(base, folder=folder, texts=[FRENCH]), folder, video)
    assert after != base
    old, new = services.package(base), services.package(after)
    assert [one.name for one in new.renditions] == ["v180", "v360", "v720", "a-en", "t-fr", "images"]
    assert [one.index for one in new.renditions] == list(range(6))
    assert (new.renditions[4].forced, new.renditions[4].language) == (True, "fr")
    assert (new.duration, new.complete) == (old.duration, True)
    for file in ("v720.mp4", "v720.m3u8", "v720.iframes.m3u8", "a-en.mp4", "images.bin"):
        assert stored(after, file).samefile(stored(base, file)), file
    assert not stored(after, "t-en.vtt").exists()
    for one in new.renditions:
        name = {"text": "0.vtt", "images": "0.webp"}.get(one.kind.value, "1.m4s")
        found = services.stored_object(after, rendition=one.name, name=name)
        assert len(services.open_object(found)) == found.length


def test_whoever_removes_the_old_one_leaves_the_new_one_whole(video, folder: Path) -> None:
    base = make_package(video)
    after = published(extend.extend(base, folder=folder, texts=[]), folder, video)
    for file in list(stored(base, "").iterdir()):
        file.unlink()
    found = services.stored_object(after, rendition="v360", name="2.m4s")
    assert len(services.open_object(found)) == found.length
    assert not [one for one in services.package(after).renditions if one.kind == "text"]


def test_the_same_tracks_give_the_same_package(video, folder: Path, tmp_path: Path) -> None:
    base = make_package(video)
    again = tmp_path / "again"
    again.mkdir()
    first = extend.extend(base, folder=folder, texts=[FRENCH])
    assert extend.extend(base, folder=again, texts=[FRENCH]) == first


def test_an_encrypted_base_keeps_its_key(video, folder: Path) -> None:
    base = make_package(video, key=KEY)
    after = published(extend.extend(base, folder=folder, texts=[FRENCH]), folder, video)
    assert services.package(after).encrypted
    assert services.content_key(after) == KEY == services.content_key(base)


def test_a_base_whose_key_is_gone_is_not_built_on(video, folder: Path) -> None:
    base = make_package(video, key=KEY)
    models.ContentKey.objects.all().delete()
    with pytest.raises(extend.Unsound, match="is gone"):
        extend.extend(base, folder=folder, texts=[FRENCH])


def test_small_pictures_can_be_added_later(video, folder: Path, tmp_path: Path) -> None:
    base = make_package(video)
    sheet = tmp_path / "0.webp"
    sheet.write_bytes(b"a picture")
    times = ((Fraction(0), Fraction(4)), (Fraction(4), Fraction(10)))
    sheets = Sheets((sheet,), 160, 90, 2, 1, times)
    after = published(extend.extend(base, folder=folder, sheets=sheets), folder, video)
    images = services.package(after).renditions[-1]
    assert (images.tiles, images.width, images.segments[0].duration) == ((2, 1), 160, 10.0)
    index = services.open_object(services.stored_object(after, rendition="images", name="index.vtt"))
    assert index.decode().splitlines()[2:4] == ["00:00:00.000 --> 00:00:04.000", "0.webp#xywh=0,0,160,90"]


def test_a_base_that_is_gone_is_named(folder: Path) -> None:
    with pytest.raises(shelf.BaseGone):
        extend.extend("0" * 32, folder=folder, texts=[])


def test_an_encrypted_package_is_not_recorded_without_its_key(video) -> None:
    document = json.loads(services.manifest_bytes(make_package(video, key=KEY))) | {"duration": 9.0}
    with pytest.raises(ValueError, match="key"):
        store.record_package(video_id=video, manifest=manifests.canonical(document))


def test_titles_are_encrypted_by_setting_or_one_by_one(settings, video) -> None:
    assert keyring.wanted(video) is None
    settings.ENCRYPT = True
    other = make_video(title_id=make_title(name="Other", packaged=False).id)
    keys = {keyring.wanted(other), keyring.wanted(other)}
    assert len(keys) == 2
    assert all(len(key or b"") == 16 for key in keys)
    assert keyring.wanted(video) is None, "titles from before stay as they are"
    models.Title.objects.filter(video=video).update(encrypted=True)
    assert keyring.wanted(video) is not None


def test_keys_of_packages_that_never_came_are_forgotten_after_a_day(video) -> None:
    package = make_package(video, key=KEY)
    keyring.keep("f" * 32, video_id=video, key=KEY)
    models.ContentKey.objects.update(created_at=timezone.now() - keyring._PATIENCE * 2)
    keyring.keep("e" * 32, video_id=video, key=KEY)
    assert keyring.sweep(now=timezone.now()) == 1
    assert set(models.ContentKey.objects.values_list("package_id", flat=True)) == {package, "e" * 32}
