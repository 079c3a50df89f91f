"""Why a mail came back, in one word, and whether the address is dead: from what the servers said.

The words decide before the codes: servers give 5.1.1 to a full mailbox and 550 to everything. The codes decide
where the words are unknown, and the point of the SMTP session where nothing else does. Two rules are about the
point alone: a server that first took the recipient and says "user unknown" after the message itself has looked
at the message (a filter's polite lie, so it is soft); one that refuses before it heard a recipient means the sender.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from distributor.mail.bounces.report import HARD_REASONS
from distributor.mail.bounces.vocabulary import Table, vocabulary

__all__ = ["CONTENT_REASONS", "Verdict", "codes_in", "judged", "one_line"]

# The mail or its sender was refused; the address may be well.
CONTENT_REASONS = frozenset(
    (
        *("authfailure", "badreputation", "blocked", "contenterror", "exceedlimit", "mesgtoobig", "norelaying"),
        *("notcompliantrfc", "policyviolation", "rejected", "requireptr", "securityerror", "spamdetected", "speeding"),
        *("syntaxerror", "toomanyconn", "virusdetected"),
    )
)

# Words that stand beside any failure; a code that says who is dead outweighs them.
_MERE_SYMPTOMS = frozenset({"expired", "systemerror", "syntaxerror"})
_LONGEST = 1000
_MOST_STARTS = 6
_GAP = 48  # characters that "…" may stand for
_REPLY = re.compile(r"(?<![\d.\w/=-])([245][0-5]\d)(?=[ \-,;:'<\n]|\.(?!\d)|$)")
_REPLY_SAID = re.compile(
    r"(?:said|returned|error|failed with|code|status|<<<|reason|smtp;|->)[: (']{0,4}([245][0-5]\d)\b", re.I
)
_STATUS = re.compile(r"(?<![\d.\w])([245]\.\d{1,2}\.\d{1,3})(?![\d.])")
_LINK = re.compile(r"<?\bhttps?://[^\s<>]{0,400}>?", re.IGNORECASE)
_HINT = re.compile(r"(?:[?&]p=|(?=\bi\.ua/err/))([\w./]{3,40})")  # Gmail's and i.ua's pages of explanations
_ADDRESS = re.compile(r"[<\[(\"']?[^\s<>@\[\]()\"':;,]{1,64}@[\w.\-]{1,200}")
_HOST = re.compile(
    r"(?<![\w.@-])[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}(?<=[a-z])"
    r"(?= (?:does not exist|doesn't exist|not found|is unknown|unknown))"
)
_NOISE = re.compile(r"\bgiving up on [\d.]+")  # qmail, after every refusal
_AGAIN = re.compile(r"(?<![\w.])[245]\d\d[- ](?:[245]\.\d{1,2}\.\d{1,3}[ :]?)?")
_WRAPPED = re.compile(
    r"^[45]\.\d\.\d - [^'\d]{1,60} (?=[45]\d\d[- ]?')"
)  # IronPort quotes the server after a code of its own
_AUTOMATIC = re.compile(
    r"your message to [^\n]{1,200} was automatically rejected:\s{0,20}([^\n]{3,200})", re.IGNORECASE
)  # Dovecot
_NATIVE = re.compile(r"550 5\.1\.1 [^\n]{1,200}\.\.\. user unknown", re.IGNORECASE)
_REFUSED = re.compile(r"^(?:smtp; ?)?5\d\d(?: 5\.\d\.\d)? <?@>?:?[ .]*rejected\.?$")

_PHASES = (
    (
        "data",
        *("end of data", "(in reply to data", "after data", "our final data", "our data", "in reply to bdat", "[data]"),
        *("smtp:data", "after pipelined data"),
    ),
    (
        "rcpt",
        *("rcpt to", "rcpt_to", "does not like recipient", "smtp:rcpt", "after rcpt", "rcpt command", "our rcpt"),
        *("rejected recipient", "as recipient"),
    ),
    (
        "before",
        *("mail from", "after initial connection", "after ehlo", "after helo", "refused to talk to me"),
        *("initial greeting", "does not like sender", "connected to"),
    ),
)
_VERBS = {"data": "data", "rcpt": "rcpt", "mail": "before", "ehlo": "before", "helo": "before"}


@dataclass(frozen=True, slots=True)
class Verdict:
    reason: str
    hard: bool
    status: str
    reply: str


def judged(said: str, *, status: str = "", context: str = "", notice: str = "") -> Verdict:
    """What `said`, the servers' words about one recipient, means.

    `status` is the report's own code (RFC 3463); `context` are further words about this recipient, believed only where
    `said` tells nothing; `notice` is the whole text: it is believed after the code, but for a few plain statements that
    outweigh even the server's words.
    """
    said = _WRAPPED.sub("", said)
    outweighing = _by_words(_plain(notice[:_LONGEST]), vocabulary().outweighing)
    automatic = _AUTOMATIC.search(notice[:_LONGEST])
    if automatic:
        said = automatic[1]
    reply, inner = codes_in(said)
    if not reply and not inner:
        reply, inner = codes_in(context or ("" if status else notice))
    code = inner if inner and (not status or status.endswith(".0.0") or inner[0] == status[0]) else status or inner
    phase = _phase(said) or _phase(context or notice)
    plain = _plain(said[:_LONGEST])
    reason = _reason(plain, _plain(context[: _LONGEST * 3]), code, status)
    reason = reason or _by_words(_plain(notice[: _LONGEST * 3]), vocabulary().reasons) or _by_reply(reply, phase)
    reason = _placed(reason, plain or _plain(notice[:_LONGEST]), phase)
    if code[2:] in ("1.7", "1.8"):  # RFC 3463: the sender's address
        reason = "rejected" if reason in HARD_REASONS else reason
    if reason == "userunknown":
        reason = outweighing or _doubted(plain or _plain(notice[:_LONGEST]), code, reply, phase, context or notice)
    return Verdict(reason or "undefined", _is_hard(reason, code or status), code, reply)


def codes_in(text: str) -> tuple[str, str]:
    """The SMTP reply and the enhanced status code that a text holds, each may be empty."""
    bare = _LINK.sub(" ", text[: _LONGEST * 2])
    reply = _REPLY_SAID.search(bare) or _REPLY.search(bare)
    status = _STATUS.search(bare)
    return (reply[1] if reply else ""), (status[1] if status else "")


def one_line(text: str) -> str:
    """A diagnosis fit to be shown: one line, no control characters, at most 500 characters."""
    line = " ".join(text[:1500].split())[:500]
    return line if line.isprintable() else "".join(c for c in line if c.isprintable())


def _reason(said: str, context: str, code: str, status: str) -> str:
    """The words about this recipient, then the codes; empty where they tell nothing."""
    if _REFUSED.match(said):
        return "userunknown"
    reason = _by_words(said, vocabulary().reasons)
    if not reason and len(said) < 24:  # nothing but a number was said
        reason = _by_words(context, vocabulary().reasons)
    if reason in _MERE_SYMPTOMS and "temporar" not in said and _by_code(code) in HARD_REASONS:
        reason = _by_code(code)
    reason = reason or _by_code(code) or _by_code(status) or _by_words(said, vocabulary().weak)
    return reason or _by_words(context, vocabulary().reasons)


def _placed(reason: str, said: str, phase: str) -> str:
    """Before any recipient was named, the machine or the sender is meant."""
    if phase == "before" and reason == "rejected" and "sender" not in said and "mail from" not in said:
        return "blocked"
    return "rejected" if phase == "before" and reason == "hostunknown" else reason


def _doubted(plain: str, code: str, reply: str, phase: str, context: str) -> str:
    """ "User unknown" once more, by the point at which it was said and by the code beside it."""
    if (reply or code)[:1] == "4" and any(words in plain for words in vocabulary().passing):
        return "expired"
    if phase == "before" and code[2:3] != "1":
        return "userunknown" if "unknown" in plain else "rejected"
    if plain.endswith(vocabulary().filter) and "@" not in plain:
        return "filtered"
    if phase == "rcpt" or code[2:4] == "1.":
        return "userunknown"
    if code[2:4] == "7." and (phase == "data" or "denied" in plain):  # a policy, and no word about who is there
        return "filtered"
    if code[2:] in ("2.0", "2.1"):
        return "filtered"
    if phase == "data" and _NATIVE.search(context):  # sendmail pipelines: it was at RCPT after all
        return "userunknown"
    hearsay = "not listed" not in plain and any(words in plain for words in vocabulary().hearsay)
    if hearsay and not (code or reply or phase):
        return "filtered"
    return "filtered" if phase == "data" and "have a" not in plain else "userunknown"


@lru_cache(maxsize=512)
def _plain(text: str) -> str:
    """Lower case, one blank between words, without addresses, links and repeated codes."""
    low = text.lower()
    hints = " ".join(_HINT.findall(low))
    low = _NOISE.sub(" ", _LINK.sub(_only_host, low))
    low = _ADDRESS.sub("@", _HOST.sub("domain", low))
    return " ".join((_AGAIN.sub(" ", low) if not _REFUSED.match(low) else low).split()) + (f" {hints}" if hints else "")


def _only_host(link: re.Match[str]) -> str:
    """The path of a link is full of words that nobody said; whose page it is tells something (`spamhaus.org`)."""
    return f" {link[0].partition('//')[2].partition('/')[0].strip('<>.,')} "


@lru_cache(maxsize=512)
def _by_words(plain: str, table: Table) -> str:
    for reason, words in table:
        if any(_holds(plain, word) for word in words):
            return reason
    return ""


def _holds(text: str, words: str) -> bool:
    first, *others = words.split("…")
    at = text.find(first)
    if at < 0 or not others:
        return at >= 0
    for _ in range(_MOST_STARTS):
        if at < 0:
            return False
        end = at + len(first)
        for word in others:
            found = text.find(word, end, end + _GAP + len(word))
            if found < 0:
                break
            end = found + len(word)
        else:
            return True
        at = text.find(first, at + 1)
    return False


def _by_code(code: str) -> str:
    statuses = vocabulary().status
    _, _, rest = code.partition(".")
    return statuses.get(code) or statuses.get(rest) or statuses.get(rest.partition(".")[0], "")


def _by_reply(reply: str, phase: str) -> str:
    if reply == "551":
        return "hasmoved"
    if reply == "552":
        return "mailboxfull"
    if reply == "556":  # RFC 7504
        return "notaccept"
    if reply in ("550", "553") and phase == "rcpt":
        return "userunknown"
    if reply[:1] == "4":
        return "expired"
    if phase == "before":
        return "blocked"
    return "filtered" if reply == "550" else "rejected" if reply[:1] == "5" else ""


def _phase(text: str) -> str:
    """Where in the SMTP session the answer came: `before` any recipient, at `rcpt`, at `data`, or unknown."""
    low = text[-_LONGEST * 2 :].lower()
    command = re.findall(r">>> (\w{4})", low)
    for phase, *words in _PHASES:
        if any(word in low for word in words):
            return phase
    last = command[-1] if command else ""
    return _VERBS.get(last, "")


def _is_hard(reason: str, code: str) -> bool:
    return reason in HARD_REASONS and not (reason == "notaccept" and code.startswith("4."))
