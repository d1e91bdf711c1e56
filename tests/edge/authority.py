"""An authority for tests: certificates made on the spot, and a small ACME server that looks as closely as a big one."""

import base64
import hashlib
import json
import threading
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import NameOID

Name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority for tests")])


class Authority:
    """Signs certificates."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.root = self._build(self.key.public_key(), [], days=30.0, ca=True)

    def root_pem(self) -> bytes:
        """What to trust."""
        return self.root.public_bytes(serialization.Encoding.PEM)

    def issue(self, folder: Path, *hosts: str, days: float = 30.0) -> tuple[Path, Path]:
        """A certificate and its key as files → their paths."""
        key = ec.generate_private_key(ec.SECP256R1())
        chain, secret = folder / "cert.pem", folder / "key.pem"
        secret.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        chain.write_bytes(self.sign(key.public_key(), list(hosts), days=days))
        return chain, secret

    def sign(self, key: Any, hosts: list[str], *, days: float = 30.0) -> bytes:
        """A certificate for this key, with its chain."""
        return self._build(key, hosts, days=days).public_bytes(serialization.Encoding.PEM) + self.root_pem()

    def _build(self, key: Any, hosts: list[str], *, days: float, ca: bool = False) -> x509.Certificate:
        now = datetime.now(UTC)
        names: list[x509.GeneralName] = []
        for host in hosts:
            try:
                names.append(x509.IPAddress(ip_address(host)))
            except ValueError:
                names.append(x509.DNSName(host))
        builder = (
            x509.CertificateBuilder()
            .subject_name(Name if ca else x509.Name([]))
            .issuer_name(Name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=True)
        return builder.sign(self.key, hashes.SHA256())


@dataclass
class Acme:
    """A server of RFC 8555 for one order at a time. Its fields are its behaviour."""

    authority: Authority = field(default_factory=Authority)
    #: Where the proof is looked for, instead of port 80 of the name.
    proof_port: int = 0
    bad_nonces: int = 0
    refuse_order: bool = False
    days: float = 90.0
    issued: int = 0
    complaints: list[str] = field(default_factory=list)
    port: int = 0
    accounts: dict[str, dict[str, str]] = field(default_factory=dict)
    nonces: set[str] = field(default_factory=set)
    host: str = ""
    state: str = "pending"
    order_state: str = "pending"
    chain: bytes = b""

    def __enter__(self) -> "Acme":
        handler = type("Handler", (_AcmeHandler,), {"acme": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def directory(self) -> str:
        """Where it begins."""
        return f"http://127.0.0.1:{self.port}/directory"


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _thumbprint(jwk: dict[str, str]) -> str:
    text = json.dumps(jwk, sort_keys=True, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(text).digest()).decode().rstrip("=")


class _AcmeHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    acme: Acme

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""

    def _answer(self, status: int, document: Any, **headers: str) -> None:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.send_response(status)
        nonce = f"nonce-{len(self.acme.nonces)}-{id(self)}"
        self.acme.nonces.add(nonce)
        self.send_header("Replay-Nonce", nonce)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _problem(self, status: int, kind: str, detail: str) -> None:
        self.acme.complaints.append(detail)
        self._answer(status, {"type": f"urn:ietf:params:acme:error:{kind}", "detail": detail})

    def do_GET(self) -> None:
        """The directory, and nonces."""
        base = f"http://127.0.0.1:{self.acme.port}"
        self._answer(200, {name: f"{base}/{name}" for name in ("newNonce", "newAccount", "newOrder")})

    def do_POST(self) -> None:
        """Everything else: signed, with a nonce that was not used, for this very address."""
        acme = self.acme
        said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        head = json.loads(_unb64(said["protected"]))
        payload = json.loads(_unb64(said["payload"]) or b"null")
        if acme.bad_nonces:
            acme.bad_nonces -= 1
            self._problem(400, "badNonce", "try another nonce")
            return
        if head["nonce"] not in acme.nonces or head["url"] != f"http://127.0.0.1:{acme.port}{self.path}":
            self._problem(400, "malformed", "a nonce or an address that is not right")
            return
        acme.nonces.discard(head["nonce"])
        jwk = head.get("jwk") or acme.accounts.get(head.get("kid", ""))
        if jwk is None or not self._signed(said, jwk):
            self._problem(401, "unauthorized", "the signature is wrong")
            return
        getattr(self, "_" + self.path.strip("/").replace("-", "_"))(payload, jwk)

    def _signed(self, said: dict[str, str], jwk: dict[str, str]) -> bool:
        x, y = (int.from_bytes(_unb64(jwk[name]), "big") for name in ("x", "y"))
        key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
        raw = _unb64(said["signature"])
        signature = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        try:
            key.verify(
                signature, f"{said['protected']}.{said['payload']}".encode(), ec.ECDSA(hashes.SHA256())
            )
        except InvalidSignature:
            return False
        return len(raw) == 64

    def _place(self, name: str) -> str:
        return f"http://127.0.0.1:{self.acme.port}/{name}"

    def _newAccount(self, payload: Any, jwk: dict[str, str]) -> None:
        assert payload["termsOfServiceAgreed"] is True
        self.acme.accounts[self._place("account")] = jwk
        self._answer(201, {"status": "valid"}, Location=self._place("account"))

    def _newOrder(self, payload: Any, _: Any) -> None:
        acme = self.acme
        if acme.refuse_order:
            self._problem(429, "rateLimited", "too many certificates already issued for this name")
            return
        (identifier,) = payload["identifiers"]
        acme.host, acme.state, acme.order_state = identifier["value"], "pending", "pending"
        self._answer(201, self._order_document(), Location=self._place("order"))

    def _order_document(self) -> dict[str, Any]:
        document = {
            "status": self.acme.order_state,
            "authorizations": [self._place("authorization")],
            "finalize": self._place("finalize"),
        }
        return document | ({"certificate": self._place("certificate")} if self.acme.chain else {})

    def _order(self, _: Any, __: Any) -> None:
        self._answer(200, self._order_document())

    def _authorization(self, _: Any, __: Any) -> None:
        challenges: list[dict[str, Any]] = [
            {"type": "dns-01", "url": self._place("no"), "token": "x"},
            {"type": "http-01", "url": self._place("challenge"), "token": "t0ken"},
        ]
        if self.acme.state == "invalid":
            challenges[1]["error"] = {"detail": "the proof was not there"}
        self._answer(200, {"status": self.acme.state, "challenges": challenges})

    def _challenge(self, _: Any, jwk: dict[str, str]) -> None:
        acme = self.acme
        address = f"http://127.0.0.1:{acme.proof_port}/.well-known/acme-challenge/t0ken"
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                good = answer.read().decode() == f"t0ken.{_thumbprint(jwk)}"
        except OSError:
            good = False
        acme.state = "valid" if good else "invalid"
        self._answer(200, {"status": "processing"})

    def _finalize(self, payload: Any, _: Any) -> None:
        acme = self.acme
        request = x509.load_der_x509_csr(_unb64(payload["csr"]))
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        assert request.is_signature_valid
        assert names.get_values_for_type(x509.DNSName) == [acme.host]
        assert acme.state == "valid"
        acme.chain = acme.authority.sign(request.public_key(), [acme.host], days=acme.days)
        acme.order_state = "valid"
        acme.issued += 1
        self._answer(200, self._order_document() | {"status": "processing"}, Location=self._place("order"))

    def _certificate(self, _: Any, __: Any) -> None:
        self._answer(200, self.acme.chain)
