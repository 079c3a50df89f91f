"""Which article an entry is: a new one, a known one, or a known one that readers would see changed. Pure.

An article is known by its GUID within its source, and by its canonical address. An address tells nothing when it
is the site's front page, or when two entries of one fetch claim it.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from urllib.parse import urlsplit

from distributor.model import Entry

__all__ = [
    "Candidate",
    "Claims",
    "Holder",
    "claims_of",
    "digest",
    "guid_key",
    "keys",
    "once",
    "own_keys",
    "plain",
    "resolve",
    "tells",
    "url_key",
]

TAG = re.compile(r"<[^>]*>")
LONGEST_KEY = 400


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entry with its addresses, tracking taken off: its own, and what its page calls canonical, if that differs."""

    entry: Entry
    url: str
    page: str = ""


@dataclass(frozen=True, slots=True)
class Claims:
    """By how many candidates each address is claimed: as the entry's own (`links`), or in any way."""

    links: Mapping[str, int]
    all: Mapping[str, int]

    def own(self, candidate: Candidate) -> list[str]:
        """The addresses that tell this candidate from all others: its own counts before what a page says of itself."""
        urls = []
        if tells(candidate.url) and self.links[candidate.url] == 1:
            urls.append(candidate.url)
        if tells(candidate.page) and candidate.page != candidate.url and self.all[candidate.page] == 1:
            urls.append(candidate.page)
        return urls


@dataclass(frozen=True, slots=True)
class Holder:
    """An article that is known by some key."""

    article_id: int
    source: str


def guid_key(source: str, guid: str) -> str:
    return _short(f"g:{source}:{guid}")


def url_key(url: str) -> str:
    return _short(f"u:{url}")


def keys(source: str, candidate: Candidate) -> list[str]:
    """Every key that might tell which article this is."""
    urls = dict.fromkeys(url for url in (candidate.url, candidate.page) if tells(url))
    return [guid_key(source, candidate.entry.guid), *map(url_key, urls)]


def once(entries: Iterable[Entry]) -> list[Entry]:
    """A feed may hold an entry twice: the first one counts."""
    found: dict[str, Entry] = {}
    for entry in entries:
        found.setdefault(entry.guid, entry)
    return list(found.values())


def resolve(source: str, candidates: Sequence[Candidate], known: Mapping[str, Holder]) -> list[int]:
    """The article's id for each candidate, 0 for a new one.

    The GUID counts first. An address counts unless two candidates claim it, or its article is another one's already.
    What a page calls canonical counts only for an article of another source: two entries of one source are never
    made one by what their pages say.
    """
    by_guid = [known.get(guid_key(source, candidate.entry.guid)) for candidate in candidates]
    taken = {holder.article_id for holder in by_guid if holder}
    claims = claims_of(candidates)
    found = []
    for holder, candidate in zip(by_guid, candidates, strict=True):
        number = holder.article_id if holder else _by_address(source, candidate, claims, known, taken)
        taken.add(number)
        found.append(number)
    return found


def _by_address(
    source: str, candidate: Candidate, claims: Claims, known: Mapping[str, Holder], taken: Collection[int]
) -> int:
    for url in claims.own(candidate):
        holder = known.get(url_key(url))
        if holder and holder.article_id not in taken and (url == candidate.url or holder.source != source):
            return holder.article_id
    return 0


def claims_of(candidates: Sequence[Candidate]) -> Claims:
    links = Counter(candidate.url for candidate in candidates)
    return Claims(links, Counter(url for candidate in candidates for url in {candidate.url, candidate.page} if url))


def own_keys(source: str, candidate: Candidate, claims: Claims) -> list[str]:
    """The keys an article may be known by from now on: its GUID, and each address that no other candidate claims."""
    return [guid_key(source, candidate.entry.guid), *map(url_key, claims.own(candidate))]


@lru_cache(maxsize=4096)
def tells(url: str) -> bool:
    """Whether an address can name an article: a site's front page cannot."""
    parts = urlsplit(url)
    return bool(url) and (parts.path.strip("/") != "" or parts.query != "")


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


def _without_size(path: str) -> str:
    """WordPress and many a CDN write the size into the name: photo-1024x683.jpg."""
    return re.sub(r"-\d{2,5}x\d{2,5}(?=\.\w+$)", "", path)


def _squeeze(text: str) -> str:
    return " ".join(text.split())


def _short(key: str) -> str:
    if len(key) <= LONGEST_KEY:
        return key
    return key[:100] + "#" + hashlib.blake2b(key.encode(errors="replace"), digest_size=16).hexdigest()
