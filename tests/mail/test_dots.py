"""Dot-stuffing, and line ends that no server can read in two ways."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.mail.dots import Clean, stuffed

LINES = st.lists(
    st.sampled_from([b".", b"..", b"a", b"", b".a", b"\r\n", b"\n", b"\r", b"\r\n.\r\n", b"\n.\n", b"\xc3\xa9"])
)


def unstuffed(data: bytes) -> bytes:
    """What a server makes of what came before the final dot."""
    return b"".join(line[1:] if line.startswith(b".") else line for line in data.splitlines(keepends=True))


@given(LINES.map(b"".join))
def test_what_a_server_reads_is_what_was_meant(content: bytes) -> None:
    data = stuffed(content)
    assert data.endswith(b"\r\n")
    assert not re.search(rb"(?:^|\n)\.(?:\r|\n)", data)
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", data)
    meant = re.sub(rb"\r\n|\r|\n", b"\r\n", content)
    assert unstuffed(data) == (meant if meant.endswith(b"\r\n") else meant + b"\r\n")


@pytest.mark.parametrize(
    "end", [b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r\n\x00.\r\n", b"\r\n.\r\n"]
)
def test_no_message_can_end_before_its_end(end: bytes) -> None:
    data = stuffed(b"Subject: x\r\n\r\nHello" + end + b"MAIL FROM:<evil@example.org>\r\n")
    assert b"\r\n.\r\n" not in data
    assert b"\n.\n" not in data
    assert b"\r.\r" not in data


def test_what_its_maker_knows_to_be_clean_is_not_searched_again() -> None:
    content = Clean(b"Hello\r\n")
    assert stuffed(content) is content
    assert type(content + b".") is bytes
    assert type(content[:3]) is bytes
