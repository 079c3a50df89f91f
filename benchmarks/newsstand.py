"""A feed server in a process of its own: `python -m benchmarks.newsstand --feeds 2000`; it prints its address.

    GET  /feed/N     RSS 2.0 of the newest items, with an ETag; If-None-Match is answered with 304
    POST /issue      every feed gets one more item
    GET  /answered   {title: when an answer that held it first began to leave, in seconds since 1970}

With --growing every answer to a poll holds one item more: what is new in it was there only since that moment.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import sys
import time
import urllib.request  # noqa: TID251 -- it asks only its own server
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from typing import Any, cast

from benchmarks.stage import child

__all__ = ["Newsstand", "newsstand"]

# How often a feed had an item until now.
EVERY = timedelta(hours=4)
LETTERS = [first + second for first in "bdfgklmnprstvz" for second in "aeiou"][::3][:20]
ITEM = """<item><title>{title}</title><link>{site}/{number}</link><guid isPermaLink="false">{guid}</guid>
<pubDate>{date}</pubDate><category>Business</category><category>Science</category>
<description>{lead}</description><media:content url="{site}/{number}.jpg" medium="image" type="image/jpeg"/></item>
"""
FEED = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>Paper {feed}</title>
<link>{site}/</link><description>Paper {feed}</description><language>en</language>
{items}</channel></rss>
"""


def vocabulary() -> list[str]:
    """8,000 words; those at the front are the shortest, as in a language those that are said most."""
    return ["".join(word) for length in (1, 2, 3) for word in itertools.product(LETTERS, repeat=length)][:8000]


class Feed:
    """One feed, its newest `size` items; what it answers is made when it changes, not when it is asked."""

    def __init__(self, number: int, size: int, words: list[str], weights: list[float]) -> None:
        self.number, self.size, self.count = number, size, 0
        self._words, self._weights = words, weights
        self._chance = random.Random(number)
        self._items: list[str] = []
        start = datetime.now(UTC) - EVERY * size
        for place in range(size):
            self._add(start + EVERY * place)
        self._bind()

    def grow(self) -> str:
        """One more item; its title."""
        title = self._add(datetime.now(UTC))
        self._bind()
        return title

    def _add(self, moment: datetime) -> str:
        self.count += 1
        guid = f"{self.number}-{self.count}"
        words = self._chance.choices(self._words, cum_weights=self._weights, k=30)
        title = f"N{guid} " + " ".join(words[:10])
        lead = f"The {' '.join(words[10:])}, says the council."
        site = f"https://paper{self.number}.example"
        self._items.insert(
            0,
            ITEM.format(title=title, site=site, number=self.count, guid=guid, date=format_datetime(moment), lead=lead),
        )
        del self._items[self.size :]
        return title

    def _bind(self) -> None:
        site = f"https://paper{self.number}.example"
        body = FEED.format(feed=self.number, site=site, items="".join(self._items)).encode()
        self.etag = f'"{self.number}-{self.count}"'.encode()
        self.unchanged = b"HTTP/1.1 304 Not Modified\r\nETag: " + self.etag + b"\r\n\r\n"
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nETag: " + self.etag
        self.answer = head + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body


class Stand(asyncio.Protocol):
    """A connection, kept open. Only what our own clients send is understood."""

    def __init__(self, feeds: list[Feed], answered: dict[str, float], *, growing: bool) -> None:
        self._feeds, self._answered, self._growing = feeds, answered, growing
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
            self._transport.write(self._respond(head))

    def _respond(self, head: bytes) -> bytes:
        path = head.split(b" ", 2)[1]
        if path.startswith(b"/feed/"):
            return self._feed(self._feeds[int(path[6:])], head)
        if path == b"/issue":
            for feed in self._feeds:
                feed.grow()
            return self._json({"feeds": len(self._feeds)})
        return self._json(self._answered)

    def _feed(self, feed: Feed, head: bytes) -> bytes:
        if self._growing:
            title = feed.grow()
            self._answered[title] = time.time()
            return feed.answer
        return feed.unchanged if feed.etag in head else feed.answer

    def _json(self, data: Any) -> bytes:
        body = json.dumps(data).encode()
        return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body


class Newsstand:
    """The server as its clients see it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.place = url.removeprefix("http://")

    def feed(self, number: int) -> str:
        return f"{self.url}/feed/{number}"

    def issue(self) -> None:
        """Every feed gets one more item."""
        self._ask("/issue", "POST")

    def answered(self) -> dict[str, float]:
        found: dict[str, float] = self._ask("/answered", "GET")
        return found

    def _ask(self, path: str, method: str) -> Any:
        request = urllib.request.Request(self.url + path, method=method)  # noqa: TID251
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: TID251
            return json.load(answer)


@contextmanager
def newsstand(feeds: int, items: int = 10, *, growing: bool = False) -> Iterator[Newsstand]:
    command = [sys.executable, "-m", "benchmarks.newsstand", "--feeds", str(feeds), "--items", str(items)]
    with child([*command, "--growing"] if growing else command) as process:
        assert process.stdout is not None
        yield Newsstand(process.stdout.readline().strip())


async def serve(feeds: list[Feed], *, growing: bool) -> None:
    answered: dict[str, float] = {}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(partial(Stand, feeds, answered, growing=growing), "127.0.0.1", 0, backlog=512)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


def main() -> None:
    import uvloop

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--feeds", type=int, default=2000)
    parser.add_argument("--items", type=int, default=10)
    parser.add_argument("--growing", action="store_true")
    given = parser.parse_args()
    words = vocabulary()
    weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(len(words))))
    feeds = [Feed(number, given.items, words, weights) for number in range(given.feeds)]
    uvloop.run(serve(feeds, growing=given.growing))


if __name__ == "__main__":
    main()
