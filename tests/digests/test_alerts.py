"""As it happens: to whom, how often, when."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from distributor import acts, overseeing
from distributor.mailing import drain_mail
from distributor.model import Kind, Lane, State
from distributor.store import alerts, windows
from distributor.waking import PLANNING
from tests.desk import entry, ingest
from tests.digests.newsroom import Newsroom, at


@pytest.fixture
def room(tmp_path: Path) -> Newsroom:
    return Newsroom(tmp_path)


def test_instant_readers_get_each_article_they_chose(room: Newsroom) -> None:
    ada = room.reader("ada", frequency="instant")
    bob = room.reader("bob", frequency="instant", categories=("Sports",))
    one, two = room.publish(), room.publish(words=("Sports",))
    room.build()
    assert room.told(ada) == [one, two]
    assert room.told(bob) == [two]
    mail = room.mails(bob)[0]
    assert (mail.key, mail.kind, mail.channel) == (f"alert:instant:{bob}:a{two}:g0", Kind.ALERT, "instant")
    assert (mail.lane, mail.expires_at) == (Lane.BREAKING, room.clock() + timedelta(hours=24))
    room.build()
    assert len(room.mails()) == 3


def test_articles_of_one_poll_all_go_out(room: Newsroom) -> None:
    ada = room.reader("ada", frequency="instant")
    room.clock.forward(seconds=1)
    found = ingest(room.app, *(entry(number) for number in (51, 52, 53)))
    room.build()
    assert room.told(ada) == [one.id for one in found.new]


def test_breaking_news_goes_to_who_asked_and_is_left_out_of_their_digest(room: Newsroom) -> None:
    ada, bob = room.reader("ada", breaking=True), room.reader("bob")
    one, two = room.publish(breaking=True), room.publish()
    room.build()
    assert room.told(ada) == [one]
    assert room.get(ada).seen == (one,)
    assert room.mails(bob) == []
    room.build("2026-05-05T07:00")
    assert room.told(ada) == [one, two]
    assert sorted(room.told(bob)) == [one, two]
    assert room.get(ada).seen == ()
    assert room.mails(ada)[0].channel == "alerts"


def test_alerts_are_planned_as_soon_as_breaking_news_is_there(room: Newsroom) -> None:
    woken: list[str] = room.app.waker.woken  # type: ignore[attr-defined]
    room.publish()
    assert PLANNING not in woken
    one = room.publish(breaking=True)
    assert woken == [PLANNING]
    acts.hold(room.app, one, "desk")
    acts.release(room.app, "desk", article_id=one)
    assert woken == [PLANNING, PLANNING]


def test_an_alert_between_the_slot_and_its_planning_is_left_out_of_the_next_digest(room: Newsroom) -> None:
    ada = room.reader("ada", breaking=True)
    one = room.publish()
    room.clock.now = at("2026-05-05T07:00:01")
    two = room.publish(breaking=True)
    room.build()
    assert sorted(room.told(ada)) == [one, two]
    assert room.get(ada).seen == (two,)
    room.build("2026-05-06T07:00")
    assert sorted(room.told(ada)) == [one, two]


def test_an_alert_that_failed_comes_back_in_the_digest(room: Newsroom) -> None:
    ada = room.reader("ada", breaking=True)
    one, two = room.publish(breaking=True), room.publish(breaking=True)
    room.build()
    with room.app.store.write() as connection:
        windows.unsee(connection, [ada], one)
    assert room.get(ada).seen == (two,)
    with room.app.store.write() as connection:
        windows.unsee(connection, [ada], two)
    assert room.get(ada).seen == ()
    room.build("2026-05-05T07:00")
    assert sorted(room.of(room.mails(ada)[-1].edition_id)) == [one, two]


def test_a_reader_gets_so_many_a_day_by_the_own_clock(tmp_path: Path) -> None:
    room = Newsroom(tmp_path, more="[subscribers]\ninstant_per_day = 2\nalerts_per_day = 1")
    ada = room.reader("ada", frequency="instant", timezone="Asia/Tokyo")
    bob = room.reader("bob", breaking=True)
    told = [room.publish(breaking=True) for _ in range(3)]
    room.build()
    assert room.told(ada) == told[:2]
    assert room.told(bob) == told[:1]
    room.clock.now = at("2026-05-04T15:00:01")  # midnight in Tokyo
    told.append(room.publish(breaking=True))
    room.build()
    assert room.told(ada) == [*told[:2], told[3]]
    assert room.told(bob) == told[:1]
    room.build("2026-05-05T07:00")
    assert sorted(room.told(bob)) == told, "what the cap left over is in the digest"


def test_quiet_hours_leave_breaking_news_to_the_digest_and_let_others_wait(tmp_path: Path) -> None:
    room = Newsroom(tmp_path, more='[subscribers]\nquiet_hours = "22:00-06:30"')
    ada = room.reader("ada", frequency="instant", timezone="Europe/Berlin")
    bob = room.reader("bob", breaking=True, timezone="Europe/Berlin")
    cem = room.reader("cem", breaking=True, timezone="America/New_York")
    room.clock.now = at("2026-05-04T21:00")
    one = room.publish(breaking=True)
    room.build()
    assert [row.due_at for row in room.mails(ada)] == [at("2026-05-05T04:30")]
    assert room.mails(bob) == []
    assert room.told(cem) == [one]
    room.build("2026-05-05T05:00")
    assert room.told(bob) == [one]


def test_a_paused_reader_gets_none(room: Newsroom) -> None:
    ada = room.reader("ada", frequency="instant", paused_until=at("2026-05-04T12:00"))
    room.publish()
    room.build()
    assert room.mails(ada) == []
    room.clock.now = at("2026-05-04T12:00")
    two = room.publish()
    room.build()
    assert room.told(ada) == [two]


def test_who_comes_later_gets_what_comes_later(room: Newsroom) -> None:
    room.publish()
    room.clock.forward(seconds=1)
    ada = room.reader("ada", frequency="instant")
    two = room.publish()
    room.build()
    assert room.told(ada) == [two]


def test_a_released_article_is_told_then_and_to_nobody_twice(room: Newsroom) -> None:
    ada = room.reader("ada", frequency="instant")
    one = room.publish()
    room.build()
    acts.hold(room.app, one, "eve")
    acts.release(room.app, "eve", article_id=one)
    bob = room.reader("bob", frequency="instant", watermark=at("2026-05-04T08:00"))
    room.build()
    assert room.told(ada) == [one]
    assert room.told(bob) == [one]


def test_a_crash_in_the_middle_tells_nobody_twice_and_counts_once(
    room: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = room.reader("ada", frequency="instant")
    one = room.publish()
    with monkeypatch.context() as patched:
        patched.setattr(alerts, "set_done", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            room.build()
    room.build()
    assert room.told(ada) == [one]
    with room.app.store.read() as connection:
        from distributor.store import tables as t

        assert connection.execute(t.subscriber.select()).one().alert_count == 1
        assert connection.execute(t.article.select()).one().planned == 1


def test_switched_off_alerts_are_not_planned_and_named(tmp_path: Path) -> None:
    room = Newsroom(tmp_path, more="[subscribers]\ninstant = false\nbreaking = false")
    room.reader("ada", frequency="instant")
    room.reader("bob", breaking=True)
    room.publish(breaking=True)
    room.build()
    assert room.mails() == []
    with room.app.store.read() as connection:
        assert overseeing.orphans(room.app, connection)[0].command == "set subscribers.instant = true"


def test_alerts_of_an_article_that_an_editor_holds_wait_for_its_release(room: Newsroom) -> None:
    room.reader(frequency="instant")
    article = room.publish()
    room.build()
    acts.hold(room.app, article, "desk")
    drain_mail(room.app, "mail")
    (alert,) = room.mails()
    assert (alert.state, alert.reason) == (State.HELD, "by-hand")
    acts.release(room.app, "desk", article_id=article)
    drain_mail(room.app, "mail")
    assert [row.state for row in room.mails()] == [State.SENT]


def test_an_alert_that_is_too_old_when_it_is_claimed_leaves_its_article_to_the_digest(room: Newsroom) -> None:
    ada = room.reader(breaking=True, frequency="weekly")
    room.publish(breaking=True)
    room.build()
    assert room.get(ada).seen
    room.clock.forward(hours=25)
    drain_mail(room.app, "mail")
    assert [(row.state, row.reason) for row in room.mails()] == [(State.SKIPPED, "too-old")]
    assert room.get(ada).seen == ()
