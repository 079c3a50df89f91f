"""A digest to one address, to look at it in a mail program: no reader, no edition, nothing in the ledger.

It is made, signed and handed over as every mail is; only its own links (leave, preferences) belong to nobody.
"""

from __future__ import annotations

import secrets
from dataclasses import replace

from distributor import addressing
from distributor.context import App
from distributor.errors import ConfigError, Rejected, RetryLater
from distributor.mail import Letter, Outcome, Verdict
from distributor.mail.skeleton import Skeleton
from distributor.mail.tokens import mint
from distributor.mailroom import MAIN, Mailroom
from distributor.model import Message
from distributor.paths import UNSUBSCRIBE, at

__all__ = ["send_sample"]

NOBODY = 0


def send_sample(app: App, digest: str, message: Message, to: str) -> Outcome:
    """Hands it to the first relay, and says what that said.

    Raises ConfigError where mail is not ready, ValueError for no address, RetryLater and ChannelPaused where the relay
    does not answer or must be mended, Rejected where it refuses this mail.
    """
    address = addressing.normalised(to).address
    room = app.mailroom
    if room is None:
        raise ConfigError("the settings have no [mail]", hint="docs/mail.md says what it needs")
    if room.unready:
        raise ConfigError(room.unready)
    session = room.relays[MAIN].connect()
    try:
        (outcome,) = session.send([_letter(app, room, digest, message, address)], _Nothing())
    finally:
        session.close()
    if outcome.verdict is Verdict.TAKEN:
        return outcome
    said = f"the relay did not take it: {outcome.text or outcome.verdict.value}"
    raise Rejected(said) if outcome.verdict is Verdict.REFUSED else RetryLater(said)


def _letter(app: App, room: Mailroom, digest: str, message: Message, to: str) -> Letter:
    identity = replace(room.identity, list_id=f"<{digest.replace('_', '-')}-test.{room.identity.domain}>")
    skeleton = Skeleton(message, identity, room.signers_for(room.relays[MAIN]), date=app.clock())
    token = mint(room.key, "reader", NOBODY)
    content = skeleton.content(
        to=to,
        message_id=identity.message_id(f"test.{secrets.token_hex(8)}"),
        token=token if skeleton.personal else "",
        unsubscribe=at(room.public_url, UNSUBSCRIBE, token),
    )
    return Letter(NOBODY, 1, f"bounces@{room.bounce_domain}", to, content)


class _Nothing:
    """A journal for what nobody needs to remember."""

    def started(self, letter: Letter) -> None:
        pass

    def ended(self, outcome: Outcome) -> None:
        pass
