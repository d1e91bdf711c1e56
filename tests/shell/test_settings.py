"""The settings file itself, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path


def run(tmp_path: Path, repository: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("NETFLIXLITE_")}
    environment |= {
        "NETFLIXLITE_HOME": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "netflixlite.settings",
    } | variables
    program = (
        "from netflixlite import settings as s; print(s.SESSION_COOKIE_SECURE, s.SITE_URL, len(s.SECRET_KEY))"
    )
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=repository,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_no_secret_and_debug_off_does_not_start(tmp_path: Path, repository: Path) -> None:
    done = run(tmp_path, repository)
    assert done.returncode != 0
    assert "NETFLIXLITE_SECRET_KEY is not set" in done.stderr
    assert "make up" in done.stderr


def test_a_secret_may_come_from_a_file(tmp_path: Path, repository: Path) -> None:
    (tmp_path / "secret").write_text("x" * 60 + "\n")
    done = run(tmp_path, repository, NETFLIXLITE_SECRET_KEY_FILE=str(tmp_path / "secret"))
    assert done.stdout.split() == ["False", "http://127.0.0.1:8000", "60"], done.stderr


def test_a_secret_file_that_is_missing_is_named(tmp_path: Path, repository: Path) -> None:
    done = run(tmp_path, repository, NETFLIXLITE_SECRET_KEY_FILE=str(tmp_path / "none"))
    assert done.returncode != 0
    assert "NETFLIXLITE_SECRET_KEY_FILE" in done.stderr


def test_https_makes_cookies_secure(tmp_path: Path, repository: Path) -> None:
    done = run(
        tmp_path,
        repository,
        NETFLIXLITE_SECRET_KEY="y" * 50,
        NETFLIXLITE_SITE_URL="https://films.example.org/",
    )
    assert done.stdout.split() == ["True", "https://films.example.org", "50"], done.stderr


def test_a_shell_command_means_the_installation_that_runs(tmp_path: Path, repository: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "secret-key").write_text("z" * 40)
    (tmp_path / "keys" / "site-url").write_text("http://127.0.0.1:9000")
    done = run(tmp_path, repository)
    assert done.stdout.split() == ["False", "http://127.0.0.1:9000", "40"], done.stderr
