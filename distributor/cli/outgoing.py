"""What `doctor` looks at of mail: the ways out, what is missing, and every template with a sample article."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from distributor.cli.checks import Finding, sample
from distributor.cli.faults import Code
from distributor.cli.session import Session
from distributor.errors import TemplateError

if TYPE_CHECKING:
    from distributor.context import App
    from distributor.model import Article, Choice, Edition

__all__ = ["letters_and_digests", "ways_out"]

FACTS = {
    "address": "anna@example.org",
    "url": "https://paper.example/",
    "hours": 48,
    "choices": ["World News"],
    "old": "anna@example.org",
    "new": "anna@example.net",
}


def ways_out(session: Session, *, offline: bool) -> Iterator[Finding]:
    """Each relay built, and asked whether it would take mail; what the law or the reader needs is there."""
    from distributor.mailroom import build_mailroom

    room = build_mailroom(session.settings)
    if room is None:
        return
    if room.unready:
        yield Finding("!", "mail", room.unready, "Until then no mail leaves.", Code.USAGE)
    elif not any(one.enabled for one in session.settings.digests.values()):
        yield Finding("?", "mail", "there is no digest that readers could have", "A table [digests.daily] makes one.")
    for name, way in room.relays.items():
        lines = [] if offline else way.check()
        yield Finding("ok", name, "; ".join(lines) or f"{way.kind}, has its settings")


def letters_and_digests(session: Session) -> Iterator[Finding]:
    """Each digest, an alert, a web page and each letter, in every language that is offered, as readers get them."""
    from distributor import choosing
    from distributor.model import Choice

    if session.settings.mail is None:
        return
    app, wrong = session.app_of(), set()
    for language in choosing.languages(app.settings):
        for work in _papers(app, Choice(categories=(), trending=True, language=language), session.now()):
            try:
                work()
            except TemplateError as error:
                if str(error) not in wrong:
                    wrong.add(str(error))
                    yield Finding("!", "templates", str(error), error.hint, Code.USAGE)
    if not wrong:
        count = len(app.settings.digests)
        yield Finding("ok", "templates", f"{count} digest{'' if count == 1 else 's'} and the letters can be made")


def _papers(app: App, choice: Choice, now: datetime) -> Iterator[Callable[[], object]]:
    from distributor import composing, letters
    from distributor.rendering import Paper
    from distributor.rendering.letters import LETTERS

    article = sample(now)
    for name, settings in app.settings.digests.items():
        for subject in {settings.subject, *settings.subjects.values()}:
            paper = Paper(
                edition=_edition(name, choice, article),
                articles={article.id: article},
                name=settings.title or name,
                sender=composing.sender(app),
                postal_address=app.settings.site.postal_address,
                links=composing.links(app, 1),
                subject=subject,
            )
            yield partial(app.renderer.digest, paper)
            yield partial(app.renderer.edition_page, paper)
            yield partial(app.renderer.digest, replace(paper, kind="alert"))
    for name in LETTERS:
        yield partial(letters.made, app, name, choice.language, FACTS)


def _edition(digest: str, choice: Choice, article: Article) -> Edition:
    from distributor.model import Edition, Section

    at = article.published_at
    sections = (Section("", (article.id,)),)
    return Edition(digest=digest, choice=choice, slot=at, since=at, until=at, sections=sections, made_at=at)
