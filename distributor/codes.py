"""The code of a link of ours: the word after /r/. Pure.

    code    14 letters and digits: 10 name the link, 4 prove that we made it
    name    HMAC-SHA256(key for names, article : channel : edition), cut
    proof   HMAC-SHA256(key for proofs, name), cut

The same link has the same code, so that a preview shows the very text that will be posted. A forged code is refused
without a look into the database. Letters and digits only: "-" and "_" would be lost at the end of a line, or read as
markup, and a double click would not take the whole.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["LENGTH", "Link", "code_of", "is_ours"]

NAME, PROOF = 10, 4
LENGTH = NAME + PROOF
_SHAPE = re.compile(rf"[A-Za-z0-9]{{{LENGTH}}}").fullmatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link of ours: `url` is where it leads. `edition_id` is 0 for what is in no digest, `id` 0 before it is kept."""

    code: str
    article_id: int
    channel: str
    edition_id: int = 0
    url: str
    id: int = 0


def code_of(key: bytes, article_id: int, channel: str, edition_id: int = 0) -> str:
    """The code of an article's link on a channel, or in an edition. `key` is the site's secret."""
    about = f"{article_id}:{channel}:{edition_id}".encode()
    name = _letters(hmac.digest(_derived(key, "name"), about, "sha256"), NAME)
    return name + _proof(key, name)


def is_ours(keys: Sequence[bytes], code: str) -> bool:
    """Whether one of the keys made this code: the key that signs now, or one of before a rotation."""
    if not _SHAPE(code):
        return False
    made = [hmac.compare_digest(_proof(key, code[:NAME]), code[NAME:]) for key in keys]
    return any(made)


def _proof(key: bytes, name: str) -> str:
    return _letters(hmac.digest(_derived(key, "proof"), name.encode(), "sha256"), PROOF)


def _letters(digest: bytes, count: int) -> str:
    return b64encode(digest, b"Az")[:count].decode()


@lru_cache(maxsize=64)
def _derived(key: bytes, purpose: str) -> bytes:
    return hmac.digest(key, b"distributor redirect v1\0" + purpose.encode(), "sha256")
