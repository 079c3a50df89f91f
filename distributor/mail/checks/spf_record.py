"""An SPF record as terms, and its macros (RFC 7208 sections 4.6, 5, 6, 7 and 12). Pure."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple
from urllib.parse import quote

from distributor.mail.checks.lookup import IP

__all__ = ["Record", "Scene", "SpfError", "Term", "amended", "expand", "is_spf", "merged", "parse"]

# A macro, an escape, or any visible character but a percent sign (RFC 7208 7.1).
_MACRO = r"%\{[slodiphcrtvSLODIPHCRTV][0-9]*[rR]?[.\-+,/_=]*\}"
_MACRO_STRING = rf"(?:{_MACRO}|%%|%_|%-|[\x21-\x24\x26-\x7e])"
_SPEC = re.compile(rf"{_MACRO_STRING}+")
_SPEC_END = re.compile(r"(?:\.(?!-)[A-Za-z0-9-]*[A-Za-z-][A-Za-z0-9-]*(?<!-)\.?|%\{[^}]*\})\Z")
_MECHANISM = re.compile(r"([+\-~?])?(all|include|a|mx|ptr|ip4|ip6|exists)(?=[:/]|\Z)(.*)", re.I)
_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)=(.*)")
_PREFIXES = re.compile(r"(?P<rest>.*?)(?:/(?P<four>0|[1-9][0-9]?))?(?://(?P<six>0|[1-9][0-9]{0,2}))?")
_PARTS = re.compile(r"%(?:\{([A-Za-z])([0-9]*)([rR]?)([.\-+,/_=]*)\}|([%_-]))")
_NAMED = frozenset({"include", "exists"})
_ASKS = frozenset({"include", "a", "mx", "ptr", "exists"})


class SpfError(ValueError):
    """The record breaks the rules; receivers give up on it (permerror)."""


class Term(NamedTuple):
    """A mechanism. `domain` is its domain-spec with macros unexpanded, "" for the current domain."""

    qualifier: str
    name: str
    domain: str = ""
    network: ipaddress.IPv4Network | ipaddress.IPv6Network | None = None
    prefix4: int = 32
    prefix6: int = 128

    @property
    def asks(self) -> bool:
        """Whether it counts among the ten lookups (RFC 7208 4.6.4)."""
        return self.name in _ASKS


class Record(NamedTuple):
    terms: tuple[Term, ...]
    redirect: str = ""

    @property
    def ending(self) -> str:
        """The qualifier of `all`, or "" where there is none."""
        return next((term.qualifier for term in self.terms if term.name == "all"), "")


class Scene(NamedTuple):
    """What the macros speak of. `domain` changes with include and redirect. `validated` is asked for %{p} only."""

    ip: IP
    domain: str
    sender: str
    helo: str
    validated: Callable[[], str] = lambda: "unknown"


def is_spf(text: str) -> bool:
    return re.match(r"v=spf1(?: |\Z)", text, re.I) is not None


def parse(text: str) -> Record:
    """The record's terms. Raises SpfError, naming the first term that is wrong."""
    if not text.isascii():
        raise SpfError("it has characters that are not ASCII")
    terms: list[Term] = []
    modifiers: dict[str, str] = {}
    for word in text.split(" ")[1:]:
        if not word:
            continue
        mechanism, modifier = _MECHANISM.fullmatch(word), _MODIFIER.fullmatch(word)
        if mechanism:
            terms.append(_term(mechanism[1] or "+", mechanism[2].lower(), mechanism[3], word))
        elif modifier:
            _modifier(modifier[1].lower(), modifier[2], word, modifiers)
        else:
            raise SpfError(f"{word[:60]!r} is no term")
    return Record(tuple(terms), modifiers.get("redirect", ""))


def expand(spec: str, scene: Scene) -> str:
    """A domain-spec with its macros expanded; labels are dropped from the left beyond 253 characters (7.3)."""
    name = _PARTS.sub(lambda found: _expanded(found, scene), spec).removesuffix(".")
    while len(name) > 253 and "." in name:
        name = name.partition(".")[2]
    return name


def amended(text: str, mechanisms: Sequence[str]) -> str:
    """The record with mechanisms added where they count: before `all` and the modifiers. "+all" becomes "~all"."""
    words = [word for word in text.split(" ")[1:] if word]
    kept = [word for word in words if not _is_end(word)]
    end = ["~all" if word.lower() in {"all", "+all"} else word for word in words if _is_end(word)]
    present = {word.lower().lstrip("+") for word in kept}
    new = [one for one in mechanisms if one.lower() not in present]
    return " ".join(["v=spf1", *kept, *new, *(end or ["~all"])])


def merged(texts: Sequence[str]) -> str:
    """One record of several: every mechanism once, and the first ending."""
    words = [word for text in texts for word in text.split(" ")[1:] if word]
    kept = list(dict.fromkeys(word for word in words if not _is_end(word)))
    ends = [word for word in words if word.lower().lstrip("+-~?") == "all"]
    return amended(" ".join(["v=spf1", *kept, *ends[:1]]), ())


def _is_end(word: str) -> bool:
    return word.lower().lstrip("+-~?") == "all" or _MODIFIER.fullmatch(word) is not None


def _term(qualifier: str, name: str, rest: str, word: str) -> Term:
    if name == "all":
        if rest:
            raise SpfError(f"{word[:60]!r}: all takes nothing")
        return Term(qualifier, name)
    if name in {"ip4", "ip6"}:
        return Term(qualifier, name, network=_network(name, rest, word))
    if name in {"a", "mx"}:
        parts = _PREFIXES.fullmatch(rest)
        assert parts is not None
        four, six = int(parts["four"] or 32), int(parts["six"] or 128)
        four, six = (0 if parts["four"] == "0" else four), (0 if parts["six"] == "0" else six)
        if four > 32 or six > 128:
            raise SpfError(f"{word[:60]!r} has no valid prefix length")
        return Term(qualifier, name, _domain(parts["rest"], word, needed=False), None, four, six)
    return Term(qualifier, name, _domain(rest, word, needed=name in _NAMED))


def _network(name: str, rest: str, word: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    given = rest.removeprefix(":")
    if rest != given and re.fullmatch(r"[^/%]+(?:/(?:0|[1-9][0-9]{0,2}))?", given):
        try:
            made = ipaddress.IPv4Network if name == "ip4" else ipaddress.IPv6Network
            return made(given, strict=False)
        except ValueError:
            pass
    raise SpfError(f"{word[:60]!r} is no {name} network")


def _domain(rest: str, word: str, *, needed: bool) -> str:
    if not rest and not needed:
        return ""
    spec = rest.removeprefix(":")
    if rest == spec or not _good_spec(spec):
        raise SpfError(f"{word[:60]!r} names no domain")
    return spec


def _good_spec(spec: str) -> bool:
    if not _SPEC.fullmatch(spec) or not _SPEC_END.search(spec):
        return False
    # c, r, t belong into explanations only; "0" as a number of labels is an error (RFC 7208 7.1, 7.3).
    return not any(
        found[1] and (found[1].lower() in "crt" or (found[2] and int(found[2]) == 0)) for found in _PARTS.finditer(spec)
    )


def _modifier(name: str, value: str, word: str, modifiers: dict[str, str]) -> None:
    if name in {"redirect", "exp"}:
        if name in modifiers:
            raise SpfError(f"{name} stands there twice")
        if not _good_spec(value):
            raise SpfError(f"{word[:60]!r} names no domain")
        modifiers[name] = value
    elif not re.fullmatch(rf"{_MACRO_STRING}*", value):
        raise SpfError(f"{word[:60]!r} is no modifier")


def _expanded(found: re.Match[str], scene: Scene) -> str:
    if found[5]:
        return {"%": "%", "_": " ", "-": "%20"}[found[5]]
    text = _macro(found[1].lower(), scene)
    parts = re.split("[" + re.escape(found[4] or ".") + "]", text)
    if found[3]:
        parts.reverse()
    if found[2]:
        parts = parts[-int(found[2]) :]
    joined = ".".join(parts)
    return quote(joined, safe="-._~") if found[1].isupper() else joined


def _macro(letter: str, scene: Scene) -> str:
    local, _, domain = scene.sender.rpartition("@")
    dotted = scene.ip.exploded.replace(":", "") if scene.ip.version == 6 else str(scene.ip)
    values = {
        "s": scene.sender,
        "l": local or "postmaster",
        "o": domain,
        "d": scene.domain,
        "i": ".".join(dotted) if scene.ip.version == 6 else dotted,
        "v": "in-addr" if scene.ip.version == 4 else "ip6",
        "h": scene.helo,
    }
    return values[letter] if letter in values else scene.validated()
