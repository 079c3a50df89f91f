"""What a spam filter says of our mails, as the engine would send them: SpamAssassin's own rules, without a network."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from distributor.mail import MARKER
from distributor.mail.skeleton import Identity, Skeleton
from distributor.model import Message, Section
from tests import servers
from tests.rendering.newsroom import LINKS, TOKEN, paper, renderer, sampled
from tests.rendering.test_letters import FACTS

pytestmark = pytest.mark.server("spamassassin")

BULK = Identity(from_='"The Paper" <news@paper.example>', list_id="The Paper daily <daily.paper.example>")
LETTER = Identity(from_='"The Paper" <news@paper.example>')
MARKED = replace(
    LINKS, **{name: getattr(LINKS, name).replace(TOKEN, MARKER) for name in ("preferences", "unsubscribe", "fewer")}
)


def mime(message: Message, identity: Identity) -> bytes:
    skeleton = Skeleton(message, identity, date=datetime.now(UTC))
    token = TOKEN if skeleton.personal else ""
    leave = f"https://go.paper.example/u/{TOKEN}" if identity is BULK else ""
    return skeleton.content(to="ada@reader.example", message_id="<e5.r7@paper.example>", token=token, unsubscribe=leave)


@pytest.mark.parametrize("language", ["en", "fr", "ar"])
def test_a_digest_an_alert_and_a_letter_score_under_one(tmp_path: Path, language: str) -> None:
    desk, morning = renderer(), sampled(language, links=MARKED)
    first = next(iter(morning.articles.values()))
    mails = {
        "digest": desk.digest(morning),
        "alert": desk.digest(paper([first], [Section("", (first.id,))], kind="alert", language=language, links=MARKED)),
        "confirm": desk.letter("confirm", language=language, facts=FACTS, postal_address="1 rue Haute, Paris"),
    }
    for name, message in mails.items():
        assert message is not None
        if name != "confirm":
            assert message.html.count(MARKER) == message.text.count(MARKER) == 3
        told = subprocess.run(
            [servers.program("spamassassin"), "-L", "-t", "-x"],
            input=mime(message, LETTER if name == "confirm" else BULK),
            capture_output=True,
            timeout=120,
            check=False,
            env={"HOME": str(tmp_path), "PATH": "/usr/sbin:/usr/bin:/bin"},
        ).stdout.decode(errors="replace")
        found = re.search(r"Content analysis details:\s+\((-?[\d.]+) points", told)
        assert found, (name, told[-500:])
        assert float(found[1]) < 1.0, (name, told[found.start() :])
