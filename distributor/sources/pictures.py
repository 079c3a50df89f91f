"""Which picture stands for an article, and what it shows in words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from urllib.parse import unquote, urlsplit

from distributor.model import Image
from distributor.sources import clean

__all__ = ["Picture", "alt_text", "choose", "in_html"]

ALT_LENGTH = 1_500
_FILE = re.compile(r"\S*\.(?:jpe?g|png|gif|webp|avif|svg|tiff?|bmp|heic)\b(?:\?\S*)?|https?://\S+", re.I)
_CAMERA = re.compile(
    r"(?:img|dsc[nf]?|p|pxl|image|photo|picture|screen ?shot|untitled|unnamed|thumbnail)[\s_\-]*[\d\s_.\-]*", re.I
)
_IMG = re.compile(r"<img\b[^>]*>", re.I)
_ATTRIBUTE = re.compile(r"""\b(src|alt|width|height)="([^"]*)\"""")
_PIXELS = re.compile(r"\s*(\d{1,5})(?:\.\d+)?\s*(?:px)?\s*$")
_EXTENSIONS = {
    "jpg": "jpeg",
    "jpeg": "jpeg",
    "png": "png",
    "gif": "gif",
    "webp": "webp",
    "avif": "avif",
    "svg": "svg+xml",
}
# Avatars, counters and share buttons are in many feeds; none of them shows what the article is about.
_DECORATION = re.compile(
    r"gravatar\.com/|/avatar|feedburner\.com|feedsportal\.com|doubleclick\.net|/pixel|/b\.gif|stats\.wordpress|pheedo|/smilies/|/emoji/|s\.w\.org/images/core/emoji",
    re.I,
)


@dataclass(frozen=True)
class Picture:
    """A candidate. `rank`: 0 meant for this article, 1 attached to it, 2 a thumbnail, 3 found in the text."""

    url: str
    rank: int = 1
    alt: str = ""
    type: str = ""
    width: str = ""
    height: str = ""


def choose(candidates: list[Picture], base: str = "", caption: str = "") -> Image | None:
    """The best ranked, among equals the widest, then the first.

    Its alt text may come from the same picture in another size, or be the `caption` that stands beside it.
    """
    usable = [(picture, clean.link(picture.url, base)) for picture in candidates[:200]]
    usable = [(picture, url) for picture, url in usable if url and not _is_decoration(picture, url)]
    if not usable:
        return None
    best, url = min(usable, key=lambda one: (one[0].rank, -_pixels(one[0].width)))
    alts = [alt_text(best.alt)]
    if len(usable) > 1:
        alts += [alt_text(p.alt) for p, other in usable if _file_name(other) == _file_name(url)]
    alts += [alt_text(caption)] if best.rank < 3 else []
    return Image(
        url=url,
        alt=next((alt for alt in alts if alt), ""),
        type=_type(best.type, url),
        width=_pixels(best.width),
        height=_pixels(best.height),
    )


def alt_text(text: str) -> str:
    """What the picture shows, as one plain line; '' for what only names a file."""
    alt = clean.title(text, html=None)[:ALT_LENGTH]
    return "" if _FILE.fullmatch(alt) or _CAMERA.fullmatch(alt) else alt


def in_html(body: str) -> list[Picture]:
    """The pictures in sanitised HTML, in order; at most 20 are looked at."""
    found = []
    for tag in _IMG.findall(body)[:20] if "<img" in body else ():
        attributes = {name: unescape(value) for name, value in _ATTRIBUTE.findall(tag)}
        if attributes.get("src"):
            found.append(
                Picture(
                    attributes["src"],
                    3,
                    attributes.get("alt", ""),
                    width=attributes.get("width", ""),
                    height=attributes.get("height", ""),
                )
            )
    return found


def _is_decoration(picture: Picture, url: str) -> bool:
    sizes = [_pixels(size) for size in (picture.width, picture.height) if size.strip()]
    tiny = any(0 < size < 50 for size in sizes) or "0" in (picture.width.strip(), picture.height.strip())
    foreign = bool(picture.type) and "/" in picture.type and not picture.type.lower().startswith("image/")
    return tiny or foreign or bool(_DECORATION.search(url))


def _pixels(text: str) -> int:
    found = _PIXELS.match(text) if text else None
    return int(found[1]) if found else 0


def _type(given: str, url: str) -> str:
    if given.lower().startswith("image/"):
        return clean.line(given.lower(), 100).replace("image/jpg", "image/jpeg")
    extension = urlsplit(url).path.rpartition(".")[2].lower()
    return f"image/{_EXTENSIONS[extension]}" if extension in _EXTENSIONS else ""


def _file_name(url: str) -> str:
    """The name without what a CMS adds for a size: picture-300x200.jpg is picture.jpg."""
    return re.sub(r"-\d+x\d+(?=\.\w+$)|-scaled(?=\.\w+$)", "", unquote(urlsplit(url).path.rpartition("/")[2]))
