"""Keys and signatures. The verifier is held against RFC 8463's example and against dkimpy, in both directions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dkim
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.mail.checks.keys import KeyRecord, judge
from distributor.mail.checks.tags import TagError
from distributor.mail.checks.verify import Proof, verify

from .desk import NAME, NOW, key, record

# RFC 8463, appendix A.
EXAMPLE = """\
DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
""".replace("\n", "\r\n").encode()
EXAMPLE_KEYS = {
    "brisbane._domainkey.football.example.com": ("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",),
    "test._domainkey.football.example.com": (
        "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/"
        "J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTI"
        "KT+l/K4w3QIDAQAB",
    ),
}
MESSAGE = (
    b"From: The Paper <news@paper.example>\r\nTo: reader@reader.example\r\nSubject:  Two   spaces\r\n\tand a fold \r\n"
    b"List-Unsubscribe: <https://go.paper.example/u/1>\r\n\r\nA line  with   spaces \t\r\n\r\nThe end\r\n\r\n\r\n"
)


def example(message: bytes = EXAMPLE, keys: dict[str, tuple[str, ...]] | None = None) -> list[Proof]:
    known = EXAMPLE_KEYS | (keys or {})
    return verify(message, lambda name: known.get(name, ()), NOW)


def signed(message: bytes = MESSAGE, canon: str = "relaxed/relaxed") -> bytes:
    """The message with dkimpy's signature above it."""
    header, body = (part.encode() for part in canon.split("/"))
    names = [b"from", b"subject", b"list-unsubscribe"]
    signature: bytes = dkim.sign(
        message, b"distributor", b"paper.example", key(), canonicalize=(header, body), include_headers=names
    )
    return signature + message


def proof(message: bytes, text: str | None = None, now: datetime = NOW) -> Proof:
    (found,) = verify(message, lambda name: [text or record()] if name == NAME else [], now)
    return found


def later() -> datetime:
    return datetime.now(UTC) + timedelta(seconds=1)


def test_both_signatures_of_the_rfcs_example_verify() -> None:
    first, second = example()
    assert (first.ok, first.why, first.algorithm, first.selector) == (True, "", "ed25519-sha256", "brisbane")
    assert (second.ok, second.why, second.domain) == (True, "", "football.example.com")
    assert second.signed[:3] == ("from", "to", "subject")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (b"Is dinner ready?", b"Is dinner late?", "header was changed"),
        (b"We lost", b"We won", "body was changed"),
        (b"From: Joe", b"From: Eve <eve@x.example>\r\nFrom: Joe", "header was changed"),
        (b"v=1;", b"v=2;", "of version"),
        (b"from", b"sender", "does not cover From"),
        (b"bh=", b"xx=", "lacks bh="),
        (b"-sha256", b"-sha1", "uses"),
        (b"q=dns/txt", b"q=http", "its key elsewhere"),
        (b"i=@football.example.com", b"i=@example.com", "outside of d="),
        (b"t=1528637909", b"t=9528637909", "in the future"),
        (b"t=1528637909", b"x=1528637909", "expired"),
        (b"t=1528637909", b"t=soon", "no number"),
        (b"c=relaxed/relaxed", b"c=loose", "unknown c="),
        (b"bh=2j", b"bh=!!", "no base64"),
        (b"s=", b"s=other", "there is no key"),
        (b"q=dns/txt;", b"q=dns/txt; q=dns/txt;", "twice"),
    ],
)
def test_what_is_changed_fails_both(old: bytes, new: bytes, why: str) -> None:
    proofs = example(EXAMPLE.replace(old, new))
    assert [one.ok for one in proofs] == [False, False]
    assert all(why in one.why for one in proofs), proofs


def test_a_length_that_is_no_number_is_a_clear_no() -> None:
    for length in (b"9" * 5000, "²".encode(), b"-1", b""):
        changed = EXAMPLE.replace(b"s=test;", b"s=test; l=" + length + b";")
        _, proof = verify(changed, lambda name: EXAMPLE_KEYS[name], NOW)
        assert (proof.ok, "l=" in proof.why) == (False, True)


def test_spaces_that_relays_change_do_not_matter() -> None:
    changed = EXAMPLE.replace(b"Subject: Is dinner", b"SUBJECT:   Is\r\n\tdinner").replace(
        b"Joe.\r\n", b"Joe. \r\n\r\n"
    )
    assert [one.ok for one in example(changed)] == [True, True]


@pytest.mark.parametrize("canon", ["relaxed/relaxed", "relaxed/simple", "simple/relaxed", "simple/simple"])
def test_what_dkimpy_signs_verifies(canon: str) -> None:
    assert proof(signed(canon=canon), now=later()) == Proof(
        True, "paper.example", "distributor", "rsa-sha256", ("from", "subject", "list-unsubscribe")
    )


def test_a_simple_signature_minds_a_space() -> None:
    message = signed(canon="simple/simple").replace(b"Subject:  Two", b"Subject: Two")
    assert "header was changed" in proof(message, now=later()).why


@given(
    st.lists(st.sampled_from([b"a", b" ", b"\t", b"\r\n", b"\r", b"\n", b".", "é".encode()]), max_size=12),
    st.sampled_from(["relaxed/relaxed", "simple/simple"]),
)
def test_any_body_is_read_as_dkimpy_reads_it(parts: list[bytes], canon: str) -> None:
    """But for bare CR or LF, which RFC 5322 forbids and dkimpy mends before it looks; SMTP ends each line."""
    body = b"".join(parts)
    body += b"" if not body or body.endswith(b"\r\n") else b"\r\n"
    if b"\r" in body.replace(b"\r\n", b"") or b"\n" in body.replace(b"\r\n", b""):
        return
    message = signed(b"From: a@paper.example\r\nSubject: x\r\n\r\n" + body, canon=canon)
    assert dkim.verify(message, dnsfunc=lambda *_, **__: record().encode())
    assert proof(message, now=later()).ok


def test_a_message_of_no_header_or_no_body_is_no_trouble() -> None:
    for message in (b"", b"\r\n", b"\r\n\r\nbody", b"no colon", b" folded first\r\n\r\n", b"\xff\xfe"):
        assert verify(message, lambda _: [], NOW) == []
    assert not verify(b"DKIM-Signature: \xff=;;\r\n\r\n", lambda _: [], NOW)[0].ok


@given(st.binary(max_size=200))
def test_any_signature_is_a_clear_no(junk: bytes) -> None:
    (found, *_) = verify(
        b"DKIM-Signature: " + junk.replace(b"\r", b"").replace(b"\n", b"") + b"\r\n\r\nx", lambda _: [], NOW
    )
    assert not found.ok
    assert found.why


# The record


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("v=DKIM1; k=rsa; p=", "revoked"),
        ("v=DKIM2; p=abc", "v=DKIM1"),
        ("k=rsa; v=DKIM1; p=abc", "v=DKIM1"),
        ("v=DKIM1; k=rsa", "no key"),
        ("v=DKIM1; k=dsa; p=abc", "unknown"),
        ("v=DKIM1; k=rsa; p=no-base64!", "no rsa key"),
        ("v=DKIM1; k=rsa; p=YWJj", "no rsa key"),
        ("v=DKIM1; k=ed25519; p=YWJj", "no ed25519 key"),
        ("hello", "is no tag"),
        ("v=DKIM1; p=a; p=b", "twice"),
        ("v=spf1 -all", "v=DKIM1"),
    ],
)
def test_a_record_that_is_none_is_replaced(text: str, said: str) -> None:
    check = judge((text,), record(), NAME)
    assert check.ok is False
    assert said in check.says
    assert check.record is not None
    assert check.record.value == record()


def test_no_record_is_told_with_the_one_to_add() -> None:
    check = judge((), record(), NAME)
    assert (check.ok, check.record and check.record.name) == (False, NAME)


def test_several_records_are_one_too_many() -> None:
    assert judge((record(), record(key("rsa", 1))), record(), NAME).ok is False


def test_another_key_than_ours_is_told() -> None:
    check = judge((record(key("rsa", 1)),), record(), NAME)
    assert check.ok is False
    assert "not the key that signs" in check.says


@pytest.mark.parametrize("change", [" ; ", "\t", ";n=a note"])
def test_the_same_key_written_otherwise_is_ours(change: str) -> None:
    text = record().replace("; ", change if change.strip() == ";" else "; ")
    text = text.replace("MIIB", "MIIB\t ") if change == "\t" else text + (change if "n=" in change else "")
    check = judge((text,), record(), NAME)
    assert check.ok is True
    assert "RSA 2048" in check.says


@pytest.mark.parametrize(
    ("tag", "ok"), [("h=sha1", False), ("s=tlsrpt", False), ("t=y", True), ("h=sha1:sha256", True)]
)
def test_what_a_record_allows_is_minded(tag: str, ok: bool) -> None:
    check = judge((f"{record()}; {tag}",), record(), NAME)
    assert check.ok is ok
    assert bool(check.do) is (tag != "h=sha1:sha256")


def test_short_keys_are_told() -> None:
    from base64 import b64encode

    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key_of_1024 = EXAMPLE_KEYS["test._domainkey.football.example.com"][0]
    assert "2048" in judge((key_of_1024,), key_of_1024, NAME).do
    # A modulus of 1023 bits: cryptography makes none, DNS may hold one.
    number = rsa.RSAPublicNumbers(65537, (1 << 1022) + 1).public_key()
    der = number.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    text = f"v=DKIM1; p={b64encode(der).decode()}"
    assert judge((text,), text, NAME).ok is False


def test_a_bare_rsa_key_is_read_too() -> None:
    """RFC 6376 3.6.1 says RSAPublicKey, its examples and everybody say SubjectPublicKeyInfo."""
    from base64 import b64encode

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    whole = KeyRecord.parse(record())
    assert whole.key is not None
    der = whole.key.public_bytes(Encoding.DER, PublicFormat.PKCS1)
    assert KeyRecord.parse(f"p={b64encode(der).decode()}").key == whole.key


@given(st.text(max_size=100))
def test_any_record_is_a_key_or_a_clear_error(text: str) -> None:
    try:
        kind = KeyRecord.parse(text).kind
    except TagError:
        return
    assert kind in {"rsa", "ed25519"}
