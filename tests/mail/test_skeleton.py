"""The skeleton: one mail for many, signed for each, read back by the standard library and verified by dkimpy."""

from __future__ import annotations

import email
import email.policy
import subprocess
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import dkim as dkimpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.mail import CLICK, MARKER
from distributor.mail.checks.verify import verify
from distributor.mail.dkim import Signer, relaxed_body
from distributor.mail.dots import stuffed
from distributor.mail.skeleton import Identity, Skeleton
from distributor.model import Message
from tests.mail.test_dkim import ED_PEM, PEM
from tests.servers import program

AT = datetime(2026, 3, 1, 7, 0, 0, 999, tzinfo=UTC)
TOKEN = "abcdefghijklmnopqrstuvwxyz-_"
LINK = f"https://go.paper.example/r/{MARKER}"
HTML = f'<html lang="fr"><body style="color: #111">\n<p>Météo…  <a href="{LINK}/1?a=b">lire</a></p>\n.\n</body></html>'
MESSAGE = Message(text=f"Météo…\n.\nFrom here\n{LINK}\n", html=HTML, subject="Météo: ça souffle", language="fr")
LIST = Identity(
    from_='"The Paper, Ltd" <news@paper.example>',
    reply_to="desk@paper.example",
    list_id="The Paper daily <daily.paper.example>",
    feedback_id="d:1:paper",
)
PLAIN = Identity(from_="news@paper.example")
ARGUMENTS = {
    "to": "reader@example.org",
    "message_id": "<d.1.0@paper.example>",
    "token": TOKEN,
    "unsubscribe": f"https://go.paper.example/u/{TOKEN}",
}
SIGNER = Signer.load(PEM, domain="paper.example", selector="s1")


def made(message: Message = MESSAGE, identity: Identity = LIST, **changes: str) -> bytes:
    return Skeleton(message, identity, [SIGNER], date=AT).content(**{**ARGUMENTS, **changes})


def parsed(content: bytes) -> EmailMessage:
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def verifies(content: bytes, signer: Signer = SIGNER) -> bool:
    record = signer.public_record().encode()
    return bool(dkimpy.verify(content, dnsfunc=lambda name, timeout=5: record))


def test_the_mail_says_who_what_when_and_how_to_leave() -> None:
    message = parsed(made())
    assert message["From"] == '"The Paper, Ltd" <news@paper.example>'
    assert message["To"] == "reader@example.org"
    assert message["Subject"] == "Météo: ça souffle"
    assert message["Date"].datetime == AT.replace(microsecond=0)
    assert message["Message-ID"] == "<d.1.0@paper.example>"
    assert message["Reply-To"] == "desk@paper.example"
    assert message["List-Id"] == "The Paper daily <daily.paper.example>"
    assert message["List-Unsubscribe"] == f"<https://go.paper.example/u/{TOKEN}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "fr"
    assert message["Feedback-ID"] == "d:1:paper"
    assert message["MIME-Version"] == "1.0"
    assert len(message.keys()) == len(set(message.keys()))


def test_plain_text_comes_first_and_both_parts_come_back_with_the_readers_token() -> None:
    message = parsed(made())
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    texts = [part.get_content().replace("\r\n", "\n") for part in message.iter_parts()]
    # The last line end before a boundary is the boundary's (RFC 2046 5.1.1).
    assert texts == [MESSAGE.text.replace(MARKER, TOKEN).removesuffix("\n"), HTML.replace(MARKER, TOKEN)]


@pytest.mark.parametrize(
    "message", [Message(text="Only text", subject="x"), Message(text="", html="<p>x</p>", subject="x")]
)
def test_a_mail_with_one_part_is_no_multipart(message: Message) -> None:
    content = made(message)
    assert not parsed(content).is_multipart()
    assert parsed(content).get_content().strip() in {"Only text", "<p>x</p>"}
    assert verifies(content)


def test_dkimpy_verifies_it_and_fails_it_when_a_way_out_is_changed() -> None:
    content = made()
    assert verifies(content)
    for old, new in (
        (b"List-Unsubscribe: <https://go", b"List-Unsubscribe: <https://no"),
        (b"=One-Click", b"=Two-Click"),
        (b"To: reader@", b"To: someone@"),
        (b"<d.1.0@", b"<d.1.1@"),
        (b"Feedback-ID: d", b"Feedback-ID: e"),
        (b"souffle", b"calme"),
        (b"lire", b"rire"),
    ):
        assert old in content
        assert not verifies(content.replace(old, new)), old


def test_a_field_added_above_fails_it() -> None:
    for field in (b"From: other@evil.example\r\n", b"Subject: other\r\n", b"List-Unsubscribe: <https://evil>\r\n"):
        assert not verifies(field + made())


def test_two_keys_sign_one_mail_and_a_second_verifier_agrees() -> None:
    second = Signer.load(ED_PEM, domain="paper.example", selector="ed")
    content = Skeleton(MESSAGE, LIST, [SIGNER, second], date=AT).content(**ARGUMENTS)
    records = {
        "s1._domainkey.paper.example": [SIGNER.public_record()],
        "ed._domainkey.paper.example": [second.public_record()],
    }
    proofs = verify(content, lambda name: records[name], AT)
    assert [(proof.ok, proof.algorithm) for proof in proofs] == [(True, "rsa-sha256"), (True, "ed25519-sha256")]
    assert "list-unsubscribe" in proofs[0].signed
    changed = verify(content.replace(b"=One-Click", b"=Two-Click"), lambda name: records[name], AT)
    assert [proof.ok for proof in changed] == [False, False]


@pytest.mark.server("opendkim")
def test_opendkim_verifies_it_and_fails_it_when_a_way_out_is_changed(tmp_path: Path) -> None:
    (tmp_path / "dns").write_text(f"s1._domainkey.paper.example {SIGNER.public_record()}\n")
    (tmp_path / "conf").write_text(f"Mode v\nTestDNSData {tmp_path}/dns\nSocket local:{tmp_path}/socket\n")
    told = []
    for content in (made(), made().replace(b"List-Unsubscribe: <https://go", b"List-Unsubscribe: <https://no")):
        (tmp_path / "mail").write_bytes(content)
        command = [program("opendkim"), "-x", str(tmp_path / "conf"), "-t", str(tmp_path / "mail"), "-v"]
        told.append(subprocess.run(command, capture_output=True, text=True, timeout=60).stdout)
    assert "verification (s=s1, d=paper.example, 2048-bit key) succeeded" in told[0]
    assert "failed: signature verification failed" in told[1]


def test_the_same_arguments_give_the_same_bytes_and_another_reader_others() -> None:
    assert made() == made()
    assert made() != made(to="other@example.org")
    assert made().count(b"other@example.org") == 0


def test_without_keys_it_is_not_signed() -> None:
    content = Skeleton(MESSAGE, LIST, date=AT).content(**ARGUMENTS)
    assert content.startswith(b"From: ")
    assert made().endswith(content)


def test_what_the_skeleton_makes_needs_neither_stuffing_nor_canonicalising() -> None:
    content = made()
    assert stuffed(bytes(content)) == content
    body = content.partition(b"\r\n\r\n")[2]
    assert relaxed_body(body) == body
    assert content.isascii()
    assert all(len(line) <= 78 for line in content.split(b"\r\n"))


def test_a_letter_that_is_no_lists_has_no_way_out_of_it() -> None:
    arguments = {**ARGUMENTS, "unsubscribe": ""}
    message = parsed(Skeleton(MESSAGE, PLAIN, [SIGNER], date=AT).content(**arguments))
    assert not any(name.startswith("List-") for name in message.keys())  # noqa: SIM118
    with pytest.raises(ValueError, match="of a list"):
        Skeleton(MESSAGE, PLAIN, date=AT).content(**ARGUMENTS)


def test_a_letter_of_a_list_always_has_one() -> None:
    with pytest.raises(ValueError, match="unsubscribe"):
        made(unsubscribe="")


def test_a_mail_address_may_stand_beside_the_web_one() -> None:
    content = made(mailto=f"mailto:leave+{TOKEN}@paper.example?subject=leave")
    assert parsed(content)["List-Unsubscribe"].count("<") == 2
    assert verifies(content)


def test_a_messages_own_headers_are_signed_too_and_may_replace_what_is_optional() -> None:
    own = {"List-Archive": "<https://paper.example/archive>", "Feedback-ID": "other:paper", "List-Id": "a.b.example"}
    content = made(Message(text="x", html="<p>x</p>", subject="x", headers=own))
    message = parsed(content)
    assert message["List-Archive"] == "<https://paper.example/archive>"
    assert message.get_all("Feedback-ID") == ["other:paper"]
    assert message.get_all("List-Id") == ["<a.b.example>"]
    assert verifies(content)
    assert not verifies(content.replace(b"paper.example/archive", b"evil.example/archive"))


def test_addresses_beyond_ascii() -> None:
    assert parsed(made(to="reader@bücher.example"))["To"] == "reader@xn--bcher-kva.example"
    content = made(to="δοκιμή@bücher.example")
    assert "To: δοκιμή@xn--bcher-kva.example".encode() in content
    assert verifies(content)


@pytest.mark.parametrize("mark", ["\r\n", "\n", "\r", "\x00", "\x85", "\u2028", "\u2029", " ", "\t"])
@pytest.mark.parametrize("name", ["to", "message_id", "token", "unsubscribe", "mailto"])
def test_no_value_of_a_reader_can_begin_another_line(name: str, mark: str) -> None:
    value = {**ARGUMENTS, "mailto": "mailto:a@b.example"}[name]
    middle = len(value) // 2
    with pytest.raises(ValueError):
        made(**{name: value[:middle] + mark + value[middle:]})
    with pytest.raises(ValueError):
        made(**{name: value + mark})


@pytest.mark.parametrize("mark", ["\r\n", "\n", "\x00", "\x85", "\u2028"])
def test_no_setting_and_no_fixed_header_can_begin_another_line(mark: str) -> None:
    for identity in (
        Identity(from_=f"x{mark}y <news@paper.example>"),
        Identity(from_="news@paper.example", reply_to=f"x{mark} <news@paper.example>"),
        Identity(from_="news@paper.example", list_id=f"x{mark} <daily.paper.example>"),
        Identity(from_="news@paper.example", feedback_id=f"x{mark}y"),
        Identity(from_="news@paper.example", auto_submitted=f"x{mark}y"),
    ):
        with pytest.raises(ValueError):
            Skeleton(MESSAGE, identity, date=AT)
    for headers in ({"X-One": f"a{mark}b"}, {f"X-One{mark}": "a"}):
        with pytest.raises(ValueError):
            Skeleton(Message(text="x", subject="x", headers=headers), PLAIN, date=AT)
    with pytest.raises(ValueError):
        Skeleton(Message(text="x", subject="x", language=f"fr{mark}"), PLAIN, date=AT)


@pytest.mark.parametrize("name", ["From", "bcc", "Subject", "DKIM-Signature", "Content-Type", "list-unsubscribe"])
def test_a_message_cannot_replace_what_the_engine_says(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Skeleton(Message(text="x", subject="x", headers={name: "x"}), PLAIN, date=AT)


def test_a_marker_outside_of_the_text_is_told_when_the_skeleton_is_made() -> None:
    with pytest.raises(ValueError, match="not in a header"):
        Skeleton(Message(text="x", subject=f"x {MARKER}"), PLAIN, date=AT)


def test_a_text_without_a_marker_needs_no_token() -> None:
    skeleton = Skeleton(Message(text="x", subject="x"), PLAIN, date=AT)
    assert not skeleton.personal
    assert skeleton.content(to="a@b.example", message_id="<1@b.example>")
    with pytest.raises(ValueError, match="token"):
        Skeleton(MESSAGE, PLAIN, date=AT).content(to="a@b.example", message_id="<1@b.example>")


@pytest.mark.parametrize("click", ["", "short", "a" * 27 + "!"])
def test_a_mail_whose_clicks_are_counted_needs_its_token(click: str) -> None:
    counted = Skeleton(Message(text=f"/r/x/{CLICK}", subject="x"), PLAIN, date=AT)
    assert (counted.counted, counted.personal) == (True, False)
    with pytest.raises(ValueError, match="token"):
        counted.content(to="a@b.example", message_id="<1@b.example>", click=click)


def test_the_identity_gives_stable_message_ids() -> None:
    assert LIST.message_id("d.1.0") == "<d.1.0@paper.example>"
    assert Identity(from_="n@bücher.example").message_id("1") == "<1@xn--bcher-kva.example>"
    assert Identity(from_="n@a.example", domain="b.example").message_id("1") == "<1@b.example>"


TEXT = st.lists(
    st.sampled_from(["Été", " ", "  ", "\n", ".", "From ", "=", MARKER, CLICK, "x" * 60, "\t", "日本"]), max_size=60
)


TOKENS = st.text("ABCabc019-_", min_size=28, max_size=28)


@given(TEXT.map("".join), TEXT.map("".join), TOKENS, TOKENS)
def test_whatever_the_text_is_it_comes_back_and_verifies(text: str, html: str, token: str, click: str) -> None:
    content = made(Message(text=f"a{text}", html=f"b{html}", subject="x"), token=token, click=click)
    parts = [part.get_content() for part in parsed(content).iter_parts()]
    for part, said in zip(parts, (f"a{text}", f"b{html}"), strict=True):
        assert part.replace("\r\n", "\n").removesuffix("\n") == said.replace(MARKER, token).replace(
            CLICK, click
        ).removesuffix("\n")
    assert stuffed(bytes(content)) == content
    assert verifies(content)
