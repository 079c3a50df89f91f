"""SMTP keeps the contract of transports: in the clear, in TLS, without pipelining, and as LMTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from distributor.mail.session import Timeouts
from distributor.mail.smtp import SmtpTransport
from tests.contracts.transports import Rig, TransportContract
from tests.mail.certificates import Certificates
from tests.mail.relays import Act, Relay

QUICK = Timeouts(connect=20, greeting=20, command=20, data=20, block=20, dot=0.7)
ANSWERS = {
    "unknown-recipient": ("RCPT", "550 5.1.1 no such user"),
    "spam": ("DOT", "554 5.7.1 spam"),
    "slow-down": ("RCPT", "450 4.7.1 not so fast"),
    "breaks-before": ("RCPT", Act(then="close")),
    "silent": ("DOT", Act(then="hang")),
}


@dataclass
class Next:
    """An answer given once."""

    answer: list[str | Act] = field(default_factory=list)

    def __call__(self, argument: str) -> str | Act | None:
        return self.answer.pop() if self.answer else None


def rig_of(relay: Relay, **options: object) -> Rig:
    following = {verb: Next() for verb in ("RCPT", "DOT", "CONNECT", "AUTH")}
    relay.answers = {**relay.answers, **following}
    transport = SmtpTransport(relay.url, timeouts=QUICK, **options)  # type: ignore[arg-type]
    return Rig(
        transport,
        arrived=lambda: [(recipient, content) for _, recipient, content in relay.letters],
        break_with=lambda fault: following[ANSWERS[fault][0]].answer.append(ANSWERS[fault][1]),
        unreachable=lambda: following["CONNECT"].answer.append("421 4.3.2 not now"),
        locked=(lambda: following["AUTH"].answer.append("535 5.7.8 wrong")) if relay.login else None,
    )


@pytest.mark.network
class TestSmtp(TransportContract):
    @pytest.fixture
    def rig(self) -> Iterator[Rig]:
        with Relay(login=("bot", "secret"), offers=("PIPELINING", "AUTH PLAIN LOGIN")) as relay:
            yield rig_of(relay, username="bot", password="secret")


@pytest.mark.network
class TestLockStep(TransportContract):
    @pytest.fixture
    def rig(self) -> Iterator[Rig]:
        with Relay(offers=()) as relay:
            yield rig_of(relay)


@pytest.mark.network
class TestStartTls(TransportContract):
    @pytest.fixture
    def rig(self, certificates: Certificates) -> Iterator[Rig]:
        with Relay(tls=certificates.server()) as relay:
            yield rig_of(relay, tls="required", ca_file=certificates.ca_file)


@pytest.mark.network
class TestImplicitTls(TransportContract):
    @pytest.fixture
    def rig(self, certificates: Certificates) -> Iterator[Rig]:
        with Relay(tls=certificates.server(), implicit=True) as relay:
            yield rig_of(relay, ca_file=certificates.ca_file)


@pytest.mark.network
class TestLmtp(TransportContract):
    @pytest.fixture
    def rig(self) -> Iterator[Rig]:
        with Relay(lmtp=True) as relay:
            yield rig_of(relay)


@pytest.mark.network
class TestByteByByte(TransportContract):
    @pytest.fixture
    def rig(self) -> Iterator[Rig]:
        with Relay(dribble=1) as relay:
            yield rig_of(relay)
