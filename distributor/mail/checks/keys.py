"""DKIM keys: made here, published in DNS, read from there (RFC 6376 3.6.1, Ed25519 of RFC 8463)."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from distributor.mail.checks.check import Check, DnsRecord
from distributor.mail.checks.tags import TagError, tags

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

__all__ = ["KeyRecord", "Kind", "judge", "make_key", "record_name"]

Kind = Literal["rsa", "ed25519"]

# RFC 8301: verifiers may refuse less than 1024 bits, signers should use at least 2048.
GOOD_BITS = 2048
LEAST_BITS = 1024


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key as DNS has it. `key` is None where it was revoked (an empty p=)."""

    kind: str
    key: RSAPublicKey | Ed25519PublicKey | None
    hashes: frozenset[str] = frozenset()
    services: frozenset[str] = frozenset({"*"})
    flags: frozenset[str] = frozenset()

    @property
    def bits(self) -> int:
        """The size of an RSA key; 256 for Ed25519."""
        return getattr(self.key, "key_size", 256)

    @classmethod
    def parse(cls, text: str) -> KeyRecord:
        """Raises TagError: no tag list, another version, an unknown kind, a key that is none."""
        found = tags(text)
        if found.get("v", "DKIM1") != "DKIM1" or ("v" in found and next(iter(found)) != "v"):
            raise TagError("its first tag is not v=DKIM1")
        if "p" not in found:
            raise TagError("it has no key (p=)")
        kind = found.get("k", "rsa").lower()
        if kind not in {"rsa", "ed25519"}:
            raise TagError(f"its kind of key, {kind[:20]!r}, is unknown")
        return cls(
            kind,
            _public(kind, found["p"]),
            _words(found.get("h", "")),
            _words(found.get("s", "*")),
            _words(found.get("t", "")),
        )


def make_key(kind: Kind) -> bytes:
    """A new private key as PEM (PKCS #8): RSA of 2048 bits, or Ed25519."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

    key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
    if kind == "rsa":
        key = rsa.generate_private_key(public_exponent=65537, key_size=GOOD_BITS)
    else:
        key = ed25519.Ed25519PrivateKey.generate()
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def record_name(domain: str, selector: str) -> str:
    return f"{selector}._domainkey.{domain}"


def judge(texts: tuple[str, ...], ours: str, name: str) -> Check:
    """What DNS has at `name`, beside `ours`, the record that belongs to the key that signs."""
    publish = DnsRecord(name, "TXT", ours)
    replace = DnsRecord(name, "TXT", ours, f"replaces the TXT record at {name}")
    if not texts:
        return Check("dkim record", False, f"there is no key at {name}", "Publish it: the record is below.", publish)
    if len(texts) > 1:
        said = f"{len(texts)} TXT records at {name}, and receivers may take any"
        return Check("dkim record", False, said, "Keep only the one below.", replace)
    try:
        record, mine = KeyRecord.parse(texts[0]), KeyRecord.parse(ours)
    except TagError as error:
        return Check("dkim record", False, f"{name}: {error}", "Publish the one below instead.", replace)
    if record.key is None:
        return Check("dkim record", False, f"{name} is revoked (p= is empty)", _NEW, replace)
    if record.key != mine.key:
        said = f"{name} is not the key that signs here: every signature fails"
        return Check("dkim record", False, said, "Publish the record below, or use another dkim_selector.", replace)
    return _usable(record, name, replace)


_NEW = "Make a new key under a new selector (distributor mail key --selector NAME), or publish the one below."


def _usable(record: KeyRecord, name: str, replace: DnsRecord) -> Check:
    """The right key; may it be used for mail, with SHA-256, and is it strong enough?"""
    if record.hashes and "sha256" not in record.hashes:
        return Check("dkim record", False, f"{name} does not allow sha256 (h=)", "Publish the one below.", replace)
    if not record.services & {"*", "email"}:
        return Check("dkim record", False, f"{name} is not for email (s=)", "Publish the one below.", replace)
    size = f"RSA {record.bits}" if record.kind == "rsa" else "Ed25519"
    says = f"{name}: {size}, the key that signs here"
    if record.kind == "rsa" and record.bits < LEAST_BITS:
        return Check("dkim record", False, f"{says}, too short: receivers refuse it", _NEW)
    if "y" in record.flags:
        return Check(
            "dkim record", True, f"{says}, in test mode (t=y)", "Publish the one below once all is well.", replace
        )
    if record.kind == "rsa" and record.bits < GOOD_BITS:
        return Check("dkim record", True, says, f"RFC 8301 asks for {GOOD_BITS} bits: make a new key in time.")
    if record.kind == "ed25519":
        return Check("dkim record", True, says, "Many receivers cannot verify Ed25519 yet; RSA is known to all.")
    return Check("dkim record", True, says)


def _public(kind: str, text: str) -> RSAPublicKey | Ed25519PublicKey | None:
    """The key of a p= tag. RSA as SubjectPublicKeyInfo, or the bare RSAPublicKey of RFC 6376's text."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

    if not text:
        return None
    try:
        raw = base64.b64decode(re.sub(r"\s+", "", text), validate=True)
        if kind == "ed25519":
            return ed25519.Ed25519PublicKey.from_public_bytes(raw)
        key = serialization.load_der_public_key(raw)
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        raise TagError(f"its key (p=) is no {kind} key") from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise TagError(f"its key (p=) is no {kind} key")
    return key


def _words(text: str) -> frozenset[str]:
    return frozenset(word.strip().lower() for word in text.split(":") if word.strip())
