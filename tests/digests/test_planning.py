"""Digests planned: whose, when, with what."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from distributor import acts, composing, digest, holding, overseeing, publish, troubles
from distributor.context import App
from distributor.errors import DistributorError, NotFound
from distributor.model import Choice, Kind, State
from distributor.store import census, editions, ledger
from tests.desk import entry, ingest, rows
from tests.digests import newsroom
from tests.digests.newsroom import Newsroom, at


@pytest.fixture
def room(tmp_path: Path) -> Newsroom:
    return Newsroom(tmp_path)


def test_a_slot_brings_each_reader_what_is_new_since_the_last(room: Newsroom) -> None:
    ada, bob = room.reader("ada"), room.reader("bob", categories=("Sports",))
    one, two = room.publish(), room.publish(words=("Sports",))
    assert room.build("2026-05-05T07:00").readers == 2
    assert sorted(room.told(ada)) == [one, two]
    assert room.told(bob) == [two]
    assert room.mails(ada)[0].key == f"digest:daily:{ada}:s1777964400:g0"
    assert room.build().readers == 0
    three = room.publish()
    room.build("2026-05-06T07:00")
    assert sorted(room.told(ada)) == [one, two, three]
    assert room.told(bob) == [two], "nothing new, no mail"
    assert room.get(bob).watermark == at("2026-05-06T07:00")


def test_readers_who_chose_alike_share_an_edition(room: Newsroom) -> None:
    for name in ("ada", "bob", "cem"):
        room.reader(name, categories=("Business",))
    room.publish()
    assert room.build("2026-05-05T07:00") == digest.Built(editions=1, readers=3)
    assert {row.edition_id for row in room.mails()} == {room.mails()[0].edition_id}


def test_after_a_long_outage_one_digest_comes_not_five(room: Newsroom) -> None:
    ada = room.reader()
    told = []
    for day in range(5):
        room.clock.now = at("2026-05-04T12:00") + timedelta(days=day)
        told.append(room.publish())
    room.build("2026-05-09T10:00")
    assert [row.due_at for row in room.mails(ada)] == [at("2026-05-09T07:00")]
    assert sorted(room.told(ada)) == told


def test_two_builders_and_many_turns_plan_each_reader_once(room: Newsroom) -> None:
    for number in range(30):
        room.reader(f"r{number}")
    room.publish()
    room.clock.now = at("2026-05-05T07:00")
    assert digest.build_due(room.app, until_turn_s=0).more
    assert room.build().readers == 30
    assert room.build().readers == 0


def test_what_waits_still_is_superseded_and_nothing_of_it_is_lost(room: Newsroom) -> None:
    ada = room.reader()
    one = room.publish()
    room.build("2026-05-05T07:00")
    two = room.publish()
    room.build("2026-05-06T07:00")
    first, second = room.mails(ada)
    assert (first.state, first.reason) == (State.SKIPPED, "superseded")
    assert second.state is State.PENDING
    assert sorted(room.of(second.edition_id)) == [one, two]


def test_a_paused_reader_gets_no_digest_and_none_later_for_that_time(room: Newsroom) -> None:
    ada = room.reader(paused_until=at("2026-05-06T00:00"))
    room.publish()
    room.build("2026-05-05T07:00")
    assert room.mails(ada) == []
    assert room.get(ada).watermark == at("2026-05-05T07:00")
    two = room.publish()
    room.build("2026-05-06T07:00")
    assert room.told(ada) == [two]


def test_an_approved_digest_waits_for_a_person(tmp_path: Path) -> None:
    room = Newsroom(tmp_path, daily="approval = true")
    ada = room.reader()
    room.publish()
    room.build("2026-05-05T07:00")
    assert [(row.state, row.reason) for row in room.mails(ada)] == [(State.HELD, "approval")]
    assert overseeing.approve(room.app, "daily@2026-05-05T07:00", "eve") == 1
    assert [row.state for row in room.mails(ada)] == [State.PENDING]
    with room.app.store.read() as connection:
        assert census.audited(connection, limit=1)[0].what == "approve-digest"


def test_an_edition_is_paused_resumed_and_cancelled(room: Newsroom) -> None:
    ada = room.reader()
    room.publish()
    room.build("2026-05-05T07:00")
    number = room.mails(ada)[0].edition_id
    assert overseeing.pause(room.app, number, "eve") == 1
    assert room.mails(ada)[0].reason == "paused"
    room.publish()
    room.build("2026-05-06T07:00")
    assert room.mails(ada)[0].state is State.HELD, "what a person paused is not superseded"
    assert overseeing.resume(room.app, str(number), "eve") == 1
    assert overseeing.cancel(room.app, number, "eve") == 1
    assert (room.mails(ada)[0].state, room.mails(ada)[0].reason) == (State.SKIPPED, "cancelled")
    assert overseeing.show(room.app, number)[0].edition.status == "cancelled"
    with pytest.raises(NotFound, match="no edition"):
        overseeing.pause(room.app, "daily@nonsense", "eve")


def test_sent_by_hand_it_ignores_hours_and_moves_watermarks(room: Newsroom) -> None:
    ada, bob = room.reader("ada"), room.reader("bob", hour=22, timezone="Asia/Tokyo")
    one = room.publish()
    room.clock.forward(hours=1, milliseconds=300)
    assert digest.count_by_hand(room.app, "daily") == 2
    sent = digest.send_by_hand(room.app, "daily", who="eve", at=at("2026-05-04T18:00"))
    assert (sent.readers, sent.slot) == (2, at("2026-05-04T10:00:01"))
    assert {row.due_at for row in room.mails()} == {at("2026-05-04T18:00")}
    assert all(row.by_hand for row in room.mails())
    assert digest.send_by_hand(room.app, "daily", who="eve").readers == 0
    room.build("2026-05-05T07:00")
    assert room.told(ada) == room.told(bob) == [one]


def test_sent_to_one_reader_it_is_that_readers_alone(room: Newsroom) -> None:
    ada, bob = room.reader("ada"), room.reader("bob")
    room.publish()
    room.clock.forward(hours=1)
    assert digest.send_by_hand(room.app, "daily", who="eve", to="ADA@reader.example").readers == 1
    assert len(room.mails(ada)) == 1
    assert room.mails(bob) == []
    with pytest.raises(NotFound, match="is no reader"):
        digest.send_by_hand(room.app, "daily", who="eve", to="zoe@reader.example")
    with pytest.raises(DistributorError):
        digest.send_by_hand(room.app, "daily", who="eve", to="no address")
    with pytest.raises(NotFound, match="no digest"):
        digest.send_by_hand(room.app, "hourly", who="eve")


def test_the_archive_is_kept_without_any_reader(room: Newsroom) -> None:
    one = room.publish()
    room.build("2026-05-05T07:00")
    room.build("2026-05-06T07:00")
    two = room.publish()
    room.build("2026-05-07T07:00")
    with room.app.store.read() as connection:
        found = editions.archived(connection, digest="daily", language="en")
    assert [[room.of(edition.id), edition.readers] for edition in found] == [[[two], 0], [[one], 0]]


def test_a_digest_is_also_one_post_of_its_best(tmp_path: Path) -> None:
    room = Newsroom(
        tmp_path,
        daily='also = ["wire"]\nbest = 2',
        more='[channels.wire]\nkind = "memory"\nsources = ["none"]\n[sources.none]\nurl = "https://none.example/feed"',
    )
    for _ in range(3):
        room.publish()
    room.build("2026-05-05T07:00")
    room.build("2026-05-05T07:01")
    (post,) = rows(room.app, "wire")
    assert (post.key, post.kind, post.article_id) == ("digest:wire:0:s1777964400:g0", Kind.POST, 0)
    from distributor.deliver import drain

    account = room.app.stations["wire"].account
    assert account in room.app.waker.woken  # type: ignore[attr-defined]
    assert drain(room.app, account).settled == {post.id: State.SENT}
    text = room.app.stations["wire"].channel.posts[-1].message.text  # type: ignore[attr-defined]
    assert text.count("tells of the harbour") == 2
    assert text.endswith(f"https://paper.example/editions/{post.edition_id}")
    assert overseeing.show(room.app, post.edition_id)[0].edition.readers == 1


def test_what_was_withdrawn_since_is_not_in_the_mail(room: Newsroom) -> None:
    ada = room.reader()
    one, two = room.publish(), room.publish()
    room.build("2026-05-05T07:00")
    acts.withdraw(room.app, one, "eve")
    with room.app.store.read() as connection:
        edition = editions.get(connection, room.mails(ada)[0].edition_id)
        assert edition is not None
        message = composing.message(room.app, connection, edition)
        assert message is not None
        assert f"Article number {two} " in message.text
        assert f"Article number {one} " not in message.text
    acts.withdraw(room.app, two, "eve")
    with room.app.store.read() as connection:
        assert composing.message(room.app, connection, edition) is None


def test_a_held_article_comes_with_its_release(room: Newsroom) -> None:
    ada = room.reader()
    one = room.publish()
    acts.hold(room.app, one, "eve")
    two = room.publish()
    room.build("2026-05-05T07:00")
    assert room.told(ada) == [two]
    acts.release(room.app, "eve", article_id=one)
    room.build("2026-05-06T07:00")
    assert {*room.of(room.mails(ada)[-1].edition_id)} >= {one}


def test_an_article_cannot_fall_between_two_windows(room: Newsroom) -> None:
    """A poll began before the slot and is taken in after it was planned."""
    ada = room.reader()
    room.build("2026-05-05T07:00")
    room.clock.now = at("2026-05-05T06:59:59")
    one = room.publish()
    room.build("2026-05-06T07:00")
    assert room.told(ada) == [one]


def test_the_first_polls_articles_are_no_news(room: Newsroom) -> None:
    ada = room.reader()
    ingest(room.app, entry(90, published_at=room.clock() - timedelta(days=2)), first=True)
    room.build("2026-05-05T07:00")
    assert room.mails(ada) == []


def orphans(room: Newsroom) -> list[str]:
    with room.app.store.read() as connection:
        return [f"{one.subject}: {one.text}" for one in overseeing.orphans(room.app, connection)]


def test_a_digest_that_is_gone_keeps_its_readers_waiting_and_says_so(room: Newsroom) -> None:
    ada = room.reader(frequency="weekly")
    one = room.publish()
    room.open(more="enabled = false")
    room.build("2026-05-12T09:00")
    assert room.mails(ada) == []
    assert orphans(room)[0].startswith("weekly: the digest is switched off")
    room.open(more="")
    room.build("2026-05-19T09:00")
    assert room.told(ada) == [one]
    assert orphans(room) == []


def test_a_choice_of_removed_categories_gets_nothing_and_is_named(room: Newsroom) -> None:
    ada = room.reader(categories=("Gardening",))
    room.publish()
    room.build("2026-05-05T07:00")
    assert room.mails(ada) == []
    assert orphans(room) == ["Gardening: is no category any more, and 1 reader chose it; 1 of them get nothing"]


def test_who_chose_trending_alone_gets_the_best_few_of_all(room: Newsroom) -> None:
    ada = room.reader(categories=("none",))
    for _ in range(5):
        room.publish()
    room.build("2026-05-05T07:00")
    assert len(room.told(ada)) == 3
    assert orphans(room) == []


def test_a_preview_needs_no_reader(room: Newsroom) -> None:
    assert digest.preview(room.app, "daily", Choice(), room.clock()) is None
    room.publish()
    message = digest.preview(room.app, "daily", Choice(("Business",)), room.clock())
    assert message is not None
    assert "Article number 1" in message.subject


def test_the_law_counts_what_was_planned(room: Newsroom) -> None:
    for name in ("ada", "bob"):
        room.reader(name)
    room.publish()
    room.build("2026-05-05T07:00")
    assert [(one.planned, one.waiting) for one in overseeing.show(room.app, "daily")] == [(2, 2)]


def test_withdrawing_gives_up_waiting_alerts(room: Newsroom) -> None:
    ada = room.reader(frequency="instant")
    one = room.publish()
    room.build()
    assert publish is not None
    acts.withdraw(room.app, one, "eve")
    assert [(row.state, row.reason) for row in room.mails(ada)] == [(State.SKIPPED, "withdrawn")]


def test_a_changed_frequency_keeps_the_window(room: Newsroom) -> None:
    ada = room.reader()
    one = room.publish()
    room.save(replace(room.get(ada), frequency="weekly"))
    two = room.publish()
    room.build("2026-05-05T07:00")
    assert room.mails(ada) == []
    room.build("2026-05-11T08:00")
    assert sorted(room.told(ada)) == [one, two]


def test_readers_move_with_a_digest_whose_days_the_publisher_changed(room: Newsroom) -> None:
    ada, bob = room.reader("ada"), room.reader("bob", weekdays=(1,))
    one = room.publish()
    room.open(daily='weekdays = ["wednesday"]')
    room.build("2026-05-05T07:00")
    assert room.told(ada) == [], "Tuesday is no day of it any more"
    assert room.told(bob) == [one], "who chose a day keeps it"
    two = room.publish()
    room.build("2026-05-06T07:00")
    assert sorted(room.told(ada)) == [one, two]
    assert room.told(bob) == [one]


# -- what could not be made


def test_a_post_of_a_digest_goes_out_once_its_template_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newsroom, "SETTINGS", newsroom.SETTINGS.replace("[site]", '[site]\ntemplates = "own"'))
    template = tmp_path / "own" / "post" / "digest.j2"
    template.parent.mkdir(parents=True)
    template.write_text("{{ nothing.here }}")
    room = Newsroom(
        tmp_path,
        daily='also = ["wire"]',
        more='[channels.wire]\nkind = "memory"\nsources = ["none"]\n[sources.none]\nurl = "https://none.example/feed"',
    )
    room.publish()
    room.build("2026-05-05T07:00")
    (post,) = rows(room.app, "wire")
    assert (post.state, post.reason) == (State.HELD, "template")
    assert overseeing.show(room.app, "daily")[0].edition.id == post.edition_id
    assert overseeing.release(room.app, "daily", "ann") == 0
    assert "distributor digests release daily" in commands(room.app)

    template.write_text("{{ title }} {{ link }}")
    room.open()
    assert overseeing.release(room.app, "daily", "ann") == 1
    (post,) = rows(room.app, "wire")
    assert (post.state, post.reason, post.error) == (State.PENDING, "", "")
    assert post.message_id
    assert "distributor digests release daily" not in commands(room.app)


def test_mails_of_a_digest_go_out_once_their_template_is_mended(room: Newsroom) -> None:
    ada, _bob = room.reader("ada"), room.reader("bob")
    room.publish()
    room.build("2026-05-05T07:00")
    with room.app.store.write() as connection:
        ledger.hold(connection, [row.id for row in room.mails()], "template", error="line 3")
    edition = room.mails(ada)[0].edition_id
    assert "distributor digests release daily" in commands(room.app)
    overseeing.pause(room.app, edition, "ann")
    assert overseeing.release(room.app, edition, "ann") == 0  # paused is paused
    overseeing.resume(room.app, edition, "ann")
    assert overseeing.release(room.app, f"daily@{room.clock().isoformat()}", "ann") == 2
    assert {(row.state, row.error) for row in room.mails()} == {(State.PENDING, "")}


def test_alerts_that_could_not_be_made_go_with_their_articles_release(room: Newsroom) -> None:
    room.reader(frequency="instant")
    article = room.publish()
    room.build()
    (alert,) = room.mails()
    with room.app.store.write() as connection:
        ledger.hold(connection, [alert.id], "template", error="line 3")
    assert "distributor release --source paper" in commands(room.app)
    assert holding.release(room.app, "ann", article_id=article) == 1
    assert room.mails()[0].state is State.PENDING
    assert "mail" in room.app.waker.woken  # type: ignore[attr-defined]


def commands(app: App) -> list[str]:
    with app.store.read() as connection:
        return [one.command for one in troubles.problems(app, connection, app.clock())]
