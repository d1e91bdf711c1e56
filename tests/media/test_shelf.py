"""Packages stand in storage whole or not at all, in a file system and elsewhere."""

import hashlib
import os
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, default_storage
from django.utils import timezone

from catalog import manifests
from catalog.media import shelf


def folder_with_package(place: Path) -> tuple[Path, str]:
    """A tiny package, ready to be published."""
    place.mkdir(parents=True)
    media, playlist = b"m" * 100, b"#EXTM3U\n"
    (place / "v180.mp4").write_bytes(media)
    (place / "v180.m3u8").write_bytes(playlist)
    entry = {
        "name": "v180", "index": 0, "kind": "video", "codecs": "avc1.42c00d", "bandwidth": 1, "average_bandwidth": 1,
        "file": "v180.mp4", "bytes": 100, "sha256": hashlib.sha256(media).hexdigest(),
        "playlist": {"file": "v180.m3u8", "bytes": len(playlist), "sha256": hashlib.sha256(playlist).hexdigest()},
        "init": [0, 10], "segments": [[10, 90, 4.0, "00"]],
    }  # fmt: skip
    manifest = manifests.canonical({"v": 1, "video": str(uuid4()), "duration": 4.0, "renditions": [entry]})
    (place / "manifest.json").write_bytes(manifest)
    return place, manifests.package_id(manifest)


@pytest.fixture(params=["files", "elsewhere"])
def storage(request: Any, home: Path, monkeypatch: Any) -> Any:
    """The default storage: a folder, or something that knows only the storage calls."""
    if request.param == "files":
        return default_storage
    elsewhere = InMemoryStorage()
    monkeypatch.setattr(shelf, "default_storage", elsewhere)
    return elsewhere


def test_publishing_twice_is_publishing_once(storage, tmp_path):
    folder, package_id = folder_with_package(tmp_path / "a")
    copy = {path.name: path.read_bytes() for path in folder.iterdir()}
    shelf.publish(folder, package_id)
    assert not folder.exists()
    (tmp_path / "b").mkdir()
    for name, data in copy.items():
        (tmp_path / "b" / name).write_bytes(data)
    shelf.publish(tmp_path / "b", package_id)
    assert not (tmp_path / "b").exists()
    for name, data in copy.items():
        with storage.open(f"packages/{package_id}/{name}") as file:
            assert file.read() == data
    assert set(storage.listdir(f"packages/{package_id}")[1]) == set(copy)


def test_a_damaged_leftover_is_replaced(storage, tmp_path):
    folder, package_id = folder_with_package(tmp_path / "a")
    storage.save(f"packages/{package_id}/v180.mp4", ContentFile(b"half"))
    shelf.publish(folder, package_id)
    assert storage.size(f"packages/{package_id}/v180.mp4") == 100


def test_a_failed_upload_leaves_nothing(home, tmp_path, monkeypatch):
    class Full(InMemoryStorage):
        def save(self, name: str, content: Any, max_length: int | None = None) -> str:
            if name.endswith("manifest.json"):
                raise OSError("no space left")
            return super().save(name, content, max_length)

    full = Full()
    monkeypatch.setattr(shelf, "default_storage", full)
    folder, package_id = folder_with_package(tmp_path / "a")
    with pytest.raises(OSError, match="no space"):
        shelf.publish(folder, package_id)
    assert full.listdir(f"packages/{package_id}")[1] == []


@pytest.mark.django_db
def test_packages_that_nobody_knows_are_swept_after_a_day(storage, tmp_path):
    folder, package_id = folder_with_package(tmp_path / "a")
    shelf.publish(folder, package_id)
    assert shelf.sweep(now=timezone.now()) == 0
    assert storage.exists(f"packages/{package_id}/manifest.json")
    assert shelf.sweep(now=timezone.now() + timedelta(days=2)) == 1
    assert not storage.exists(f"packages/{package_id}/manifest.json")


@pytest.mark.django_db
def test_what_is_wanted_again_is_neither_swept_nor_made_current_without_its_files(storage, tmp_path):
    """The same subtitles as two days ago: the same package, whose files still stand there without a row."""
    folder, package_id = folder_with_package(tmp_path / "a")
    copy = tmp_path / "b"
    shutil.copytree(folder, copy)
    shelf.publish(folder, package_id)
    if storage is default_storage:
        for file in Path(storage.path(f"packages/{package_id}")).iterdir():
            os.utime(file, (0, 0))
        shelf.publish(copy, package_id)
        assert shelf.sweep(now=timezone.now()) == 0
    shelf.confirm(package_id)
    shelf.remove(shelf.set_aside(package_id))
    assert not storage.exists(f"packages/{package_id}/v180.mp4")
    with pytest.raises(shelf.BaseGone):
        shelf.confirm(package_id)
