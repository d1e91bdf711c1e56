"""Ed25519 without packages: OpenSSL by ctypes gives what RFC 8032 says and what `cryptography` gives."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519 as packaged

from cdn import libcrypto

ROOT = Path(__file__).resolve().parent.parent.parent
#: RFC 8032, 7.1: secret, public, message, signature (tests 1, 2, 3 and SHA(abc)).
VECTORS = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
        "454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e030"
        "3dca179c138ac17ad9bef1177331a704",
    ),
]


@pytest.mark.parametrize(("secret", "public", "message", "signature"), VECTORS)
def test_the_vectors_of_the_standard(secret: str, public: str, message: str, signature: str) -> None:
    key = libcrypto.Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret))
    assert key.public_bytes_raw().hex() == key.public_key().public_bytes_raw().hex() == public
    assert key.private_bytes_raw().hex() == secret
    assert key.sign(bytes.fromhex(message)).hex() == signature
    known = libcrypto.Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
    known.verify(bytes.fromhex(signature), bytes.fromhex(message))


def test_what_one_signs_the_other_accepts_and_nothing_else() -> None:
    rng = random.Random(7)
    for _ in range(100):
        seed, message = rng.randbytes(32), rng.randbytes(rng.randrange(200))
        ours = libcrypto.Ed25519PrivateKey.from_private_bytes(seed)
        theirs = packaged.Ed25519PrivateKey.from_private_bytes(seed)
        signature = ours.sign(message)
        assert signature == theirs.sign(message)
        public = libcrypto.Ed25519PublicKey.from_public_bytes(theirs.public_key().public_bytes_raw())
        public.verify(signature, message)
        at = rng.randrange(64)
        wrong = signature[:at] + bytes([signature[at] ^ 1 << rng.randrange(8)]) + signature[at + 1 :]
        for signed, text in (
            (wrong, message),
            (signature, message + b"x"),
            (b"", message),
            (signature + b"x", message),
        ):
            with pytest.raises(libcrypto.InvalidSignature):
                public.verify(signed, text)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        libcrypto.Ed25519PublicKey.from_public_bytes(bytes(length))
    with pytest.raises(ValueError, match="32 bytes"):
        libcrypto.Ed25519PrivateKey.from_private_bytes(bytes(length))


def test_new_keys_differ() -> None:
    keys = {libcrypto.Ed25519PrivateKey.generate().private_bytes_raw() for _ in range(20)}
    assert len(keys) == 20


def test_a_node_needs_no_package_at_all() -> None:
    """With nothing but the standard library every module of the node is read, and tokens are told from forgeries."""
    program = """
import pkgutil, sys
class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in sys.stdlib_module_names | {"cdn"}:
            raise ImportError(f"{name} is not in the standard library")
sys.meta_path.insert(0, Nothing())
sys.path.insert(0, sys.argv[1])
import cdn.edge
for module in pkgutil.iter_modules(cdn.edge.__path__):
    if module.name != "__main__":
        __import__("cdn.edge." + module.name)
from cdn import ed25519, signing
key = ed25519.Ed25519PrivateKey.generate()
token = signing.Token(1, b"s" * 16, b"acct", b"p" * 16, 1, 0, 9)
assert signing.decode(signing.encode(token, key), {1: key.public_key()}) == token
print(ed25519.Ed25519PrivateKey.__module__)
"""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program, str(ROOT)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr == ""
    assert done.stdout.strip() == "cdn.libcrypto"
