"""Verifies DKIM signatures as a receiver does: RFC 6376 section 6, with RFC 8301 (no SHA-1) and RFC 8463 (Ed25519).

message -> each DKIM-Signature: tags -> key record -> body hash -> header hash -> Proof
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from distributor.mail.checks.keys import LEAST_BITS, KeyRecord, record_name
from distributor.mail.checks.names import within
from distributor.mail.checks.tags import TagError, tags

__all__ = ["Proof", "verify"]

Field = tuple[bytes, bytes]
_NEEDED = ("v", "a", "b", "bh", "d", "h", "s")
_B = re.compile(rb"((?:\A|;)[ \t\r\n]*b[ \t\r\n]*=)[^;]*")
_END = re.compile(rb"(?<!\r\n)(?:\r\n)+\Z|\A(?:\r\n)+\Z")
_LATE = 3600  # seconds that another clock may be ahead
_SPEC = "its signature"


@dataclass(frozen=True, slots=True)
class Proof:
    """What became of one signature. `signed` are the names in h=, lower case; `why` says what failed, "" if nothing."""

    ok: bool
    domain: str = ""
    selector: str = ""
    algorithm: str = ""
    signed: tuple[str, ...] = ()
    why: str = ""


def verify(message: bytes, keys: Callable[[str], Sequence[str]], now: datetime) -> list[Proof]:
    """A proof for each DKIM-Signature of `message` (CRLF line ends), in their order.

    `keys` gives the TXT records at a name, such as `Lookup.txt`; what it raises goes through.
    """
    fields, body = _parted(message)
    found = [place for place, (name, _) in enumerate(fields) if name.strip().lower() == b"dkim-signature"]
    return [_proof(fields, place, body, keys, now) for place in found]


def _proof(
    fields: Sequence[Field], place: int, body: bytes, keys: Callable[[str], Sequence[str]], now: datetime
) -> Proof:
    given: dict[str, str] = {}
    try:
        given = tags(fields[place][1].decode("utf-8", "replace").rstrip("\r\n"))
        _check_tags(given, now)
        _check_body(given, body)
        record = _key(given, keys)
        _check_signature(given, record, _hashed(fields, place, given))
        why = ""
    except TagError as error:
        why = str(error)
    signed = tuple(_names(given.get("h", "")))
    return Proof(not why, given.get("d", "").lower(), given.get("s", ""), given.get("a", ""), signed, why)


def _check_tags(given: Mapping[str, str], now: datetime) -> None:
    missing = [name for name in _NEEDED if name not in given]
    if missing:
        raise TagError(f"{_SPEC} lacks {missing[0]}=")
    if given["v"] != "1":
        raise TagError(f"{_SPEC} is of version {given['v'][:10]!r}")
    if given["a"] not in {"rsa-sha256", "ed25519-sha256"}:
        raise TagError(f"{_SPEC} uses {given['a'][:30]!r}")
    if "from" not in _names(given["h"]):
        raise TagError(f"{_SPEC} does not cover From")
    if not within(_identity(given).lower(), given["d"].lower()):
        raise TagError(f"{_SPEC} is for i= outside of d=")
    if "dns/txt" not in _names(given.get("q", "dns/txt")):
        raise TagError(f"{_SPEC} has its key elsewhere than in DNS (q=)")
    made, ends = _moment(given, "t"), _moment(given, "x")
    if made is not None and made > now.timestamp() + _LATE:
        raise TagError(f"{_SPEC} was made in the future")
    if ends is not None and (ends < now.timestamp() or (made is not None and ends <= made)):
        raise TagError(f"{_SPEC} has expired")


def _check_body(given: Mapping[str, str], body: bytes) -> None:
    _, relaxed = _canons(given)
    text = _relaxed_body(body) if relaxed else _simple_body(body)
    if "l" in given:
        length = _number(given, "l")
        if length > len(text):
            raise TagError("the body is shorter than l= says")
        text = text[:length]
    if hashlib.sha256(text).digest() != _unpacked(given["bh"], "bh"):
        raise TagError("the body was changed")


def _key(given: Mapping[str, str], keys: Callable[[str], Sequence[str]]) -> KeyRecord:
    name = record_name(given["d"], given["s"])
    texts = keys(name)
    if not texts:
        raise TagError(f"there is no key at {name}")
    record = KeyRecord.parse(texts[0])
    if record.key is None:
        raise TagError(f"the key at {name} is revoked")
    if given["a"] != f"{record.kind}-sha256":
        raise TagError(f"the key at {name} is of another kind, {record.kind}")
    if (record.hashes and "sha256" not in record.hashes) or not record.services & {"*", "email"}:
        raise TagError(f"the key at {name} is not for this")
    if "s" in record.flags and _identity(given).lower() != given["d"].lower():
        raise TagError(f"the key at {name} is not for subdomains")
    if record.kind == "rsa" and record.bits < LEAST_BITS:
        raise TagError(f"the key at {name} is too short")
    return record


def _hashed(fields: Sequence[Field], place: int, given: Mapping[str, str]) -> bytes:
    """What the signature signs: the named fields, of those of one name the last first, then itself without b=."""
    relaxed, _ = _canons(given)
    canon = _relaxed_field if relaxed else _simple_field
    left: dict[bytes, list[Field]] = {}
    for number, field in enumerate(fields):
        if number != place:
            left.setdefault(field[0].strip().lower(), []).append(field)
    chosen = (left.get(name.encode(), []) for name in _names(given["h"]))
    text = b"".join(canon(*same.pop()) for same in chosen if same)
    name, value = fields[place]
    return text + canon(name, _B.sub(rb"\1", value, count=1)).removesuffix(b"\r\n")


def _check_signature(given: Mapping[str, str], record: KeyRecord, hashed: bytes) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    signature = _unpacked(given["b"], "b")
    assert record.key is not None
    try:
        if isinstance(record.key, rsa.RSAPublicKey):
            record.key.verify(signature, hashed, padding.PKCS1v15(), hashes.SHA256())
        else:
            record.key.verify(signature, hashlib.sha256(hashed).digest())
    except InvalidSignature:
        raise TagError("the header was changed, or another key signed") from None


def _parted(message: bytes) -> tuple[list[Field], bytes]:
    """The header fields as (name, value with its line ends), and the body."""
    header, _, body = message.partition(b"\r\n\r\n")
    if message.startswith(b"\r\n"):
        header, body = b"", message[2:]
    lines: list[bytes] = []
    for line in header.split(b"\r\n"):
        if line[:1] in {b" ", b"\t"} and lines:
            lines[-1] += b"\r\n" + line
        elif line:
            lines.append(line)
    pairs = (line.partition(b":") for line in lines)
    return [(name, value + b"\r\n") for name, _, value in pairs], body


def _canons(given: Mapping[str, str]) -> tuple[bool, bool]:
    """Whether header and body are relaxed; "simple" for what is not said."""
    header, _, body = given.get("c", "simple/simple").partition("/")
    if not {header, body or "simple"} <= {"simple", "relaxed"}:
        raise TagError(f"{_SPEC} has an unknown c=")
    return header == "relaxed", body == "relaxed"


def _simple_field(name: bytes, value: bytes) -> bytes:
    return name + b":" + value


def _relaxed_field(name: bytes, value: bytes) -> bytes:
    text = re.sub(rb"[ \t]+", b" ", value.replace(b"\r\n", b"")).strip(b" ")
    return name.strip().lower() + b":" + text + b"\r\n"


def _simple_body(body: bytes) -> bytes:
    return _END.sub(b"", body) + b"\r\n"


def _relaxed_body(body: bytes) -> bytes:
    lines = (re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n"))
    text = _END.sub(b"", b"\r\n".join(lines))
    return text + b"\r\n" if text else b""


def _identity(given: Mapping[str, str]) -> str:
    return given.get("i", "@" + given["d"]).rpartition("@")[2]


def _moment(given: Mapping[str, str], name: str) -> int | None:
    return _number(given, name) if name in given else None


def _number(given: Mapping[str, str], name: str) -> int:
    if not re.fullmatch(r"[0-9]{1,12}", given[name]):
        raise TagError(f"{_SPEC} has no number in {name}=")
    return int(given[name])


def _names(text: str) -> list[str]:
    return [name.strip().lower() for name in text.split(":")]


def _unpacked(text: str, name: str) -> bytes:
    try:
        return base64.b64decode(re.sub(r"\s+", "", text), validate=True)
    except (binascii.Error, ValueError):
        raise TagError(f"{_SPEC} has no base64 in {name}=") from None
