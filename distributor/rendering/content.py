"""What a publisher's content becomes before it reaches a template: plain words, plain links, plain dicts. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote, unquote_plus, urlsplit, urlunsplit

from distributor.model import Article, Image

__all__ = ["alt_text", "clean", "facts", "media_type", "web_address", "with_query"]

WORDS = 5_000  # characters of a summary or a social text; a title is shorter
TITLE = 1_000

# Line ends of every kind, tabs and runs of spaces become one space (the no-break spaces of French typography stay);
# other controls (C0, C1), what reorders or hides text
# (bidi embeddings, overrides and isolates: https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing), halves
# of characters and non-characters go. The marks that right-to-left writing needs (200E, 200F, 061C) stay.
_BLANK = re.compile(r"[\t-\r\x1c-\x20\x85\u2028\u2029]+")
_GONE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff"
    "\U000e0000\U000e0001]"
)
_FILE = re.compile(r"[^/\\]*\.(?:jpe?g|jfif|png|gif|webp|avif|svg|heic|heif|tiff?|bmp|mp4|pdf)(?:\?.*)?", re.I)
_CAMERA = re.compile(
    r"(?:img|dsc|dscn|dscf|pxl|p|image|photo|picture|screenshot|untitled|unnamed|download|thumb(?:nail)?|featured)"
    r"[\W_]*(?:image|img|photo)?[\W_\d]*",
    re.I,
)
_TYPES = {"jpg": "jpeg", "jpeg": "jpeg", "jfif": "jpeg", "png": "png", "gif": "gif", "webp": "webp", "avif": "avif"}


def clean(text: str, limit: int = WORDS) -> str:
    """One line of plain words: no control, no reordering, no half character, at most `limit` characters."""
    return _BLANK.sub(" ", _GONE.sub("", text)).strip()[:limit].rstrip()


def web_address(url: str) -> str:
    """The address if it is http(s) and has a host, else "". What could end a link early is percent-encoded.

    So are letters beyond ASCII: X ends a link at some of them. A user name or password in it is cut off.
    """
    url = _GONE.sub("", re.sub(r"[\t\r\n]", "", url)).strip()
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return ""
    if parts.scheme.lower() not in {"http", "https"} or not host or re.search(r"[\s\"'<>\\^`{|}%]", parts.netloc):
        return ""
    rest = [quote(part, safe=_SAFE) for part in (parts.path, parts.query, parts.fragment)]
    return urlunsplit((parts.scheme.lower(), parts.netloc.rpartition("@")[2], *rest))


_SAFE = "/?:@!$&'()*+,;=-._~%[]#"


def with_query(url: str, fields: Mapping[str, str]) -> str:
    """The address with these query fields: each once, the others byte for byte as they were, the fragment kept."""
    wanted = {name: value for name, value in fields.items() if value}
    if not url or not wanted:
        return url
    parts = urlsplit(url)
    kept = [pair for pair in parts.query.split("&") if pair and unquote_plus(pair.partition("=")[0]) not in wanted]
    kept += [f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in wanted.items()]
    return urlunsplit(parts._replace(query="&".join(kept)))


def alt_text(image: Image) -> str:
    """What the picture shows, in words; "" where all there is is the name of a file."""
    words = clean(image.alt, TITLE)
    stem = unquote(urlsplit(image.url).path.rpartition("/")[2]).rpartition(".")[0]
    same_as_file = stem and _letters(words) == _letters(stem)
    code = " " not in words and (words.isascii() and (any(map(str.isdigit, words)) or "_" in words or "/" in words))
    if _FILE.fullmatch(words) or _CAMERA.fullmatch(words) or same_as_file or code or web_address(words):
        return ""
    return words


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.lower()))


def media_type(image: Image) -> str:
    """As the source says it, else by the address's ending, else ""."""
    if image.type:
        return image.type.partition(";")[0].strip().lower().replace("image/jpg", "image/jpeg")
    ending = urlsplit(image.url).path.rpartition(".")[2].lower()
    return f"image/{_TYPES[ending]}" if ending in _TYPES else ""


def facts(article: Article) -> dict[str, Any]:
    """An article as a template sees it: words, numbers, lists and dicts, nothing with methods of its own.

    Moments are ISO 8601 in UTC, "" where unknown; `image` is None or url, alt, width, height.
    """
    image = article.image if article.image and web_address(article.image.url) else None
    return {
        "id": article.id,
        "source": clean(article.source, TITLE),
        "url": web_address(article.url),
        "title": clean(article.title, TITLE),
        "summary": clean(article.summary),
        "social": clean(article.social),
        "categories": [clean(word, TITLE) for word in article.categories],
        "tags": [clean(word, TITLE) for word in article.tags],
        "author": clean(article.author, TITLE),
        "language": clean(article.language, 35),
        "published_at": article.published_at.isoformat(),
        "updated_at": article.updated_at.isoformat() if article.updated_at else "",
        "revision": article.revision,
        "comments": article.comments,
        "image": image
        and {
            "url": web_address(image.url),
            "alt": alt_text(image),
            "width": image.width,
            "height": image.height,
        },
    }
