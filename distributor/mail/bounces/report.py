"""What a mail that came back says, as data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["HARD_REASONS", "Kind", "Original", "Report"]

Kind = Literal["bounce", "delay", "delivered", "complaint", "unsubscribe", "reply", "challenge"]

# These say that the address, or its whole domain, will never take a mail again. All others may pass.
HARD_REASONS = frozenset({"userunknown", "hostunknown", "hasmoved", "notaccept"})


@dataclass(frozen=True, slots=True)
class Original:
    """The mail that was reported, as far as the report shows it. Every text may be empty; nothing here is trusted.

    `asked` is the address that was written to where a forwarding changed it (RFC 3464 Original-Recipient);
    `addressed` are the addresses that the report itself was sent to, the VERP return path among them.
    """

    message_id: str = ""
    return_path: str = ""
    sender: str = ""
    to: str = ""
    subject: str = ""
    list_id: str = ""
    asked: str = ""
    addressed: tuple[str, ...] = ()

    @property
    def return_paths(self) -> tuple[str, ...]:
        """Where our own VERP address may stand, the likeliest first, each once."""
        return tuple(dict.fromkeys(word for word in (*self.addressed, self.return_path) if word))


@dataclass(frozen=True, slots=True)
class Report:
    """One recipient of one report.

    `kind`: what happened. A `delay` is no bounce yet; `delivered` is good news; a `reply` (out of office), a
    `challenge` and an `unsubscribe` come from the reader, whose address `recipient` then is.
    `hard`: the address will not work again. `status`: RFC 3463, such as `5.1.1`, or empty. `reply`: RFC 5321, three
    digits, or empty. `reason`: one word. `diagnostic`: one line of at most 500 characters.
    `content_block`: the mail or its sender was refused, not this reader; it does not score.
    """

    recipient: str
    kind: Kind
    hard: bool = False
    status: str = ""
    reply: str = ""
    reason: str = "undefined"
    diagnostic: str = ""
    content_block: bool = False
    original: Original = field(default_factory=Original)
