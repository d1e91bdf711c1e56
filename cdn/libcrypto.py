"""Keys by the system's OpenSSL, for machines that have Python and nothing else. Pure: shared with the edge.

The Ed25519 classes have the names, methods and errors of the package `cryptography` that the node needs (RFC 8032; the
calls are OpenSSL's EVP_PKEY_*raw* and EVP_Digest{Sign,Verify}). `P256Key` is what certificates are asked for with.
Debian's python3 brings this library: its `ssl` needs it.
"""

import ctypes
import ctypes.util
from collections.abc import Callable

_EVP_PKEY_ED25519 = 1087
_EVP_PKEY_EC = 408
_KEY_BYTES = 32
_SIGNATURE_BYTES = 64
_NAMES = ("libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.so")

_pointer, _size = ctypes.c_void_p, ctypes.c_size_t


class InvalidSignature(Exception):
    """These bytes were not signed with this key."""


def _library() -> ctypes.CDLL:
    found = ctypes.util.find_library("crypto")
    for name in (*_NAMES, *([found] if found else [])):
        try:
            return _declared(ctypes.CDLL(name))
        except (OSError, AttributeError):
            continue
    raise ImportError(
        "neither the Python package cryptography nor OpenSSL's libcrypto is here: install libssl3"
    )


def _declared(lib: ctypes.CDLL) -> ctypes.CDLL:
    """Say what the functions take: pointers would be cut to 32 bits otherwise. AttributeError when one is missing."""
    raw = [ctypes.c_int, _pointer, ctypes.c_char_p, _size]
    start = [_pointer, _pointer, _pointer, _pointer, _pointer]
    for name, result, arguments in (
        ("EVP_PKEY_new_raw_private_key", _pointer, raw),
        ("EVP_PKEY_new_raw_public_key", _pointer, raw),
        ("EVP_PKEY_get_raw_public_key", ctypes.c_int, [_pointer, ctypes.c_char_p, ctypes.POINTER(_size)]),
        ("EVP_PKEY_free", None, [_pointer]),
        ("EVP_MD_CTX_new", _pointer, []),
        ("EVP_MD_CTX_free", None, [_pointer]),
        ("EVP_DigestSignInit", ctypes.c_int, start),
        ("EVP_DigestVerifyInit", ctypes.c_int, start),
        (
            "EVP_DigestSign",
            ctypes.c_int,
            [_pointer, ctypes.c_char_p, ctypes.POINTER(_size), ctypes.c_char_p, _size],
        ),
        ("EVP_DigestVerify", ctypes.c_int, [_pointer, ctypes.c_char_p, _size, ctypes.c_char_p, _size]),
        ("EVP_PKEY_CTX_new_id", _pointer, [ctypes.c_int, _pointer]),
        ("EVP_PKEY_CTX_free", None, [_pointer]),
        ("EVP_PKEY_CTX_ctrl_str", ctypes.c_int, [_pointer, ctypes.c_char_p, ctypes.c_char_p]),
        ("EVP_PKEY_keygen_init", ctypes.c_int, [_pointer]),
        ("EVP_PKEY_keygen", ctypes.c_int, [_pointer, ctypes.POINTER(_pointer)]),
        ("EVP_sha256", _pointer, []),
        ("i2d_PUBKEY", ctypes.c_int, [_pointer, ctypes.POINTER(ctypes.c_char_p)]),
        ("i2d_PrivateKey", ctypes.c_int, [_pointer, ctypes.POINTER(ctypes.c_char_p)]),
        (
            "d2i_PrivateKey",
            _pointer,
            [ctypes.c_int, _pointer, ctypes.POINTER(ctypes.c_char_p), ctypes.c_long],
        ),
        ("ERR_clear_error", None, []),
        ("RAND_bytes", ctypes.c_int, [ctypes.c_char_p, ctypes.c_int]),
    ):
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib


_lib = _library()


class _Key:
    """An OpenSSL key, given back when nothing refers to it any more."""

    __slots__ = ("_key",)

    def __init__(self, key: int | None) -> None:
        if not key:
            _lib.ERR_clear_error()
            raise ValueError("these bytes are no key")
        self._key = key

    def __del__(self) -> None:
        key = getattr(self, "_key", None)
        if key:
            _lib.EVP_PKEY_free(key)

    def public_bytes_raw(self) -> bytes:
        """The public half: 32 bytes."""
        out, length = ctypes.create_string_buffer(_KEY_BYTES), _size(_KEY_BYTES)
        if _lib.EVP_PKEY_get_raw_public_key(self._key, out, ctypes.byref(length)) != 1:
            raise MemoryError("OpenSSL gave no public key")
        return out.raw


class Ed25519PublicKey(_Key):
    """A key that checks signatures."""

    __slots__ = ()

    @classmethod
    def from_public_bytes(cls, data: bytes) -> "Ed25519PublicKey":
        """Of 32 bytes. Raises ValueError."""
        _expect_key(data)
        return cls(_lib.EVP_PKEY_new_raw_public_key(_EVP_PKEY_ED25519, None, data, len(data)))

    def verify(self, signature: bytes, data: bytes) -> None:
        """Raises InvalidSignature unless this key signed `data`."""
        context = _context()
        try:
            if (
                len(signature) != _SIGNATURE_BYTES
                or _lib.EVP_DigestVerifyInit(context, None, None, None, self._key) != 1
                or _lib.EVP_DigestVerify(context, signature, len(signature), data, len(data)) != 1
            ):
                _lib.ERR_clear_error()  # or a TLS connection of this thread would find it in the queue
                raise InvalidSignature
        finally:
            _lib.EVP_MD_CTX_free(context)


class Ed25519PrivateKey(_Key):
    """A key that signs."""

    __slots__ = ("_seed",)

    def __init__(self, seed: bytes) -> None:
        super().__init__(_lib.EVP_PKEY_new_raw_private_key(_EVP_PKEY_ED25519, None, seed, len(seed)))
        self._seed = seed

    @classmethod
    def generate(cls) -> "Ed25519PrivateKey":
        """A new one."""
        seed = ctypes.create_string_buffer(_KEY_BYTES)
        if _lib.RAND_bytes(seed, _KEY_BYTES) != 1:
            raise OSError("OpenSSL has no random numbers")
        return cls(seed.raw)

    @classmethod
    def from_private_bytes(cls, data: bytes) -> "Ed25519PrivateKey":
        """Of the 32 bytes that `private_bytes_raw` gave. Raises ValueError."""
        _expect_key(data)
        return cls(data)

    def private_bytes_raw(self) -> bytes:
        """The secret: 32 bytes."""
        return self._seed

    def public_key(self) -> Ed25519PublicKey:
        """The half to give away."""
        return Ed25519PublicKey.from_public_bytes(self.public_bytes_raw())

    def sign(self, data: bytes) -> bytes:
        """64 bytes."""
        out, length = ctypes.create_string_buffer(_SIGNATURE_BYTES), _size(_SIGNATURE_BYTES)
        context = _context()
        try:
            if (
                _lib.EVP_DigestSignInit(context, None, None, None, self._key) != 1
                or _lib.EVP_DigestSign(context, out, ctypes.byref(length), data, len(data)) != 1
            ):
                _lib.ERR_clear_error()
                raise MemoryError("OpenSSL did not sign")
        finally:
            _lib.EVP_MD_CTX_free(context)
        return out.raw


class P256Key(_Key):
    """A key on the curve P-256 that signs with SHA-256, as certificates' authorities want it."""

    __slots__ = ()

    @classmethod
    def generate(cls) -> "P256Key":
        """A new one."""
        context = _lib.EVP_PKEY_CTX_new_id(_EVP_PKEY_EC, None)
        made = _pointer()
        try:
            if (
                _lib.EVP_PKEY_keygen_init(context) != 1
                or _lib.EVP_PKEY_CTX_ctrl_str(context, b"ec_paramgen_curve", b"P-256") != 1
                or _lib.EVP_PKEY_keygen(context, ctypes.byref(made)) != 1
            ):
                _lib.ERR_clear_error()
                raise OSError("OpenSSL makes no key on P-256")
        finally:
            _lib.EVP_PKEY_CTX_free(context)
        return cls(made.value)

    @classmethod
    def from_der(cls, data: bytes) -> "P256Key":
        """Of what `der` gave. Raises ValueError."""
        return cls(_lib.d2i_PrivateKey(_EVP_PKEY_EC, None, ctypes.byref(ctypes.c_char_p(data)), len(data)))

    def der(self) -> bytes:
        """The secret (RFC 5915)."""
        return self._encoded(_lib.i2d_PrivateKey)

    def public_der(self) -> bytes:
        """The public half (SubjectPublicKeyInfo); its last 64 bytes are the point's two coordinates."""
        return self._encoded(_lib.i2d_PUBKEY)

    def _encoded(self, encode: Callable[..., int]) -> bytes:
        length = encode(self._key, None)
        if length <= 0:
            raise MemoryError("OpenSSL gave no key")
        out = ctypes.create_string_buffer(length)
        place = ctypes.cast(out, ctypes.c_char_p)
        encode(self._key, ctypes.byref(place))  # moves `place` behind what it wrote
        return out.raw

    def sign(self, data: bytes) -> bytes:
        """An ECDSA signature in DER."""
        out, length = ctypes.create_string_buffer(128), _size(128)
        context = _context()
        try:
            if (
                _lib.EVP_DigestSignInit(context, None, _lib.EVP_sha256(), None, self._key) != 1
                or _lib.EVP_DigestSign(context, out, ctypes.byref(length), data, len(data)) != 1
            ):
                _lib.ERR_clear_error()
                raise MemoryError("OpenSSL did not sign")
        finally:
            _lib.EVP_MD_CTX_free(context)
        return out.raw[: length.value]


def _expect_key(data: bytes) -> None:
    if len(data) != _KEY_BYTES:
        raise ValueError("An Ed25519 key is 32 bytes")


def _context() -> int:
    context: int | None = _lib.EVP_MD_CTX_new()
    if not context:
        raise MemoryError("OpenSSL has no memory")
    return context
