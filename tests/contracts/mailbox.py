"""What every mailbox must do, wherever its mails lie. A test class inherits MailboxContract and gives a rig."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from distributor.mail.bounces.mailbox import Mailbox
from distributor.mail.bounces.opening import MOST_BYTES


@dataclass
class Rig:
    """`arrive` puts a mail into the mailbox, as a server would."""

    mailbox: Mailbox
    arrive: Callable[[bytes], None]


def mail(number: int, body: bytes = b"x") -> bytes:
    return b"Subject: %d\r\nFrom: a@example.net\r\n\r\n%s\r\n" % (number, body)


def subjects(mailbox: Mailbox) -> list[bytes]:
    return [content.split(b"\n", 1)[0].strip() for _, content in mailbox.messages()]


class MailboxContract:
    @pytest.fixture
    def rig(self) -> Rig:
        raise NotImplementedError

    def test_an_empty_mailbox_gives_nothing(self, rig: Rig) -> None:
        assert list(rig.mailbox.messages()) == []

    def test_mails_come_in_the_order_of_their_arrival(self, rig: Rig) -> None:
        for number in range(3):
            rig.arrive(mail(number))
        assert subjects(rig.mailbox) == [b"Subject: 0", b"Subject: 1", b"Subject: 2"]

    def test_what_is_not_done_comes_again(self, rig: Rig) -> None:
        rig.arrive(mail(1))
        assert subjects(rig.mailbox) == subjects(rig.mailbox) == [b"Subject: 1"]

    def test_what_is_done_comes_no_more(self, rig: Rig) -> None:
        rig.arrive(mail(1))
        rig.arrive(mail(2))
        first, _ = next(iter(rig.mailbox.messages()))
        rig.mailbox.done(first)
        assert subjects(rig.mailbox) == [b"Subject: 2"]

    def test_mails_may_be_done_while_they_are_read(self, rig: Rig) -> None:
        for number in range(3):
            rig.arrive(mail(number))
        seen = 0
        for name, _ in rig.mailbox.messages():
            rig.mailbox.done(name)
            seen += 1
        assert seen == 3
        assert subjects(rig.mailbox) == []

    def test_done_twice_or_unknown_is_no_error(self, rig: Rig) -> None:
        rig.arrive(mail(1))
        [(name, _)] = rig.mailbox.messages()
        rig.mailbox.done(name)
        rig.mailbox.done(name)
        rig.mailbox.done("7.999999")

    def test_a_name_leads_nowhere_else(self, rig: Rig) -> None:
        rig.arrive(mail(1))
        rig.mailbox.done("../new/../../etc/passwd")
        rig.mailbox.done("1.1:*")
        assert subjects(rig.mailbox) == [b"Subject: 1"]

    def test_a_huge_mail_is_cut(self, rig: Rig) -> None:
        rig.arrive(mail(1, b"0123456789abcdef\r\n" * 40000))
        [(_, content)] = rig.mailbox.messages()
        assert len(content) <= MOST_BYTES
        assert content.startswith(b"Subject: 1")

    def test_bytes_come_as_they_are(self, rig: Rig) -> None:
        rig.arrive(mail(1, b"\xff\xfe\x80 caf\xc3\xa9"))
        [(_, content)] = rig.mailbox.messages()
        assert b"\xff\xfe\x80 caf\xc3\xa9" in content
