"""A certificate from an authority that speaks ACME (RFC 8555): the node shows over HTTP that its name leads to it.

Only for a node with a name in the public DNS and with port 80 open. Everything here blocks: call it in a thread.
"""

import base64
import hashlib
import http.server
import json
import os
import ssl
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cdn.edge import files
from cdn.libcrypto import P256Key

DIRECTORY = "https://acme-v02.api.letsencrypt.org/directory"
_SECONDS = 30.0
#: How long an authority may take to look and to sign, in seconds.
_PATIENCE = 120.0
_CHALLENGE = "/.well-known/acme-challenge/"
_SHOWN = 2000


class NoCertificate(Exception):
    """The authority gave none; the words say what it said and what to do."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: a certificate for `host` from the authority of `directory`. `folder` keeps the keys and the
    certificate; `port` is where the proof is shown (80, or one that 80 is forwarded to); `mail` may be empty."""

    host: str
    directory: str
    folder: Path
    port: int = 80
    mail: str = ""
    #: Certificates of authorities to trust when speaking with this one (for one of your own).
    trust: str = ""

    @property
    def chain(self) -> Path:
        """Where the certificate is put."""
        return self.folder / "chain.pem"

    @property
    def key(self) -> Path:
        """Where its key is put (mode 0600)."""
        return self.folder / "key.pem"


def obtain(wish: Wish, *, pause: float = 1.0) -> None:
    """Get a certificate and put it in place, key first. Raises NoCertificate or OSError."""
    wish.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    client = _Client(wish)
    with _Shown(wish.port) as shown:
        order = client.order()
        for url in order["authorizations"]:
            client.prove(url, shown, pause)
        key = P256Key.generate()
        client.post(order["finalize"], {"csr": _b64(_request(wish.host, key))})
        done = client.wait(order["location"], {"valid"}, {"processing", "ready", "pending"}, pause)
        chain = client.post(done["certificate"], None, raw=True)
    _put(wish, key, chain)


def _put(wish: Wish, key: P256Key, chain: bytes) -> None:
    body = base64.encodebytes(key.der()).replace(b"\n", b"")
    lines = b"\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    text = b"-----BEGIN EC PRIVATE KEY-----\n" + lines + b"\n-----END EC PRIVATE KEY-----\n"
    new_key, new_chain = wish.folder / "new-key.pem", wish.folder / "new-chain.pem"
    files.replace(new_key, text)
    files.replace(new_chain, chain)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(new_chain, new_key)
    except ssl.SSLError as error:
        raise NoCertificate(
            f"what the authority sent is no certificate for our key: {error.reason}"
        ) from error
    os.replace(new_key, wish.key)
    os.replace(new_chain, wish.chain)


# Speaking with the authority ------------------------------------------------------------------------------


@dataclass(slots=True)
class _Client:
    wish: Wish
    nonce: str = ""
    account: str = ""
    places: dict[str, Any] = field(default_factory=dict)
    key: P256Key = field(init=False)
    trust: ssl.SSLContext = field(init=False)

    def __post_init__(self) -> None:
        self.trust = ssl.create_default_context(cafile=self.wish.trust or None)
        self.key = self._account_key()
        self.places = json.loads(self._send(self.wish.directory, None)[1])
        wanted: dict[str, Any] = {"termsOfServiceAgreed": True}
        if self.wish.mail:
            wanted["contact"] = [f"mailto:{self.wish.mail}"]
        self.account = self._signed(self.places["newAccount"], wanted)[0]["location"]

    def _account_key(self) -> P256Key:
        path = self.wish.folder / "account.key"
        try:
            return P256Key.from_der(bytes.fromhex(path.read_text()))
        except FileNotFoundError:
            key = P256Key.generate()
            files.replace(path, key.der().hex().encode())
            return key
        except ValueError:
            raise NoCertificate(f"{path} is damaged: remove it, and a new account will be made") from None

    def order(self) -> dict[str, Any]:
        """Ask for the certificate; → the order, with its place."""
        wanted = {"identifiers": [{"type": "dns", "value": self.wish.host}]}
        headers, body = self._signed(self.places["newOrder"], wanted)
        return {**json.loads(body), "location": headers["location"]}

    def prove(self, url: str, shown: "_Shown", pause: float) -> None:
        """Show that the name is ours, if that has not been shown lately."""
        authorization = self.post(url, None)
        if authorization["status"] == "valid":
            return
        challenge = next((c for c in authorization["challenges"] if c["type"] == "http-01"), None)
        if challenge is None:
            raise NoCertificate(f"the authority takes no proof over HTTP for {self.wish.host}")
        token = str(challenge["token"])
        shown.texts[_CHALLENGE + token] = f"{token}.{self._thumbprint()}"
        self.post(challenge["url"], {})
        self.wait(url, {"valid"}, {"pending", "processing"}, pause)

    def wait(self, url: str, wanted: set[str], patient: set[str], pause: float) -> dict[str, Any]:
        """Ask until it is as wanted; → the last answer."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            found: dict[str, Any] = self.post(url, None)
            if found["status"] in wanted:
                return found
            if found["status"] not in patient:
                raise NoCertificate(f"the authority refuses {self.wish.host}: {_why(found)}")
            if time.monotonic() > deadline:
                raise NoCertificate(f"the authority has not decided within {_PATIENCE:g} s")
            time.sleep(pause)

    def post(self, url: str, payload: dict[str, Any] | None, *, raw: bool = False) -> Any:
        """Send what is signed; no payload only asks. → the JSON that came, or its bytes."""
        body = self._signed(url, payload)[1]
        return body if raw else json.loads(body)

    def _signed(
        self, url: str, payload: dict[str, Any] | None, *, again: bool = True
    ) -> tuple[dict[str, str], bytes]:
        if not self.nonce:
            self._send(self.places["newNonce"], None)
        head: dict[str, Any] = {"alg": "ES256", "nonce": self.nonce, "url": url}
        who: dict[str, Any] = {"kid": self.account} if self.account else {"jwk": self._jwk()}
        head |= who
        protected = _b64(json.dumps(head).encode())
        text = "" if payload is None else _b64(json.dumps(payload).encode())
        signature = _b64(_plain(self.key.sign(f"{protected}.{text}".encode())))
        body = json.dumps({"protected": protected, "payload": text, "signature": signature}).encode()
        self.nonce = ""
        try:
            return self._send(url, body)
        except _BadNonce:
            if not again:
                raise NoCertificate("the authority takes none of its own nonces") from None
            return self._signed(url, payload, again=False)

    def _send(self, url: str, body: bytes | None) -> tuple[dict[str, str], bytes]:
        if not url.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
            raise NoCertificate(f"{url} is no address of an authority: only https is trusted")
        headers = {"User-Agent": "netflixlite-edge", "Content-Type": "application/jose+json"}
        request = urllib.request.Request(url, data=body, headers=headers)  # noqa: S310 (checked above)
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS, context=self.trust) as answer:  # noqa: S310
                found = {name.lower(): value for name, value in answer.headers.items()}
                text = answer.read(1 << 20)
        except urllib.error.HTTPError as error:
            self.nonce = error.headers.get("Replay-Nonce", "")
            raise _refused(error.code, error.read(1 << 16)) from None
        except urllib.error.URLError as error:
            raise NoCertificate(f"{url} cannot be reached: {error.reason}") from error
        self.nonce = found.get("replay-nonce", self.nonce)
        return found, text

    def _jwk(self) -> dict[str, str]:
        point = self.key.public_der()[-64:]
        return {"crv": "P-256", "kty": "EC", "x": _b64(point[:32]), "y": _b64(point[32:])}

    def _thumbprint(self) -> str:
        text = json.dumps(self._jwk(), sort_keys=True, separators=(",", ":"))
        return _b64(hashlib.sha256(text.encode()).digest())


class _BadNonce(Exception):
    """To be said once more with a fresh one."""


def _refused(status: int, body: bytes) -> Exception:
    try:
        problem = json.loads(body)
        if str(problem.get("type", "")).endswith(":badNonce"):
            return _BadNonce()
        words = str(problem.get("detail") or problem)
    except (ValueError, AttributeError):
        words = body[:_SHOWN].decode("utf-8", "replace")
    return NoCertificate(f"the authority answers {status}: {words[:_SHOWN]}")


def _why(found: dict[str, Any]) -> str:
    problems = [found.get("error"), *(c.get("error") for c in found.get("challenges", ()))]
    words = "; ".join(str(p.get("detail", p)) for p in problems if p)
    return (words or str(found["status"]))[:_SHOWN]


class _Shown:
    """A small server for as long as the authority looks: the proofs, and nothing else."""

    def __init__(self, port: int) -> None:
        self.texts: dict[str, str] = {}
        texts = self.texts

        class Handler(http.server.BaseHTTPRequestHandler):
            """Answers with a proof."""

            timeout = 10

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

            def do_GET(self) -> None:
                """The proof of this path, if there is one."""
                text = texts.get(self.path)
                body = (text or "nothing here\n").encode()
                self.send_response(200 if text else 404)
                self.send_header("Content-Type", "application/octet-stream")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        try:
            self._server = http.server.ThreadingHTTPServer(("", port), Handler)
        except OSError as error:
            raise NoCertificate(
                f"port {port}, where the authority looks, cannot be opened: {error.strerror or error}"
            ) from error

    def __enter__(self) -> "_Shown":
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


# Encodings ------------------------------------------------------------------------------------------------


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _plain(signature: bytes) -> bytes:
    """An ECDSA signature as JOSE has it: both numbers in 32 bytes each, instead of DER."""
    first = signature[4 : 4 + signature[3]]
    second = signature[4 + signature[3] + 2 :]
    return b"".join(number.lstrip(b"\0").rjust(32, b"\0") for number in (first, second))


def _der(tag: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    size = len(body)
    long = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag]) + (bytes([size]) if size < 128 else bytes([0x80 | len(long)]) + long) + body


def _request(host: str, key: P256Key) -> bytes:
    """A certification request (RFC 2986) for one name, in DER: no subject, the name as subjectAltName."""
    names = _der(0x30, _der(0x82, host.encode("ascii")))
    extension = _der(0x30, bytes.fromhex("0603551d11"), _der(0x04, names))  # subjectAltName
    asked = _der(
        0x30, bytes.fromhex("06092a864886f70d01090e"), _der(0x31, _der(0x30, extension))
    )  # extensionRequest
    body = _der(0x30, bytes.fromhex("020100"), bytes.fromhex("3000"), key.public_der(), _der(0xA0, asked))
    algorithm = bytes.fromhex("300a06082a8648ce3d040302")  # ecdsa-with-SHA256
    return _der(0x30, body, algorithm, _der(0x03, b"\0" + key.sign(body)))
