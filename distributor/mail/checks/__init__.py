"""What receivers look at before they take a mail: the sender's DNS, signature, relay and way out, judged one by one.

    Given (settings) + Lookup (DNS) + Probe (the relay) -> Examination.steps() -> Check, Check, ...

The judges are pure but for the questions they ask through `Lookup`; a judge that gets no answer says so and never
guesses. Modules: `spf` (RFC 7208), `keys` and `verify` (RFC 6376, 8463), `dmarc` (RFC 7489), `hosts` (PTR, MX),
`relay` (TLS), `reader` (one-click, postal address).
"""

from distributor.mail.checks.check import Check, DnsRecord
from distributor.mail.checks.examine import Examination
from distributor.mail.checks.given import Given, Relay
from distributor.mail.checks.lookup import Lookup, MemoryLookup, Unanswered
from distributor.mail.checks.names import domain_name, organisation

__all__ = [
    "Check",
    "DnsRecord",
    "Examination",
    "Given",
    "Lookup",
    "MemoryLookup",
    "Relay",
    "Unanswered",
    "domain_name",
    "organisation",
]
