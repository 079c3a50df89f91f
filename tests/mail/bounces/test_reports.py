"""The forms of reports, made by hand: standard, broken, of further systems; and what is no report."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from distributor.mail.bounces import Report, read


def mail(
    body: str, *, sender: str = "MAILER-DAEMON@mx.example.org", subject: str = "failure notice", head: str = ""
) -> bytes:
    return f"From: {sender}\nTo: bounces+7-abc@news.example\nSubject: {subject}\n{head}\n{body}".encode()


def one(body: str, **parts: str) -> Report:
    [report] = read(mail(body, **parts))
    return report


def multipart(kind: str, *parts: tuple[str, str]) -> bytes:
    body = "".join(f"--b\nContent-Type: {media}\n\n{text}\n" for media, text in parts)
    head = f'Return-Path: <>\nMIME-Version: 1.0\nContent-Type: {kind}; boundary="b"\n'
    return mail(body + "--b--\n", head=head)


def row(name: str, action: str, status: str, said: str) -> str:
    head = f"Final-Recipient: rfc822;{name}@example.net\nAction: {action}\n"
    return f"{head}Status: {status}\nDiagnostic-Code: {said}\n"


def of_a_person(raw: bytes) -> bytes:
    """The same mail, sent by a person by hand."""
    raw = raw.replace(b"MAILER-DAEMON@mx.example.org", b"anna@example.org", 1)
    return raw.replace(b"Return-Path: <>\n", b"", 1).replace(b"failure notice", b"fwd", 1)


STATUS = "Reporting-MTA: dns; mx.example.org\n\n"
READER = (
    "Final-Recipient: rfc822; reader@example.net\nAction: failed\nStatus: 5.1.1\n"
    "Diagnostic-Code: smtp; 550 5.1.1 user unknown\n"
)
LETTER = (
    "Return-Path: <bounces+9-mac@news.example>\nFrom: News <news@news.example>\nTo: Reader <reader@example.net>\n"
    "Subject: =?utf-8?q?Today=E2=80=99s_news?=\nMessage-ID: <7@news.example>\nList-Id: <daily.news.example>\n\nHello\n"
)


class TestStandardReports:
    def test_a_delivery_status_gives_everything(self) -> None:
        raw = multipart(
            "multipart/report; report-type=delivery-status",
            ("text/plain", "Sorry."),
            ("message/delivery-status", STATUS + READER),
            ("message/rfc822", LETTER),
        )
        [report] = read(raw)
        assert (report.recipient, report.kind, report.hard) == ("reader@example.net", "bounce", True)
        assert (report.status, report.reply, report.reason) == ("5.1.1", "550", "userunknown")
        assert report.diagnostic == "550 5.1.1 user unknown"
        assert report.original.message_id == "<7@news.example>"
        assert report.original.list_id == "<daily.news.example>"
        assert report.original.subject == "Today’s news"
        assert report.original.to == "reader@example.net"
        assert report.original.return_paths == ("bounces+7-abc@news.example", "bounces+9-mac@news.example")

    def test_several_recipients_each_have_their_own_verdict(self) -> None:
        full = row("b", "failed", "5.2.2", "smtp; 552 mailbox full")
        late = "Original-Recipient: rfc822;c@example.net\n" + row("c", "delayed", "4.4.1", "smtp; 421 timeout")
        good = row("d", "relayed", "2.0.0", "smtp; 250 ok")
        raw = multipart("multipart/report", ("message/delivery-status", "\n".join([STATUS + READER, full, late, good])))
        found = [(r.recipient[0], r.kind, r.hard, r.reason) for r in read(raw)]
        assert found == [
            ("r", "bounce", True, "userunknown"),
            ("b", "bounce", False, "mailboxfull"),
            ("c", "delay", False, "expired"),
            ("d", "delivered", False, "delivered"),
        ]

    @pytest.mark.parametrize(
        "fields", [READER, STATUS.strip() + "\n" + READER, "\n\n" + READER.replace("\n", "\n\n"), READER.upper()]
    )
    def test_empty_lines_and_case_do_not_matter(self, fields: str) -> None:
        [report] = read(multipart("multipart/report", ("message/delivery-status", fields)))
        assert report.recipient.lower() == "reader@example.net"
        assert report.hard

    def test_an_address_that_a_forwarding_changed_keeps_both(self) -> None:
        fields = (
            STATUS
            + "Original-Recipient: rfc822;reader@example.net\nFinal-Recipient: rfc822;old@example.com\nAction: failed\n"
        )
        [report] = read(multipart("multipart/report", ("message/delivery-status", fields)))
        assert (report.recipient, report.original.asked) == ("old@example.com", "reader@example.net")

    def test_a_final_recipient_that_is_a_machine_gives_way_to_the_one_asked_for(self) -> None:
        fields = (
            STATUS
            + "Original-Recipient: rfc822;reader@example.net\n"
            + "Final-Recipient: rfc822;postmaster@example.com\nAction: failed\n"
        )
        [report] = read(multipart("multipart/report", ("message/delivery-status", fields)))
        assert report.recipient == "reader@example.net"

    def test_a_report_in_a_transferred_part_is_read(self) -> None:

        head = 'Content-Type: multipart/report; boundary="b"\n'
        coded = base64.encodebytes((STATUS + READER).encode()).decode()
        body = f"--b\nContent-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\n{coded}\n--b--\n"
        [report] = read(mail(body, head=head))
        assert report.recipient == "reader@example.net"

    def test_a_report_inside_the_reported_mail_is_not_read(self) -> None:
        inner = multipart("multipart/report", ("message/delivery-status", READER.replace("reader", "other"))).decode()
        inner = inner.replace("--b", "--c").replace('"b"', '"c"')
        raw = multipart("multipart/report", ("message/delivery-status", STATUS + READER), ("message/rfc822", inner))
        assert [report.recipient for report in read(raw)] == ["reader@example.net"]

    def test_a_report_that_somebody_forwarded_is_read(self) -> None:
        inner = multipart("multipart/report", ("message/delivery-status", STATUS + READER)).decode()
        carried = ("message/rfc822", inner.replace("--b", "--c").replace('"b"', '"c"'))
        raw = of_a_person(multipart("multipart/mixed", ("text/plain", "fyi"), carried))
        assert [report.recipient for report in read(raw)] == ["reader@example.net"]

    def test_an_international_report_is_read(self) -> None:
        fields = STATUS + "Final-Recipient: utf-8; grüße@bücher.example\nAction: failed\nStatus: 5.1.1\n"
        [report] = read(multipart("multipart/report", ("message/global-delivery-status", fields)))
        assert report.recipient == "grüße@bücher.example"

    def test_two_hundred_recipients_are_enough(self) -> None:
        fields = "\n".join(READER.replace("reader", f"r{n}") for n in range(500))
        assert len(read(multipart("multipart/report", ("message/delivery-status", STATUS + fields)))) == 200


class TestComplaints:
    FIELDS = "Feedback-Type: abuse\nUser-Agent: Some/1.0\nVersion: 1\nOriginal-Rcpt-To: <reader@example.net>\n"

    def feedback(self, fields: str) -> list[Report]:
        kind = "multipart/report; report-type=feedback-report"
        return read(
            multipart(kind, ("text/plain", "abuse"), ("message/feedback-report", fields), ("message/rfc822", LETTER))
        )

    def test_a_feedback_report_is_a_complaint(self) -> None:
        [report] = self.feedback(self.FIELDS)
        assert (report.recipient, report.kind, report.reason, report.hard) == (
            "reader@example.net",
            "complaint",
            "feedback",
            False,
        )
        assert not report.content_block
        assert report.original.return_path == "bounces+9-mac@news.example"

    def test_several_recipients_complain_together(self) -> None:
        reports = self.feedback(self.FIELDS + "Original-Rcpt-To: <other@example.net>\n")
        assert [report.recipient for report in reports] == ["reader@example.net", "other@example.net"]

    def test_a_redacted_complaint_is_about_whom_the_mail_was_for(self) -> None:
        [report] = self.feedback("Feedback-Type: abuse\nVersion: 1\nRedacted-Address: redacted\n")
        assert report.recipient == "reader@example.net"

    def test_a_complaint_without_any_address_still_has_its_return_path(self) -> None:
        raw = multipart("multipart/report", ("message/feedback-report", "Feedback-Type: abuse\n"))
        [report] = read(raw)
        assert (report.recipient, report.kind) == ("", "complaint")
        assert "bounces+7-abc@news.example" in report.original.return_paths

    @pytest.mark.parametrize("sort", ["auth-failure", "not-spam", "virus"])
    def test_what_is_said_of_the_mail_is_not_held_against_the_reader(self, sort: str) -> None:
        [report] = self.feedback(self.FIELDS.replace("abuse", sort))
        assert report.content_block

    def test_an_opt_out_is_an_unsubscribe(self) -> None:
        [report] = self.feedback(self.FIELDS.replace("abuse", "opt-out"))
        assert report.kind == "unsubscribe"

    def test_hotmails_old_form_is_a_complaint(self) -> None:
        raw = multipart(
            "multipart/mixed", ("message/rfc822", "X-HmXmrOriginalRecipient: reader@hotmail.example\n" + LETTER)
        )
        [report] = read(raw.replace(b"MAILER-DAEMON@mx.example.org", b"staff@hotmail.com"))
        assert (report.recipient, report.kind) == ("reader@hotmail.example", "complaint")


class TestNotices:
    def notice(self, kind: str, details: dict[str, Any]) -> dict[str, Any]:
        return {
            "notificationType": kind,
            kind.lower(): details,
            "mail": {"source": "news@news.example", "messageId": "7"},
        }

    def test_a_bounce_of_amazon_is_read_from_its_notice(self) -> None:
        row = {
            "emailAddress": "reader@example.net",
            "status": "5.1.1",
            "diagnosticCode": "smtp; 550 5.1.1 user unknown",
        }
        notice = self.notice("Bounce", {"bounceType": "Permanent", "bouncedRecipients": [row]})
        report = one(json.dumps(notice), sender="no-reply@sns.amazonaws.com")
        assert (report.recipient, report.kind, report.hard, report.status) == (
            "reader@example.net",
            "bounce",
            True,
            "5.1.1",
        )
        wrapped = one(
            json.dumps({"Type": "Notification", "Message": json.dumps(notice)}), sender="no-reply@sns.amazonaws.com"
        )
        assert wrapped == report

    def test_a_complaint_and_a_delivery_too(self) -> None:
        complaint = self.notice("Complaint", {"complainedRecipients": [{"emailAddress": "reader@example.net"}]})
        assert one(json.dumps(complaint)).kind == "complaint"
        delivery = self.notice("Delivery", {"recipients": ["reader@example.net"], "smtpResponse": "250 ok"})
        assert (one(json.dumps(delivery)).kind, one(json.dumps(delivery)).reply) == ("delivered", "250")

    @pytest.mark.parametrize(
        "text",
        [
            '{"notificationType": "Bounce"}',
            '{"notificationType": "Bounce", "bounce": []}',
            '{"notificationType": "Bounce", "bounce": {"bouncedRecipients": [1, null, {}]}}',
            '{"notificationType": [',
        ],
    )
    def test_a_malformed_notice_is_no_error(self, text: str) -> None:
        read(mail(text))


def _prose() -> list[list[str]]:
    """The cases of `prose.txt`: name, hard, soft or delay, who failed, subject, text."""
    text = (Path(__file__).parent / "prose.txt").read_text("utf-8")
    cases = [piece.partition("\n") for piece in text.split("=== ")[1:]]
    return [[*(word.strip() for word in head.split("|")), body] for head, _, body in cases]


class TestProse:
    @pytest.mark.parametrize("case", _prose(), ids=lambda case: case[0])
    def test_who_failed_and_whether_for_good(self, case: list[str]) -> None:
        _, kind, failed, subject, body = case
        reports = read(mail(body, subject=subject))
        assert [report.recipient for report in reports] == failed.split(", ")
        assert reports[0].kind == ("delay" if kind == "delay" else "bounce")
        assert reports[0].hard is (kind == "hard")

    def test_a_delay_is_no_bounce_yet(self) -> None:
        report = one(
            "This message has not yet been delivered to:\n\n  r@example.net\n"
            "    450 4.7.1 Greylisted\n\nDelivery attempts will continue.\n",
            subject="Warning: message delayed 24 hours",
        )
        assert (report.recipient, report.kind, report.hard) == ("r@example.net", "delay", False)

    def test_the_header_of_exim_names_the_failed(self) -> None:
        reports = read(mail("Sorry.\n", head="X-Failed-Recipients: r@example.net, s@example.net\n"))
        assert [report.recipient for report in reports] == ["r@example.net", "s@example.net"]

    def test_html_alone_is_read_too(self) -> None:
        report = one(
            "<html><style>a@b.example {}</style><p>Your message to <b>&lt;r@example.net&gt;</b> could "
            "not be delivered:<br>550 5.1.1 no such user</p>",
            head="Content-Type: text/html\n",
        )
        assert (report.recipient, report.hard) == ("r@example.net", True)

    @pytest.mark.parametrize("charset", ["utf-8", "utf-16"])
    def test_base_64_may_hold_crlf_and_wide_characters(self, charset: str) -> None:
        words = "Your message could not be delivered.\r\n\r\n<r@example.net>:\r\n550 5.1.1 No such user\r\n"
        text = base64.encodebytes(words.encode(charset)).decode()
        report = one(text, head=f"Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: base64\n")
        assert (report.recipient, report.hard) == ("r@example.net", True)
        assert "\r" not in report.diagnostic

    def test_a_wrong_charset_hides_nothing(self) -> None:
        for charset in ("klingon", "utf-16", "iso-2022-jp", "hex"):
            raw = mail(
                "<r@example.net>: 550 5.1.1 user unknown caf\u00e9\n",
                head=f"Content-Type: text/plain; charset={charset}\n",
            )
            assert [report.recipient for report in read(raw)] == ["r@example.net"], charset

    def test_the_support_address_did_not_fail(self) -> None:
        report = one(
            "Delivery failed.\nFor help write to:\nhelp@example.org\n\n  r@example.net\n     user unknown (550)\n"
        )
        assert report.recipient == "r@example.net"


class TestAnswers:
    def person(self, body: str, subject: str, head: str = "") -> list[Report]:
        return read(mail(body, sender="Reader <reader@example.net>", subject=subject, head=head))

    @pytest.mark.parametrize(("subject", "head"), [
        ("Re: News", "Auto-Submitted: auto-replied\n"), ("Out of Office: News", ""), ("Automatic reply: News", ""),
        ("Abwesenheitsnotiz", ""), ("Réponse automatique : News", ""), ("=?utf-8?b?5LiN5Zyo?=", ""),
        ("News", "X-Autoreply: yes\n"),
    ])  # fmt: skip
    def test_an_absence_is_a_reply_and_no_bounce(self, subject: str, head: str) -> None:
        [report] = self.person("I am away until Monday. My mailbox is full, contact b@example.net.", subject, head)
        assert (report.recipient, report.kind, report.hard, report.reason) == (
            "reader@example.net",
            "reply",
            False,
            "vacation",
        )

    def test_a_challenge_is_told_apart(self) -> None:
        [report] = self.person("Please confirm your message: https://example.net/c", "Please confirm your message")
        assert report.kind == "challenge"

    @pytest.mark.parametrize("subject", ["unsubscribe", "Unsubscribe <7>", "REMOVE"])
    def test_an_unsubscribe_mail_is_its_senders_wish(self, subject: str) -> None:
        [report] = self.person("", subject)
        assert (report.recipient, report.kind) == ("reader@example.net", "unsubscribe")

    @pytest.mark.parametrize(("subject", "body"), [
        ("Hello", "How are you?"),
        ("Re: delivery failed?", "My mail to bob@example.net was not delivered, the mailbox is full, he says."),
        ("News tip", "550 people came to the town hall. Write to me: a@example.net"),
        ("Leaving for home", "x" * 5000), ("", ""),
        ("Invoice", "Your account is suspended. <a@example.net>: pay now."),
    ])  # fmt: skip
    def test_an_ordinary_mail_is_no_report(self, subject: str, body: str) -> None:
        assert self.person(body, subject) == []

    def test_a_mail_with_an_attached_mail_is_no_report(self) -> None:
        raw = multipart("multipart/mixed", ("text/plain", "see below"), ("message/rfc822", LETTER))
        assert read(of_a_person(raw)) == []
