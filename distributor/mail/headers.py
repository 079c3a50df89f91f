"""Header fields as bytes: RFC 5322 lines, RFC 2047 words for what is not ASCII, folded at 78 columns.

Nothing that comes in here can begin a line of its own: content is cleaned (`one_line`), settings are refused
(`checked`). CPython shipped that fault twice (CVE-2024-6923, CVE-2026-1299).
"""

from __future__ import annotations

import base64
import re
import unicodedata
from email.utils import parseaddr

__all__ = ["address_field", "checked", "mailbox", "one_line", "phrase_field", "text_field", "wire_address"]

WIDTH = 78
LONGEST = 998
WORD = 75  # RFC 2047 section 2: an encoded word has at most 75 characters

_SPACES = re.compile(" {2,}")
_BREAKS = re.compile("[\t-\r\x1c-\x1f\x85\u2028\u2029]")
_NAME = re.compile(r"[!-9;-~]{1,76}")
_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
# Literal in every place where RFC 2047 section 5 allows a Q word, a phrase included.
_PLAIN_Q = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!*+-/")
_DOT_ATOM = r"[^\x00-\x20\x7f-\x9f\s()<>\[\]:;@\\,\".]+(?:\.[^\x00-\x20\x7f-\x9f\s()<>\[\]:;@\\,\".]+)*"
_QUOTED = r"\"(?:[^\x00-\x1f\x7f-\x9f\u2028\u2029\"\\]|\\[\x20-\x7e])*\""
_ADDRESS = re.compile(
    rf"(?P<local>{_DOT_ATOM}|{_QUOTED})@(?P<domain>{_DOT_ATOM}|\[[0-9A-Fa-f.:]+\]|\[IPv6:[0-9A-Fa-f.:]+\])"
)


def one_line(text: str) -> str:
    """Text from content as one line: line ends and runs of white space are one space, controls are gone.

    Spaces that do not break stay: French has one before a question mark.
    """
    if not (text.isascii() and text.isprintable()):
        text = _BREAKS.sub(" ", text)
        text = "".join("\ufffd" if "\ud800" <= char <= "\udfff" else char for char in text)
        text = "".join(char for char in text if unicodedata.category(char) != "Cc")
    return _SPACES.sub(" ", text).strip(" ")


def checked(value: str, what: str) -> str:
    """A value from the settings, unchanged. ValueError if it has a character that ends or hides a line."""
    for char in value:
        if unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}:
            raise ValueError(f"{what}: a header cannot hold the character U+{ord(char):04X}")
    return value


def text_field(name: str, value: str) -> bytes:
    """An unstructured field, folded, with its CRLF. Several spaces become one. ValueError as `checked`."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a header")
    value = _SPACES.sub(" ", checked(value, name)).strip(" ")
    words = value.split(" ")
    if not value.isascii() or "=?" in value or any(len(word) > LONGEST - len(name) - 2 for word in words):
        words = _encoded_words(value, WIDTH - len(name) - 2)
    return _folded(name, words)


def phrase_field(name: str, phrase: str, rest: str) -> bytes:
    """`name: phrase rest`, where `rest` is in angle brackets already: From, Reply-To, List-Id."""
    checked(rest, name)
    words = _phrase(one_line(checked(phrase, name)), WIDTH - len(name) - 2)
    return _folded(name, [*words, rest] if words else [rest])


def address_field(name: str, value: str) -> bytes:
    """A field with one mailbox: `news@paper.example` or `"The Paper" <news@paper.example>`."""
    display, address = mailbox(value, name)
    return phrase_field(name, display, f"<{address}>") if display else _folded(name, [address])


def mailbox(value: str, what: str) -> tuple[str, str]:
    """The name (may be empty) and the address as it goes over the wire. ValueError says what is wrong."""
    checked(value, what)
    display, address = parseaddr(value)
    if not address or (value.count("@") == 1 and "<" in value and not value.rstrip().endswith(">")):
        raise ValueError(f'{what}: {value!r} is no address; write it as "Name <name@domain>"')
    return display, wire_address(address)


def wire_address(address: str) -> str:
    """An address as SMTP and the header take it: its domain in ASCII (IDNA 2008), the local part as it is.

    A local part beyond ASCII stays so, and needs SMTPUTF8. ValueError where it is no address, has a control
    character, or is longer than RFC 5321 4.5.3.1 allows.
    """
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise ValueError(f"{address[:80]!r} is no address")
    if not address.isascii():
        local, domain = found["local"], found["domain"]
        address = f"{local}@{domain if domain.isascii() else _ascii_domain(domain)}"
        if len(local.encode("utf-8", "surrogatepass")) > 64 or any("\ud800" <= char <= "\udfff" for char in address):
            raise ValueError(f"{address[:80]!r} is no address")
    elif found.end("local") > 64:
        raise ValueError(f"{address[:80]!r}: the part before the @ is longer than 64 octets")
    if len(address.encode()) > 254:
        raise ValueError(f"{address[:80]!r}: the address is longer than 254 octets")
    return address


def _ascii_domain(domain: str) -> str:
    import idna

    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise ValueError(f"{domain[:80]!r} is no domain: {error}") from None


def _phrase(phrase: str, room: int) -> list[str]:
    if not phrase:
        return []
    if not phrase.isascii() or "=?" in phrase:
        return _encoded_words(phrase, room)
    if _ATOM.fullmatch(phrase):
        return phrase.split(" ")
    quoted = '"' + phrase.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return quoted.split(" ") if len(quoted) <= 400 else _encoded_words(phrase, room)


def _encoded_words(text: str, room: int) -> list[str]:
    """RFC 2047 words that hold the text, none split within a character. Q where most of it stays readable, else B."""
    data = text.encode()
    quoted = sum(1 if byte in _PLAIN_Q or byte == 0x20 else 3 for byte in data)
    letter, cost = ("Q", _q_length) if quoted <= len(data) * 2 else ("B", _b_length)
    words, chunk = [], ""
    limit = max(24, min(WORD, room))
    for char in text:
        if chunk and cost(chunk + char) + 12 > limit:
            words.append(_word(letter, chunk))
            chunk, limit = "", WORD
        chunk += char
    return [*words, _word(letter, chunk)]


def _q_length(text: str) -> int:
    return sum(1 if byte in _PLAIN_Q or byte == 0x20 else 3 for byte in text.encode())


def _b_length(text: str) -> int:
    return (len(text.encode()) + 2) // 3 * 4


def _word(letter: str, text: str) -> str:
    data = text.encode()
    if letter == "B":
        return f"=?utf-8?B?{base64.b64encode(data).decode()}?="
    plain = "".join("_" if byte == 0x20 else chr(byte) if byte in _PLAIN_Q else f"={byte:02X}" for byte in data)
    return f"=?utf-8?Q?{plain}?="


def _folded(name: str, words: list[str]) -> bytes:
    lines = [f"{name}:"]
    for number, word in enumerate(words):
        if number and len(lines[-1]) + 1 + len(word) > WIDTH:
            lines.append("")
        lines[-1] += f" {word}"
    if any(len(line.encode()) > LONGEST for line in lines):
        raise ValueError(f"{name}: a line of this header would be longer than {LONGEST} octets")
    return "\r\n".join(lines).encode() + b"\r\n"
