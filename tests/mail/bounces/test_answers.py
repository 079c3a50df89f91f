"""Mails that answer by themselves, in the words and languages of many systems; and ordinary mails, which are none."""

from __future__ import annotations

import pytest

from distributor.mail.bounces import read

READER = "Ada <r@example.net>"
# What it is ("" for an ordinary mail), its subject, one more header field, its text.
ANSWERS = [
    ("reply", "Automatische Antwort: Der Tag", "", "Ich bin bis 3. Mai nicht im Haus."),
    ("reply", "Re: Der Tag", "Auto-Submitted: auto-replied", "I am out of the office until Monday"),
    (
        "reply",
        "Out of Office Re: News",
        "X-Auto-Response-Suppress: All\nX-MS-Exchange-Generated-Message-Source: x",
        "I'm away",
    ),
    ("reply", "Abwesenheitsnotiz: News", "", "weg"),
    ("reply", "Réponse automatique : News", "", "absente"),
    ("reply", "Risposta automatica: News", "", "ferie"),
    ("reply", "Frånvaro: News", "Auto-Submitted: auto-replied", "borta"),
    ("reply", "Respuesta automática: News", "", "x"),
    ("reply", "Автоответ: News", "", "x"),
    ("reply", "自动回复: News", "", "x"),
    ("reply", "自動回覆: News", "", "x"),
    ("reply", "Thank you for contacting us", "Precedence: auto_reply", "Ticket 1 was opened"),
    (
        "challenge",
        "Please confirm your message",
        "Auto-Submitted: auto-replied",
        "Your message is waiting; click to confirm it",
    ),
    ("challenge", "Re: News [Spam Arrest verification]", "", "click"),
    (
        "challenge",
        "Boxbe: r@example.net requires approval",
        "Auto-Submitted: auto-replied",
        "Your message was waitlisted. Please add yourself to my Guest List.",
    ),
    (
        "challenge",
        "Your email requires verification verify#abc",
        "",
        "The message you sent requires that you verify that you are a real live human being and not a spam source.",
    ),
    ("", "Re: News", "", "Thanks for the newsletter, I liked it. The mailbox was full of praise."),
    ("", "Question about delivery", "", "Your newsletter says the message could not be delivered, why?"),
]


@pytest.mark.parametrize(("kind", "subject", "field", "text"), ANSWERS, ids=[row[1] for row in ANSWERS])
def test_what_answers_by_itself_is_told_from_a_letter(kind: str, subject: str, field: str, text: str) -> None:
    head = f"From: {READER}\nTo: bounces+1-aaaaaaaaaaaaaaaa@paper.example\nSubject: {subject}\n"
    head += f"{field}\n" if field else ""
    reports = read(f"{head}MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{text}\n".encode())
    expected = [(kind, "r@example.net", False)] if kind else []
    assert [(report.kind, report.recipient, report.hard) for report in reports] == expected
