"""A node finds its place by itself, says what to do when nobody reaches it, installs and upgrades itself."""

import asyncio
import hashlib
import json
import re
import socket
import ssl
import sys
import zipfile
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from cdn.ed25519 import Ed25519PrivateKey
from cdn.edge import config as configuration
from cdn.edge import install, reach
from cdn.edge.config import Config
from cdn.edge.reach import Address
from cdn.edge.upstream import OriginAway, Upstream
from cdn.signing import program_message
from tests.edge.authority import Authority

SITE = "http://127.0.0.1:8000"


def read(tmp_path: Path, *more: str) -> Config:
    return configuration.read(
        ["--origin", SITE, "--cache", str(tmp_path), "--cache-gb", "1", "--name", "attic", *more]
    )


# Addresses


def test_a_node_of_a_site_on_the_same_machine_stays_on_the_loopback(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert found.host == "127.0.0.1"
    assert found.port >= reach.FIRST_PORT
    assert found.base_url == f"http://127.0.0.1:{found.port}"
    assert found.base_url_found


def test_a_node_of_another_machine_listens_everywhere_and_finds_its_own_address(
    tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(reach, "local_address", lambda site: "192.0.2.7")
    found = reach.find(origin="https://tv.example", listen="", base_url="", cache=tmp_path, secure=False)
    assert found.host == "0.0.0.0"
    assert found.base_url == f"http://192.0.2.7:{found.port}"
    monkeypatch.setattr(reach, "local_address", lambda site: "2001:db8::7")
    found = reach.find(origin="https://tv.example", listen=":443", base_url="", cache=tmp_path, secure=True)
    assert (found.host, found.port, found.base_url) == ("0.0.0.0", 443, "https://[2001:db8::7]:443")


def test_a_port_that_is_taken_is_passed_over_and_the_choice_is_kept(tmp_path: Path, monkeypatch: Any) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setattr(reach, "FIRST_PORT", taken.getsockname()[1])
        first = read(tmp_path)
        assert first.port > reach.FIRST_PORT
        reach.remember(first.address, tmp_path)
    assert read(tmp_path).port == first.port  # although the port before it is free now
    assert read(tmp_path, "--listen", "127.0.0.1:9").port == 9


def test_what_was_found_before_serves_while_names_are_not_known(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(reach, "local_address", lambda site: "")
    wanted: dict[str, Any] = {"origin": "https://tv.example", "listen": "", "base_url": "", "cache": tmp_path}
    with pytest.raises(reach.Unclear, match=r"'tv\.example' is not known here"):
        reach.find(**wanted, secure=False)
    reach.remember(Address("0.0.0.0", 8123, "http://192.0.2.7:8123"), tmp_path)
    found = reach.find(**wanted, secure=False)
    assert (found.port, found.base_url) == (8123, "http://192.0.2.7:8123")
    (tmp_path / "address.json").write_text("{broken")
    with pytest.raises(reach.Unclear):
        reach.find(**wanted, secure=False)


@pytest.mark.parametrize("text", ["8101", "a:b", "host:0", "host:70000"])
def test_a_senseless_place_to_listen_is_refused(tmp_path: Path, text: str, capsys: Any) -> None:
    with pytest.raises(SystemExit):
        read(tmp_path, "--listen", text)
    assert "is no address:port" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("address", "site", "words"),
    [
        (Address("127.0.0.1", 8101, "http://192.0.2.7:8101"), "https://tv.example", "--listen 0.0.0.0:8101"),
        (Address("0.0.0.0", 8101, "http://127.0.0.1:8101"), "http://192.0.2.1", "means this machine itself"),
        (
            Address("0.0.0.0", 8101, "http://192.168.1.5:8101"),
            "https://8.8.8.8",
            "forward a port of your router",
        ),
    ],
)
def test_what_is_plainly_wrong_is_named_with_its_remedy(address: Address, site: str, words: str) -> None:
    assert words in reach.remedy(address, site)


def test_a_firewall_is_told_from_a_wrong_address() -> None:
    with socket.socket() as here:
        here.bind(("127.0.0.1", 0))
        port = here.getsockname()[1]
        address = Address("127.0.0.1", port, f"http://127.0.0.1:{port}")
        assert "does not reach 127.0.0.1" in reach.remedy(address, SITE)
        here.listen()
        assert "let TCP port" in reach.remedy(address, SITE)


# Installing


@pytest.fixture
def program(tmp_path: Path, monkeypatch: Any) -> Path:
    """A one-file program that runs."""
    path = tmp_path / "node.pyz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("__main__.py", "")
    monkeypatch.setattr(sys, "argv", [str(path)])
    return path


def test_installing_writes_a_service_and_says_each_step(
    tmp_path: Path, program: Path, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    cache, root = tmp_path / "cache", tmp_path / "root"
    cache.mkdir()
    (cache / "state.json").write_text('{"slot": 7}')
    config = replace(read(cache, "--listen", "0.0.0.0:443", "--code", "c0de"), base_url_found=True)
    assert install.install(config, root=root) == 0
    unit = (root / "etc/systemd/system/netflixlite-node-attic.service").read_text()
    assert "AmbientCapabilities=CAP_NET_BIND_SERVICE" in unit
    assert "-I /usr/local/lib/netflixlite/node.pyz" in unit
    settings = root / "etc/netflixlite/attic.env"
    assert settings.stat().st_mode & 0o777 == 0o600
    assert 'NETFLIXLITE_EDGE_CODE="c0de"' in settings.read_text()
    assert "BASE_URL" not in settings.read_text()  # found anew at each start
    assert (root / "usr/local/lib/netflixlite/node.pyz").read_bytes() == program.read_bytes()
    assert (root / "var/lib/netflixlite/attic/state.json").read_text() == '{"slot": 7}'
    words = capsys.readouterr().out
    assert "systemd does not run here" in words
    for place in ("/usr/local/lib/netflixlite/node.pyz", "/etc/netflixlite/attic.env", "attic.service"):
        assert place in words


def test_a_service_keeps_every_setting_that_a_node_reads() -> None:
    named = re.compile(r'NETFLIXLITE_EDGE_([A-Z_]+)"')
    read_by_nodes = set(named.findall(Path(configuration.__file__).read_text()))
    written = set(re.findall(r'^ {8}"([A-Z_]+)": ', Path(install.__file__).read_text(), re.MULTILINE))
    assert len(read_by_nodes) > 10
    assert written == read_by_nodes


def test_installing_needs_root_and_the_one_file(
    tmp_path: Path, program: Path, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert install.install(read(tmp_path)) == 2
    assert "needs root" in capsys.readouterr().out
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert install.install(replace(read(tmp_path), name="../attic"), root=tmp_path / "root") == 2
    assert "'../attic' is no name" in capsys.readouterr().out
    assert install.install(read(tmp_path, "--site", 'a"b'), root=tmp_path / "root") == 2
    assert "no quotes" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", [__file__])
    assert install.install(read(tmp_path)) == 2
    assert "not the one-file program" in capsys.readouterr().out


# Upgrading


@pytest.fixture
def site() -> Any:
    """Answers /edge/node.json and /edge/node.pyz; yields what it answers and where."""
    answers: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answers[self.path])

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield answers, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_an_upgrade_takes_only_what_its_site_has_signed(
    tmp_path: Path, program: Path, site: Any, capsys: Any
) -> None:
    answers, url = site
    key, stranger = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    (tmp_path / "state.json").write_text(
        json.dumps({"keys": {"3": key.public_key().public_bytes_raw().hex()}})
    )
    config = replace(read(tmp_path), origin=url)
    old, new = program.read_bytes(), b"a newer program"

    def offer(signer: Ed25519PrivateKey, *, kid: int = 3, data: bytes = new) -> int:
        digest = hashlib.sha256(new).hexdigest()
        signature = signer.sign(program_message(digest)).hex()
        answers["/edge/node.json"] = json.dumps(
            {"sha256": digest, "kid": kid, "signature": signature}
        ).encode()
        answers["/edge/node.pyz"] = data
        return install.upgrade(config)

    assert offer(stranger) == 2
    assert "not signed by this node's site" in capsys.readouterr().out
    assert offer(key, kid=4) == 2
    assert "does not know yet" in capsys.readouterr().out
    assert offer(key, data=b"something else") == 2
    assert "not the one that the site signed" in capsys.readouterr().out
    assert program.read_bytes() == old
    program.chmod(0o755)
    assert offer(key) == 0
    assert (program.read_bytes(), program.stat().st_mode & 0o777) == (new, 0o755)


def test_a_site_whose_certificate_nobody_vouches_for_is_not_believed(
    tmp_path: Path, monkeypatch: Any
) -> None:
    chain, key = Authority().issue(tmp_path, "127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)

    async def words() -> str:
        server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=context)
        upstream = Upstream(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        try:
            async with upstream.request("GET", "/", headers={}):
                pass
        except OriginAway as error:
            return str(error)
        finally:
            upstream.close()
            server.close()
        return ""

    assert "cannot be trusted: self-signed certificate in certificate chain" in asyncio.run(words())
    nothing = ssl.get_default_verify_paths()._replace(cafile=None, capath=None)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: nothing)
    assert "apt install ca-certificates" in asyncio.run(words())
