"""What the site's secret proves about mail: an address that nobody can read back, and mails that are really ours. Pure.

`key` is the site's secret (`config.secret_key`, or `app.mailroom.key`); `keys` are it and those of before a rotation
(`passes.keys`): reports tell of old mails.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence

from distributor.mail.bounces.verp import read_verp
from distributor.mail.tokens import derive, mint

__all__ = ["delivery_of_message_id", "delivery_of_paths", "is_own", "suppression_key"]

_OWN = re.compile(r"<?(\d{1,19})\.([A-Za-z0-9_-]{12})@[^@<>\s]{1,255}>?")


def suppression_key(key: bytes, address_key: str) -> str:
    """The keyed hash that stands for a normalised address in the suppression list: it outlives the address."""
    return hmac.digest(derive(key, "suppression"), address_key.encode(), "sha256").hex()


def delivery_of_paths(keys: Sequence[bytes], paths: tuple[str, ...]) -> int | None:
    """The delivery that one of these return paths names; None where none of them is ours."""
    verp = tuple(derive(key, "verp") for key in keys)
    return next((number for path in paths if (number := read_verp(path, verp)) is not None), None)


def delivery_of_message_id(message_id: str) -> tuple[int, str] | None:
    """The delivery that a Message-ID of ours names, and its proof (see `is_own`)."""
    match = _OWN.fullmatch(message_id.strip())
    return (int(match[1]), match[2]) if match else None


def is_own(keys: Sequence[bytes], proof: str, subscriber_id: int) -> bool:
    """Whether a Message-ID's proof was made for this reader."""
    return any(hmac.compare_digest(mint(key, "reader", subscriber_id)[8:20], proof) for key in keys)
