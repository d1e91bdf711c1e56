"""Packages: recorded once, addressed by content, found by wire names."""

import hashlib
import json

import m3u8
import pytest

from catalog import events, manifests, models, services, store, types
from catalog.tests.factories import make_package, make_title, make_video

pytestmark = pytest.mark.django_db


@pytest.fixture
def film():
    return make_title()


@pytest.fixture
def package(film) -> types.Package:
    return services.current_package(film.video_id)


def test_the_id_of_a_package_is_the_hash_of_its_manifest(package) -> None:
    manifest = services.manifest_bytes(package.id)
    assert hashlib.sha256(manifest).hexdigest()[:32] == package.id
    assert manifests.canonical(json.loads(manifest)) == manifest


def test_the_same_manifest_twice_is_one_package_and_one_piece_of_news(
    film, package, django_capture_on_commit_callbacks
) -> None:
    heard = []

    def listen(sender, event, **kwargs) -> None:
        heard.append(event)

    events.package_published.connect(listen)
    manifest = services.manifest_bytes(package.id)
    with django_capture_on_commit_callbacks(execute=True):
        assert store.record_package(video_id=film.video_id, manifest=manifest) == package.id
    assert heard == []
    with django_capture_on_commit_callbacks(execute=True):
        newer = make_package(film.video_id, duration=12)
    assert heard == [types.PackagePublished(film.video_id, newer, package.id)]
    assert services.current_package(film.video_id).id == newer
    assert services.package(package.id) == package, "who is watching the old one goes on"
    assert models.Package.objects.filter(video_id=film.video_id, replaced_at__isnull=True).count() == 1
    assert store.record_package(video_id=film.video_id, manifest=manifest) == package.id, "and back again"
    assert services.current_package(film.video_id).id == package.id


def test_a_manifest_of_another_video_is_not_taken(package) -> None:
    other = make_video(title_id=services.create_title(name="Other").id)
    with pytest.raises(ValueError, match="is of video"):
        store.record_package(video_id=other, manifest=services.manifest_bytes(package.id))
    assert services.current_package(other) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.update(v=2),
        lambda document: document.pop("duration"),
        lambda document: document.update(renditions=[]),
        lambda document: document["renditions"][1].update(index=5),
        lambda document: document["renditions"][1].update(name=document["renditions"][0]["name"]),
        lambda document: document["renditions"][0].update(file="../../etc/passwd"),
        lambda document: document["renditions"][0]["playlist"].update(file="a/b.m3u8"),
        lambda document: document["renditions"][0]["segments"][0].__setitem__(0, 10**9),
        lambda document: document["renditions"][0].update(segments=[]),
        lambda document: document["renditions"][0].update(kind="smell"),
    ],
)
def test_a_manifest_that_breaks_a_rule_is_refused(package, change) -> None:
    document = json.loads(services.manifest_bytes(package.id))
    change(document)
    with pytest.raises(manifests.BadManifest):
        manifests.parse(manifests.canonical(document))


def test_every_wire_name_leads_to_its_bytes(package) -> None:
    for rendition in package.renditions:
        playlist = services.stored_object(package.id, rendition=rendition.name, name="index.m3u8")
        text = services.open_object(playlist)
        assert hashlib.sha256(text).hexdigest() == playlist.sha256
        assert playlist.content_type == "application/vnd.apple.mpegurl"
        parsed = m3u8.loads(text.decode())
        names = [segment.uri for segment in parsed.segments]
        if rendition.init:
            names.append("init.mp4")
        for name in names:
            stored = services.stored_object(package.id, rendition=rendition.name, name=name)
            content = services.open_object(stored)
            assert len(content) == stored.length
            assert hashlib.sha256(content).hexdigest() == stored.sha256, name


@pytest.mark.parametrize(
    ("rendition", "name"),
    [
        ("v180", "3.m4s"),
        ("v180", "-1.m4s"),
        ("v180", "00.m4s"),
        ("v180", "0.vtt"),
        ("v180", "../manifest.json"),
        ("v180", "v180.mp4"),
        ("t-en", "init.mp4"),
        ("t-en", "0.m4s"),
        ("v999", "0.m4s"),
        ("..", "manifest.json"),
    ],
)
def test_any_other_name_is_unknown(package, rendition: str, name: str) -> None:
    assert services.stored_object(package.id, rendition=rendition, name=name) is None


def test_an_unknown_package_is_unknown() -> None:
    assert services.package("0" * 32) is None
    assert services.manifest_bytes("0" * 32) is None
    assert services.stored_object("0" * 32, rendition="v180", name="0.m4s") is None


def test_published_packages_are_those_that_viewers_can_reach(film, package) -> None:
    hidden = make_title(name="Hidden", published=False)
    assert services.published_packages() == [package.id]
    services.publish(hidden.id)
    assert len(services.published_packages()) == 2


def test_markers_come_with_the_package(film, package) -> None:
    from datetime import timedelta

    models.Marker.objects.create(
        video_id=film.video_id, kind="intro", start=timedelta(seconds=1), end=timedelta(seconds=4)
    )
    assert services.package(package.id).markers == (
        types.Marker("intro", timedelta(seconds=1), timedelta(seconds=4)),
    )
