"""System checks refuse what would fail silently."""

from pathlib import Path

import pytest

from netflixlite import checks

MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/films /srv/films nfs4 rw 0 0
tmpfs /srv/films/tmp tmpfs rw 0 0
//nas/x /mnt/with\\040space cifs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/db/main.sqlite3", "ext4"),
        ("/srv/films/db/main.sqlite3", "nfs4"),
        ("/srv/filmsnot/main.sqlite3", "ext4"),
        ("/srv/films/tmp/x", "tmpfs"),
        ("/mnt/with space/x", "cifs"),
    ],
)
def test_the_filesystem_of_a_path(path: str, kind: str) -> None:
    assert checks.filesystem_of(Path(path), MOUNTS) == kind


def test_sqlite_on_a_network_disk_is_refused(settings, monkeypatch) -> None:
    monkeypatch.setattr(Path, "read_text", lambda self, **_: f"s:/x {Path('/').resolve()} nfs rw 0 0\n")
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "django.db.backends.sqlite3")
    assert {error.id for error in checks.sqlite_on_a_network_disk()} == {"netflixlite.E001"}


def test_two_web_processes_are_refused(settings) -> None:
    settings.WEB_PROCESSES = 2
    assert [error.id for error in checks.many_processes_with_memory_of_their_own()] == ["netflixlite.E002"]
    settings.WEB_PROCESSES = 1
    assert checks.many_processes_with_memory_of_their_own() == []


@pytest.mark.parametrize(
    "url", ["films.example.org", "ftp://films.example.org", "https://films.example.org/path"]
)
def test_an_address_that_is_none_is_refused(settings, url: str) -> None:
    settings.SITE_URL = url
    assert [error.id for error in checks.site_url_is_an_address()] == ["netflixlite.E003"]


def test_a_missing_program_is_named(settings) -> None:
    settings.FFMPEG = "/nowhere/ffmpeg"
    assert "NETFLIXLITE_FFMPEG" in checks.tools_exist()[0].msg


def test_short_leases_are_refused(settings) -> None:
    settings.NODE_LEASE_SECONDS = 0.5
    assert [error.id for error in checks.leases_leave_time_for_heartbeats()] == ["netflixlite.E005"]


def test_plain_http_on_a_public_name_is_warned_of(settings) -> None:
    settings.SITE_URL, settings.HTTPS = "http://films.example.org", False
    assert [warning.id for warning in checks.plain_http_is_for_home_networks()] == ["netflixlite.W001"]
    settings.SITE_URL = "http://127.0.0.1:8000"
    assert checks.plain_http_is_for_home_networks() == []
