"""`status` with readers: a line for each digest, the law over every kind, and what is wrong with mail."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from distributor import explaining, overseeing, reporting, upkeep
from distributor.errors import NotFound
from distributor.model import State
from distributor.reporting import ChannelLine, Problem
from distributor.store import Store, accounts, census
from distributor.store import tables as t
from tests import servers
from tests.bouncing.test_retention import edition, letter, newsroom, put
from tests.desk import START, entry, ingest
from tests.mailing.office import SETTINGS, Office
from tests.store.test_postgresql import database

WITH_NEWS = """
[sources.paper]
url = "https://paper.example/feed"
[channels.wall]
kind = "memory"
"""


@pytest.fixture
def office(tmp_path: Path) -> Office:
    built = Office(tmp_path, settings=SETTINGS + WITH_NEWS)
    upkeep.present(built.app, "run", START)
    return built


def told(office: Office) -> reporting.Status:
    status = reporting.status(office.app)
    json.dumps(status.to_json())
    return status


def line(office: Office, name: str) -> ChannelLine:
    return next(one for one in told(office).channels if one.name == name)


def problems(office: Office, subject: str) -> list[Problem]:
    return [one for one in told(office).problems if one.subject == subject]


def change(office: Office, table: sa.Table, **values: Any) -> None:
    with office.app.store.write() as connection:
        connection.execute(sa.update(table).values(values))


def schedule(office: Office, digest: str = "daily", **values: Any) -> None:
    row = {"digest": digest, "weekdays": "0123456", "hour": 7, "timezone": "UTC"}
    put(office, t.schedule, **row, next_at=START + timedelta(hours=22), **values)


def test_a_digest_is_a_line_with_its_next_slot(office: Office) -> None:
    schedule(office)
    edition(office, 6)
    office.readers(3, state="sent", claimed_at=START, settled_at=START)
    office.readers(1, state="failed", claimed_at=START, settled_at=START)
    office.readers(1)
    office.readers(1, claimed_at=START)
    daily = line(office, "daily")
    assert (daily.kind, daily.state, daily.next_at) == ("mail", "ok", START + timedelta(hours=22))
    assert (daily.sent, daily.waiting, daily.failed, daily.held) == (3, 2, 1, 0)
    assert told(office).problems == []


def test_a_digest_without_readers_is_a_line_too_and_letters_are_one_when_there_are_some(office: Office) -> None:
    assert [one.name for one in told(office).channels] == ["wall", "daily"]
    letter(office, START)
    assert [one.name for one in told(office).channels] == ["wall", "daily"]
    change(office, t.delivery, claimed_at=START)
    assert line(office, "letters").sent == 1


def test_what_was_sent_longer_ago_than_a_day_is_not_counted(office: Office) -> None:
    edition(office, 2)
    yesterday = START - timedelta(hours=25)
    office.readers(2, state="sent", claimed_at=yesterday, settled_at=yesterday, planned_at=yesterday)
    assert line(office, "daily").sent == 0
    assert told(office).law.counts[State.SENT] == 2


def test_the_law_counts_posts_digests_alerts_and_letters(office: Office) -> None:
    newsroom(office)
    status = told(office)
    assert (status.law.planned, status.law.holds, status.day.holds) == (12, True, True)
    assert status.law.counts[State.SENT] == 9
    assert status.law.counts[State.FAILED] == 1
    assert status.law.counts[State.SKIPPED] == 1
    assert status.law.counts[State.PENDING] == 1


@pytest.mark.parametrize("lost", ["digest", "alert", "letter", "post"])
def test_a_lost_row_of_any_kind_breaks_the_law(office: Office, lost: str) -> None:
    newsroom(office)
    with office.app.store.write() as connection:
        one = sa.select(sa.func.max(t.delivery.c.id)).where(t.delivery.c.kind == lost)
        connection.execute(sa.delete(t.delivery).where(t.delivery.c.id == one.scalar_subquery()))
    status = told(office)
    assert not status.law.holds
    assert "1 lost" in status.problems[0].text
    assert status.day.holds == (lost == "letter")


def test_one_too_many_breaks_it_as_well(office: Office) -> None:
    edition(office, 1)
    office.readers(2)
    assert "1 too many" in told(office).problems[0].text


def test_the_day_is_of_the_editions_made_in_it(office: Office) -> None:
    edition(office, 2)
    office.readers(2)
    edition(office, 5, key="old", made_at=START - timedelta(days=2))
    office.readers(5, edition_id=2)
    assert (told(office).day.planned, told(office).day.holds) == (2, True)
    assert (told(office).law.planned, told(office).law.holds) == (7, True)


def test_a_relay_that_stopped_says_how_many_wait(office: Office) -> None:
    edition(office, 2)
    office.readers(2)
    with office.app.store.write() as connection:
        accounts.stop(connection, "mail", "535 login refused", START)
    (problem,) = problems(office, "mail")
    assert (problem.mark, problem.text) == ("!", "535 login refused since 09:00; 2 mails wait")
    assert (line(office, "daily").state, line(office, "daily").why) == ("stopped", "535 login refused")


def test_one_relay_of_two_that_stopped_leaves_the_digest_well(tmp_path: Path) -> None:
    office = Office(tmp_path, settings=SETTINGS + '[relays.second]\nurl = "smtp://127.0.0.1:2525"\n')
    with office.app.store.write() as connection:
        accounts.stop(connection, "mail:second", "535 login refused", START)
    assert len(problems(office, "mail:second")) == 1
    assert line(office, "daily").state == "ok"


def test_everything_paused_pauses_digests(office: Office) -> None:
    with office.app.store.write() as connection:
        accounts.pause(connection, "*", "ana", START)
    assert (line(office, "daily").state, line(office, "daily").why) == ("paused", "paused by ana")


def test_an_uncertain_mail_names_the_command_that_settles_it(office: Office) -> None:
    edition(office, 1)
    (number,) = office.readers(1, state="uncertain", error="no answer after the final dot", settled_at=START)
    (problem,) = problems(office, "daily")
    assert problem.command == f"distributor deliveries resolve {number} --sent | --not-sent"
    assert problem.text == f"delivery {number} (digest to reader 1) is uncertain: no answer after the final dot"
    assert line(office, "daily").uncertain == 1


def test_held_editions_name_the_command_that_approves_them(office: Office) -> None:
    edition(office, 2, status="held")
    office.readers(2, state="held", reason="approval")
    (problem,) = problems(office, "daily")
    assert problem.text == "09:00: 2 mails wait for approval"
    assert problem.command == "distributor digests approve 1"
    edition(office, 1, key="other", choice_id=2, status="held")
    office.readers(1, state="held", reason="approval", edition_id=2)
    (problem,) = problems(office, "daily")
    assert problem.text == "09:00: 3 mails wait for approval"
    word = problem.command.removeprefix("distributor digests approve ")
    assert [one.edition.id for one in overseeing.show(office.app, word)] == [1, 2]


def test_mails_whose_template_failed_are_told(office: Office) -> None:
    edition(office, 1)
    office.readers(1, state="held", reason="template", error="line 3")
    (problem,) = problems(office, "daily")
    assert problem.text == "1 mail or post held: the template failed, or what it made does not fit"
    assert problem.command == "distributor digests release daily"


def test_many_bounces_of_a_day_are_told(office: Office) -> None:
    edition(office, 40)
    office.readers(40, state="sent", claimed_at=START, settled_at=START)
    for number in (1, 2):
        put(office, t.bounce, at=START, subscriber_id=number, kind="bounce")
        put(office, t.bounce, at=START, subscriber_id=number + 20, kind="block")
    assert problems(office, "mail") == []
    put(office, t.bounce, at=START, subscriber_id=3, kind="bounce")
    (problem,) = problems(office, "mail")
    assert problem.text.startswith("3 of 40 mails of a day bounced")
    office.clock.forward(hours=25)
    assert problems(office, "mail") == []


def test_readers_of_a_digest_or_category_that_is_gone_are_told(office: Office) -> None:
    office.readers(3)
    edition(office, 3)
    schedule(office, "weekly")
    change(office, t.subscriber, schedule_id=1)
    (problem,) = problems(office, "weekly")
    assert problem.text == "the digest is not in the settings any more, and 3 readers wait for it"
    put(office, t.choice, key="c", categories=["Business", "Chess"])
    (problem,) = problems(office, "Chess")
    assert problem.text == "is no category any more, and 3 readers chose it"


def test_a_digest_without_a_postal_address_is_told(tmp_path: Path) -> None:
    office = Office(tmp_path, settings=SETTINGS.replace('postal_address = "1 rue Haute, Paris"\n', ""))
    (problem,) = problems(office, "mail")
    assert (problem.mark, problem.command) == ("!", "set site.postal_address")


def test_why_counts_the_readers_of_an_article_and_lists_none(office: Office) -> None:
    ingest(office.app, entry())
    alert = {"kind": "alert", "channel": "alerts", "edition_id": 0, "article_id": 1}
    office.readers(3, state="sent", **alert)
    (last,) = office.readers(1, **alert)
    for word in ("1", f"d{last}"):
        why = explaining.why(office.app, word)
        json.dumps(why.to_json())
        (mailed,) = [one for one in why.channels if one.channel == "alerts"]
        assert (mailed.state, mailed.text, mailed.steps) == ("pending", "to readers: 1 pending, 3 sent", ())


def test_why_says_what_a_digest_or_a_letter_is(office: Office) -> None:
    edition(office, 1)
    (number,) = office.readers(1, state="skipped", reason="suppressed")
    with pytest.raises(NotFound) as caught:
        explaining.why(office.app, f"d{number}")
    said = f"delivery {number} is edition 1 of daily to reader 1, skipped: the address bounced or complained"
    assert str(caught.value) == said
    assert caught.value.hint == "distributor digests show 1"
    letter(office, START)
    with pytest.raises(NotFound, match="is a letter to reader 1, sent"):
        explaining.why(office.app, f"d{number + 1}")


@pytest.mark.server("postgresql")
def test_on_postgresql_status_tells_the_same(tmp_path: Path, postgresql_server: servers.Server) -> None:
    with database(postgresql_server) as url:
        office = Office(tmp_path, settings=SETTINGS + WITH_NEWS, store=Store(url))
        schedule(office)
        newsroom(office)
        edition(office, 1, key="other", status="held")
        office.readers(1, state="held", reason="approval", edition_id=2)
        put(office, t.choice, key="c", categories=["Chess"])
        status = told(office)
        assert (status.law.planned, status.law.holds, status.day.holds) == (13, True, True)
        assert line(office, "daily").held == 1
        assert {one.subject for one in status.problems} == {"worker", "daily", "Chess"}
        assert explaining.why(office.app, "1").channels[-1].text == "to readers: 1 failed, 1 skipped"
        with office.app.store.read() as connection:
            assert sum(census.counts(connection).values()) == 13
        office.app.store.close()
