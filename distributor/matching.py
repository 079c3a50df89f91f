"""Which article an entry is: a new one, a known one, or a known one that readers would see changed. Pure.

An article is known by its GUID within its source, and by its canonical address. An address tells nothing when it
is the site's front page, or when two entries of one fetch claim it.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from urllib.parse import urlsplit

from distributor.model import Entry

__all__ = ["Candidate", "digest", "guid_key", "keys_of", "same_article", "url_key"]

TAG = re.compile(r"<[^>]*>")
SPACE = re.compile(r"\s+")
LONGEST_KEY = 400


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry with the names it may be known by; `keys` are in order of trust."""

    entry: Entry
    keys: tuple[str, ...]


def guid_key(source: str, guid: str) -> str:
    return _short(f"g:{source}:{guid}")


def url_key(url: str) -> str:
    return _short(f"u:{url}")


def keys_of(source: str, entries: Sequence[Entry]) -> list[Candidate]:
    """Each entry with its keys. `entry.canonical` is its canonical address (tracking off), or empty."""
    claimed = Counter(entry.canonical for entry in _once(entries))
    return [
        Candidate(
            entry,
            (guid_key(source, entry.guid), *((url_key(entry.canonical),) if _tells(entry.canonical, claimed) else ())),
        )
        for entry in _once(entries)
    ]


def same_article(candidate: Candidate, known: Mapping[str, int]) -> int:
    """The id of the article that the candidate is, by the most trusted key that is known; 0 for a new one."""
    return next((known[key] for key in candidate.keys if key in known), 0)


def digest(entry: Entry) -> str:
    """What readers see of an article, in 32 characters: equal digests are no change.

    White space, markup, addresses and a picture's size do not count; which picture it is does.
    """
    picture = urlsplit(entry.image.url).path if entry.image else ""
    parts = [entry.title, entry.summary, entry.social, plain(entry.body), _without_size(picture)]
    return hashlib.blake2b("\0".join(map(_squeeze, parts)).encode(errors="replace"), digest_size=16).hexdigest()


def plain(html: str) -> str:
    """The words of sanitised HTML, for comparing and summarising, not for showing."""
    return _squeeze(unescape(TAG.sub(" ", html)))


def _once(entries: Iterable[Entry]) -> list[Entry]:
    """A feed may hold an entry twice: the first one counts."""
    return list({entry.guid: entry for entry in reversed(list(entries))}.values())[::-1]


def _tells(url: str, claimed: Mapping[str, int]) -> bool:
    if not url or claimed[url] > 1:
        return False
    parts = urlsplit(url)
    return parts.path.strip("/") != "" or parts.query != ""


def _without_size(path: str) -> str:
    """WordPress and many a CDN write the size into the name: photo-1024x683.jpg."""
    return re.sub(r"-\d{2,5}x\d{2,5}(?=\.\w+$)", "", path)


def _squeeze(text: str) -> str:
    return SPACE.sub(" ", text).strip()


def _short(key: str) -> str:
    if len(key) <= LONGEST_KEY:
        return key
    return key[:100] + "#" + hashlib.blake2b(key.encode(errors="replace"), digest_size=16).hexdigest()
