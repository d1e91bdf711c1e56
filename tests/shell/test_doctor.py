"""The doctor finds what is broken, names the remedy, and goes on looking."""

import json
import socket
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.tests.factories import make_operator
from cdn.tests.factories import make_node
from netflixlite.doctor import ground, stores, what_runs
from netflixlite.doctor.findings import LOOKS, Level, examine, look
from netflixlite.jobs import models as jobs
from netflixlite.management.commands import doctor

pytestmark = pytest.mark.django_db(databases=["default", "telemetry", "cache"])
__all__ = ["doctor"]


def levels(name: str) -> list[Level]:
    return [finding.level for _, finding in examine([name])]


def words(name: str) -> str:
    return " ".join(f"{finding.what} {finding.remedy}" for _, finding in examine([name]))


def test_a_sound_installation_has_nothing_broken_but_what_does_not_run(settings, tmp_path: Path) -> None:
    settings.KEYS_DIR = tmp_path
    tmp_path.chmod(0o700)
    make_operator()
    for name in (
        "packages",
        "disk",
        "secrets",
        "databases",
        "cache",
        "storage",
        "library",
        "people",
        "encoder",
    ):
        found = [finding for _, finding in examine([name])]
        assert not [finding for finding in found if finding.level is Level.BAD], (name, found)


def test_nothing_is_said_to_be_wrong_without_a_remedy() -> None:
    for name, finding in examine():
        assert finding.what, name
        assert bool(finding.remedy) is (finding.level is not Level.GOOD), finding


def test_a_look_that_fails_is_told_and_hides_no_other() -> None:
    @look("broken")
    def fail() -> list:
        raise RuntimeError("the ceiling came down")

    try:
        assert "the ceiling came down" in words("broken")
        assert [name for name, _ in examine(["broken", "cache"])] == ["broken", "cache"]
    finally:
        del LOOKS["broken"]


def test_keys_that_others_may_read_are_named(settings, tmp_path: Path) -> None:
    settings.KEYS_DIR = tmp_path
    tmp_path.chmod(0o700)
    (tmp_path / "token-00001.key").write_text("x")
    (tmp_path / "token-00001.key").chmod(0o644)
    assert "token-00001.key" in words("secrets")
    tmp_path.chmod(0o755)
    assert Level.BAD in levels("secrets")


def test_a_simple_secret_key_is_broken(settings) -> None:
    settings.SECRET_KEY = "simple"
    assert "rotatesecret" in words("secrets")


def test_a_cache_that_forgets_is_broken(settings) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
    assert levels("cache") == [Level.BAD]


def test_a_folder_that_is_gone_is_named(settings, tmp_path: Path) -> None:
    settings.LIBRARY = [str(tmp_path), str(tmp_path / "gone")]
    assert levels("library") == [Level.GOOD, Level.BAD]


def test_a_full_disk_is_told(monkeypatch) -> None:
    monkeypatch.setattr(ground.shutil, "disk_usage", lambda _: ground.shutil._ntuple_diskusage(100, 99, 1))
    assert set(levels("disk")) == {Level.WARN}


def test_a_database_that_is_behind_is_told(monkeypatch) -> None:
    class Behind:
        def __init__(self, connection: object) -> None:
            self.loader = self
            self.graph = self

        def leaf_nodes(self) -> list:
            return []

        def migration_plan(self, _: list) -> list:
            return [(type("M", (), {"app_label": "catalog", "name": "0099_more"}), False)]

    monkeypatch.setattr(stores, "MigrationExecutor", Behind)
    assert "catalog.0099_more" in words("databases")
    assert "manage.py prepare" in words("databases")


def test_workers_are_counted_and_missed() -> None:
    jobs.Worker.objects.all().delete()
    assert levels("workers") == [Level.BAD]
    jobs.Worker.objects.create(name="here:1", slots=2, kinds=["encode"])
    assert "here:1" in words("workers")


def test_a_site_that_is_not_there_is_told(settings) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        settings.SITE_URL = f"http://127.0.0.1:{free.getsockname()[1]}"
        assert levels("site") == [Level.BAD]


def test_clocks_apart() -> None:
    assert what_runs._apart("Mon, 01 Jan 2024 00:00:00 GMT") > 1e7
    assert what_runs._apart("no date") == 0


def test_nodes_are_told(settings) -> None:
    assert "addnode" in words("nodes")
    make_node()
    assert "1 of 1 nodes serve" in words("nodes")


def test_a_mail_relay_that_is_away_is_told(settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        settings.EMAIL_HOST, settings.EMAIL_PORT = free.getsockname()
        assert levels("mail") == [Level.BAD]
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    assert "NETFLIXLITE_EMAIL_URL" in words("mail")


def test_the_command_tells_each_and_fails_when_one_is_broken(settings, capsys) -> None:
    settings.LIBRARY = ["/nowhere/films"]
    with pytest.raises(SystemExit):
        call_command("doctor", only=["library", "cache"])
    said = capsys.readouterr().out
    assert "[ BAD  ] library: /nowhere/films is not there." in said
    assert "[  ok  ] cache" in said
    settings.LIBRARY = []
    call_command("doctor", only=["cache"], json=True)
    assert json.loads(capsys.readouterr().out)["level"] == "good"
    with pytest.raises(CommandError, match="Looks: settings"):
        call_command("doctor", only=["weather"])
