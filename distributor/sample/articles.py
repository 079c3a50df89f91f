"""The newsroom's articles, as they lie in files, and as the site shows them at a moment.

A file is TOML between two lines `+++`, then the text: paragraphs, `## ` headings, `> ` quotes, `- ` lists, *emphasis*.
Times are relative to the start of the newsroom, so that its news is always fresh: `minutes` before it, or `appears`,
`withdrawn` and `edit.seconds` after it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from html import escape
from importlib.resources import files
from typing import Any

__all__ = ["Edit", "Picture", "SampleArticle", "Story", "picture_bytes", "pictures", "shown", "stories", "to_html"]

_RIGHT_TO_LEFT = {"ar", "he"}
_TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of the site by its file's name; `alt` says what it shows. Sizes are pixels."""

    name: str
    alt: str
    width: int = 1200
    height: int = 630

    @property
    def type(self) -> str:
        return _TYPES[self.name.rpartition(".")[2]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What the desk changes while people watch; `lead` takes the place of the first paragraph."""

    after: timedelta
    title: str
    summary: str
    lead: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """An article as it lies in its file. `offset` is when it appears, from the start: negative is before it."""

    slug: str
    title: str
    summary: str
    text: str
    author: str
    categories: tuple[str, ...]
    tags: tuple[str, ...]
    picture: Picture
    offset: timedelta
    language: str = "en"
    social: str = ""
    breaking: bool = False
    comments: int = 0
    edit: Edit | None = None
    withdrawn: timedelta | None = None

    @property
    def guid(self) -> str:
        """The same in every run and on every port (RFC 4151)."""
        return f"tag:courier.example,2025:{self.slug}"

    @property
    def moments(self) -> tuple[timedelta, ...]:
        """When, from the start, something about it changes."""
        edited = self.edit.after if self.edit else None
        return tuple(moment for moment in (self.offset, edited, self.withdrawn) if moment is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleArticle:
    """An article as the site shows it at a moment. `body` is HTML, dates are in UTC, `revision` counts from 1."""

    slug: str
    guid: str
    title: str
    summary: str
    body: str
    author: str
    categories: tuple[str, ...]
    tags: tuple[str, ...]
    picture: Picture
    language: str
    social: str
    breaking: bool
    comments: int
    published_at: datetime
    updated_at: datetime
    revision: int

    @property
    def direction(self) -> str:
        return "rtl" if self.language in _RIGHT_TO_LEFT else "ltr"


def shown(story: Story, started: datetime, elapsed: timedelta) -> SampleArticle | None:
    """The story as it stands `elapsed` after the start; None when it is not there yet, or no more."""
    if elapsed < story.offset or (story.withdrawn is not None and elapsed >= story.withdrawn):
        return None
    edit = story.edit if story.edit is not None and elapsed >= story.edit.after else None
    first, gap, rest = story.text.partition("\n\n")
    text = (edit.lead if edit else first) + gap + rest
    return SampleArticle(
        slug=story.slug,
        guid=story.guid,
        title=edit.title if edit else story.title,
        summary=edit.summary if edit else story.summary,
        body=to_html(text),
        author=story.author,
        categories=story.categories,
        tags=story.tags,
        picture=story.picture,
        language=story.language,
        social=story.social,
        breaking=story.breaking,
        comments=story.comments,
        published_at=started + story.offset,
        updated_at=started + (edit.after if edit else story.offset),
        revision=2 if edit else 1,
    )


def to_html(text: str) -> str:
    """The few marks that our articles use, as HTML; everything else is escaped."""
    return "\n".join(_block(block) for block in text.strip().split("\n\n"))


def _block(block: str) -> str:
    if block.startswith("## "):
        return f"<h2>{_inline(block[3:])}</h2>"
    if block.startswith("> "):
        return f"<blockquote><p>{_inline(block[2:])}</p></blockquote>"
    if block.startswith("- "):
        items = (f"<li>{_inline(line.removeprefix('- '))}</li>" for line in block.split("\n"))
        return f"<ul>{''.join(items)}</ul>"
    return f"<p>{_inline(block)}</p>"


def _inline(text: str) -> str:
    return re.sub(r"\*(\S[^*]*)\*", r"<em>\1</em>", escape(text.replace("\n", " "), quote=False))


@lru_cache(maxsize=1)
def stories() -> tuple[Story, ...]:
    """Every article of the package, newest first, then by slug."""
    folder = files(__package__) / "articles"
    read = [
        _story(f.name.removesuffix(".md"), f.read_text("utf-8")) for f in folder.iterdir() if f.name.endswith(".md")
    ]
    return tuple(sorted(read, key=lambda story: (-story.offset, story.slug)))


@lru_cache(maxsize=1)
def pictures() -> Mapping[str, Picture]:
    """The pictures by file name, each with what it shows."""
    alts = tomllib.loads((files(__package__) / "media" / "pictures.toml").read_text("utf-8"))
    return {name: Picture(name, alt) for name, alt in alts.items()}


def picture_bytes(name: str) -> bytes:
    """The picture's file. `name` must be one of `pictures()`: KeyError otherwise, so that no path gets through."""
    return (files(__package__) / "media" / pictures()[name].name).read_bytes()


def _story(slug: str, source: str) -> Story:
    _, front, text = source.split("+++\n", 2)
    values: dict[str, Any] = tomllib.loads(front)
    appears, minutes = values.pop("appears", None), values.pop("minutes", 0)
    edit, withdrawn = values.pop("edit", None), values.pop("withdrawn", None)
    picture = pictures()[values.pop("picture")]
    return Story(
        slug=slug,
        text=text.strip(),
        summary=values.pop("summary", ""),
        categories=tuple(values.pop("categories")),
        tags=tuple(values.pop("tags")),
        picture=Picture(picture.name, values.pop("alt", picture.alt)),
        offset=timedelta(minutes=-minutes) if appears is None else timedelta(seconds=appears),
        edit=edit and Edit(after=timedelta(seconds=edit.pop("seconds")), **edit),
        withdrawn=None if withdrawn is None else timedelta(seconds=withdrawn),
        **values,
    )
