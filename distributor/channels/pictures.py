"""Pictures on their way to a network: made small enough, and never a reason to lose the post."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Ready", "fit_picture"]

MOST_PIXELS = 60_000_000  # a 60-megapixel picture takes 180 MB when unpacked; a bomb says more and is not unpacked
TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}
SIDES = (2000, 1400, 1000, 700, 400)
QUALITIES = (88, 78, 65)


@dataclass(frozen=True, slots=True)
class Ready:
    """A picture fit for upload; width and height in pixels."""

    content: bytes
    type: str
    width: int
    height: int


def fit_picture(content: bytes, most_bytes: int) -> Ready | None:
    """The picture as it is where it fits, else scaled and stored as JPEG; None if it is no picture we can read.

    The type is read from the bytes: what a server claims does not count. A picture of more than 60 megapixels
    is not unpacked (decompression bombs): None.
    """
    import warnings

    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own bound is below
            with Image.open(io.BytesIO(content), formats=tuple(TYPES)) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    return None
                if len(content) <= most_bytes:
                    ready = Ready(content, TYPES[str(picture.format)], *_upright(picture))
                    picture.verify()
                    return ready
                return next((ready for ready in _smaller(picture) if len(ready.content) <= most_bytes), None)
    except Exception:  # Pillow's readers raise whatever a broken file leads them to: struct.error, SyntaxError, ...
        return None


def _upright(picture: Image.Image) -> tuple[int, int]:
    exif = picture.getexif() if "exif" in picture.info else {}  # without it, a PNG would be unpacked to look
    turned = exif.get(0x0112, 1) in (5, 6, 7, 8)  # EXIF orientation: shown on its side
    return (picture.height, picture.width) if turned else (picture.width, picture.height)


def _smaller(picture: Image.Image) -> Iterator[Ready]:
    from PIL import Image, ImageOps

    picture.draft("RGB", (SIDES[0], SIDES[0]))  # JPEG: unpacks at a fraction of the size
    flat: Any = ImageOps.exif_transpose(picture).convert("RGBA")
    white = Image.new("RGBA", flat.size, "white")
    flat = Image.alpha_composite(white, flat).convert("RGB")
    for side in SIDES:
        flat.thumbnail((side, side))
        for quality in QUALITIES:
            out = io.BytesIO()
            flat.save(out, "JPEG", quality=quality, optimize=True)
            yield Ready(out.getvalue(), "image/jpeg", *flat.size)
