"""Ed25519 keys: by the package `cryptography` where it is, by the system's OpenSSL where it is not. Pure.

Everything that runs on a node takes its keys from here, so that `python3` alone is enough to be one.
"""

from typing import TYPE_CHECKING

__all__ = ["Ed25519PrivateKey", "Ed25519PublicKey", "InvalidSignature"]

if TYPE_CHECKING:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
else:
    try:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

        if not hasattr(Ed25519PrivateKey, "private_bytes_raw"):  # before release 40, as in Debian 12
            raise ImportError
    except ImportError:
        from cdn.libcrypto import Ed25519PrivateKey, Ed25519PublicKey, InvalidSignature
