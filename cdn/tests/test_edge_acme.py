"""Certificates from an authority, in one process: what goes right, and what is said when it does not."""

import ssl
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from cdn.edge import acme, tls
from cdn.edge import config as configuration
from cdn.edge.acme import NoCertificate, Wish, obtain
from cdn.edge.connection import Connection
from cdn.edge.tls import BadCertificate, Certificate
from cdn.libcrypto import P256Key
from tests.edge.authority import Acme, Authority
from tests.edge.harness import free_port


@pytest.fixture
def server() -> Any:
    with Acme(proof_port=free_port()) as found:
        yield found


@pytest.fixture
def wish(server: Acme, tmp_path: Path) -> Wish:
    return Wish("node.test", server.directory, tmp_path / "tls", server.proof_port, "me@node.test")


def test_a_certificate_is_obtained_and_put_in_place(server: Acme, wish: Wish) -> None:
    server.bad_nonces = 1
    obtain(wish, pause=0.01)
    certificate = Certificate(wish.chain, wish.key)
    assert certificate.names == ("node.test",)
    assert certificate.covers("NODE.test")
    assert not certificate.covers("other.test")
    assert 89 * 86400 < certificate.until - time.time() < 91 * 86400
    assert load_pem_private_key(wish.key.read_bytes(), None)
    assert wish.key.stat().st_mode & 0o777 == 0o600
    account = (wish.folder / "account.key").read_text()
    obtain(wish, pause=0.01)
    assert (wish.folder / "account.key").read_text() == account
    assert server.issued == 2


def test_what_the_authority_refuses_is_said(server: Acme, wish: Wish) -> None:
    server.refuse_order = True
    with pytest.raises(NoCertificate, match="answers 429: too many certificates already issued"):
        obtain(wish, pause=0.01)
    assert not wish.chain.exists()


def test_a_proof_that_cannot_be_fetched_is_said(server: Acme, wish: Wish) -> None:
    server.proof_port = free_port()
    with pytest.raises(NoCertificate, match=r"refuses node\.test: the proof was not there"):
        obtain(wish, pause=0.01)


def test_a_port_that_is_taken_and_an_authority_that_is_away_are_said(server: Acme, wish: Wish) -> None:
    with pytest.raises(
        NoCertificate, match=f"port {server.port}, where the authority looks, cannot be opened"
    ):
        obtain(replace(wish, port=server.port), pause=0.01)
    with pytest.raises(NoCertificate, match="cannot be reached"):
        obtain(replace(wish, directory=f"http://127.0.0.1:{free_port()}/directory"))
    with pytest.raises(NoCertificate, match="only https is trusted"):
        obtain(replace(wish, directory="http://authority.example/directory"))
    (wish.folder / "account.key").write_text("zz")
    with pytest.raises(NoCertificate, match="is damaged"):
        obtain(wish)


def test_signatures_are_of_one_length_whatever_their_numbers(monkeypatch: Any) -> None:
    key = P256Key.generate()
    assert {len(acme._plain(key.sign(bytes([n])))) for n in range(200)} == {64}
    assert {len(key.sign(bytes([n]))) for n in range(200)} >= {70, 71}


def test_a_certificate_is_taken_anew_and_a_bad_one_is_not(tmp_path: Path, caplog: Any) -> None:
    authority = Authority()
    chain, key = authority.issue(tmp_path, "a.test", "*.b.test")
    certificate = Certificate(chain, key)
    before = certificate.context
    assert certificate.covers("x.b.test")
    assert not certificate.covers("x.y.b.test")
    assert certificate.look() is False
    good = key.read_bytes()
    authority.issue(tmp_path, "c.test")
    key.write_bytes(good)  # the key of before for the certificate of now
    assert certificate.look() is False
    assert certificate.look() is False
    assert caplog.text.count("is not used") == 1
    assert "key values mismatch" in caplog.text
    assert certificate.context is before
    authority.issue(tmp_path, "d.test")
    caplog.set_level("INFO")
    assert certificate.look() is True
    assert certificate.names == ("d.test",)
    assert certificate.context is not before
    chain.unlink()
    assert certificate.look() is False


def test_files_that_are_no_certificate_are_refused_with_words(tmp_path: Path) -> None:
    chain, key = Authority().issue(tmp_path, "a.test", days=-0.1)
    with pytest.raises(BadCertificate, match="ended on"):
        Certificate(chain, key)
    with pytest.raises(BadCertificate, match="is not there"):
        Certificate(tmp_path / "none.pem", key)
    chain.write_text("nothing")
    with pytest.raises(BadCertificate, match=r"cert\.pem and .*key\.pem"):
        Certificate(chain, key)


def test_old_versions_of_tls_are_not_spoken() -> None:
    assert tls.new_context().minimum_version is ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--cert", "a.pem"], "--cert and --key together"),
        (["--acme", "--cert", "a", "--key", "b", "--base-url", "https://n.test"], "obtained by --acme alone"),
        (["--acme"], "--acme needs the node's name"),
        (["--acme", "--base-url", "https://192.0.2.1"], "--acme needs the node's name"),
        (["--cert", "a", "--key", "b", "--base-url", "http://n.test"], "must begin with https://"),
    ],
)
def test_senseless_wishes_are_refused(arguments: list[str], words: str, tmp_path: Path, capsys: Any) -> None:
    with pytest.raises(SystemExit):
        configuration.read(["--origin", "http://127.0.0.1:9", "--cache", str(tmp_path), *arguments])
    assert words in capsys.readouterr().err


def test_no_way_of_sending_goes_past_the_cipher() -> None:
    """Whatever of a plain connection calls `sendfile` is done in another way by an encrypted one."""
    past = [
        name
        for name, part in vars(Connection).items()
        if "sendfile" in getattr(getattr(part, "__code__", None), "co_names", ())
    ]
    assert past
    assert set(past) <= set(vars(tls.TlsConnection))
