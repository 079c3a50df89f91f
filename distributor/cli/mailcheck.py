"""`distributor doctor --mail`: what receivers see of the sender, and the DNS records to add."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from email.utils import parseaddr
from typing import TYPE_CHECKING, Literal

import click

from distributor.cli.faults import Code
from distributor.cli.output import answer, clean, progress, say
from distributor.cli.session import Session
from distributor.errors import ConfigError

if TYPE_CHECKING:
    from distributor.config import Settings
    from distributor.mail.checks import Check, DnsRecord, Given, Relay
    from distributor.mail.checks.lookup import IP

__all__ = ["OWN", "examine", "sender_domain"]

# What `--mail` stands for without a value; no domain can be written like it.
OWN = "(from)"
_MARKS: dict[bool | None, Literal["ok", "?", "!"]] = {True: "ok", None: "?", False: "!"}


def examine(session: Session, domain: str, *, resolver: str, ips: Sequence[str], offline: bool) -> int:
    """Makes and shows the checks; the exit code. Raises ConfigError for a domain, address or resolver that is none."""
    from distributor.mail.checks import Examination
    from distributor.mail.checks.relay import SocketProbe
    from distributor.mail.checks.resolver import DnsLookup

    given = _given(session, domain, _addresses(ips))
    lookup = None if offline else DnsLookup(resolver)
    examination = Examination(given, lookup, None if offline else SocketProbe(given.bounce_domain))
    steps = examination.steps()
    made: list[Check] = []
    with progress("looking", len(steps)) as step:
        for _, work in steps:
            made += work()
            step()
    code = max((_code(one) for one in made), default=Code.FINE)
    records = examination.records()
    data = {
        "domain": given.domain,
        "checks": [_told(one) for one in made],
        "records": [_record(one) for one in records],
        "exit_code": int(code),
    }
    answer(session, data, lambda: _shown(made, records))
    return code


def sender_domain(settings: Settings) -> str:
    """The domain of [mail] from. Raises ConfigError."""
    from distributor.mail.checks import domain_name

    if settings.mail is None:
        raise ConfigError("is not set, so there is no domain to look at", key="mail.from", hint="--mail DOMAIN")
    return domain_name(parseaddr(settings.mail.sender)[1].rpartition("@")[2])


def _given(session: Session, domain: str, addresses: tuple[IP, ...]) -> Given:
    """From the settings, for the domain that is named. Without a settings file only the domain is known."""
    from distributor.mail.checks import Given, domain_name

    named = "" if domain == OWN else domain_name(domain)
    if named and session.path is None:
        return Given(named, named, named, session.now(), addresses=addresses)
    settings = session.settings
    site, mail = settings.site, settings.mail
    named = named or sender_domain(settings)
    return Given(
        domain=named,
        bounce_domain=domain_name(mail.bounce_domain) if mail and mail.bounce_domain else named,
        dkim_domain=domain_name(mail.dkim_domain) if mail and mail.dkim_domain else named,
        now=session.now(),
        selector=mail.dkim_selector if mail else "distributor",
        key=mail.dkim_key.get_secret_value().encode() if mail and mail.dkim_key else None,
        relays=_relays(settings),
        addresses=addresses,
        public_url=str(site.public_url or ""),
        listens=settings.web.public is not None,
        postal_address=site.postal_address,
    )


def _relays(settings: Settings) -> tuple[Relay, ...]:
    from distributor.mail.checks import Relay

    urls = [settings.mail.smtp] if settings.mail else []
    urls += [one.url for one in settings.relays.values() if one.enabled]
    return tuple(Relay.of(str(url)) for url in urls)


def _addresses(texts: Sequence[str]) -> tuple[IP, ...]:
    try:
        return tuple(dict.fromkeys(ipaddress.ip_address(text.strip()) for text in texts))
    except ValueError as error:
        raise ConfigError(f"--ip: {str(error)[:80]}", hint="Write it like 192.0.2.10 or 2001:db8::10") from None


def _code(check: Check) -> Code:
    if check.unasked:
        return Code.UNREACHABLE
    return Code.FAILED if check.ok is False else Code.FINE


def _told(check: Check) -> dict[str, object]:
    return {
        "mark": _MARKS[check.ok],
        "name": check.name,
        "ok": check.ok,
        "says": check.says,
        "do": check.do,
        "record": _record(check.record) if check.record else None,
    }


def _record(record: DnsRecord) -> dict[str, str]:
    return {
        "name": record.name,
        "type": record.type,
        "value": record.value,
        "note": record.note,
        "zone": record.line(),
    }


def _shown(made: Sequence[Check], records: Sequence[DnsRecord]) -> None:
    from distributor.cli.checks import Finding
    from distributor.cli.doctor import show
    from distributor.mail.checks.check import zone

    show([Finding(_MARKS[one.ok], one.name, one.says, one.do, _code(one)) for one in made])
    wrong, unasked = sum(one.ok is False for one in made), sum(one.unasked for one in made)
    told = [f"{wrong} to mend"] * bool(wrong) + [f"{unasked} could not be asked"] * bool(unasked)
    say(", ".join(told) or "all is well")
    if records:
        say("")
        say("DNS records to add:")
        for line in zone(records):
            click.echo(clean(line))
