"""Header fields: what goes in comes back, and nothing begins a line of its own."""

from __future__ import annotations

import email
import email.policy
from email.headerregistry import UniqueAddressHeader

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.mail.headers import address_field, one_line, phrase_field, text_field, wire_address

BREAKS = ["\r", "\n", "\r\n", "\x00", "\x85", "\u2028", "\u2029", "\x0b", "\x0c", "\x1b", "\x7f"]
WORDS = st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"]), min_size=1, max_size=40)
VALUES = st.lists(WORDS, min_size=1, max_size=20).map(" ".join)


def parsed(field: bytes, name: str) -> str:
    message = email.message_from_bytes(field + b"\r\n", policy=email.policy.default)
    assert message.keys() == [name]
    assert not message.defects
    return str(message[name])


def assert_lines(field: bytes) -> None:
    assert field.endswith(b"\r\n")
    assert field.isascii()
    lines = field.removesuffix(b"\r\n").split(b"\r\n")
    for number, line in enumerate(lines):
        assert len(line) <= 998
        assert line.strip()
        assert line.startswith(b" ") == (number > 0)
        assert len(line) <= 78 or b" " not in line.strip().removeprefix(b"Subject: ")
        for word in line.split(b" "):
            assert not word.startswith(b"=?utf-8?") or len(word) <= 75


@given(VALUES)
def test_a_subject_comes_back_as_it_was(value: str) -> None:
    field = text_field("Subject", value)
    assert_lines(field)
    assert parsed(field, "Subject") == value


@given(st.text(max_size=300))
def test_any_title_makes_a_subject_of_one_field(title: str) -> None:
    line = one_line(title)
    assert not any(mark in line for mark in BREAKS)
    assert_lines(text_field("Subject", line)) if line else None


@given(VALUES)
def test_a_display_name_comes_back_as_it_was(name: str) -> None:
    field = phrase_field("From", name, "<news@paper.example>")
    assert field.isascii()
    message = email.message_from_bytes(field + b"\r\n", policy=email.policy.default)
    header = message["From"]
    assert isinstance(header, UniqueAddressHeader)
    assert [address.addr_spec for address in header.addresses] == ["news@paper.example"]
    if name.isascii():
        assert header.addresses[0].display_name == name


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("news@paper.example", b"From: news@paper.example\r\n"),
        ("The Paper <news@paper.example>", b"From: The Paper <news@paper.example>\r\n"),
        ('"The Paper, Ltd" <news@paper.example>', b'From: "The Paper, Ltd" <news@paper.example>\r\n'),
        ("Métro <news@paper.example>", b"From: =?utf-8?Q?M=C3=A9tro?= <news@paper.example>\r\n"),
        ("新聞 <news@paper.example>", b"From: =?utf-8?B?5paw6IGe?= <news@paper.example>\r\n"),
        ("News <news@bücher.example>", b"From: News <news@xn--bcher-kva.example>\r\n"),
        ("News <news@straße.example>", b"From: News <news@xn--strae-oqa.example>\r\n"),
    ],
)
def test_a_mailbox_is_written_as_the_rfcs_want_it(value: str, expected: bytes) -> None:
    assert address_field("From", value) == expected


@pytest.mark.parametrize("mark", BREAKS)
def test_a_setting_that_would_break_a_line_is_refused(mark: str) -> None:
    with pytest.raises(ValueError, match=r"U\+"):
        text_field("Feedback-ID", f"a{mark}Bcc: x@example.org")
    with pytest.raises(ValueError):
        address_field("From", f"The Paper{mark}Bcc: <news@paper.example>")
    with pytest.raises(ValueError):
        wire_address(f"reader{mark}@example.org")


@pytest.mark.parametrize("mark", BREAKS)
def test_a_title_that_would_break_a_line_is_cleaned(mark: str) -> None:
    assert one_line(f"Ships{mark}Bcc: x") in {"Ships Bcc: x", "ShipsBcc: x"}


@pytest.mark.parametrize("name", ["", "Sub ject", "Subject:", "Sübject", "X\r\nBcc", "x" * 77])
def test_a_wrong_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name of a header"):
        text_field(name, "value")


@pytest.mark.parametrize(
    "value",
    ["", "news", "news@", "@paper.example", "a@b@c", "<news@paper.example", "a b@c.example", "news@paper..example"],
)
def test_what_is_no_mailbox_is_refused(value: str) -> None:
    with pytest.raises(ValueError):
        address_field("From", value)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("reader@example.org", "reader@example.org"),
        ("o'neil+news@example.org", "o'neil+news@example.org"),
        ('"john doe"@example.org', '"john doe"@example.org'),
        ("reader@[192.0.2.1]", "reader@[192.0.2.1]"),
        ("reader@bücher.example", "reader@xn--bcher-kva.example"),
        ("δοκιμή@παράδειγμα.example", "δοκιμή@xn--hxajbheg2az3al.example"),
        ("é" * 32 + "@example.org", "é" * 32 + "@example.org"),
    ],
)
def test_an_address_as_it_goes_over_the_wire(address: str, expected: str) -> None:
    assert wire_address(address) == expected


@pytest.mark.parametrize(
    "address",
    [
        "x" * 65 + "@example.org",
        "é" * 33 + "@example.org",
        "x@" + ".".join(["y" * 63] * 4) + ".example",
        "reader@exa mple.org",
        "reader@example.org>",
        "<reader@example.org>",
        "reader@example.org SIZE=1",
        '"un"quoted"@example.org',
        "half\ud83d@example.org",
        "reader@-\u00e9.example",
        "reader@\u00e9..example",
    ],
)
def test_an_address_that_no_server_could_take_is_refused(address: str) -> None:
    with pytest.raises(ValueError):
        wire_address(address)


def test_text_that_looks_encoded_is_encoded() -> None:
    field = text_field("Subject", "=?utf-8?Q?no?= code of ours")
    assert parsed(field, "Subject") == "=?utf-8?Q?no?= code of ours"
