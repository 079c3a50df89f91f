"""Letters and a journal for the tests of transports."""

from __future__ import annotations

from collections.abc import Iterable
from email.message import EmailMessage
from email.policy import SMTP

from distributor.errors import StoreError
from distributor.mail import Letter, Outcome, Session

BOUNDARY = "a-boundary-of-ours"


class Notes:
    """A journal in memory. `full` makes it fail: "started" or "ended"."""

    def __init__(self, full: str = "") -> None:
        self.lines: list[tuple[str, int]] = []
        self.full = full

    def started(self, letter: Letter) -> None:
        if self.full == "started":
            raise StoreError("the disk is full")
        self.lines.append(("started", letter.number))

    def ended(self, outcome: Outcome) -> None:
        if self.full == "ended":
            raise StoreError("the disk is full")
        self.lines.append(("ended", outcome.number))


def letter(
    number: int = 1, recipient: str = "reader@example.org", *, attempt: int = 1, sender: str = "b-1-x@paper.example"
) -> Letter:
    return Letter(number, attempt, sender, recipient, content(number, recipient))


def content(number: int = 1, recipient: str = "reader@example.org") -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"] = '"The Paper, daily" <news@paper.example>'
    message["To"] = recipient
    message["Subject"] = "Grüße aus dem Hafen: zwölf Fähren und ein sehr langer Betreff, der gefaltet werden muss"
    message["Reply-To"] = "desk@paper.example"
    message["Message-ID"] = f"<d{number}.abc@paper.example>"
    message["List-Unsubscribe"] = "<https://go.paper.example/u/1>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["Date"] = "Mon, 02 Mar 2026 07:00:00 +0000"
    message.set_content("Guten Tag\n.\nEin Punkt allein steht oben.\nFrom hier beginnt eine Zeile mit From.\n")
    message.add_alternative("<p>Guten Tag, Größe</p>\n", subtype="html")
    message.set_boundary(BOUNDARY)
    signature = b"DKIM-Signature: v=1; a=rsa-sha256; d=paper.example;\r\n\tb=abc;\r\n bh=def\r\n"
    return signature + message.as_bytes()


def sent(session: Session, letters: Iterable[Letter], journal: Notes | None = None) -> list[Outcome]:
    return list(session.send(letters, journal or Notes()))
