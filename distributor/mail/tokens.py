"""Signed words for links: a reader's token of fixed length, and fresh ones that carry more and run out.

    reader's   base64url(number 6 | mac 15)                     28 characters, always the same: for MARKER's place
    fresh      base64url(number 6 | expiry 5 | mac 16 | payload)

The MAC is HMAC-SHA256, cut, under a key made from the site's secret for one purpose: a token for one purpose is none
for another. Several keys may be valid, so that links in old mails outlive a rotation. Tokens work again: what they
allow must be harmless twice (safety.md, link scanners).
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from distributor.mail import MARKER

__all__ = ["Fresh", "derive", "mint", "mint_fresh", "read", "read_fresh"]

NUMBER = 6
MAC = 15
EXPIRY = 5
FRESH_MAC = 16
LONGEST = 2_000
_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
assert len(MARKER) * 3 == (NUMBER + MAC) * 4


@dataclass(frozen=True, slots=True)
class Fresh:
    """What a fresh token said: whom it is for, until when (UTC), and what it carries."""

    number: int
    expires_at: datetime
    payload: str


@lru_cache(maxsize=64)
def derive(key: bytes, purpose: str) -> bytes:
    """The key for one purpose. ValueError for a secret under 16 bytes: anybody could guess it."""
    if len(key) < 16:
        raise ValueError("the secret key has less than 16 bytes")
    return hmac.digest(key, b"distributor link v1\0" + purpose.encode(), "sha256")


def mint(key: bytes, purpose: str, number: int) -> str:
    """The token of one reader (0 to 2**48 - 1), always the same."""
    data = number.to_bytes(NUMBER, "big")
    return urlsafe_b64encode(data + hmac.digest(derive(key, purpose), data, "sha256")[:MAC]).decode()


def read(keys: Sequence[bytes], purpose: str, token: str) -> int | None:
    """Whose token it is, or None where none of the keys made it for this purpose."""
    data = _decoded(token)
    if data is None or len(token) != len(MARKER):
        return None
    number, mac = data[:NUMBER], data[NUMBER:]
    made = [hmac.compare_digest(mac, hmac.digest(derive(key, purpose), number, "sha256")[:MAC]) for key in keys]
    return int.from_bytes(number, "big") if any(made) else None


def mint_fresh(key: bytes, purpose: str, number: int, expires_at: datetime, payload: str = "") -> str:
    """A token that is good until `expires_at` (aware, whole seconds), with a payload of up to about 1,400 bytes."""
    data = number.to_bytes(NUMBER, "big") + int(expires_at.timestamp()).to_bytes(EXPIRY, "big")
    text = payload.encode()
    token = urlsafe_b64encode(data + _fresh_mac(key, purpose, data + text) + text).decode().rstrip("=")
    if len(token) > LONGEST:
        raise ValueError("the payload of a link is too long")
    return token


def read_fresh(keys: Sequence[bytes], purpose: str, token: str, now: datetime) -> Fresh | None:
    """What the token says, or None: forged, damaged, for another purpose, or its time has run out."""
    data = _decoded(token)
    start = NUMBER + EXPIRY
    if data is None or len(data) < start + FRESH_MAC:
        return None
    said, mac, text = data[:start], data[start : start + FRESH_MAC], data[start + FRESH_MAC :]
    made = [hmac.compare_digest(mac, _fresh_mac(key, purpose, said + text)) for key in keys]
    expiry = int.from_bytes(said[NUMBER:], "big")
    if not any(made) or now.timestamp() >= expiry:
        return None
    return Fresh(int.from_bytes(said[:NUMBER], "big"), datetime.fromtimestamp(expiry, UTC), text.decode())


def _fresh_mac(key: bytes, purpose: str, data: bytes) -> bytes:
    return hmac.new(derive(key, purpose), b"fresh\0" + data, hashlib.sha256).digest()[:FRESH_MAC]


def _decoded(token: str) -> bytes | None:
    """The one way to write some bytes: base64 lets several words mean the same, a token may not."""
    if len(token) > LONGEST or not _ALPHABET.issuperset(token) or len(token) % 4 == 1:
        return None
    data = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    return data if urlsafe_b64encode(data).decode().rstrip("=") == token else None
