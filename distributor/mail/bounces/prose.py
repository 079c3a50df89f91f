"""Reports written for people: where the reported mail begins, whom the text names as failed, and what is said of each.

Forty mail systems, few shapes. In the order in which they are believed:

    block       kijitora@example.jp            an address begins a line, alone or before ":", "(", "[", "...", "on"
    reply       550 <kijitora@example.jp>...   an address after a reply code
    command     >>> RCPT TO:<kijitora@...>     the session's transcript
    phrase      ... not delivered to kijitora@...

The first shape that names anybody but the sender wins; what follows a name, up to the next, belongs to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from distributor.mail.bounces.addresses import find_addresses, is_machine
from distributor.mail.bounces.vocabulary import vocabulary

__all__ = ["Named", "named_recipients", "notice_of", "split_original", "tells_failure"]

_PREPOSITIONS = (
    " to",
    " for",
    " user",
    " address",
    " recipient",
    " users",
    " a",
    " à",
    " an",
    " aan",
    " para",
    " pour",
)
_MOST_LINES = 600
_MOST_NOTICE = 32 * 1024
_LONGEST_LINE = 1000
_MOST_NAMED = 200

_RULES = frozenset({"--", "==", "**", "__", "##", "- ", "= ", "* ", "|-", ">>", "~~", "++", "-=", "<<"})
_HEADER = re.compile(
    r"(?:Received|Return-Path|DKIM-Signature|MIME-Version|X-[\w-]{1,60}|From|Message-Id|Date):", re.IGNORECASE
)
_STRONG_HEADER = re.compile(
    r"(?:Received: *(?:from|by|\()|Return-Path: *\S|DKIM-Signature:|DomainKey-Signature:)", re.IGNORECASE
)
_BULLET = re.compile(r"[\s>*•·o|-]{0,12}(?:(?:To|Address|Recipient|Addressed To|Rcpt)s?:\s*)?[\"'<\[]{0,3}$", re.I)
_AFTER = re.compile(
    r"[\"'>\]]{0,3}\s{0,4}(?:$|[:;(\[<,]|\.\.\.|\.?$|-{1,3}\s|on \w{3},? |on \d|failed\b|unknown\b|was\b|is\b|=>"
    r"|[2345]\d\d\b|\(?#"
    r"|.{0,40}\b(?:[Ii]nvalid|[Ee]rror|ERROR|[Uu]nknown|[Rr]eject|[Ff]ail|[Rr]efus|not found|not exist|full|quota)\b)"
)
_ASKS = re.compile(
    r"(?:to the address|contact|send (?:mail|email|a mail|a message) to|assistance|questions? to|write to|mail to):?$",
    re.IGNORECASE,
)
_REPLY = re.compile(r"^\s{0,8}(?:<<<\s*)?[245]\d\d[ -](?:[245]\.\d+\.\d+ )?[<\"]?$")
_TALK = re.compile(r"[ .]{0,8}while talking to", re.IGNORECASE)
_COMMAND = re.compile(r"(?:RCPT\s{1,3}TO\s{0,2}:\s{0,2}<?|SMTP:RCPT.{0,60}?<)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Named:
    """An address that the text names as failed, and the lines that speak of it."""

    address: str
    said: str


def split_original(text: str) -> tuple[str, str]:
    """The notice, and the reported mail that it quotes (or an empty text)."""
    lines = text[: _MOST_NOTICE * 4].split("\n", _MOST_LINES * 4)
    for number, line in enumerate(lines):
        bare = line.strip().lower()
        if not bare:
            continue
        if _introduces(bare):
            return "\n".join(lines[:number]), "\n".join(lines[number + 1 :])
        if _begins_headers(lines, number):
            return "\n".join(lines[:number]), "\n".join(lines[number:])
    return text, ""


def _introduces(line: str) -> bool:
    if len(line) > 160:
        return False
    if any(words in line for words in vocabulary().original):
        return True
    rules = vocabulary().original_rule
    bare = line.strip(" -=*|_#+:.<>[]")
    drawn = line[:2] in _RULES or line.endswith(":") or bare in rules
    return drawn and bare.startswith(rules) and len(bare) < 60


def notice_of(texts: Iterable[str]) -> str:
    """The notices of several text parts as one, bounded."""
    return "\n\n".join(texts)[:_MOST_NOTICE]


def tells_failure(text: str) -> bool:
    """True where the text says that a mail could not be, or was not yet, delivered."""
    low = " ".join(text[:_MOST_NOTICE].lower().split())
    return any(words in low for words in vocabulary().failure)


def named_recipients(notice: str, senders: Collection[str]) -> list[Named]:
    """Whom the notice names as failed, each once. `senders` are in lower case and are believed only as blocks."""
    lines = [line[:_LONGEST_LINE] for line in notice.split("\n", _MOST_LINES)[:_MOST_LINES]]
    for shape in (_blocks, _replies, _commands, _phrases):
        found = shape(lines, senders)
        if found:
            return _with_words(lines, found, before=shape is _replies)
    for strong in (_blocks, _replies, _commands):  # somebody who wrote to himself
        found = strong(lines, ())
        if found:
            return _with_words(lines, found, before=strong is _replies)
    return []


_Place = tuple[int, str]  # line, address
_Test = Callable[[str], bool]  # of what stands before the address in its line


def _blocks(lines: list[str], senders: Collection[str]) -> list[_Place]:
    places = [
        (indent, number, address)
        for number, line in enumerate(lines)
        if "@" in line
        for indent, address in _line_start(line)
        if not is_machine(address) and address.lower() not in senders and not _asks(lines, number)
    ]
    least = min((indent for indent, _, _ in places), default=0)
    return [(number, address) for indent, number, address in places if indent <= least + 1]


def _asks(lines: list[str], number: int) -> bool:
    """True where the line above asks the reader to write to the address of this one."""
    above = next((line for line in lines[max(0, number - 3) : number][::-1] if line.strip()), "")
    return _ASKS.search(above.strip()[-60:]) is not None


def _line_start(line: str) -> list[tuple[int, str]]:
    for start, end, address in find_addresses(line):
        before = line[:start]
        if _BULLET.fullmatch(before) and _AFTER.match(line, end):
            return [(len(before) - len(before.lstrip()), address)]
        return []
    return []


def _replies(lines: list[str], senders: Collection[str]) -> list[_Place]:
    return _where(lines, senders, lambda before: _REPLY.match(before) is not None)


def _commands(lines: list[str], senders: Collection[str]) -> list[_Place]:
    return _where(lines, senders, lambda before: _COMMAND.search(before[-120:]) is not None)


def _phrases(lines: list[str], senders: Collection[str]) -> list[_Place]:
    found: list[_Place] = []
    for number, line in enumerate(lines):
        if "@" not in line:
            continue
        above = f"{lines[number - 1].strip()} " if number else ""
        found += [
            (number, address)
            for start, _, address in find_addresses(line)
            if not is_machine(address) and address.lower() not in senders and _is_for(above + line[:start])
        ]
    return found[:1] if len({address.lower() for _, address in found}) > 3 else found


def _is_for(before: str) -> bool:
    """True where these words lead up to the address of a recipient."""
    near = before[-100:].lower()
    if any(words in near[-24:] for words in vocabulary().sender):
        return False
    return any(words in near for words in vocabulary().recipient) or near.rstrip(" <\"'(").endswith(_PREPOSITIONS)


def _where(lines: list[str], senders: Collection[str], test: _Test) -> list[_Place]:
    return [
        (number, address)
        for number, line in enumerate(lines)
        if "@" in line
        for start, _, address in find_addresses(line)
        if not is_machine(address) and address.lower() not in senders and test(line[:start])
    ]


def _with_words(lines: list[str], places: list[_Place], *, before: bool) -> list[Named]:
    """A transcript's reply stands below the lines that explain it (`before`), a block above them."""
    named: dict[str, list[str]] = {}
    spelled: dict[str, str] = {}
    for index, (number, address) in enumerate(places):
        if len(named) >= _MOST_NAMED and address.lower() not in named:
            break
        start, end = number, places[index + 1][0] if index + 1 < len(places) else len(lines)
        if before:
            start, end = places[index - 1][0] + 1 if index else 0, number + 1
            start = next((n for n in range(number, start - 1, -1) if _TALK.match(lines[n])), start)
        spelled.setdefault(address.lower(), address)
        named.setdefault(address.lower(), []).append("\n".join(lines[start : max(end, start + 1)])[:4000])
    return [Named(spelled[low], "\n".join(said)[:4000]) for low, said in named.items()]


def _begins_headers(lines: list[str], number: int) -> bool:
    """A reported mail without a word of introduction: two header fields where lines begin, one of them of transport."""
    if not _STRONG_HEADER.match(lines[number]):
        return False
    following = [line for line in lines[number + 1 : number + 14] if line[:1] not in (" ", "\t", "")]
    return bool(following) and _HEADER.match(following[0]) is not None
