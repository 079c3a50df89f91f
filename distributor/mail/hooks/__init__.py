"""What providers tell by HTTP about mails that we sent: who bounced, complained, left, or has it.

    sns        Amazon SES through Amazon SNS: every message signed, the certificate from Amazon's own host
    postmark   Postmark's webhooks: a secret in the address or the head
    standard   any other sender, signed by Standard Webhooks: the provider that has no module here, a script of yours

Each has a `read`, which is pure and takes the raw body. All of it is hostile input: bounded, checked before it is
believed, refused by HookRefused and nothing else. What a receiving domain says is data, to be escaped where shown.
"""

from __future__ import annotations

from distributor.mail.hooks.events import BIGGEST_BODY, Event, HookRefused

__all__ = ["BIGGEST_BODY", "Event", "HookRefused"]
