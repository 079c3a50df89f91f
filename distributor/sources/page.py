"""What a feed leaves out, taken from the article's own page: JSON-LD, OpenGraph and its kin, then the text itself."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from distributor.model import Entry, Image
from distributor.sources import clean, dates, jsonld, pictures, prepare
from distributor.sources.canonical import canonical, same_site
from distributor.sources.items import language_tag

__all__ = ["Page", "complete", "examine", "extract"]

MAX_BYTES = 2_000_000
MAX_TAGS = 20_000
SHORT_TEXT = 250
SUMMARY_LENGTH = 5_000
_META_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.I)
_TITLE_PROPERTIES = ("og:title", "twitter:title", "dc.title", "title")
_SUMMARY_PROPERTIES = ("og:description", "twitter:description", "description", "dc.description")
_IMAGE_PROPERTIES = (
    "og:image:secure_url",
    "og:image",
    "og:image:url",
    "twitter:image",
    "twitter:image:src",
    "image_src",
    "thumbnail",
)
_AUTHOR_PROPERTIES = ("author", "article:author", "dc.creator", "parsely-author", "sailthru.author", "byl")
_SECTION_PROPERTIES = ("article:section", "parsely-section", "section")
_KEYWORD_PROPERTIES = ("article:tag", "news_keywords", "parsely-tags", "sailthru.tags", "keywords")
_PUBLISHED_PROPERTIES = (
    "article:published_time", "og:published_time", "article:published", "datepublished",
    "parsely-pub-date", "sailthru.date",
    "dc.date.issued", "dcterms.created", "dc.date", "pubdate", "publishdate", "publish-date", "date",
)  # fmt: skip
_UPDATED_PROPERTIES = ("article:modified_time", "og:updated_time", "datemodified", "dcterms.modified", "last-modified")


@dataclass
class Page:
    """What a page says of its article, raw. `metas` holds every value of each property, in lower case, in order."""

    metas: dict[str, list[str]] = field(default_factory=dict)
    article: jsonld.Article = field(default_factory=jsonld.Article)
    title: str = ""
    language: str = ""
    canonical: str = ""

    def first(self, *names: str) -> str:
        return next((value for name in names for value in self.metas.get(name, ()) if value), "")

    def every(self, *names: str) -> list[str]:
        """All values of the first property that is there."""
        return next((self.metas[name] for name in names if self.metas.get(name)), [])


def complete(entry: Entry, page: bytes, *, url: str = "", content_type: str = "") -> Entry:
    """`entry` with what it lacks filled in from its page; what the feed said stays.

    `url` is where the page was found in the end (the entry's own, if not given). Never raises for a bad page:
    what cannot be read fills nothing.
    """
    base = url or entry.url
    text = _decoded(page, content_type)
    found = examine(text)
    article = found.article
    published = dates.parse(article.published) or dates.parse(found.first(*_PUBLISHED_PROPERTIES))
    updated = dates.parse(article.updated) or dates.parse(found.first(*_UPDATED_PROPERTIES))
    body = entry.body if _has_text(entry) else _body(found, text, base) or entry.body
    return replace(
        entry,
        title=entry.title or clean.title(article.title or found.first(*_TITLE_PROPERTIES) or found.title),
        summary=entry.summary or _summary(found),
        social=entry.social or clean.line(found.first("distributor:social"), SUMMARY_LENGTH),
        body=body,
        words=entry.words or _terms(article.sections or found.every(*_SECTION_PROPERTIES)),
        tags=entry.tags or _terms(article.keywords or _keywords(found)),
        author=entry.author or _author(found),
        image=_image(entry.image, found, base),
        language=entry.language or _language(found),
        published_at=entry.published_at or published or updated,
        updated_at=entry.updated_at or (updated if published and updated and updated > published else None),
        canonical=_canonical(found.canonical, base) or entry.canonical,
        comments=article.comments if entry.comments is None else entry.comments,
    )


def examine(text: str) -> Page:
    """The metadata of a page; an empty Page where there is nothing to read."""
    found = Page()
    root = _tree(text)
    if root is None:
        return found
    for element in root.iter("meta", "link", "title", "html", "script"):
        _take(element, found)
    found.article = jsonld.best(found.metas.pop("application/ld+json", []))
    return found


def extract(text: str, url: str = "") -> str:
    """The article's text as HTML paragraphs, '' where there is none, or the page is too intricate to look for it."""
    if text.count("<") > MAX_TAGS:
        return ""
    precise = _extracted(text, url, favor_precision=True)
    if len(precise) >= SHORT_TEXT:
        return _paragraphs(precise)
    return _paragraphs(max(precise, _extracted(text, url, favor_precision=False), key=len))


def _extracted(text: str, url: str, *, favor_precision: bool) -> str:
    """Measured on 91 news pages: token F1 0.978 with precision favoured, 0.965 without."""
    root = _tree(text)
    if root is None:
        return ""
    import trafilatura

    try:
        return trafilatura.extract(root, url=url or None, include_comments=False, favor_precision=favor_precision) or ""
    except Exception:  # whatever a stranger's page breaks in it, the article goes out without its text
        return ""


def _decoded(page: bytes, content_type: str) -> str:
    page = page[:MAX_BYTES]
    declared = _META_CHARSET.search(page, 0, 8_192)
    text = prepare.decode(page, content_type, declared[1].decode() if declared else "")
    return clean.readable(text)


def _tree(text: str) -> Any | None:
    from lxml import etree
    from lxml import html as lxml_html

    if not text.strip():
        return None
    parser = lxml_html.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=False
    )
    try:
        return lxml_html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError, AssertionError):
        return None


def _take(element: Any, found: Page) -> None:
    tag = element.tag
    if tag == "meta":
        name = (
            element.get("property") or element.get("name") or element.get("itemprop") or element.get("http-equiv") or ""
        ).lower()
        value = (element.get("content") or "").strip()
        if name and value and len(found.metas) < 500:
            found.metas.setdefault(name, []).append(value[:10_000])
    elif tag == "link" and "canonical" in (element.get("rel") or "").lower().split():
        found.canonical = found.canonical or (element.get("href") or "")
    elif tag == "title" and not found.title and element.getparent() is not None and element.getparent().tag == "head":
        found.title = element.text_content()[:10_000]
    elif tag == "html":
        found.language = element.get("lang") or element.get("{http://www.w3.org/XML/1998/namespace}lang") or ""
    elif tag == "script" and (element.get("type") or "").partition(";")[0].strip().lower() == "application/ld+json":
        found.metas.setdefault("application/ld+json", []).append(element.text or "")


def _has_text(entry: Entry) -> bool:
    """Whether the feed gave more than the summary once again."""
    if not entry.body or not entry.summary:
        return bool(entry.body)
    return len(clean.plain(entry.body).strip()) > len(entry.summary) + 100


def _body(found: Page, text: str, base: str) -> str:
    """The extracted text; JSON-LD's articleBody where nothing could be extracted, or only a part of it."""
    extracted, stated = extract(text, base), _paragraphs(clean.plain(found.article.body))
    return stated if len(stated) > 2 * len(extracted) else extracted


def _paragraphs(text: str) -> str:
    lines = (clean.line(part, 100_000) for part in clean.readable(text[: clean.BODY_LENGTH]).split("\n"))
    return "\n".join(f"<p>{html.escape(part, quote=False)}</p>" for part in lines if part)[: clean.BODY_LENGTH]


def _summary(found: Page) -> str:
    return clean.line(clean.plain(found.article.summary or found.first(*_SUMMARY_PROPERTIES)), SUMMARY_LENGTH)


def _author(found: Page) -> str:
    names = found.article.authors or [name for name in found.every(*_AUTHOR_PROPERTIES) if "://" not in name]
    cleaned = dict.fromkeys(clean.title(name)[:200] for name in names[:20])
    return ", ".join(name for name in cleaned if name)[:200]


def _language(found: Page) -> str:
    candidates = (
        found.article.language,
        found.language,
        found.first("content-language", "language"),
        found.first("og:locale"),
    )
    return next((tag for text in candidates if (tag := language_tag(text))), "")


def _terms(words: list[str]) -> tuple[str, ...]:
    cleaned = (clean.title(word)[:200] for word in words[:100])
    return tuple(dict.fromkeys(word for word in cleaned if word))


def _keywords(found: Page) -> list[str]:
    return [word for value in found.every(*_KEYWORD_PROPERTIES) for word in value.split(",")]


def _image(own: Image | None, found: Page, base: str) -> Image | None:
    """The entry's own picture, its alt text from the page where that shows the same one; else the page's."""
    alt = found.first("og:image:alt", "twitter:image:alt")
    candidates = [
        pictures.Picture(
            address, 1, alt, found.first("og:image:type"), found.first("og:image:width"), found.first("og:image:height")
        )
        for address in found.every(*_IMAGE_PROPERTIES)[:1]
    ]
    candidates += [pictures.Picture(p.url, 2, p.alt, "", p.width, p.height) for p in found.article.images]
    if own is None:
        return pictures.choose(candidates, base)
    twin = pictures.choose([pictures.Picture(own.url, 0, own.alt), *candidates], base) if not own.alt else None
    return replace(own, alt=twin.alt) if twin else own


def _canonical(address: str, base: str) -> str:
    """rel=canonical, only on the same site and never its root: broken templates name the front page everywhere."""
    url = clean.link(address, base)
    parts = urlsplit(url)
    if not url or not same_site(url, base) or (parts.path in {"", "/"} and not parts.query):
        return ""
    return canonical(url)
