"""Real disks: one that fills up, and one that has room for a file of 100 GB (sparse, so that the test needs none).

Both are file systems of their own, mounted for the test. That needs root; without it the tests say loudly that they
did not run, and test_senders.py has the same on an imitated disk.
"""

import hashlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.upload import data
from tests.upload.site import PREFIX, Site

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3000)]

GB = 1_000_000_000
#: Hash all of the 100 GB, too, as the finishing job does (minutes): part of the full proof.
FULL = int(os.environ.get("NETFLIXLITE_TEST_UPLOAD_MB", "0")) >= 5000


@contextmanager
def mounted(folder: Path, *command: str) -> Iterator[None]:
    """A file system at `folder` while the body runs."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["mount", *command, str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(
            f"NO FILE SYSTEM COULD BE MOUNTED ({done.stderr.strip()}): the real full disk was not tried"
        )
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_disk_that_is_full_is_said_before_and_in_the_middle_and_nothing_is_half_made(site: Site) -> None:
    media = site.home / "media"
    with mounted(media, "-t", "tmpfs", "-o", "size=700m", "tmpfs"):
        # Before the first byte: the reserve of 512 MB must stay, so 200 MB and their packages do not fit.
        refused = site.ask("POST", PREFIX, **site.announce(200_000_000))
        assert (refused.status, refused.error["code"]) == (507, "no_room")
        assert "There is not enough room" in refused.error["message"]
        assert not [file for file in media.rglob("*") if file.is_file()]
        # In the middle: somebody else fills the disk, and this file system had not set the room aside.
        size = 60 * data.MB
        path = site.create(size)
        part = site.part(path)
        os.truncate(part, 0)
        part.write_bytes(b"")  # gives back what was set aside
        filler = media / "filler"
        filler.write_bytes(bytes(shutil.disk_usage(media).free))
        os.truncate(filler, filler.stat().st_size - 20 * data.MB)
        body = b"".join(data.stretch(0, size))
        answer = site.piece(path, 0, body)
        assert (answer.status, answer.error["code"]) == (507, "disk_full")
        assert "free some space" in answer.error["message"]
        kept = site.offset(path)
        assert 10 * data.MB < kept < 30 * data.MB
        assert part.read_bytes()[:kept] == body[:kept]
        filler.unlink()
        assert site.piece(path, kept, body[kept:]).offset == size
        row = next(row for row in site.finish() if path.endswith(row["id"]))
        assert row == {**row, "state": "done", "sha256": data.sha256(size)}
        assert sorted(file.name for file in media.rglob("*") if file.is_file()) == ["source.bin"]


def test_a_file_of_100_gb_is_promised_its_room_and_goes_on_at_its_end_after_a_kill(site: Site) -> None:
    if not shutil.which("mkfs.ext4"):
        pytest.skip("NO mkfs.ext4: a file of 100 GB was not tried")
    size, image, media = 100 * GB, site.home / "disk.img", site.home / "media"
    with image.open("wb") as file:
        file.truncate(400 * GB)
    quick = ["-E", "lazy_itable_init=1,nodiscard", "-O", "^has_journal", "-N", "1024", "-m", "0"]
    subprocess.run(["mkfs.ext4", "-q", "-F", *quick, str(image)], check=True)
    with mounted(media, "-o", "loop", str(image)):
        before = shutil.disk_usage(media).free
        path = site.create(size, name="Shoah (1985).mkv")
        assert before - shutil.disk_usage(media).free >= size  # really set aside
        assert site.ask("POST", PREFIX, **site.announce(3 * size)).error["code"] == "no_room"
        assert site.piece(path, 0, data.block(0)).offset == data.MB
        # The middle is a hole: only what is at both ends is sent.
        end = size - 3 * data.MB
        os.truncate(site.part(path), end)
        row_id = path.rsplit("/", 1)[1].replace("-", "")
        site.database('UPDATE catalog_upload SET "offset" = ? WHERE id = ?', end, row_id)
        tail = data.block(1) + data.block(2) + data.block(3)
        assert site.piece(path, end, tail[: data.MB]).offset == end + data.MB
        site.stop(signal.SIGKILL)
        site.start()
        assert site.offset(path) == end + data.MB
        assert site.piece(path, end + data.MB, tail[data.MB :]).offset == size
        part = site.part(path)
        assert part.stat().st_size == size
        with part.open("rb") as file:
            assert file.read(data.MB) == data.block(0)
            file.seek(end)
            assert file.read() == tail
        if FULL:
            row = next(row for row in site.finish() if path.endswith(row["id"]))
            assert row["state"] == "done"
            with site.source(path).open("rb") as file:
                assert row["sha256"] == hashlib.file_digest(file, "sha256").hexdigest()
        else:
            assert site.ask("DELETE", path).status == 204
            assert shutil.disk_usage(media).free >= before - data.MB
    image.unlink()
