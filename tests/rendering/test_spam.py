"""What a spam filter says of our mails. Its rules are those of the installed SpamAssassin, without a network."""

from __future__ import annotations

import re
import subprocess
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

import pytest

from distributor.model import Message, Section
from tests import servers
from tests.rendering.newsroom import paper, renderer, sampled
from tests.rendering.test_letters import FACTS

pytestmark = pytest.mark.server("spamassassin")


def mime(message: Message) -> bytes:
    whole = EmailMessage(policy=SMTP)
    whole["From"] = "The Paper <news@paper.example>"
    whole["To"] = "ada@reader.example"
    whole["Subject"] = message.subject
    whole["Date"] = format_datetime(datetime.now(UTC))
    whole["Message-ID"] = "<e5.r7@paper.example>"
    whole["List-Unsubscribe"] = "<https://go.paper.example/u/token>"
    whole["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    whole.set_content(message.text, cte="quoted-printable")
    whole.add_alternative(message.html, subtype="html", cte="quoted-printable")
    return whole.as_bytes()


@pytest.mark.parametrize("language", ["en", "fr", "ar"])
def test_a_digest_an_alert_and_a_letter_score_under_one(tmp_path: Path, language: str) -> None:
    desk, morning = renderer(), sampled(language)
    first = next(iter(morning.articles.values()))
    mails = {
        "digest": desk.digest(morning),
        "alert": desk.digest(paper([first], [Section("", (first.id,))], kind="alert", language=language)),
        "confirm": desk.letter("confirm", language=language, facts=FACTS, postal_address="1 rue Haute, Paris"),
    }
    for name, message in mails.items():
        assert message is not None
        told = subprocess.run(
            [servers.program("spamassassin"), "-L", "-t", "-x"],
            input=mime(message),
            capture_output=True,
            timeout=120,
            check=False,
            env={"HOME": str(tmp_path), "PATH": "/usr/sbin:/usr/bin:/bin"},
        ).stdout.decode(errors="replace")
        found = re.search(r"Content analysis details:\s+\((-?[\d.]+) points", told)
        assert found, (name, told[-500:])
        assert float(found[1]) < 1.0, (name, told[found.start() :])
