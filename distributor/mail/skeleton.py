"""One mail as it is for everybody of a segment, with slots for what differs from reader to reader.

    Skeleton(message, identity, signers, date)    once: MIME, encoding, canonical forms
        .content(to, message_id, token, ...)      per reader: bytes joined, one body hash, one signature

The parts are encoded so that their bytes are their own canonical form (see quoted.py): nothing is canonicalised twice.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from binascii import b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from distributor.mail import CLICK, MARKER
from distributor.mail.dkim import Signer, relaxed_body, relaxed_field
from distributor.mail.dots import Clean
from distributor.mail.headers import address_field, checked, mailbox, one_line, phrase_field, text_field, wire_address
from distributor.mail.quoted import quoted_printable
from distributor.model import Message

__all__ = ["Identity", "Skeleton"]

_SLOTS = re.compile(rb"(%b|%b)" % (MARKER.encode(), CLICK.encode()))
_TOKEN = re.compile(rf"[A-Za-z0-9_-]{{{len(MARKER)}}}").fullmatch
_MESSAGE_ID = re.compile(r"<[!-;=?A-~]{1,180}@[!-;=?A-~]{1,180}>").fullmatch
_LINK = re.compile(r"https?://[!-;=?-~]{1,900}").fullmatch
_MAILTO = re.compile(r"mailto:[!-+\--;=?-~]{1,900}").fullmatch
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*").fullmatch
# What is made here; a message's own headers cannot replace it.
_OURS = frozenset(
    {"from", "to", "cc", "bcc", "sender", "subject", "date", "message-id", "mime-version", "return-path", "received"}
    | {"list-unsubscribe", "list-unsubscribe-post", "dkim-signature"}
    | {"content-type", "content-transfer-encoding", "content-disposition"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who writes, as the settings say it. `from_` and `reply_to`: `"The Paper" <news@paper.example>`.

    `domain` is for Message-IDs; left empty, it is From's. `list_id` (RFC 2919) makes it bulk mail: then every letter
    must have an address to unsubscribe at. `feedback_id` is for Gmail's reports.
    """

    from_: str
    domain: str = ""
    reply_to: str = ""
    list_id: str = ""
    feedback_id: str = ""
    auto_submitted: str = "auto-generated"
    precedence: str = ""

    def message_id(self, key: str) -> str:
        """The Message-ID for a key of letters, digits, dots and dashes: the same key, the same id."""
        domain = self.domain or mailbox(self.from_, "from")[1].rpartition("@")[2]
        return f"<{key}@{domain}>"


class Skeleton:
    """The mail of one segment. ValueError where a value cannot be in a header; `message.subject` is cleaned instead.

    `message.text` is the plain-text part, `message.html` the HTML document; one of them may be empty. In them `MARKER`
    stands for the reader's token, `CLICK` for that of the mail. `message.headers` are further fields for every reader.
    `date` is frozen, so that a retry has the same bytes.
    """

    __slots__ = ("_above", "_below", "_bulk", "_first", "_fixed", "_hash", "_pieces", "_slots", "_stamps")

    def __init__(
        self,
        message: Message,
        identity: Identity,
        signers: Sequence[Signer] = (),
        *,
        date: datetime,
        boundary: str = "",
    ) -> None:
        above, below = _fixed_fields(message, identity, date)
        content_type, body = _mime(message, boundary)
        below += [b"MIME-Version: 1.0\r\n", *content_type]
        self._above, self._below = b"".join(above), b"".join(below)
        self._bulk = any(field.lower().startswith(b"list-id:") for field in below)
        # What stands between the slots, and which token goes into each: text, slot, text, slot, ..., text.
        self._pieces = _SLOTS.split(body)
        self._slots = [piece == CLICK.encode() for piece in self._pieces[1::2]]
        self._first = len(self._pieces[0])
        self._hash = hashlib.sha256(self._pieces[0])
        fixed = [_split(field) for field in (*above, *below)]
        self._fixed = b"".join(relaxed_field(name, value) for name, value in fixed)
        varying = [b"to", b"message-id"] + [b"list-unsubscribe", b"list-unsubscribe-post"] * self._bulk
        names = [name.lower() for name, _ in fixed] + varying
        self._stamps = [signer.stamp(names, at=date) for signer in signers]

    @property
    def personal(self) -> bool:
        """Whether the text has a slot for a reader's token."""
        return False in self._slots

    @property
    def counted(self) -> bool:
        """Whether the text has a slot for the token of the mail."""
        return True in self._slots

    def content(
        self, *, to: str, message_id: str, token: str = "", click: str = "", unsubscribe: str = "", mailto: str = ""
    ) -> bytes:
        """The signed mail for one reader, CRLF line ends, the same bytes for the same arguments.

        `token` and `click` are as long as MARKER, of letters, digits, - and _. `unsubscribe` is an https address that
        takes the POST of RFC 8058, `mailto` a mailto: address beside it; both only for, and the first always for, mail
        of a list.
        """
        fields, canonical = self._varying(to, message_id, unsubscribe, mailto)
        if not _TOKEN(token) and (token or self.personal):
            raise ValueError(f"a reader's token has {len(MARKER)} letters, digits, - or _")
        if not _TOKEN(click) and (click or self.counted):
            raise ValueError(f"a mail's token has {len(CLICK)} letters, digits, - or _")
        body = self._filled(token.encode(), click.encode())
        if not self._stamps:
            return Clean(b"".join((self._above, fields, self._below, b"\r\n", body)))
        digest = self._hash.copy()
        digest.update(memoryview(body)[self._first :])
        body_hash = b2a_base64(digest.digest(), newline=False)
        canonical = self._fixed + canonical
        signatures = [stamp.field(canonical, body_hash) for stamp in self._stamps]
        return Clean(b"".join((*signatures, self._above, fields, self._below, b"\r\n", body)))

    def _filled(self, token: bytes, click: bytes) -> bytes:
        pieces = self._pieces.copy()
        pieces[1::2] = [click if slot else token for slot in self._slots]
        return b"".join(pieces)

    def _varying(self, to: str, message_id: str, unsubscribe: str, mailto: str) -> tuple[bytes, bytes]:
        """The reader's own fields, and their canonical form."""
        if not _MESSAGE_ID(message_id):
            raise ValueError(f"{message_id[:80]!r} is no Message-ID")
        address = wire_address(to).encode()
        identifier = message_id.encode()
        fields = b"To: %b\r\nMessage-ID: %b\r\n" % (address, identifier)
        canonical = b"to:%b\r\nmessage-id:%b\r\n" % (address, identifier)
        if not self._bulk:
            if unsubscribe or mailto:
                raise ValueError("only mail of a list (identity.list_id) has an address to unsubscribe at")
            return fields, canonical
        wrong = [unsubscribe] * (not _LINK(unsubscribe)) + [mailto] * bool(mailto and not _MAILTO(mailto))
        if wrong:
            raise ValueError(f"{wrong[0][:80]!r} is no address to unsubscribe at")
        links = f"<{unsubscribe}>,\r\n <{mailto}>".encode() if mailto else f"<{unsubscribe}>".encode()
        return (
            b"%bList-Unsubscribe: %b\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" % (fields, links),
            b"%blist-unsubscribe:%b\r\nlist-unsubscribe-post:List-Unsubscribe=One-Click\r\n"
            % (canonical, links.replace(b"\r\n", b"")),
        )


def _fixed_fields(message: Message, identity: Identity, date: datetime) -> tuple[list[bytes], list[bytes]]:
    """The fields above and below the reader's own."""
    own = {name.lower(): name for name in message.headers}
    for name in own:
        if name in _OURS:
            raise ValueError(f"{own[name]} cannot be among a message's own headers")
    above = [
        address_field("From", identity.from_),
        text_field("Subject", one_line(message.subject)),
        b"Date: " + format_datetime(date.astimezone(UTC).replace(microsecond=0)).encode() + b"\r\n",
    ]
    below = []
    if identity.reply_to and "reply-to" not in own:
        below.append(address_field("Reply-To", identity.reply_to))
    if identity.list_id and "list-id" not in own:
        below.append(_list_id(identity.list_id))
    if message.language and "content-language" not in own:
        if not _LANGUAGE(message.language):
            raise ValueError(f"{message.language[:40]!r} is no language tag")
        below.append(text_field("Content-Language", message.language))
    said = {
        "Auto-Submitted": identity.auto_submitted,
        "Precedence": identity.precedence,
        "Feedback-ID": identity.feedback_id,
    }
    below += [text_field(name, value) for name, value in said.items() if value and name.lower() not in own]
    below += [_own_field(name, value) for name, value in message.headers.items()]
    if any(_SLOTS.search(field) for field in (*above, *below)):
        raise ValueError("a token can stand in the text and the HTML, not in a header")
    return above, below


def _own_field(name: str, value: str) -> bytes:
    if name.lower() == "reply-to":
        return address_field(name, value)
    return _list_id(value) if name.lower() == "list-id" else text_field(name, value)


def _list_id(value: str) -> bytes:
    """RFC 2919: an optional phrase, and the list's own name, like that of a host, in angle brackets."""
    phrase, bracket, name = checked(value, "List-Id").rpartition("<")
    name = name.strip().removesuffix(">") if bracket else value.strip()
    if not re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+", name) or len(name) > 253:
        raise ValueError(f'List-Id: {value[:80]!r} is none; write it like "The Paper <daily.paper.example>"')
    return phrase_field("List-Id", phrase.strip().strip('"'), f"<{name}>")


def _mime(message: Message, boundary: str) -> tuple[list[bytes], bytes]:
    """The fields that describe the body, and the body."""
    parts = [(kind, quoted_printable(text)) for kind, text in (("plain", message.text), ("html", message.html)) if text]
    if len(parts) < 2:
        kind, body = parts[0] if parts else ("plain", b"")
        return _part_fields(kind), relaxed_body(body)
    # "=_" cannot occur in quoted-printable text (RFC 2045 6.7), so no boundary line can occur in a part.
    seed = b64encode(hashlib.sha256(b"\0".join(body for _, body in parts)).digest()[:15], b"ab")
    boundary = checked(boundary, "boundary") or f"=_{seed.decode()}"
    if not re.fullmatch(r"=_[A-Za-z0-9_]{1,60}", boundary):
        raise ValueError(f'{boundary!r} is no boundary: "=_" and up to 60 letters or digits')
    pieces = [b"This is a message in several parts, in MIME.\r\n"]
    for kind, text in parts:
        pieces.append(b"".join((b"--", boundary.encode(), b"\r\n", *_part_fields(kind), b"\r\n", text)))
    pieces.append(f"--{boundary}--\r\n".encode())
    return [f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n'.encode()], b"".join(pieces)


def _part_fields(kind: str) -> list[bytes]:
    return [
        f"Content-Type: text/{kind}; charset=utf-8\r\n".encode(),
        b"Content-Transfer-Encoding: quoted-printable\r\n",
    ]


def _split(field: bytes) -> tuple[bytes, bytes]:
    name, _, value = field.partition(b":")
    return name, value.removesuffix(b"\r\n")
