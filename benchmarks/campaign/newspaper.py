"""The newspaper: articles that appear over time on feeds on loopback, and how many posts they call for."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from xml.sax.saxutils import escape

__all__ = ["CHANNELS", "SECTION", "Article", "Newspaper", "planned"]

CATEGORIES = ("World News", "Business", "Technology", "Science", "Sports", "Opinion")
# One Telegram account serves two chats: this section has its own, all others share the second.
SECTION = "World News"
CHANNELS = {"x": "x", "mastodon": "mastodon", "bluesky": "bluesky", "world": "telegram", "rest": "telegram"}
_WORDS = (
    "harbour council market river engine winter signal garden railway bridge doctor lantern orchestra valley pilot "
    "forest senate budget archive glacier teacher festival reactor orchard captain library museum satellite tunnel "
    "border harvest copper novel referee island vaccine turbine poet meadow canal summit ferry comet strike theatre"
)
_VERBS = "opens delays questions rebuilds measures leaves defends finds repeats counts"
WORDS, VERBS = _WORDS.split(), _VERBS.split()


@dataclass(frozen=True)
class Article:
    """`token` stands in the title, and so in every post: it is how an effect is traced back to its article."""

    number: int
    category: str
    title: str
    summary: str

    @property
    def token(self) -> str:
        return f"N{self.number:06d}"

    @property
    def channels(self) -> tuple[str, ...]:
        """The rules, told once more in the newspaper's own words."""
        return ("x", "mastodon", "bluesky", "world" if self.category == SECTION else "rest")


def write(number: int, chance: random.Random) -> Article:
    words = chance.sample(WORDS, 9)
    verb = chance.choice(VERBS)
    title = f"N{number:06d} {words[0].capitalize()} {words[1]} {verb} {words[2]} {words[3]}"
    summary = f"The {words[4]} and the {words[5]} {verb} a {words[6]} near the {words[7]}, says the {words[8]}."
    return Article(number, chance.choice(CATEGORIES), title, summary)


def planned(articles: list[Article]) -> set[tuple[str, str]]:
    """Every post called for: (network, token)."""
    return {(CHANNELS[channel], article.token) for article in articles for channel in article.channels}


class Newspaper:
    """`feeds` RSS feeds; article n stands in feed n modulo `feeds`, once it is published."""

    def __init__(self, count: int, *, feeds: int, seed: int) -> None:
        chance = random.Random(seed)
        self.articles = [write(number, chance) for number in range(count)]
        self._feeds, self._lock = feeds, threading.Lock()
        self._items: list[list[str]] = [[] for _ in range(feeds)]
        self.published = 0
        self._server = self._listen()

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    @property
    def urls(self) -> list[str]:
        return [f"http://{self.place}/feed/{number}.xml" for number in range(self._feeds)]

    def publish(self, count: int) -> None:
        """Lets the first `count` articles have appeared."""
        with self._lock:
            for article in self.articles[self.published : count]:
                self._items[article.number % self._feeds].append(self._item(article))
            self.published = max(self.published, min(count, len(self.articles)))

    def feed(self, number: int) -> bytes:
        """All articles of a feed so far, newest first: no window that an outage could outlast."""
        with self._lock:
            items = "".join(reversed(self._items[number]))
        head = f"<title>Paper {number}</title><link>http://{self.place}/</link><description>News</description>"
        return f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{items}</channel></rss>'.encode()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _item(self, article: Article) -> str:
        link = f"http://{self.place}/{article.token}"
        return (
            f"<item><guid isPermaLink='false'>{article.token}</guid><link>{link}</link>"
            f"<title>{escape(article.title)}</title><description>{escape(article.summary)}</description>"
            f"<category>{escape(article.category)}</category>"
            f"<pubDate>{format_datetime(datetime.now(UTC))}</pubDate></item>"
        )

    def _listen(self) -> ThreadingHTTPServer:
        paper = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                found = self.path.startswith("/feed/")
                body = paper.feed(int(self.path[6:-4])) if found else b"Not here"
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "application/rss+xml" if found else "text/plain")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Silence."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A poll that was killed is what this is about."""

        server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
        return server
