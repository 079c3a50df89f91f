"""DKIM: signatures that others verify, keys that are wrong, and what a verifier must not accept."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime

import dkim as dkimpy
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from distributor.errors import ConfigError
from distributor.mail.dkim import Signer, relaxed_body, relaxed_field

KEY = rsa.generate_private_key(65537, 2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
PEM8 = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
ED = ed25519.Ed25519PrivateKey.generate()
ED_PEM = ED.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
AT = datetime(2026, 3, 1, 7, tzinfo=UTC)
HEADERS = [
    (b"From", b' "The Paper"  <news@paper.example>'),
    (b"To", b" reader@example.org"),
    (b"SUBJECT", b" =?utf-8?Q?Ships?=\r\n =?utf-8?Q?_sail?=  "),
    (b"X-Same", b" one"),
    (b"X-Same", b" two"),
]
BODY = b"Hello  there \t\r\n\r\nand\tso on\r\n\r\n\r\n"


def message(signature: bytes, headers: list[tuple[bytes, bytes]], body: bytes) -> bytes:
    return signature + b"".join(name + b":" + value + b"\r\n" for name, value in headers) + b"\r\n" + body


def verifies(data: bytes, signer: Signer) -> bool:
    record = signer.public_record().encode()
    return bool(dkimpy.verify(data, dnsfunc=lambda name, timeout=5: record))


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer.load(PEM, domain="paper.example", selector="s1")


def test_dkimpy_verifies_a_signature(signer: Signer) -> None:
    signature = signer.sign(HEADERS, BODY, at=AT)
    assert signature.startswith(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=paper.example;")
    assert f"t={int(AT.timestamp())};".encode() in signature
    assert all(len(line) <= 78 for line in signature.split(b"\r\n"))
    assert verifies(message(signature, HEADERS, BODY), signer)


@pytest.mark.parametrize("body", [b"", b"\r\n", b"\r\n\r\n", b"no end", b" \r\n", b"a\r\n \t\r\n", BODY])
def test_every_kind_of_body_verifies(signer: Signer, body: bytes) -> None:
    assert verifies(message(signer.sign(HEADERS, body), HEADERS, body), signer)


def test_a_change_in_any_signed_field_or_in_the_body_is_seen(signer: Signer) -> None:
    signature = signer.sign(HEADERS, BODY)
    assert not verifies(message(signature, HEADERS, b"!" + BODY), signer)
    for number in range(len(HEADERS)):
        changed = list(HEADERS)
        changed[number] = (HEADERS[number][0], HEADERS[number][1].rstrip() + b"!")
        assert not verifies(message(signature, changed, BODY), signer)


@pytest.mark.parametrize("name", [b"From", b"Subject", b"To"])
def test_a_second_from_or_subject_above_the_signed_one_is_seen(signer: Signer, name: bytes) -> None:
    signature = signer.sign(HEADERS, BODY)
    assert not verifies(message(signature, [(name, b" other@evil.example"), *HEADERS], BODY), signer)


def test_a_relay_may_fold_and_change_the_case_of_names(signer: Signer) -> None:
    signature = signer.sign(HEADERS, BODY)
    folded = [(b"FROM", b'  "The Paper"\r\n\t<news@paper.example> '), (b"to", HEADERS[1][1]), *HEADERS[2:]]
    assert verifies(message(signature, folded, BODY), signer)


def test_the_same_moment_gives_the_same_signature(signer: Signer) -> None:
    assert signer.sign(HEADERS, BODY, at=AT) == signer.sign(HEADERS, BODY, at=AT)


def test_ed25519_signs_the_hash_as_rfc_8463_says() -> None:
    signer = Signer.load(ED_PEM, domain="paper.example", selector="ed")
    signature = signer.sign(HEADERS, BODY)
    assert b"a=ed25519-sha256;" in signature
    assert signer.public_record().startswith("v=DKIM1; k=ed25519; p=")
    assert len(signer.public_record()) == len("v=DKIM1; k=ed25519; p=") + 44


def test_openssl_reads_the_public_record() -> None:
    signer = Signer.load(PEM8, domain="paper.example", selector="s1")
    key = signer.public_record().partition("p=")[2]
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    assert key == "".join(pem.strip().split("\n")[1:-1])


def test_from_must_be_among_the_fields(signer: Signer) -> None:
    with pytest.raises(ValueError, match="From"):
        signer.sign(HEADERS[1:], BODY)


@pytest.mark.parametrize(
    ("pem", "words"),
    [
        (b"", "not PEM"),
        (b"MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7", "not PEM"),
        (KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), "no private key"),
        (KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")), "encrypted"),
        (PEM[:400] + PEM[-40:], "cannot be read"),
        (
            ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            "neither RSA nor Ed25519",
        ),
    ],
)
def test_a_key_that_cannot_sign_is_told_with_what_is_wrong(pem: bytes, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        Signer.load(pem, domain="paper.example", selector="s1")
    assert "MII" not in str(caught.value)


def test_a_key_that_verifiers_refuse_is_refused(tmp_path: object) -> None:
    done = subprocess.run(["openssl", "genrsa", "-traditional", "768"], capture_output=True)
    if done.returncode:
        pytest.skip("openssl makes no short keys here")
    with pytest.raises(ConfigError, match=r"768 bits|cannot be read"):
        Signer.load(done.stdout, domain="paper.example", selector="s1")


@pytest.mark.parametrize("name", ["", "a b", "a;b", "a..b", "-a", "a\r\nb", "ü" * 70])
def test_a_domain_or_selector_that_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="is no name in the DNS"):
        Signer.load(PEM, domain=name, selector="s1")
    with pytest.raises(ConfigError, match="is no name in the DNS"):
        Signer.load(PEM, domain="paper.example", selector=name)


def test_a_domain_beyond_ascii_is_signed_by_its_ascii_name() -> None:
    assert Signer.load(PEM, domain="Bücher.example", selector="S1").domain == "xn--bcher-kva.example"


FIELD = st.text(" \tab=;:", max_size=30).map(str.encode)


@given(
    FIELD,
    st.lists(st.sampled_from([b" ", b"\t", b"a", b"b", b"\r\n"]), max_size=40).map(
        lambda parts: b"".join(parts) + b"\r\n"
    ),
)
def test_canonical_forms_are_those_of_dkimpy(value: bytes, body: bytes) -> None:
    from dkim.canonicalization import Relaxed

    [(name, expected)] = Relaxed.canonicalize_headers([(b"X-Field", value + b"\r\n")])
    assert relaxed_field(b"X-Field", value) == name + b":" + expected
    assert relaxed_body(body) == Relaxed.canonicalize_body(body)


def test_only_blanks_and_tabs_are_white_space() -> None:
    """RFC 6376 2.8: a form feed at the end of a field is signed like a letter."""
    assert relaxed_field(b"X-Field ", b"\t a\t \r\n b\x0b \t") == b"x-field:a b\x0b\r\n"
