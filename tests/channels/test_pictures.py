"""Pictures are made to fit, and hostile ones cost little."""

from __future__ import annotations

import io
import random
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from distributor.channels.pictures import fit_picture

LIMIT = 976_560


def stored(width: int, height: int, kind: str, mode: str = "RGB", **given: Any) -> bytes:
    noise = random.Random(1).randbytes(width * height * len(mode))
    out = io.BytesIO()
    Image.frombytes(mode, (width, height), noise).save(out, kind, **given)
    return out.getvalue()


def test_a_picture_that_fits_goes_as_it_is() -> None:
    content = stored(60, 40, "JPEG")
    ready = fit_picture(content, LIMIT)
    assert ready is not None
    assert (ready.content, ready.type, ready.width, ready.height) == (content, "image/jpeg", 60, 40)


@pytest.mark.parametrize(("kind", "mode"), [("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "L"), ("WEBP", "RGB")])
def test_a_larger_one_is_scaled_under_the_limit_and_keeps_its_shape(kind: str, mode: str) -> None:
    given = {"lossless": True} if kind == "WEBP" else {}
    ready = fit_picture(stored(1600, 800, kind, mode, **given), 300_000)
    assert ready is not None
    assert len(ready.content) <= 300_000
    assert ready.type == "image/jpeg"
    with Image.open(io.BytesIO(ready.content)) as picture:
        assert picture.size == (ready.width, ready.height)
        assert picture.width == 2 * picture.height


def test_a_picture_on_its_side_tells_its_upright_shape() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    ready = fit_picture(stored(60, 40, "JPEG", exif=exif), LIMIT)
    assert ready is not None
    assert (ready.width, ready.height) == (40, 60)


def test_a_decompression_bomb_is_not_unpacked() -> None:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(1_000_000)))
        + chunk(b"IEND", b"")
    )
    assert fit_picture(bomb, LIMIT) is None
    assert fit_picture(bomb + bytes(LIMIT), LIMIT) is None


@pytest.mark.parametrize("content", [b"", b"<svg/>", b"\xff\xd8\xff", b"GIF89a", stored(500, 500, "PNG")[:5000]])
def test_what_is_no_whole_picture_is_none(content: bytes) -> None:
    assert fit_picture(content, LIMIT) is None


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2000), st.binary(min_size=1, max_size=8))
def test_a_damaged_picture_never_raises(place: int, damage: bytes) -> None:
    content = stored(40, 40, "PNG")
    broken = content[:place] + damage + content[place + len(damage) :]
    for limit in (LIMIT, 500):
        fit_picture(broken, limit)
