"""The return path that names its delivery (VERP), with a MAC: nobody can bounce another reader's mail.

    bounces+1234-mfrggzdfmztwq2lk@news.example
            │    └ HMAC-SHA256 of the number, its first 80 bits in base 32
            └ the delivery's or the subscriber's number

Base 32 in lower case, since some servers give local parts back in another case. 80 bits are guessed by nobody who has
to send one mail a guess, and leave room: a local part holds at most 64 octets (RFC 5321 4.5.3.1.1).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from distributor.errors import ConfigError

__all__ = ["read_verp", "return_path"]

_MAC_BYTES = 10
_LONGEST_LOCAL = 64
_LONGEST = 254
_ADDRESS = re.compile(r"(?:[^@<>\s]{0,128}[+=-])?(\d{1,19})-([a-z2-7]{16})@[^@<>\s]{1,255}", re.IGNORECASE)


def return_path(template_local: str, domain: str, number: int, key: bytes) -> str:
    """`<template_local>+<number>-<mac>@<domain>`; `number` is from 0 to 10^19 - 1.

    Raises ConfigError where the address would be longer than RFC 5321 allows, or the key is empty.
    """
    if not 0 <= number < 10**19:
        raise ValueError(f"{number} is no number of a delivery")
    local = f"{template_local}+{number}-{_mac(number, key)}"
    if len(local.encode()) > _LONGEST_LOCAL or len(f"{local}@{domain}".encode()) > _LONGEST:
        raise ConfigError(
            f"the return path {local}@{domain} is too long",
            hint=f"its local part may have {_LONGEST_LOCAL} octets, the whole {_LONGEST}: choose a shorter name",
        )
    return f"{local}@{domain}"


def read_verp(address: str, keys: bytes | tuple[bytes, ...]) -> int | None:
    """The number in a return path of ours, or None: no such address, or made with none of the `keys`.

    Several keys let a new one be taken into use: `(new, old)`. The comparison takes equally long for every address.
    """
    match = _ADDRESS.fullmatch(address.strip().strip("<>"))
    if not match:
        return None
    number, mac = int(match[1]), match[2].lower()
    known = [hmac.compare_digest(_mac(number, key), mac) for key in ((keys,) if isinstance(keys, bytes) else keys)]
    return number if any(known) and str(number) == match[1] else None


def _mac(number: int, key: bytes) -> str:
    if not key:
        raise ConfigError("the return path's key is empty", hint="set it to at least 16 random bytes")
    digest = hmac.new(key, b"distributor return path 1\x00%d" % number, hashlib.sha256).digest()
    return base64.b32encode(digest[:_MAC_BYTES]).decode().lower()
