"""The engine without the ledger: what there would be at most. Letters are made, signed, journalled and sent, each

reader's once, segment after segment as a plan has them; nothing is claimed and nothing settled.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path

from benchmarks.mail import readership
from distributor.codes import code_of
from distributor.context import App
from distributor.mail import CLICK, MARKER, Letter, Verdict
from distributor.mail.dkim import Signer
from distributor.mail.journal import FileJournal
from distributor.mail.skeleton import Identity, Skeleton
from distributor.mail.smtp import SmtpTransport
from distributor.mail.tokens import mint
from distributor.model import Article
from distributor.rendering import Links, Paper

__all__ = ["run", "skeletons"]

BATCH = 500  # letters a journal, as a claim has them
KEY = b"benchmark-benchmark-benchmark-benchmark"


def skeletons(app: App, signer: Signer, numbers: Sequence[int], now: datetime) -> Iterator[Skeleton]:
    """The mails of some of the 200 choices, rendered by the real templates, one at a time."""
    known = readership.articles(now)
    found = {one.id: one for one in known}
    identity = Identity(
        from_="The Benchmark Paper <news@paper.example>", list_id="The Day <daily.paper.example>", precedence="bulk"
    )
    every = readership.editions(known, now)
    for number in numbers:
        paper = Paper(
            edition=every[number],
            articles=found,
            name="The Day",
            sender="The Benchmark Paper",
            postal_address="1 Harbour Street, Port Example",
            links=Links(
                web=f"https://paper.example/editions/{number}",
                preferences=f"https://paper.example/preferences/{MARKER}",
                unsubscribe=f"https://paper.example/unsubscribe/{MARKER}",
                fewer=f"https://paper.example/preferences/{MARKER}?fewer=1",
            ),
            tracked=partial(_tracked, number),
        )
        message = app.renderer.digest(paper)
        assert message is not None
        yield Skeleton(message, identity, (signer,), date=now)


def _tracked(edition: int, article: Article) -> str:
    return f"https://paper.example/r/{code_of(KEY, article.id, 'daily', edition)}/{CLICK}"


def run(
    app: App, url: str, count: int, *, sessions: int, start: int = 0, segments: tuple[int, int] = (0, readership.SETS)
) -> dict[str, float]:
    """Sends `count` mails of these segments over so many sessions, each in a thread.

    Gives sent, bytes a mail, and the seconds of composing.
    """
    mail = app.settings.mail
    assert mail
    assert mail.dkim_key
    pem = mail.dkim_key.get_secret_value().encode()
    signer = Signer.load(pem, domain="paper.example", selector="distributor")
    now = datetime.now(UTC)
    numbers = range(*segments)
    source = _Letters(skeletons(app, signer, numbers, now), count, start, -(-count // len(numbers)))
    transport = SmtpTransport(url.partition("?")[0], tls="off", verify=False, sessions=sessions)
    told: list[int] = []
    folder = app.settings.site.data / "journals"
    threads = [threading.Thread(target=_session, args=(transport, source, folder, told)) for _ in range(sessions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"sent": sum(told), "bytes": round(source.bytes / max(source.made, 1)), "composing_s": source.composing}


class _Letters:
    """Hands out letters by the batch; the segments follow each other."""

    def __init__(self, segments: Iterator[Skeleton], count: int, start: int, share: int) -> None:
        self._segments, self._lock = segments, threading.Lock()
        self._share = share
        self._next, self._end = start, start + count
        self._left = 0
        self._skeleton: Skeleton | None = None
        self.bytes, self.made, self.composing = 0, 0, 0.0

    def batch(self) -> list[tuple[int, Skeleton]]:
        with self._lock:
            return list(islice(self._numbers(), BATCH))

    def _numbers(self) -> Iterator[tuple[int, Skeleton]]:
        while self._next < self._end:
            if not self._left:
                begun = time.perf_counter()
                self._skeleton = next(self._segments)
                self.composing += time.perf_counter() - begun
                self._left = self._share
            assert self._skeleton is not None
            number = self._next
            self._next += 1
            self._left -= 1
            yield number, self._skeleton

    def letters(self, batch: Sequence[tuple[int, Skeleton]]) -> Iterator[Letter]:
        for number, skeleton in batch:
            token = mint(KEY, "reader", number)
            to = f"r{number}@d{number % 4001}.example"
            link = f"https://paper.example/unsubscribe/{token}"
            content = skeleton.content(
                to=to,
                message_id=f"<{number}.1@paper.example>",
                token=token,
                click=mint(KEY, "click", number),
                unsubscribe=link,
            )
            self.bytes += len(content)
            self.made += 1
            yield Letter(number, 1, f"b-{number}@bounces.paper.example", to, content)


def _session(transport: SmtpTransport, source: _Letters, folder: Path, told: list[int]) -> None:
    session = transport.connect()
    while batch := source.batch():
        journal = FileJournal(folder, "benchmark")
        taken = sum(outcome.verdict is Verdict.TAKEN for outcome in session.send(source.letters(batch), journal))
        told.append(taken)
        journal.remove()
    session.close()
