"""From an address in the settings to a transport.
    smtp://user@host:587   smtps://   lmtp://     distributor.mail.smtp
    sendmail:///path       ses://     postmark:// a module of this package: the class whose `kind` is its name
    outbox:   maildir:///path   eml:///path       distributor.mail.outbox
    paper.mail:Courier?route=2                    a class of your own, by module and name
    courier:?route=2                              an entry point of the group `distributor.transports`

A class has `build(setup)`, which takes its options from the Setup and refuses the rest, and is a Transport.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import quote

from distributor.errors import ConfigError
from distributor.mail import Transport
from distributor.mail.options import Setup

__all__ = ["GROUP", "build", "schemes"]

GROUP = "distributor.transports"
_PACKAGE = "distributor.mail"
_MODULES = {
    "sendmail": "sendmail", "outbox": "outbox", "maildir": "outbox", "eml": "outbox",
    "ses": "ses", "postmark": "postmark",
}  # fmt: skip
_RELAYS = ("smtp", "smtps", "lmtp")


class _Builds(Protocol):
    def build(self, setup: Setup) -> Transport: ...


def build(
    url: str,
    *,
    password: str = "",
    folder: Path,
    sessions: int = 0,
    per_second: float = 0,
    key: str = "mail.smtp",
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Transport:
    """The transport of an address. `password` is the secret that does not stand in it, `folder` the data folder.

    `sessions` and `per_second` hold where the address does not say them; 0 leaves them to the transport.
    Raises ConfigError, whose key is `key`, and which names the option that is wrong and never its value.
    """
    own, _, query = url.partition("?")
    if re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", own) and "." in own.partition(":")[0]:
        url = "class:" + (f"?{query}" if query else "")
        found = _loaded(EntryPoint(own, own, GROUP), key)
    else:
        found = _resolve(url.partition(":")[0].lower() if ":" in url else "", key)
    setup = Setup.of(url, password=password, folder=folder, key=key, clock=clock)
    beside = {"sessions": str(sessions) if sessions else "", "per_second": f"{per_second:.6f}" if per_second else ""}
    return found.build(replace(setup, beside=beside))


class _Relay:
    """What the settings' address means to the SMTP transport, which is built from its own, without options."""

    @classmethod
    def build(cls, setup: Setup) -> Transport:
        from distributor.mail.smtp import SmtpTransport

        tls = setup.choice("tls", ("", "required", "optional", "off"), "")
        verify = setup.flag("verify", True) if "verify" in setup.options else None
        words: dict[str, Any] = {name: setup.text(name, "") for name in ("ca_file", "hello", "source")}
        sessions = setup.whole("sessions", 4, low=1, high=100)
        per_second = setup.number("per_second", 0, low=0, high=100_000)
        setup.done()
        host = f"[{setup.host}]" if ":" in setup.host else setup.host
        place = f"{setup.scheme}://{host}{f':{setup.port}' if setup.port else ''}{quote(setup.path)}"
        try:
            return SmtpTransport(
                place,
                username=setup.user,
                password=setup.password,
                tls=cast(Any, tls or None),
                verify=verify,
                sessions=sessions,
                per_second=per_second,
                **words,
            )
        except ConfigError as error:
            raise ConfigError(str(error), key=setup.key, hint=error.hint) from None


def schemes() -> list[str]:
    """Every scheme that `build` knows, sorted; the classes by path are not among them."""
    return sorted({*_MODULES, *_RELAYS, *(entry.name for entry in entry_points(group=GROUP))})


def _resolve(scheme: str, key: str) -> _Builds:
    if scheme in _RELAYS:
        return _Relay
    if scheme in _MODULES:
        module = importlib.import_module(f"{_PACKAGE}.{_MODULES[scheme]}")
        return _checked(_class_of(module), scheme, key)
    for entry in entry_points(group=GROUP):
        if entry.name == scheme:
            return _loaded(entry, key)
    near = difflib.get_close_matches(scheme, schemes(), n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}:?" if near else f"known are {', '.join(schemes())}, or package.module:Transport"
    said = f"there is no transport {scheme[:40]!r}" if scheme else "is no address of a transport"
    raise ConfigError(said, key=key, hint=hint)


def _class_of(module: Any) -> Any:
    """The module's one class that says `kind = "<the module's name>"`."""
    name = module.__name__.rpartition(".")[2]
    found = [
        value
        for _, value in inspect.getmembers(module, inspect.isclass)
        if value.__module__ == module.__name__ and vars(value).get("kind") == name
    ]
    return found[0] if found else None


def _loaded(entry: EntryPoint, key: str) -> _Builds:
    try:
        value = entry.load()
    except Exception as error:  # somebody else's module: whatever it raises when it is imported
        said = f"the transport {entry.value} cannot be imported: {type(error).__name__}: {str(error)[:200]}"
        raise ConfigError(said, key=key, hint="install what it needs into the same environment") from error
    return _checked(value, entry.value, key)


def _checked(value: Any, name: str, key: str) -> _Builds:
    """A stranger's class with a part missing is told here, and not at the first letter."""
    lacking = [part for part in ("build", "connect", "check") if not callable(getattr(value, part, None))]
    if not isinstance(getattr(value, "kind", None), str):
        lacking.append("kind")
    if not inspect.isclass(value) or lacking:
        what = f"lacks {', '.join(lacking)}" if inspect.isclass(value) else "is not a class"
        raise ConfigError(f"{name} is not a transport: it {what}", key=key, hint="see docs/mail.md")
    return cast(_Builds, value)
