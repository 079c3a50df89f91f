"""The mails that a reader's own act brings about: confirm, link, switch-old, switch-new, test.

A letter is a folder: mail/<name>/subject.txt.j2, body.txt.j2, body.html.j2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from distributor.model import Message
from distributor.rendering.budget import DIGEST
from distributor.rendering.content import clean, web_address
from distributor.rendering.digests import Press, sound_lines
from distributor.rendering.inlining import inline
from distributor.rendering.papers import Links, cut
from distributor.rendering.speech import speaking

__all__ = ["LETTERS", "letter"]

LETTERS = ("confirm", "link", "switch-old", "switch-new", "test")
SUBJECT = 90


def letter(
    name: str, press: Press, *, facts: Mapping[str, Any], links: Links | None, sender: str, postal_address: str
) -> Message:
    """A letter in the press's language.

    `facts` are words, numbers, moments (aware) and lists and mappings of them; those whose name ends in `url` must be
    http(s) addresses. Raises TemplateError with file and line.
    """
    words = press.words
    right = words.direction == "rtl"
    values: dict[str, Any] = {
        "letter": name,
        "facts": {key: _plain(key, value) for key, value in facts.items()},
        "links": {key: web_address(url) for key, url in asdict(links).items()} if links else {},
        "sender": clean(sender, 200),
        "postal_address": clean(postal_address, 500),
        "site": press.site,
        "language": words.language,
        "dir": words.direction,
        "start": "right" if right else "left",
        "end": "left" if right else "right",
    }
    with speaking(words, press.zone):
        subject = clean(press.plain.render(f"mail/{name}/subject.txt.j2", values))
        values |= {"subject": cut(subject, SUBJECT), "preheader": ""}
        text = press.plain.render(f"mail/{name}/body.txt.j2", values, DIGEST)
        page = press.html.render(f"mail/{name}/body.html.j2", values, DIGEST)
    try:
        html = inline(page)
    except ValueError as error:
        raise press.html.fault(f"mail/{name}/body.html.j2", str(error)) from None
    return Message(text=sound_lines(text), subject=values["subject"], html=html, language=words.language)


def _plain(key: str, value: Any) -> Any:
    if isinstance(value, str):
        return web_address(value) if key.endswith("url") else clean(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): _plain(str(name), below) for name, below in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(key, below) for below in value]
    return value if value is None or isinstance(value, bool | int | float) else clean(str(value))
