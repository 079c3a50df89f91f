"""The DKIM self-test: a sample mail is signed with the configured key, and verified as a receiver would."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import format_datetime

from distributor.errors import ConfigError
from distributor.mail.checks.check import Check, DnsRecord
from distributor.mail.checks.given import Given
from distributor.mail.checks.keys import judge, record_name
from distributor.mail.checks.lookup import Lookup
from distributor.mail.checks.verify import Proof, verify
from distributor.mail.dkim import Signer

__all__ = ["local", "published", "record"]

_BODY = b"A sample mail, which is signed, verified and thrown away.\r\n\r\n.\r\n  Its spaces  count. \r\n"
# RFC 8058 4: the signature must cover both.
_COVERED = ("from", "list-unsubscribe", "list-unsubscribe-post")
_MAKE = "Make one (distributor mail key) and set mail.dkim_key_file."


def record(given: Given) -> DnsRecord | None:
    """The record of the configured key; None where there is no usable one."""
    try:
        signer = _signer(given)
    except ConfigError:
        return None
    return DnsRecord(record_name(signer.domain, signer.selector), "TXT", signer.public_record()) if signer else None


def local(given: Given) -> Iterator[Check]:
    """The key by itself: it loads, signs, and its own public half verifies. Asks nobody."""
    try:
        signer = _signer(given)
    except ConfigError as error:
        yield Check("dkim key", False, str(error), error.hint or _MAKE)
        return
    if signer is None:
        yield Check("dkim key", False, "mail.dkim_key_file is not set: mails are not signed", _MAKE)
        return
    message = _sample(given, signer)
    proof = _proof(message, signer.public_record(), given)
    missing = [name for name in _COVERED if name not in proof.signed]
    if not proof.ok:
        yield Check("dkim key", False, f"the key does not verify what it signs: {proof.why}", _MAKE)
    elif missing:
        yield Check("dkim key", False, f"the signature does not cover {', '.join(missing)}", "Please report this.")
    elif _proof(
        message.replace(b"List-Unsubscribe: <https", b"List-Unsubscribe: <http"), signer.public_record(), given
    ).ok:
        yield Check("dkim key", False, "a changed List-Unsubscribe still verifies", "Please report this.")
    else:
        yield Check("dkim key", True, f"{signer.algorithm}, signs as {signer.selector} of {signer.domain}")


def published(lookup: Lookup, given: Given) -> Iterator[Check]:
    """The key as the world sees it, and a signature verified with it; nothing without a key. Raises Unanswered."""
    try:
        signer = _signer(given)
    except ConfigError:
        return
    if signer is None:
        return
    name = record_name(signer.domain, signer.selector)
    yield judge(lookup.txt(name), signer.public_record(), name)
    proof = verify(_sample(given, signer), lookup.txt, given.now)[0]
    if proof.ok:
        yield Check("dkim", True, f"a sample mail, signed here, verifies with {name}")
    else:
        yield Check("dkim", False, f"a sample mail, signed here, does not verify: {proof.why}")


def _signer(given: Given) -> Signer | None:
    if given.key is None:
        return None
    return Signer.load(given.key, domain=given.dkim_domain, selector=given.selector)


def _proof(message: bytes, text: str, given: Given) -> Proof:
    return verify(message, lambda _: [text], given.now)[0]


def _sample(given: Given, signer: Signer) -> bytes:
    url = f"<https://{given.domain}/unsubscribe/sample>"
    lines = {
        "From": f"A sample <sample@{given.domain}>",
        "To": "reader@reader.example",
        "Subject": "A sample,\r\n in two lines",
        "Date": format_datetime(given.now),
        "Message-ID": f"<sample@{given.domain}>",
        "List-Unsubscribe": url,
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    headers = [(name.encode(), f" {value}\r\n".encode()) for name, value in lines.items()]
    signature = signer.sign(headers, _BODY)
    return b"".join([signature, *(name + b":" + value for name, value in headers), b"\r\n", _BODY])
