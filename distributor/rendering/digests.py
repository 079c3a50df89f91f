"""An edition -> the Message that all readers of a segment are sent, and the page that shows it on the web.

Renderer.digest -> papers.arranged      sections and stories as plain words
                -> trimming.fitted      as much as a mail program shows
                     -> Sandbox.render  digest/body.html.j2, then inlining
                -> body.txt.j2          the same stories in plain text
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from distributor.model import Article, Message
from distributor.rendering.budget import DIGEST, PAGE
from distributor.rendering.catalogue import Catalogue
from distributor.rendering.content import clean
from distributor.rendering.cutting import tidy
from distributor.rendering.inlining import inline
from distributor.rendering.papers import Excerpts, Paper, arranged, cut, told
from distributor.rendering.speech import speaking
from distributor.rendering.trimming import fitted

if TYPE_CHECKING:
    from distributor.rendering.sandbox import Sandbox

__all__ = ["Press", "digest", "edition_page", "sound_lines"]

SUBJECT, TITLE = 90, 80  # characters; phones show 40 to 60 of a subject, desktops 70 to 90
PREHEADER = 140
_QUOTED = re.compile(r"^(?=>|From )", re.M)


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    """What papers are printed with: the templates, the words of one language, the publisher, a clock."""

    html: Sandbox
    plain: Sandbox
    words: Catalogue
    site: Mapping[str, Any]
    zone: tzinfo
    link: Callable[[Article, str], str]
    excerpts: Excerpts


def digest(paper: Paper, press: Press) -> Message | None:
    """The mail of an edition; None when nothing is left of it. Raises TemplateError with file and line."""
    zone = paper.zone or press.zone
    sections = _sections(paper, press, zone)
    if not any(section["stories"] for section in sections):
        return None
    with speaking(press.words, zone):
        values = told(paper, press.words, zone) | {"site": press.site}
        subject = _subject(paper, press, values, sections)
        values |= {"subject": subject, "preheader": _preheader(sections)}
        shown: list[dict[str, Any]] = []
        html_name = press.html.find(_names(paper, "body.html"))

        def draw(reduced: list[dict[str, Any]]) -> str:
            shown[:] = _counted(reduced, values["links"]["web"], press.words)
            page = press.html.render(html_name, values | {"sections": shown}, DIGEST)
            try:
                return inline(page)
            except ValueError as error:
                raise press.html.fault(html_name, str(error)) from None

        html = fitted(sections, draw)
        plain_name = press.plain.find(_names(paper, "body.txt"))
        text = press.plain.render(plain_name, values | {"sections": shown}, DIGEST)
    return Message(
        text=sound_lines(text),
        subject=subject,
        html=html,
        title=values["name"],
        url=values["links"]["web"],
        language=press.words.language,
    )


def edition_page(paper: Paper, press: Press) -> str:
    """The edition's web page, a whole document: every story of every section, and no reader's own link."""
    zone = paper.zone or press.zone
    sections = _sections(paper, press, zone)
    with speaking(press.words, zone):
        values = told(paper, press.words, zone) | {"site": press.site}
        stories = [story for section in sections for story in section["stories"]]
        picture = next(
            (story["picture"] or story["thumb"] for story in stories if story["picture"] or story["thumb"]), None
        )
        values |= {
            "links": {name: values["links"][name] for name in ("web", "archive", "subscribe")},
            "subject": _subject(paper, press, values, sections) if stories else values["name"],
            "preheader": _preheader(sections),
            "picture": picture,
            "sections": _counted(sections, values["links"]["web"], press.words),
        }
        return press.html.render(press.html.find(_names(paper, "web.html")), values, PAGE)


def sound_lines(text: str) -> str:
    """Plain text that no mail program misreads: no blanks at line ends, and no line that looks quoted.

    RFC 3676, 4.4: a line that begins with ">" or "From " is stuffed with a space.
    """
    return _QUOTED.sub(" ", tidy(text)) + "\n"


def _sections(paper: Paper, press: Press, zone: tzinfo) -> list[dict[str, Any]]:
    tracked = paper.tracked if paper.kind != "web" else None  # a page is anybody's

    def link(article: Article) -> str:
        return tracked(article) if tracked else press.link(article, paper.edition.digest)

    return arranged(paper, press.words, zone, link=link, excerpt=press.excerpts)


def _names(paper: Paper, part: str) -> list[str]:
    """`digest/daily/body.html.j2`, else `digest/body.html.j2`; an alert's folder is `digest/alert`."""
    own = "alert" if paper.kind == "alert" else paper.edition.digest
    return [f"digest/{own}/{part}.j2", f"digest/{part}.j2"]


def _subject(paper: Paper, press: Press, values: Mapping[str, Any], sections: Sequence[Mapping[str, Any]]) -> str:
    """The operator's own subject, else the template's; never empty."""
    stories = [story for section in sections for story in section["stories"]]
    first = next(section for section in sections if section["stories"])
    titles = [cut(clean(story["title"]), TITLE) for story in stories[:20]]
    said = titles[0].casefold().startswith(press.words.text("digest.breaking").casefold())
    known = dict(values) | {
        "title": titles[0],
        "titles": titles,
        "story": stories[0],
        "section": first["title"],
        "categories": [section["title"] for section in sections if not section["trending"]],
        "count": len(stories),
        "breaking": stories[0]["breaking"] and not said,
        "digest": paper.edition.digest,
    }
    if paper.subject:
        made = press.plain.line(paper.subject, known, f"digests.{paper.edition.digest}.subject")
    else:
        made = press.plain.render(press.plain.find(_names(paper, "subject.txt")), known)
    return cut(clean(made), SUBJECT) or titles[0] or values["name"]


def _preheader(sections: Sequence[Mapping[str, Any]]) -> str:
    """What an inbox shows beside the subject: the next stories, or more of the only one."""
    stories = [story for section in sections for story in section["stories"]]
    if len(stories) == 1:
        return cut(stories[0]["summary"], PREHEADER)
    return cut(" · ".join(story["title"] for story in stories[1:4]), PREHEADER)


def _counted(sections: Sequence[Mapping[str, Any]], web: str, words: Catalogue) -> list[dict[str, Any]]:
    """The sections, each with its link to what is on the web page only."""
    made = []
    for section in sections:
        key = "digest.more_trending" if section["trending"] else "digest.more"
        more = section["rest"] and {
            "text": words.count(key, section["rest"], section=section["title"]),
            "url": f"{web}#{section['anchor']}" if web else "",
        }
        made.append({**section, "more": more or None})
    return made
