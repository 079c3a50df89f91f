from __future__ import annotations

import re
from unittest import mock

from hypothesis import given
from hypothesis import strategies as st

from distributor.sources import clean

PARTS = st.sampled_from(["http", "https", "HTTP", "://", "a.example", "1", ".", "-", "/", "?", "#", ":80", ":x", "%41"])
NEVER = re.compile(r"(?!)")


@given(st.lists(st.one_of(PARTS, st.characters(max_codepoint=0x17F)), max_size=8).map("".join))
def test_the_short_way_through_a_link_changes_nothing(tail: str) -> None:
    for address in (tail, f"https://{tail}", f"https://a.example/{tail}"):
        with mock.patch.object(clean, "_PLAIN_LINK", NEVER):
            long_way = clean.link(address, "https://base.example/")
        assert clean.link(address, "https://base.example/") == long_way
