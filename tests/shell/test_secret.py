"""A new secret key signs nobody out, and a forgotten one opens nothing."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core import signing
from django.core.management import CommandError, call_command

from netflixlite import secret

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def keys(tmp_path: Path, settings) -> Path:
    settings.KEYS_DIR = tmp_path
    (tmp_path / secret.KEY).write_text("first" * 12)
    return tmp_path


def use(settings, keys: Path) -> None:
    """What settings read when the site starts again."""
    settings.SECRET_KEY = (keys / secret.KEY).read_text()
    settings.SECRET_KEY_FALLBACKS = secret.earlier(keys)


def test_what_was_signed_stays_valid_until_the_key_is_forgotten(settings, keys, monkeypatch, capsys) -> None:
    monkeypatch.delenv("NETFLIXLITE_SECRET_KEY", raising=False)
    use(settings, keys)
    before = signing.dumps("ada")
    call_command("rotatesecret")
    call_command("rotatesecret")
    use(settings, keys)
    after = signing.dumps("ada")
    assert len(settings.SECRET_KEY_FALLBACKS) == 2
    assert signing.loads(before) == signing.loads(after) == "ada"
    call_command("rotatesecret", forget=True)
    use(settings, keys)
    assert signing.loads(after) == "ada"
    with pytest.raises(signing.BadSignature):
        signing.loads(before)


def test_both_files_are_for_this_user_alone(keys, monkeypatch) -> None:
    monkeypatch.delenv("NETFLIXLITE_SECRET_KEY", raising=False)
    call_command("rotatesecret")
    for name in (secret.KEY, secret.EARLIER):
        assert stat.S_IMODE((keys / name).stat().st_mode) == 0o600
    assert sorted(os.listdir(keys)) == [secret.KEY, secret.EARLIER]


def test_a_key_that_is_not_ours_is_not_changed(keys, monkeypatch) -> None:
    monkeypatch.setenv("NETFLIXLITE_SECRET_KEY", "x" * 60)
    with pytest.raises(CommandError, match="NETFLIXLITE_SECRET_KEY_FALLBACKS"):
        call_command("rotatesecret")
    monkeypatch.delenv("NETFLIXLITE_SECRET_KEY")
    (keys / secret.KEY).unlink()
    with pytest.raises(CommandError, match="is given one"):
        call_command("rotatesecret")
    assert os.listdir(keys) == []


def test_settings_read_what_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    folder.mkdir()
    (folder / secret.KEY).write_text("a" * 60)
    secret.rotate(folder)
    environment = {name: value for name, value in os.environ.items() if "SECRET_KEY" not in name}
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "from netflixlite import settings as s; print(s.SECRET_KEY_FALLBACKS, len(s.SECRET_KEY))",
        ],
        env={**environment, "NETFLIXLITE_HOME": str(tmp_path), "NETFLIXLITE_DEBUG": "0"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said.split() == [f"['{'a' * 60}']", "67"]
