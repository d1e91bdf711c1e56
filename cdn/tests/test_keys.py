"""The keys that sign tokens: made once, kept safe, rotated without breaking a film."""

import os
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.core.management import call_command
from django.utils import timezone

from cdn import keys, models, services
from cdn.signing import Token, decode

PACKAGE = "ab" * 16


def signed() -> Token:
    token = services.sign(
        session_id=uuid4(), account_id=uuid4(), package_id=PACKAGE, renditions=0b11, now=timezone.now()
    )
    published = {
        key.kid: Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.public_key))
        for key in services.public_keys()
    }
    return decode(token.text, published)


@pytest.mark.django_db
def test_a_signed_token_says_what_was_asked() -> None:
    session, account, now = uuid4(), uuid4(), timezone.now()
    token = services.sign(
        session_id=session, account_id=account, package_id=PACKAGE, renditions=0b101, now=now
    )
    opened = decode(token.text, keys.ring.verifying(now))
    assert opened.session == session.bytes
    assert len(opened.account) == 4
    assert opened.package.hex() == PACKAGE
    assert opened.renditions == 0b101
    assert (
        opened.expires == int(token.expires_at.timestamp()) == int((now + timedelta(seconds=900)).timestamp())
    )


@pytest.mark.django_db
def test_private_keys_are_for_their_owner_only(settings: Any) -> None:
    signed()
    (path,) = Path(settings.KEYS_DIR).iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.read_text() not in models.SigningKey.objects.get().public_key


@pytest.mark.django_db
def test_a_rotated_key_signs_after_its_notice_and_old_tokens_stay_good() -> None:
    old = signed()
    call_command("rotatekeys", "--notice-minutes", "120")
    assert signed().kid == old.kid == 1
    assert [key.kid for key in services.public_keys()] == [1, 2]
    start = timezone.now()
    with time_machine.travel(start + timedelta(minutes=121)):
        keys.ring.forget()
        assert signed().kid == 2
        assert [key.kid for key in services.public_keys()] == [1, 2]
    with time_machine.travel(start + timedelta(hours=8)):
        keys.ring.forget()
        assert [key.kid for key in services.public_keys()] == [2]
        assert signed().kid == 2


@pytest.mark.django_db
def test_an_emptied_database_adopts_the_keys_that_are_there() -> None:
    first = services.public_keys()
    models.SigningKey.objects.all().delete()
    keys.ring.forget()
    assert services.public_keys() == first
    assert models.SigningKey.objects.get().public_key == first[0].public_key


@pytest.mark.django_db
def test_an_emptied_folder_gets_a_new_key_under_the_old_number(settings: Any) -> None:
    before = services.public_keys()
    for path in Path(settings.KEYS_DIR).iterdir():
        path.unlink()
    keys.ring.forget()
    assert signed().kid == 1
    assert services.public_keys() != before
    assert models.SigningKey.objects.get().public_key == services.public_keys()[0].public_key


@pytest.mark.django_db(transaction=True)
def test_threads_that_need_the_first_key_at_once_get_the_same() -> None:
    rings = [keys.KeyRing() for _ in range(8)]
    gate, found = threading.Barrier(8), []

    def ask(ring: keys.KeyRing) -> None:
        gate.wait()
        found.append(ring.published(timezone.now()))

    threads = [threading.Thread(target=ask, args=(ring,)) for ring in rings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert set(found) == {found[0]}


@pytest.mark.slow
def test_processes_that_make_the_first_key_at_once_agree(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "import django\n"
        "from unittest import mock\n"
        "django.setup()\n"
        "from django.utils import timezone\n"
        "from cdn import keys\n"
        "sys.stdin.read()\n"
        "with mock.patch.object(keys.models.SigningKey, 'objects'):\n"
        "    keys._make(Path(sys.argv[1]), signs_from=timezone.now(), only=1)\n"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "netflixlite.settings", "NETFLIXLITE_DEBUG": "1"}
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdin=subprocess.PIPE, env=environment)
        for _ in range(3)
    ]
    for child in children:
        assert child.stdin is not None
        child.stdin.close()
    assert [child.wait(60) for child in children] == [0, 0, 0]
    assert [path.name for path in tmp_path.iterdir()] == ["token-00001.key"]
