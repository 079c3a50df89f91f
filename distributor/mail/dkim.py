"""DKIM signatures (RFC 6376), relaxed/relaxed, by RSA-SHA256 and Ed25519-SHA256 (RFC 8463).

`Signer.sign` takes any message. Many messages with the same fields are signed through a `Stamp`: its fixed text is
made once, and each message costs one body hash and one signature.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from binascii import b2a_base64
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Self

from distributor.errors import ConfigError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

__all__ = ["Signer", "Stamp", "relaxed_body", "relaxed_field"]

SHORTEST = 1024  # bits; RFC 8301: verifiers must not take less
_WSP = re.compile(rb"[ \t]+")
_LABELS = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9_-]{1,63}(?<!-))*")


def relaxed_field(name: bytes, value: bytes) -> bytes:
    """RFC 6376 3.4.2, with its CRLF."""
    unfolded = value.replace(b"\r\n", b"").replace(b"\n", b"")
    return name.strip(b" \t").lower() + b":" + _WSP.sub(b" ", unfolded).strip(b" ") + b"\r\n"


def relaxed_body(body: bytes) -> bytes:
    """RFC 6376 3.4.4, of a body with CRLF line ends."""
    lines = [_WSP.sub(b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)


@dataclass(frozen=True, slots=True)
class Signer:
    """One key of one domain, found by verifiers at `selector._domainkey.domain`."""

    domain: str
    selector: str
    algorithm: str
    public: str
    _sign: Callable[[bytes], bytes]

    @classmethod
    def load(cls, pem: bytes, *, domain: str, selector: str) -> Self:
        """A signer from a private key in PEM (PKCS #1 or #8). ConfigError says what is wrong with it."""
        from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

        domain = _name(domain, "domain")
        selector = _name(selector, "selector")
        key = _loaded(pem)
        if isinstance(key, rsa.RSAPrivateKey):
            if key.key_size < SHORTEST:
                hint = "make one of 2048 bits: distributor mail key (or openssl genrsa -out dkim.pem 2048)"
                raise ConfigError(f"the DKIM key has {key.key_size} bits; verifiers refuse less than 1024", hint=hint)
            return cls(domain, selector, "rsa-sha256", _rsa_public(key), _rsa(key))
        if isinstance(key, ed25519.Ed25519PrivateKey):
            raw = key.public_key().public_bytes_raw()
            return cls(domain, selector, "ed25519-sha256", b64encode(raw).decode(), _ed25519(key))
        raise ConfigError("the DKIM key is neither RSA nor Ed25519: no verifier knows others")

    def public_record(self) -> str:
        """The value of the TXT record at `selector._domainkey.domain`."""
        kind = self.algorithm.partition("-")[0]
        return f"v=DKIM1; k={kind}; p={self.public}"

    def sign(self, headers: Sequence[tuple[bytes, bytes]], body: bytes, *, at: datetime | None = None) -> bytes:
        """The DKIM-Signature field, with its CRLF, over all of these fields (names and values as they stand in the
        message, in its order) and the body. Sent above them. `at` goes into t=.
        """
        names = [name.strip().lower() for name, _ in headers]
        stamp = self.stamp(names, at=at)
        # Of fields with one name, the last is signed first (5.4.2).
        rows: dict[bytes, list[bytes]] = {}
        for name, (raw, value) in zip(names, headers, strict=True):
            rows.setdefault(name, []).append(relaxed_field(raw, value))
        canonical = b"".join(rows[name].pop() for name in names)
        digest = hashlib.sha256(relaxed_body(body)).digest()
        return stamp.field(canonical, b64encode(digest))

    def stamp(self, names: Sequence[bytes], *, at: datetime | None = None) -> Stamp:
        """What signs messages that have these fields, in this order. Each name is signed once more than it occurs, so
        that nobody can add another From or Subject above the signed one (5.4, 8.15).
        """
        if b"from" not in names:
            raise ValueError("DKIM must sign From (RFC 6376 5.4)")
        signed = [*names, *Counter(names)]
        moment = f" t={int(at.timestamp())};" if at else ""
        head = (
            f"v=1; a={self.algorithm}; c=relaxed/relaxed; d={self.domain};\r\n"
            f" s={self.selector};{moment} i=@{self.domain};\r\n h="
        ).encode() + _folded_names(signed)
        return Stamp(self._sign, head + b";\r\n bh=")


class Stamp:
    """The fixed text of a signature, and the key."""

    __slots__ = ("_canonical", "_head", "_sign")

    def __init__(self, sign: Callable[[bytes], bytes], head: bytes) -> None:
        self._sign = sign
        self._head = b"DKIM-Signature: " + head
        self._canonical = relaxed_field(b"DKIM-Signature", head).removesuffix(b"\r\n")

    def field(self, canonical: bytes, body_hash: bytes) -> bytes:
        """The field for one message: its canonical fields in the stamp's order, and its body's hash in base64."""
        signature = b2a_base64(self._sign(b"%b%b%b; b=" % (canonical, self._canonical, body_hash)), newline=False)
        lines = [signature[start : start + 72] for start in range(0, len(signature), 72)]
        return b"%b%b;\r\n b=%b\r\n" % (self._head, body_hash, b"\r\n ".join(lines))


def _folded_names(names: Sequence[bytes]) -> bytes:
    lines, length = [names[0]], len(names[0]) + 3
    for name in names[1:]:
        if length + len(name) > 72:
            lines.append(b"\r\n  ")
            length = 2
        lines.append(b":" + name)
        length += len(name) + 1
    return b"".join(lines)


def _name(value: str, what: str) -> str:
    if not value.isascii():
        import idna

        try:
            value = idna.encode(value, uts46=True).decode("ascii")
        except idna.IDNAError as error:
            raise ConfigError(f"the DKIM {what} {value!r} is no name in the DNS: {error}") from None
    if not _LABELS.fullmatch(value) or len(value) > 253:
        raise ConfigError(f"the DKIM {what} {value!r} is no name in the DNS")
    return value.lower()


def _loaded(pem: bytes) -> PrivateKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    hint = "make one: distributor mail key (or openssl genrsa -out dkim.pem 2048)"
    if b"-----BEGIN " not in pem:
        raise ConfigError("the DKIM key is not PEM: it has no line -----BEGIN PRIVATE KEY-----", hint=hint)
    if b"PRIVATE KEY-----" not in pem:
        raise ConfigError("the DKIM key's file holds no private key; the public one belongs into the DNS", hint=hint)
    try:
        return load_pem_private_key(pem, password=None)
    except TypeError:
        hint = "take the passphrase off: openssl pkey -in dkim.pem -out plain.pem"
        raise ConfigError("the DKIM key is encrypted", hint=hint) from None
    except (ValueError, UnsupportedAlgorithm) as error:
        reason = str(error).partition("(")[0].strip().rstrip(".") or "cut short or damaged"
        raise ConfigError(f"the DKIM key cannot be read: {reason[:120]}", hint=hint) from None


def _rsa(key: PrivateKeyTypes) -> Callable[[bytes], bytes]:
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    assert isinstance(key, rsa.RSAPrivateKey)
    sign, padding, algorithm = key.sign, PKCS1v15(), SHA256()
    return lambda data: sign(data, padding, algorithm)


def _ed25519(key: PrivateKeyTypes) -> Callable[[bytes], bytes]:
    from cryptography.hazmat.primitives.asymmetric import ed25519

    assert isinstance(key, ed25519.Ed25519PrivateKey)
    sign, sha256 = key.sign, hashlib.sha256
    return lambda data: sign(sha256(data).digest())


def _rsa_public(key: PrivateKeyTypes) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    data = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return b64encode(data).decode()
