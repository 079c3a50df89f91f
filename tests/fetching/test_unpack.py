"""Bodies, packed and broken."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.fetching.unpack import BadBody, Unpacker

TEXT = b"<rss>" + bytes(range(256)) * 40 + b"</rss>"


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


def unpack(encoding: str, packed: bytes, *, limit: int = 1_000_000, ratio: int = 100, step: int = 65536) -> bytes:
    unpacker = Unpacker(encoding, limit=limit, ratio=ratio)
    for start in range(0, len(packed), step):
        unpacker.feed(packed[start : start + step])
    return unpacker.finish()


WAYS = {
    "": TEXT,
    "identity": TEXT,
    "gzip": gzip.compress(TEXT),
    "x-gzip": gzip.compress(TEXT),
    " GZIP ": gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:]),
    "gzip ": gzip.compress(TEXT) + b"\0" * 512,
    "deflate": zlib.compress(TEXT),
    "Deflate": raw_deflate(TEXT),
}


@pytest.mark.parametrize("encoding", WAYS)
@pytest.mark.parametrize("step", [1, 2, 7, 65536])
def test_every_way_that_was_asked_for_is_unpacked(encoding: str, step: int) -> None:
    assert unpack(encoding, WAYS[encoding], step=step) == TEXT


@given(st.binary(max_size=5000), st.sampled_from([gzip.compress, zlib.compress, raw_deflate]), st.integers(1, 100))
def test_what_was_packed_comes_out_whatever_the_pieces(data: bytes, pack: object, step: int) -> None:
    encoding = "gzip" if pack is gzip.compress else "deflate"
    assert unpack(encoding, pack(data), step=step) == data  # type: ignore[operator]


@pytest.mark.parametrize("encoding", ["gzip", "deflate", ""])
def test_nothing_at_all_is_an_empty_body(encoding: str) -> None:
    assert unpack(encoding, b"") == b""


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress", "gzip\x00"])
def test_what_was_not_asked_for_is_refused(encoding: str) -> None:
    with pytest.raises(BadBody, match="not asked for"):
        unpack(encoding, TEXT)


def test_a_bomb_is_noticed_before_it_goes_off() -> None:
    bomb = gzip.compress(bytes(200_000_000), 9)
    tracemalloc.start()
    with pytest.raises(BadBody, match="100 times"):
        unpack("gzip", bomb, limit=50_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40_000_000


@pytest.mark.parametrize("pack", [zlib.compress, raw_deflate])
def test_a_deflate_bomb_too(pack: object) -> None:
    with pytest.raises(BadBody):
        unpack("deflate", pack(bytes(20_000_000)))  # type: ignore[operator]


def test_a_bomb_in_many_members_too() -> None:
    with pytest.raises(BadBody):
        unpack("gzip", gzip.compress(bytes(60_000)) * 10_000)
    with pytest.raises(BadBody, match="pieces"):
        unpack("gzip", gzip.compress(b"") * 100_000)


def test_the_limit_is_kept_to_the_byte() -> None:
    for encoding, packed in (("", TEXT), ("gzip", gzip.compress(TEXT))):
        assert unpack(encoding, packed, limit=len(TEXT)) == TEXT
        with pytest.raises(BadBody, match="larger than"):
            unpack(encoding, packed, limit=len(TEXT) - 1)


def test_a_short_page_of_blanks_is_no_bomb() -> None:
    assert unpack("gzip", gzip.compress(b" " * 60_000)) == b" " * 60_000


@pytest.mark.parametrize("cut", [1, 5, 20, 100])
def test_a_body_cut_short_is_no_body(cut: int) -> None:
    with pytest.raises(BadBody, match="cut short"):
        unpack("gzip", gzip.compress(TEXT)[:-cut])
    with pytest.raises(BadBody, match="cut short"):
        unpack("gzip", gzip.compress(TEXT)[:1])


@given(st.binary(min_size=1, max_size=300), st.sampled_from(["gzip", "deflate"]))
def test_noise_is_unpacked_or_refused(noise: bytes, encoding: str) -> None:
    with suppress(BadBody):
        assert isinstance(unpack(encoding, noise), bytes)
