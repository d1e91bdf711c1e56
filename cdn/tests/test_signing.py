"""Tokens: what opens what, and everything that must not."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cdn.signing import (
    BadToken,
    Token,
    check,
    decode,
    encode,
    proof_message,
    request_message,
    verified,
)

KEY = Ed25519PrivateKey.generate()
KEYS = {7: KEY.public_key()}
PACKAGE = "ab" * 16
NOW = 1_800_000_000


def token(**changes: object) -> Token:
    values: dict[str, object] = {
        "kid": 7,
        "session": b"s" * 16,
        "account": b"acct",
        "package": bytes.fromhex(PACKAGE),
        "renditions": 0b101,
        "not_before": NOW,
        "expires": NOW + 900,
        "scope": 0,
    }
    return Token(**(values | changes))  # type: ignore[arg-type]


def test_a_token_comes_back_as_it_was_signed() -> None:
    text = encode(token(), KEY)
    assert decode(text, KEYS) == token()


def test_a_token_is_one_path_element_that_no_encoder_alters() -> None:
    text = encode(token(), KEY)
    assert len(text) == 156
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "shape"),
        ("a" * 155, "shape"),
        ("a" * 157, "shape"),
        ("+" * 156, "shape"),
        ("a" * 155 + "\n", "shape"),
        ("é" * 156, "shape"),
        ("/" * 156, "shape"),
        ("a" * 156, "version"),
    ],
)
def test_what_is_no_token_is_refused_by_its_shape(text: str, reason: str) -> None:
    with pytest.raises(BadToken) as error:
        decode(text, KEYS)
    assert error.value.reason == reason


def test_a_token_of_an_unknown_key_is_refused() -> None:
    with pytest.raises(BadToken, match="key"):
        decode(encode(token(kid=8), KEY), KEYS)


def test_a_token_signed_by_another_key_is_refused() -> None:
    with pytest.raises(BadToken, match="signature"):
        decode(encode(token(), Ed25519PrivateKey.generate()), KEYS)


def test_every_single_changed_character_breaks_the_token() -> None:
    text = encode(token(), KEY)
    opened = 0
    for place in range(len(text)):
        changed = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
        try:
            decode(changed, KEYS)
            opened += 1
        except BadToken:
            continue
    assert opened == 0


@pytest.mark.parametrize(
    ("changes", "asked", "reason"),
    [
        ({}, {}, None),
        ({}, {"rendition_index": 2}, None),
        ({}, {"rendition_index": 1}, "rendition"),
        ({}, {"rendition_index": 40}, "rendition"),
        ({}, {"rendition_index": -1}, "rendition"),
        ({}, {"package": "cd" * 16}, "package"),
        ({}, {"now": NOW + 900}, "expired"),
        ({}, {"now": NOW + 899}, None),
        ({}, {"now": NOW + 900, "grace": 4 * 3600}, None),
        ({}, {"now": NOW + 900 + 4 * 3600, "grace": 4 * 3600}, "expired"),
        ({}, {"now": NOW - 30}, None),
        ({}, {"now": NOW - 31}, "early"),
    ],
)
def test_what_a_token_opens(changes: dict[str, object], asked: dict[str, object], reason: str | None) -> None:
    question: dict[str, object] = {"package": PACKAGE, "rendition_index": 0, "now": NOW} | asked
    if reason is None:
        assert check(token(**changes), **question) is None  # type: ignore[arg-type]
    else:
        with pytest.raises(BadToken, match=reason):
            check(token(**changes), **question)  # type: ignore[arg-type]


def test_a_request_signature_covers_every_part() -> None:
    message = request_message("POST", "/api", "1", "2", b"{}")
    signature = KEY.sign(message).hex()
    assert verified(KEY.public_key(), signature, message)
    for changed in (
        request_message("GET", "/api", "1", "2", b"{}"),
        request_message("POST", "/apj", "1", "2", b"{}"),
        request_message("POST", "/api", "2", "2", b"{}"),
        request_message("POST", "/api", "1", "3", b"{}"),
        request_message("POST", "/api", "1", "2", b"{ }"),
        proof_message("00"),
    ):
        assert not verified(KEY.public_key(), signature, changed)
    assert not verified(KEY.public_key(), "zz", message)
