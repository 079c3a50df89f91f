"""Bluesky's record of a post, as pure functions: its key, its facets, its fields.

Sources: atproto.com/specs/tid and /record-key, the lexicons app.bsky.feed.post and app.bsky.richtext.facet.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from distributor.model import Message

__all__ = ["COLLECTION", "facets", "languages", "planned_time", "post_record", "record_key"]

COLLECTION = "app.bsky.feed.post"
ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"  # sorts like the numbers it stands for
MICROSECONDS = 60_000_000  # how far before the planned time a key may lie
EARLIEST = 1_672_531_200_000_000  # 2023-01-01 in microseconds: keys of messages without a planned time

LINK = re.compile(
    r"(?<![a-z0-9@/])https?://[^\s<>\"\u3001\u3002\uff01\uff0c\uff1f\u300c\u300d\u300e\u300f\u3010\u3011]+", re.I
)
TAIL = ".,;:!?'\u2019\u201d\u00bb\u2026"
TAG = re.compile(r"(?:(?<=\s)|(?<=\()|^)[#\uff03]([^\s#\uff03\u00ad\u2060\u200a-\u200c\u20e2]+)", re.M)
TAG_TAIL = re.compile(r"[^\w\u200d\ufe0f\U0001f000-\U0001faff]+$")


def record_key(key: str, planned: datetime | None) -> str:
    """The key of the record that the delivery `key` makes: a TID, the same at every attempt.

    One poll plans many posts for the same microsecond, and a TID's clock id has 10 bits only: so the hash of
    the delivery's key also picks a moment in the minute before `planned`. Without a time all comes from the hash.
    """
    hashed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:16], "big")
    hashed, clock = divmod(hashed, 1024)
    if planned is None:
        micros = EARLIEST + hashed % (365 * 86_400_000_000)
    else:
        micros = max(0, _micros(planned) - hashed % MICROSECONDS)
    number = (micros << 10 | clock) & (1 << 63) - 1
    return "".join(ALPHABET[number >> shift & 31] for shift in range(60, -1, -5))


def planned_time(options: Mapping[str, Any]) -> datetime | None:
    """`planned_at` of a message's options (a datetime or ISO text, UTC unless it says otherwise)."""
    value = options.get("planned_at")
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def post_record(
    message: Message, created: datetime, langs: Sequence[str], embed: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The record as app.bsky.feed.post wants it; `created` becomes createdAt with milliseconds."""
    stamp = created.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    record: dict[str, Any] = {"$type": COLLECTION, "text": message.text, "createdAt": stamp}
    if found := facets(message.text, message.url):
        record["facets"] = found
    if langs := languages(langs):
        record["langs"] = langs
    if embed:
        record["embed"] = dict(embed)
    return record


def languages(words: Sequence[str]) -> list[str]:
    """At most three BCP 47 tags, each once; what is no tag is left out, for the whole record would be refused."""
    tags = [str(word).strip().replace("_", "-") for word in words]
    return list(dict.fromkeys(tag for tag in tags if re.fullmatch(r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]{1,8})*", tag)))[:3]


def facets(text: str, url: str = "") -> list[dict[str, Any]]:
    """Links and hashtags of a text, with offsets in UTF-8 bytes. `url` is known to be a link as it stands.

    Mentions are left out: a facet needs the account's DID, and a wrong one points at a stranger.
    """
    spans: list[tuple[int, int, dict[str, str]]] = []
    for start, end in _links(text, url):
        spans.append((start, end, {"$type": "app.bsky.richtext.facet#link", "uri": text[start:end]}))
    for start, end in _tags(text):
        if not any(start < other_end and other_start < end for other_start, other_end, _ in spans):
            spans.append((start, end, {"$type": "app.bsky.richtext.facet#tag", "tag": text[start + 1 : end]}))
    return [_facet(text, *span) for span in sorted(spans, key=lambda span: span[0])]


def _facet(text: str, start: int, end: int, feature: dict[str, str]) -> dict[str, Any]:
    first = len(text[:start].encode())
    last = first + len(text[start:end].encode())
    return {"index": {"byteStart": first, "byteEnd": last}, "features": [feature]}


def _links(text: str, url: str) -> Iterator[tuple[int, int]]:
    for match in LINK.finditer(text):
        link = match[0]
        while link and (link[-1] in TAIL or _unopened(link)):
            link = link[:-1]
        if url and text.startswith(url, match.start()) and len(url) > len(link):
            link = url  # an address may end in what looks like the sentence's punctuation
        if link.partition("://")[2]:
            yield match.start(), match.start() + len(link)


def _unopened(link: str) -> bool:
    return any(link.endswith(end) and link.count(end) > link.count(start) for start, end in ("()", "[]", "{}"))


def _tags(text: str) -> Iterator[tuple[int, int]]:
    for match in TAG.finditer(text):
        tag = TAG_TAIL.sub("", match[1])
        if tag and not tag.isdigit() and len(tag) <= 64:
            yield match.start(), match.start() + 1 + len(tag)


def _micros(moment: datetime) -> int:
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds
