"""What mail systems say, and what is meant, apart from the real mails: one line a case in `said.tsv`."""

from __future__ import annotations

from pathlib import Path

import pytest

from distributor.mail.bounces.reasons import CONTENT_REASONS, judged, one_line
from distributor.mail.bounces.report import HARD_REASONS
from distributor.mail.bounces.vocabulary import vocabulary

# The reason ("!" says that the address is dead, "-" that any soft reason will do), a tab, the words.
SAID = [line.split("\t") for line in (Path(__file__).parent / "said.tsv").read_text("utf-8").splitlines()]


@pytest.mark.parametrize(("meant", "said"), SAID, ids=[said[:60] for _, said in SAID])
def test_what_a_server_says_is_understood(meant: str, said: str) -> None:
    verdict = judged(said)
    assert verdict.hard is meant.startswith("!")
    assert meant == "-" or verdict.reason == meant.lstrip("!")


def test_the_words_decide_before_the_code() -> None:
    assert judged("550 5.1.1 <a@example.net>: mailbox is full").reason == "mailboxfull"
    assert judged("550 5.1.1 blocked using zen.spamhaus.org").hard is False


def test_the_code_decides_where_the_words_are_unknown() -> None:
    assert judged("550 5.1.1 vzzt").reason == "userunknown"
    assert judged("vzzt", status="5.2.2").reason == "mailboxfull"
    assert judged("550 vzzt (in reply to RCPT TO command)").hard


def test_words_in_an_address_or_a_link_are_nobodys_words() -> None:
    assert judged("550 5.2.2 <user-unknown@example.net> https://example.net/user/unknown-user").reason == "mailboxfull"


def test_user_unknown_after_the_message_is_a_filter() -> None:
    assert judged("550 Unknown user a@example.net (in reply to end of DATA command)").reason == "filtered"
    assert judged("550 Unknown user a@example.net (in reply to RCPT TO command)").hard


def test_what_is_refused_before_a_recipient_was_named_is_not_the_recipients_fault() -> None:
    verdict = judged("550 example.org does not exist (in reply to MAIL FROM command)")
    assert not verdict.hard


def test_a_quoted_answer_is_read_instead_of_the_quoting_servers_own_code() -> None:
    verdict = judged("5.1.0 - Unknown address error 550-'5.7.1 <a@example.net>... Access denied'")
    assert (verdict.hard, verdict.status, verdict.reply) == (False, "5.7.1", "550")


def test_an_internet_address_is_no_reply_code() -> None:
    assert judged("connect to 203.0.113.254[203.0.113.254]:25: Connection timed out").reply == ""


def test_codes_are_found_in_a_multiline_reply() -> None:
    verdict = judged("550-5.1.1 The email account that you tried to reach does not exist. 550 5.1.1 Try again")
    assert (verdict.reply, verdict.status) == ("550", "5.1.1")


def test_a_diagnosis_is_one_bounded_line() -> None:
    line = one_line("a\r\n\tb\x00\x1b[31m\u202e" + "c" * 9999)
    assert "\n" not in line
    assert line.isprintable()
    assert len(line) <= 500


def test_every_reason_of_the_words_is_hard_or_soft_but_never_both() -> None:
    assert not HARD_REASONS & CONTENT_REASONS
    words = vocabulary()
    for table in (words.reasons, words.weak, words.outweighing):
        for reason, listed in table:
            assert reason.isalpha()
            assert listed
            assert all(word == word.lower() and word.strip() for word in listed)
