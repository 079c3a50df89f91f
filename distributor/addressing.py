"""Mail addresses as readers type them: checked, written alike, and told apart. Pure.

normalised("  Jane.Doe@EXAMPLE.org ") -> Address("Jane.Doe@example.org", "jane.doe@example.org", "example.org")

What RFC 5321 allows and the network carries is taken: internationalised domains (RFC 5890), local parts beyond ASCII
(RFC 6531), quoted ones. What nobody can have a mailbox at, or what could be read as more than one address, is refused:
control and invisible characters, names beside the address, comments, address literals, domains without a dot.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

__all__ = ["LONGEST", "LONGEST_LOCAL", "Address", "address_key", "normalised"]

LONGEST, LONGEST_LOCAL = 254, 64  # octets: RFC 5321 4.5.3.1
_SHOWN = 60
_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+"
_DOT_ATOM = re.compile(rf"{_ATEXT}(?:\.{_ATEXT})*")
# RFC 5321 4.1.2: qtextSMTP and quoted-pairSMTP, printable ASCII.
_QUOTED = re.compile(r'"(?:[ !#-\[\]-~]|\\[ -~])+"')
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_PLAIN = re.compile(
    r"([A-Za-z0-9_+'-]+(?:\.[A-Za-z0-9_+'-]+)*)@((?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63})"
)


class Address(NamedTuple):
    """`address` is what is mailed to. Two addresses are one reader's when their `key` is the same: no server of today
    tells upper from lower case. `domain` is in ASCII, lower case.
    """

    address: str
    key: str
    domain: str


def address_key(address: str) -> str:
    """The key alone. Raises ValueError as `normalised`."""
    return normalised(address).key


def normalised(address: str) -> Address:
    """The address, written as it is kept. Raises ValueError with one line for a person.

    Blanks around it are dropped, and nothing else: a line end inside or after it is no typing error.
    """
    text = address.strip(" \u00a0")
    plain = _PLAIN.fullmatch(text)
    # Nearly every address is of this form; an import has a million of them.
    if plain and len(text) <= LONGEST and plain.end(1) <= LONGEST_LOCAL and "--" not in plain[2]:
        domain = plain[2].lower()
        return Address(f"{plain[1]}@{domain}", f"{plain[1].lower()}@{domain}", domain)
    _check_characters(text)
    local, at, name = text.rpartition("@")
    if not at or not local or not name:
        raise ValueError(f"{_shown(text)} is no mail address: it must look like name@domain.example")
    local, (shown, domain) = _local(local, text), _domain(name, text)
    if len(local.encode()) > LONGEST_LOCAL:
        raise ValueError(f"{_shown(text)}: the part before the @ is longer than {LONGEST_LOCAL} octets")
    if max(len(f"{local}@{domain}".encode()), len(f"{local}@{shown}".encode())) > LONGEST:
        raise ValueError(f"{_shown(text)}: the address is longer than {LONGEST} octets")
    return Address(f"{local}@{shown}", f"{_folded(local)}@{domain}", domain)


def _check_characters(text: str) -> None:
    if not text:
        raise ValueError("the mail address is missing")
    if len(text) > 4 * LONGEST:
        raise ValueError(f"{_shown(text)}: the address is longer than {LONGEST} octets")
    for char in text:
        category = unicodedata.category(char)
        if category in {"Cc", "Cs", "Cf", "Co", "Cn", "Zl", "Zp"} or (category == "Zs" and char != " "):
            raise ValueError(f"{_shown(text)} holds the character U+{ord(char):04X}, which no mail address may have")


def _local(local: str, text: str) -> str:
    local = unicodedata.normalize("NFC", local)
    if local.startswith('"'):
        return _unquoted(local, text)
    if "<" in local or text.endswith(">"):
        raise ValueError(f"{_shown(text)}: write the address alone, without a name and < >")
    if not _DOT_ATOM.fullmatch(local):
        raise ValueError(f"{_shown(text)} is no mail address: the part before the @ may not be {_shown(local)}")
    # A mark without its letter would sit on whatever stands before the address.
    if any(unicodedata.category(part[0]).startswith("M") for part in local.split(".")):
        raise ValueError(f"{_shown(text)} is no mail address: a part of it begins with a combining mark")
    return local


def _unquoted(local: str, text: str) -> str:
    """Without quotation marks and backslashes that change nothing (RFC 5321 4.1.2: the two are the same mailbox)."""
    if not _QUOTED.fullmatch(local):
        raise ValueError(f"{_shown(text)} is no mail address: it is not quoted as RFC 5321 wants it")
    inner = re.sub(r"\\(.)", r"\1", local[1:-1])
    if _DOT_ATOM.fullmatch(inner):
        return inner
    return '"' + re.sub(r'(["\\])', r"\\\1", inner) + '"'


def _domain(name: str, text: str) -> tuple[str, str]:
    """As it is shown, and in ASCII (IDNA 2008, mapped as UTS 46 says: what browsers do too)."""
    if name.endswith(">"):
        raise ValueError(f"{_shown(text)}: write the address alone, without a name and < >")
    if name.startswith("["):
        raise ValueError(f"{_shown(text)}: an address at a number, not at a domain, is not taken")
    ascii_name = name.lower()
    if not name.isascii() or "xn--" in ascii_name:
        import idna

        try:
            ascii_name = idna.encode(name, uts46=True).decode("ascii").lower()
        except (idna.IDNAError, UnicodeError) as error:
            raise ValueError(f"{_shown(text)}: {_shown(name)} is no domain ({_line(str(error))})") from None
    labels = ascii_name.split(".")
    if len(ascii_name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(f"{_shown(text)}: {_shown(name)} is no domain")
    if len(labels) < 2 or labels[-1].isdigit() or len(labels[-1]) < 2:
        raise ValueError(f"{_shown(text)}: {_shown(name)} is no whole domain, such as paper.example")
    return _readable(ascii_name), ascii_name


def _readable(ascii_name: str) -> str:
    """In its own script, where writing it so leads to the same domain again."""
    if "xn--" not in ascii_name:
        return ascii_name
    import idna

    try:
        shown = idna.decode(ascii_name)
        return shown if idna.encode(shown, uts46=True).decode("ascii") == ascii_name else ascii_name
    except (idna.IDNAError, UnicodeError):
        return ascii_name


def _folded(local: str) -> str:
    return unicodedata.normalize("NFC", local.casefold())


def _shown(text: str) -> str:
    return ascii(text[:_SHOWN]) if not text.isprintable() else repr(text[:_SHOWN])


def _line(text: str) -> str:
    return " ".join(ascii(text)[1:-1].split())[:120]
