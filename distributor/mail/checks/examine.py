"""All checks of one sender, in the order in which a person mends things."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from distributor.mail.checks import dmarc, hosts, reader, relay, senders, signing
from distributor.mail.checks.check import Check, DnsRecord, could_not_ask
from distributor.mail.checks.given import Given, Relay
from distributor.mail.checks.lookup import Lookup, Unanswered
from distributor.mail.checks.names import organisation

__all__ = ["Examination"]

Step = tuple[str, Callable[[], Iterable[Check]]]


class Examination:
    """Makes the checks, each once, in order: the later ones build on what the earlier found.

    Without `lookup` nothing is asked of DNS, without `probe` no relay is knocked at; what then cannot be told is left
    out. A step raises nothing: who does not answer is a check of its own.
    """

    def __init__(self, given: Given, lookup: Lookup | None, probe: relay.Probe | None) -> None:
        self._given = given
        self._lookup = lookup
        self._probe = probe
        self._made: list[Check] = []

    def steps(self) -> list[Step]:
        """Each step's name, and what makes its checks."""
        steps: list[tuple[str, Callable[[], Iterable[Check]]]] = [("dkim key", lambda: signing.local(self._given))]
        lookup = self._lookup
        if lookup is not None:
            steps += [
                ("dkim record", lambda: signing.published(lookup, self._given)),
                ("spf", lambda: senders.judge(lookup, self._given)),
                ("dmarc", lambda: self._dmarc(lookup)),
                ("sender", lambda: [hosts.sender_exists(lookup, self._given.domain)]),
                ("bounces", lambda: [hosts.bounces(lookup, self._given.bounce_domain, self._own_host())]),
                ("ptr", lambda: self._reverse(lookup)),
            ]
        else:
            steps.append(("dns", lambda: [Check("dns", None, "was not asked for SPF, DKIM, DMARC, MX and PTR")]))
        probe = self._probe
        if probe is not None:
            steps += [("tls", self._knocks(probe, one)) for one in self._given.relays]
        steps.append(("one-click", lambda: [reader.one_click(self._given)]))
        steps.append(("postal address", lambda: [reader.postal(self._given)]))
        return [(name, self._kept(name, work)) for name, work in steps]

    def run(self) -> list[Check]:
        return [check for _, work in self.steps() for check in work()]

    def records(self) -> list[DnsRecord]:
        """What to publish after the checks that were made, each once; the last one for a name and type counts."""
        found = {(one.record.name, one.record.type): one.record for one in self._made if one.record}
        if self._lookup is None and (own := signing.record(self._given)):
            found[own.name, own.type] = own
        return list(found.values())

    def _kept(self, name: str, work: Callable[[], Iterable[Check]]) -> Callable[[], list[Check]]:
        def made() -> list[Check]:
            checks: list[Check] = []
            try:
                checks.extend(work())
            except Unanswered as error:
                record = signing.record(self._given) if name == "dkim record" else None
                checks.append(could_not_ask(name, error, record))
            self._made += checks
            return checks

        return made

    def _dmarc(self, lookup: Lookup) -> Iterator[Check]:
        try:
            check, policy = dmarc.policy(lookup, self._given)
        except Unanswered as error:
            check, policy = could_not_ask("dmarc", error), None
        yield check
        spf = self._outcome("spf", "spf sender")
        yield dmarc.alignment(self._given, policy, spf=spf, dkim=self._outcome("dkim key", "dkim record", "dkim"))

    def _outcome(self, *names: str) -> bool | None:
        """Whether all checks of these names went well; None where one could not tell."""
        said = [check.ok for check in self._made if check.name in names]
        return False if False in said or not said else None if None in said else True

    def _reverse(self, lookup: Lookup) -> Iterator[Check]:
        given = self._given
        ips = senders.addresses(lookup, given)
        if not ips:
            provider = next((one.provider for one in given.relays if one.provider), None)
            if provider:
                yield Check("ptr", True, f"{provider.name} names the addresses that it sends from")
            return
        ours = bool(given.addresses) or any(self._ours(one) for one in given.relays)
        for ip in ips:
            yield hosts.reverse(lookup, ip, ours=ours, host=self._own_host() or f"mail.{given.domain}")

    def _ours(self, one: Relay) -> bool:
        if not one.speaks or one.here:
            return False
        return one.ip is not None or organisation(one.host) == organisation(self._given.domain)

    def _own_host(self) -> str:
        """The name of a relay of the same organisation, "" where there is none."""
        return next((one.host for one in self._given.relays if self._ours(one) and one.ip is None), "")

    def _knocks(self, probe: relay.Probe, one: Relay) -> Callable[[], Iterator[Check]]:
        def knock() -> Iterator[Check]:
            yield relay.judge(one, probe.knock(one), self._given.now) if one.speaks else relay.unspoken(one)

        return knock
