"""What the library's tests share: a folder of films, and media of their own."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.library import orders, scan
from catalog.tests.pictures import picture_file

Touch = Callable[..., Path]


@pytest.fixture(autouse=True)
def media_folder(settings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "ours" / "media"
    settings.HOME = tmp_path / "ours"
    return settings.MEDIA_ROOT


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """The operator's folder."""
    folder = tmp_path / "films"
    folder.mkdir()
    return folder


@pytest.fixture
def put(shelf: Path) -> Touch:
    """Put a file there: bytes or text, or a sparse one of some size; `days` ago."""

    def write(name: str, content: bytes | str = b"", *, size: int = 0, days: float = 1.0) -> Path:
        path = shelf / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        if size:
            os.truncate(path, size)
        moment = 1_700_000_000 - days * 86400
        os.utime(path, (moment, moment))
        return path

    return write


@pytest.fixture
def look(shelf: Path) -> Callable[..., scan.Summary]:
    """Look through the folder."""

    def run(**asked) -> scan.Summary:
        return scan.scan(shelf, orders=orders.Orders(**asked))

    return run


@pytest.fixture
def picture() -> bytes:
    return picture_file(480, 720, form="JPEG")
