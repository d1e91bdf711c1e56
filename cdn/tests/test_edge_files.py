"""What the page cache has, what the disk has, and how both are summed."""

import hashlib
import os
import time
import zlib
from pathlib import Path

import pytest

from cdn.edge import files


@pytest.fixture(params=[True, False], ids=["counted", "probed"])
def _both_ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel counts pages, and where places are probed."""
    if request.param and not files._cachestat.works:
        pytest.skip("this kernel does not count a file's pages")
    monkeypatch.setattr(files._cachestat, "works", request.param)


@pytest.mark.usefixtures("_both_ways")
def test_whether_a_range_is_in_memory_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(os.urandom(3 << 20))
    fd = os.open(path, os.O_RDONLY)
    try:
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)
        assert files.in_memory(fd, 0, 3 << 20)
        os.fsync(fd)
        for _try in range(200):  # it is advice: pages that somebody looks at in this moment are kept
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            if not files.in_memory(fd, 0, 3 << 20):
                break
            time.sleep(0.05)
        assert not files.in_memory(fd, 0, 3 << 20)
        files.warm(fd, 1 << 20, 1 << 20)
        assert files.in_memory(fd, 1 << 20, (1 << 20) - 5)
        assert not files.in_memory(fd, 0, 3 << 20)
    finally:
        os.close(fd)


@pytest.mark.parametrize("length", [1, 4096, 100_001, (1 << 20) + 7])
def test_all_ways_of_summing_agree(tmp_path: Path, length: int) -> None:
    data = os.urandom(length)
    path = tmp_path / "data"
    path.write_bytes(bytes(4096) + data + os.urandom(9000))
    fd, direct = os.open(path, os.O_RDONLY), -1
    try:
        assert files.sums(fd, 4096, length) == (hashlib.sha256(data).digest(), zlib.crc32(data))
        assert files.warm(fd, 4096, length) == zlib.crc32(data)
        try:
            direct = os.open(path, os.O_RDONLY | os.O_DIRECT)
        except OSError:
            pytest.skip("this file system is always read through memory")
        assert files.sums_from_disk(direct, 4096, length) == hashlib.sha256(data).digest()
    finally:
        os.close(fd)
        if direct >= 0:
            os.close(direct)


def test_holes_can_be_made_where_they_can_be(tmp_path: Path) -> None:
    if not files.can_punch(tmp_path):
        pytest.skip("this file system makes no holes")
    path = tmp_path / "data"
    path.write_bytes(b"x" * 16384)
    fd = os.open(path, os.O_RDWR)
    try:
        files.punch(fd, 4096, 8192)
    finally:
        os.close(fd)
    assert path.read_bytes() == b"x" * 4096 + bytes(8192) + b"x" * 4096
    assert list(tmp_path.iterdir()) == [path]
