"""The contract of all transports, met by those that hand over one letter at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from distributor.mail.outbox import Outbox
from distributor.mail.postmark import Postmark
from distributor.mail.sendmail import Sendmail
from distributor.mail.ses import Ses
from distributor.mail.sigv4 import Credentials
from tests.contracts.transports import Rig, TransportContract
from tests.twins import postmark as postmark_twin
from tests.twins import ses as ses_twin

PROGRAM = """#!/bin/sh
# Writes down what it took; the file `next` says how to fail, once.
for recipient in "$@"; do :; done
next=$(cat {folder}/next 2>/dev/null); rm -f {folder}/next
cat > {folder}/message
case "$next" in
  kill) kill -9 $$ ;;
  [0-9]*) echo "refused with $next" >&2; exit "$next" ;;
esac
count=$(ls {folder}/taken | wc -l)
{{ echo "$recipient"; cat {folder}/message; }} > "{folder}/taken/$(printf %09d "$count")"
"""


class TestSendmail(TransportContract):
    faults: ClassVar[tuple[str, ...]] = ("unknown-recipient", "spam", "breaks-before", "silent")

    @pytest.fixture
    def rig(self, tmp_path: Path) -> Rig:  # type: ignore[override]
        program, taken = tmp_path / "sendmail", tmp_path / "taken"
        taken.mkdir()
        program.write_text(PROGRAM.format(folder=tmp_path))
        program.chmod(0o755)
        codes = {"unknown-recipient": "67", "spam": "65", "breaks-before": "71", "silent": "kill"}

        def arrived() -> list[tuple[str, bytes]]:
            parted = [path.read_bytes().partition(b"\n") for path in sorted(taken.iterdir())]
            return [(recipient.decode(), content) for recipient, _, content in parted]

        return Rig(Sendmail(program), arrived, lambda fault: void((tmp_path / "next").write_text(codes[fault])))


class TestOutbox(TransportContract):
    faults: ClassVar[tuple[str, ...]] = ()

    @pytest.fixture(params=["maildir", "eml"])
    def rig(self, request: pytest.FixtureRequest, tmp_path: Path) -> Rig:  # type: ignore[override]
        outbox = Outbox(tmp_path / "out", form=request.param)
        return Rig(outbox, lambda: [(kept.recipient, outbox.get(kept.name)) for kept in outbox.letters(99)])


@pytest.mark.network
class TestSes(TransportContract):
    faults: ClassVar[tuple[str, ...]] = ("unknown-recipient", "spam", "silent")

    @pytest.fixture
    def rig(self) -> Iterator[Rig]:
        names = {"unknown-recipient": "bad-address", "spam": "virus", "silent": "reset"}
        with ses_twin.SesTwin() as twin:
            transport = Ses(
                ses_twin.REGION, Credentials(ses_twin.ACCESS_KEY, ses_twin.SECRET), base_url=twin.url, timeout=2
            )
            yield Rig(
                transport,
                lambda: [(mail["to"], mail["raw"]) for mail in twin.posts.values()],
                lambda fault: twin.fail(names[fault], times=1),
            )
            assert twin.violations == []


@pytest.mark.network
class TestPostmark(TransportContract):
    faults: ClassVar[tuple[str, ...]] = ("unknown-recipient", "spam", "silent")

    @pytest.fixture
    def rig(self) -> Iterator[Rig]:
        names = {"unknown-recipient": "inactive", "spam": "bad-request", "silent": "reset"}
        with postmark_twin.PostmarkTwin() as twin:

            def arrived() -> list[tuple[str, bytes]]:
                mails = twin.posts.values()
                return [(mail["To"], mail["TextBody"].replace("é", "=C3=A9").encode()) for mail in mails]

            transport = Postmark(postmark_twin.TOKEN, base_url=twin.url, timeout=2)
            yield Rig(transport, arrived, lambda fault: twin.fail(names[fault], times=1))
            assert twin.violations == []


def void(_: object) -> None:
    """A lambda's value, dropped."""
