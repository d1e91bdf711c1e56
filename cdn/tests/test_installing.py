"""The node's program as the site gives it away, and the command that fetches it."""

import hashlib
import io
import json
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from cdn import installing, services
from cdn.ed25519 import Ed25519PublicKey
from cdn.signing import program_message, verified

pytestmark = pytest.mark.django_db


def test_the_program_is_the_same_bytes_each_time_and_holds_no_more_than_a_node_needs() -> None:
    files = installing.sources()
    assert installing.build(files) == installing.build(files) == installing.program()
    assert {"cdn/edge/__main__.py", "cdn/signing.py", "cdn/ranges.py", "cdn/libcrypto.py"} <= set(files)
    assert not [
        name for name in files if not name.startswith("cdn/") or "/tests/" in name or "models" in name
    ]
    assert not [
        name for name, source in files.items() if b"import django" in source or b"from django" in source
    ]


def test_a_changed_source_is_another_program(monkeypatch: Any, tmp_path: Path) -> None:
    (tmp_path / "cdn/edge").mkdir(parents=True)
    (tmp_path / "cdn/__init__.py").write_text("")
    (tmp_path / "cdn/edge/__main__.py").write_text("from cdn.other import x\n")
    (tmp_path / "cdn/other.py").write_text("x = 1\n")
    (tmp_path / "cdn/unused.py").write_text("x = 1\n")
    monkeypatch.setattr(installing, "_ROOT", tmp_path)
    built = installing._Built()
    first = built.current()
    assert built.current() is first
    assert "cdn/unused.py" not in zipfile.ZipFile(io.BytesIO(first.data)).namelist()
    (tmp_path / "cdn/other.py").write_text("x = 22\n")
    assert built.current().sha256 != first.sha256


def test_anybody_may_fetch_the_program(client: Client) -> None:
    answer: Any = client.get("/edge/node.pyz")
    assert answer.status_code == 200
    assert hashlib.sha256(answer.content).hexdigest() == installing.program().sha256
    again: Any = client.get("/edge/node.pyz", headers={"If-None-Match": answer["ETag"]})
    assert again.status_code == 304
    assert client.post("/edge/node.pyz").status_code == 405


def test_the_site_signs_its_program_with_a_key_that_nodes_know(client: Client) -> None:
    found = client.get("/edge/node.json").json()
    assert found["sha256"] == installing.program().sha256
    (key,) = [key for key in services.public_keys() if key.kid == found["kid"]]
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.public_key))
    assert verified(public, found["signature"], program_message(found["sha256"]))


def test_the_command_fetches_and_checks_the_program(live_server: Any, tmp_path: Path) -> None:
    """Its first half, as a shell runs it, with the packages of this machine out of sight."""
    command = installing.command(origin=live_server.url, name="attic", code="c0de")
    fetch, start = command.split(" && ")
    argv = shlex.split(fetch)
    done = subprocess.run([sys.executable, "-I", "-S", *argv[1:]], cwd=tmp_path, check=False, timeout=30)
    assert done.returncode == 0
    assert (tmp_path / installing.FILE).read_bytes() == installing.program().data
    assert shlex.split(start)[:2] == ["python3", installing.FILE]
    (tmp_path / installing.FILE).unlink()
    wrong = argv[2].replace(installing.program().sha256, "0" * 64)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", wrong], cwd=tmp_path, check=False, capture_output=True, timeout=30
    )
    assert done.returncode == 1
    assert b"not the program that the site promised" in done.stderr
    assert not list(tmp_path.iterdir())


def test_the_program_runs_by_itself(tmp_path: Path) -> None:
    path = tmp_path / installing.FILE
    path.write_bytes(installing.program().data)
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(path), "--help"], cwd=tmp_path, env={}, capture_output=True, text=True,
        check=False, timeout=30,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "--upgrade" in done.stdout


def test_an_address_with_a_quote_makes_no_command() -> None:
    with pytest.raises(ValueError, match="no address for a command"):
        installing.command(origin='http://x"+evil+"', name="a", code="b")


def test_the_printed_command(settings: Any, capsys: Any) -> None:
    settings.SITE_URL = "https://tv.example"
    call_command("addnode", "attic")
    words = capsys.readouterr().out
    assert "https://tv.example/edge/node.pyz" in words
    assert "--name attic" in words
    assert "only this machine" not in words
    settings.SITE_URL = "http://127.0.0.1:8000"
    call_command("addnode", "--name", "attic", "--json")
    found = json.loads(capsys.readouterr().out)
    assert (found["name"], found["origin"]) == ("attic", "http://127.0.0.1:8000")
    call_command("addnode", "attic")
    assert "only this machine can reach" in capsys.readouterr().out
    with pytest.raises(CommandError, match="Name the node"):
        call_command("addnode")
