"""What the law and the large mailboxes ask for beside DNS: one-click unsubscribing and a postal address. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from distributor.mail.checks.check import Check
from distributor.mail.checks.given import Given

__all__ = ["one_click", "postal"]

_KEY = "Set site.public_url to the https address that readers reach."


def one_click(given: Given) -> Check:
    """RFC 8058: List-Unsubscribe holds an https URI that takes a POST from anybody."""
    if not given.public_url:
        return Check("one-click", False, "there is no public address for unsubscribing", _KEY)
    parts = urlsplit(given.public_url)
    if parts.scheme != "https":
        return Check("one-click", False, f"{given.public_url} is not https: receivers ignore it (RFC 8058)", _KEY)
    if not parts.hostname or "." not in parts.hostname:
        return Check("one-click", False, f"{given.public_url} is no public address", _KEY)
    if not given.listens:
        do = 'Set web.public, such as "127.0.0.1:8001", behind the proxy that serves the public address.'
        return Check("one-click", False, "the public pages are switched off: nobody could unsubscribe", do)
    return Check("one-click", True, f"List-Unsubscribe leads to {given.public_url}, by POST (RFC 8058)")


def postal(given: Given) -> Check:
    """CAN-SPAM and its like: a commercial mail names the sender's postal address; a digest without is not sent."""
    address = " ".join(given.postal_address.split())
    if not address:
        return Check("postal address", False, "site.postal_address is not set: digests are refused", _POSTAL)
    return Check("postal address", True, address)


_POSTAL = 'In [site]: postal_address = "1 rue Haute, Paris"'
