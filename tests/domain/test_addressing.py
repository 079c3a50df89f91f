"""Mail addresses as readers type them: over 250 vectors, and laws."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.addressing import LONGEST, LONGEST_LOCAL, address_key, normalised
from distributor.mail.headers import wire_address

L63 = "a" * 63
L64 = "l" * 64
D61 = "d" * 61

# What is typed, and what is kept; "" where it is kept as it is.
GOOD: list[tuple[str, str]] = [
    # plain
    *((address, "") for address in (
        "jane@reader.example", "a@b.co", "j@x.io", "jane.doe@reader.example", "jane-doe@reader.example",
        "jane_doe@reader.example", "jane+news@reader.example", "jane+a+b@reader.example", "1234567890@reader.example",
        "_______@reader.example", "-@reader.example", "+@reader.example", "--jane--@reader.example",
        "o'neil@reader.example", "jane@news.reader.example", "jane@a.b.c.d.e.f.reader.example", "jane@reader-s.example",
        "jane@123.example", "jane@1.2.example", "jane@r.museum", "jane@reader.co.uk", "jane@reader.travel",
        "jane@0.example", "jane@3com.example", "jane@a--b.example", "jane@xa--b.example", "jane@reader.qz",
        "a.b.c.d.e@reader.example", "x@x.xx", "postmaster@reader.example", "jane@localhost.localdomain",
    )),
    # every sign of RFC 5322's atext
    *((f"{sign}@reader.example", "") for sign in "!#$%&'*+-/=?^_`{|}~"),
    *((f"jane{sign}doe@reader.example", "") for sign in "!#$%&'*+-/=?^_`{|}~."),
    ("!#$%&'*+-/=?^_`{|}~@reader.example", ""),
    ("customer/department=shipping@reader.example", ""),
    ("$A12345@reader.example", ""),
    ("!def!xyz%abc@reader.example", ""),
    ("user%example.com@reader.example", ""),
    ("mailhost!username@reader.example", ""),
    # upper and lower case, blanks around
    ("Jane@Reader.Example", "Jane@reader.example"),
    ("JANE@READER.EXAMPLE", "JANE@reader.example"),
    ("  jane@reader.example ", "jane@reader.example"),
    ("\u00a0jane@reader.example\u00a0", "jane@reader.example"),
    # lengths
    (f"{L64}@reader.example", ""),
    (f"{L63}b@reader.example", ""),
    (f"jane@{L63}.example", ""),
    (f"{L64}@{L63}.{L63}.{D61}", ""),  # 254 octets
    ("é" * 32 + "@reader.example", ""),  # 64 octets
    # quoted local parts
    ('"jane doe"@reader.example', ""),
    ('"jane@home"@reader.example', ""),
    ('"jane,doe"@reader.example', ""),
    ('"<jane>"@reader.example', ""),
    ('"jane..doe"@reader.example', ""),
    ('".jane"@reader.example', ""),
    ('"jane."@reader.example', ""),
    ('" "@reader.example', ""),
    ('"jane\\"doe"@reader.example', ""),
    ('"jane\\\\doe"@reader.example', ""),
    ('"()[]:;"@reader.example', ""),
    ('"jane"@reader.example', "jane@reader.example"),
    ('"jane.doe"@reader.example', "jane.doe@reader.example"),
    ('"jane\\.doe"@reader.example', "jane.doe@reader.example"),
    ('"j\\ane d\\oe"@reader.example', '"jane doe"@reader.example'),
    # internationalised domains
    ("jane@münchen.example", ""),
    ("jane@xn--mnchen-3ya.example", "jane@münchen.example"),
    ("jane@XN--MNCHEN-3YA.example", "jane@münchen.example"),
    ("jane@MÜNCHEN.example", "jane@münchen.example"),
    ("jane@faß.example", ""),
    ("jane@例え.テスト", ""),
    ("jane@例子.广告", ""),
    ("jane@مثال.إختبار", ""),
    ("jane@пример.испытание", ""),
    ("jane@παράδειγμα.δοκιμή", ""),
    ("jane@उदाहरण.परीक्षा", ""),
    ("jane@דוגמה.טעסט", ""),
    ("jane@실례.테스트", ""),
    ("jane@bücher.news.example", ""),
    ("jane@ｒｅａｄｅｒ.example", "jane@reader.example"),
    ("jane@reader。example", "jane@reader.example"),
    ("jane@mu\u0308nchen.example", "jane@münchen.example"),
    # local parts beyond ASCII
    ("jörg@reader.example", ""),
    ("jo\u0308rg@reader.example", "jörg@reader.example"),
    ("用户@例子.广告", ""),
    ("θσερ@παράδειγμα.δοκιμή", ""),
    ("अजय@उदाहरण.परीक्षा", ""),
    ("пользователь@пример.испытание", ""),
    ("дерек@reader.example", ""),
    ("伊昭傑@郵件.商務", ""),
    ("josé.arraño@niño.example", ""),
    ("straße@reader.example", ""),
    ("👋@reader.example", ""),
    ("ñoñó@reader.example", ""),
    ("我買@屋企.香港", ""),
    ("二ノ宮@黒川.日本", ""),
    ("медведь@с-балалайкой.рф", ""),
    ("संपर्क@डाटामेल.भारत", ""),
    ("ಬೆಂಬಲ@ಡೇಟಾಮೇಲ್.ಭಾರತ", ""),
]  # fmt: skip

_CONTROLS = [chr(code) for code in (*range(0x00, 0x20), 0x7F, 0x80, 0x85, 0x9F)]
_INVISIBLE = ["\u00ad", "\u061c", "\u180e", "\u200b", "\u200e", "\u202e", "\u2028", "\u2029", "\u2060", "\u2066",
              "\ufeff", "\ufff9", "\ue000", "\ufdd0", "\u3000", "\u2003", "\ud800", "\udfff", "\U000e0041"]  # fmt: skip

BAD: list[str] = [
    # nothing, half of it, too much
    "", " ", "@", "jane", "jane@", "@reader.example", "reader.example", "jane@@reader.example",
    "jane@home@reader.example",
    "jane at reader.example", "jane.reader.example", "@@", "jane@reader@", ".", "..@..", "a@b@c.example",
    # more than one
    "jane@reader.example, joe@reader.example", "jane@reader.example;joe@reader.example",
    "jane@reader.example joe@reader.example", "jane@reader.example,", ",jane@reader.example",
    # a name beside it, or what looks like one
    "Jane <jane@reader.example>", "<jane@reader.example>", '"Jane" <jane@reader.example>',
    "jane@reader.example <x@y.example>",
    '"jane@reader.example" <joe@other.example>',
    "jane@reader.example>", "jane<@reader.example", "jane@<reader.example>",
    "mailto:jane@reader.example", "Jane Doe jane@reader.example", "(comment)jane@reader.example",
    "jane(comment)@reader.example", "jane@(comment)reader.example", "jane@reader.example(comment)",
    "<script>alert(1)</script>@reader.example", "=?utf-8?q?jane=40reader.example?=",
    "jane@reader.example?bcc=joe@x.example",
    # dots
    ".jane@reader.example", "jane.@reader.example", "jane..doe@reader.example", "jane@.reader.example",
    "jane@reader..example", "jane@reader.example.", "jane@.", "jane@..", ".@reader.example",
    # domains that are none
    "jane@reader", "jane@localhost", "jane@-reader.example", "jane@reader-.example", "jane@reader.-example",
    "jane@reader_s.example", "jane@reader example.example", "jane@reader!.example", "jane@rea*der.example",
    "jane@reader/.example", "jane@reader\\.example", "jane@reader:25.example", "jane@reader.example:25",
    "jane@192.0.2.1", "jane@[192.0.2.1]", "jane@[IPv6:2001:db8::1]", "jane@[reader.example]", "jane@2001:db8::1",
    "jane@1.2", "jane@reader.1", "jane@reader.a", "jane@2130706433", "jane@0x7f.1", "jane@'reader.example",
    "jane@reader.example'", 'jane@"reader".example', "jane@%72eader.example", "jane@reader.exa mple",
    f"jane@{'a' * 64}.example", f"jane@{'.'.join([L63] * 4)}.example", "jane@xn--.example", "jane@xn--a.example",
    "jane@xn--zzzzzzzz.example", "jane@☃.example", "jane@🙂.example", "jane@a\u200db.example", "jane@\u0300a.example",
    "jane@ü-.example", "jane@reader.例\u3000", "jane@ab\u2044cd.example", "jane@\u2024.example",
    # local parts that are none
    "jane doe@reader.example", "jane,doe@reader.example", "jane:doe@reader.example", "jane;doe@reader.example",
    "jane\\doe@reader.example", "jane[doe]@reader.example", 'jane"doe"@reader.example', '"jane@reader.example',
    'jane"@reader.example', '""@reader.example', '"jane"doe@reader.example', '"jane\\"@reader.example',
    '"jane"."doe"@reader.example', '"jane"doe"@reader.example', '"jörg x"@reader.example', "\u0301jane@reader.example",
    "jane.\u0301doe@reader.example", "jane＠reader.example", '" "" "@reader.example',
    # lengths
    f"{L64}l@reader.example", "é" * 33 + "@reader.example", f"{L64}@{L63}.{L63}.{D61}d",
    "x" * 2_000 + "@reader.example",
    f"jane@{'ü' * 60}.{'ü' * 60}.{'ü' * 60}.{'ü' * 60}.example", "a@" * 500 + "b.example",
    '"' + "a" * 40 + " " + "b" * 40 + '"@reader.example',
    # line ends, NUL and what nobody sees, in the local part and the domain, and after it
    *(f"ja{char}ne@reader.example" for char in (*_CONTROLS[:14], *_CONTROLS[31:], *_INVISIBLE)),
    *(f"jane@rea{char}der.example" for char in ("\0", "\t", "\r", "\n", "\x1b", "\x7f", "\x85", "\u202e", "\ud800")),
    "jane@reader.example\n", "jane@reader.example\r\n", "\njane@reader.example", "jane@reader.example\0",
    "jane@reader.example\r\nBcc: joe@reader.example", "jane\r\n @reader.example", "jane@reader.example%0d%0a\r",
    '"jane\r\n"@reader.example', '"jane\0"@reader.example', "jane@reader.example\u2028",
    "jane@reader.example\tjoe@reader.example", "jane>\r\nRCPT TO:<joe@reader.example",
]  # fmt: skip


def test_there_are_vectors_enough() -> None:
    assert len({typed for typed, _ in GOOD}) + len(set(BAD)) >= 250


@pytest.mark.parametrize(("typed", "kept"), GOOD, ids=lambda value: ascii(value)[:40])
def test_an_address_is_taken(typed: str, kept: str) -> None:
    found = normalised(typed)
    assert found.address == (kept or typed)
    assert found.domain.isascii()
    assert found.domain == found.domain.lower()
    assert wire_address(found.address).rpartition("@")[2] == found.domain


@pytest.mark.parametrize("typed", BAD, ids=lambda value: ascii(value)[:40])
def test_what_is_no_address_is_refused_in_one_line(typed: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as told:
        normalised(typed)
    line = str(told.value)
    assert len(line) < 300
    assert line.isprintable()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Jane@Reader.example", "jane@reader.EXAMPLE"),
        ("jane@münchen.example", "jane@xn--mnchen-3ya.example"),
        ('"jane"@reader.example', "jane@reader.example"),
        ("JÖRG@reader.example", "jo\u0308rg@reader.example"),
    ],
)
def test_two_ways_to_write_one_mailbox_have_one_key(one: str, other: str) -> None:
    assert address_key(one) == address_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("jane@faß.example", "jane@fass.example"),  # IDNA 2008 keeps them apart
        ("jane@reader.example", "jane+news@reader.example"),
        ("jane.doe@reader.example", "janedoe@reader.example"),
        ('"a b"@reader.example', '"ab"@reader.example'),
        ("\u0430nna@reader.example", "anna@reader.example"),  # a Cyrillic letter that looks the same
    ],
)
def test_two_mailboxes_have_two_keys(one: str, other: str) -> None:
    assert address_key(one) != address_key(other)


@given(st.one_of(st.text(), st.from_regex(r".{0,80}@.{0,80}"), st.emails()))
def test_whatever_is_typed_is_an_address_that_can_be_mailed_or_one_line(typed: str) -> None:
    try:
        found = normalised(typed)
    except ValueError as error:
        line = str(error)
        assert line.isprintable()
        return
    assert normalised(found.address) == found
    assert normalised(found.key).key == found.key
    wire = wire_address(found.address)
    assert wire.rpartition("@")[2] == found.domain
    assert len(wire.encode()) <= LONGEST
    assert len(wire.rpartition("@")[0].encode()) <= LONGEST_LOCAL
    assert not any(unicodedata.category(char).startswith("C") for char in found.address)
