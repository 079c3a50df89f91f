"""What readers change by themselves: with a digest's link, which is forwarded, and with a fresh one, which is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from distributor import passes, subscribe
from distributor.context import App
from distributor.mail import tokens
from distributor.model import Subscriber
from tests.desk import Clock, entry, ingest
from tests.web.readers.conftest import URL, Form, everybody, everything, fresh_link, letters, link_in, token_of

Ask = Callable[..., Any]


@pytest.fixture
def page(app: App, reader: Subscriber) -> str:
    return f"/preferences/{token_of(app, reader)}"


def test_choices_are_changed_with_a_digests_link(app: App, client: TestClient, page: str) -> None:
    form = Form(client.get(page).text, "save")
    fields = form.fields | {"category": ["Science"], "weekday": ["2", "4"], "hour": ["21"], "act": ["save"]}
    del fields["trending"]
    answer = client.post(form.action, data=fields)
    assert "Saved." in answer.text
    (reader,) = everybody(app)
    assert (reader.categories, reader.weekdays, reader.hour, reader.trending) == (("Science",), (2, 4), 21, False)
    assert reader.address == "reader@example.org"
    shown = Form(answer.text, "save").fields
    assert (shown["category"], shown["weekday"], shown["hour"]) == (["Science"], ["2", "4"], ["21"])


def test_the_address_is_not_changed_by_the_way(app: App, client: TestClient, page: str) -> None:
    fields = Form(client.get(page).text, "save").fields | {"act": ["save"], "address": ["thief@example.org"]}
    client.post(page, data=fields)
    assert everybody(app)[0].address == "reader@example.org"


def test_no_category_at_all_changes_nothing(app: App, client: TestClient, page: str) -> None:
    fields = Form(client.get(page).text, "save").fields | {"act": ["save"]}
    del fields["category"], fields["trending"]
    answer = client.post(page, data=fields)
    assert answer.status_code == 422
    assert "Choose at least one." in answer.text
    assert everybody(app)[0].categories == ()


def test_trending_alone_is_chosen_and_given_up_again(app: App, client: TestClient, page: str) -> None:
    fields = Form(client.get(page).text, "save").fields | {"act": ["save"]}
    del fields["category"]
    answer = client.post(page, data=fields)
    assert answer.status_code == 200
    assert everybody(app)[0].categories == ("none",)
    again = Form(answer.text, "save").fields | {"act": ["save"]}
    assert "category" not in again
    client.post(page, data=again)
    assert everybody(app)[0].categories == ("none",)
    client.post(page, data=again | {"category": ["all"]})
    assert everybody(app)[0].categories == ()


def test_a_pause_begins_and_ends(app: App, client: TestClient, page: str, clock: Clock) -> None:
    answer = client.post(page, data={"act": "pause", "until": "2026-05-20"})
    assert "No mails until Wednesday 20 May 2026." in answer.text
    until = everybody(app)[0].paused_until
    assert until is not None
    assert until.isoformat() == "2026-05-19T22:00:00+00:00"  # midnight in Paris
    client.post(page, data={"act": "resume"})
    assert everybody(app)[0].paused_until is None
    assert "No mails until" not in client.get(page).text


@pytest.mark.parametrize("day", ["", "yesterday", "2026-05-04", "2020-01-01", "2027-09-01", "9999-12-31", "2026-02-30"])
def test_a_pause_ends_on_a_day_to_come(app: App, client: TestClient, page: str, day: str) -> None:
    answer = client.post(page, data={"act": "pause", "until": day})
    assert answer.status_code == 422
    assert "Choose a day to come" in answer.text
    assert everybody(app)[0].paused_until is None


def test_fewer_mails_are_one_a_week(app: App, client: TestClient, page: str) -> None:
    assert "Fewer mails" in client.get(f"{page}?fewer=1").text
    assert "one mail a week" in client.post(page, data={"act": "fewer"}).text
    assert everybody(app)[0].frequency == "weekly"
    assert "Fewer mails" not in client.get(page).text


@pytest.mark.parametrize("act", ["download", "switch", "forget"])
def test_a_digests_link_shows_moves_and_deletes_no_data(app: App, client: TestClient, page: str, act: str) -> None:
    before = everything(app)
    answer = client.post(page, data={"act": act, "address": "thief@example.org"})
    assert answer.status_code == 403
    assert "This needs a fresh link." in answer.text
    assert f'value="{act}"' not in answer.text
    assert everything(app) == before


@pytest.mark.parametrize("act", ["", "delete", "act", "__class__"])
def test_an_unknown_act_does_nothing(app: App, client: TestClient, page: str, act: str) -> None:
    before = everything(app)
    assert client.post(page, data={"act": act}).status_code == 422
    assert everything(app) == before


def test_a_fresh_link_comes_by_mail_and_gives_ones_data(
    app: App, client: TestClient, reader: Subscriber, clock: Clock
) -> None:
    form = Form(client.get("/link").text)
    clock.forward(seconds=3)
    known = client.post("/link", data=form.fields | {"address": ["reader@example.org"]})
    count = len(letters(app))
    unknown = client.post("/link", data=form.fields | {"address": ["nobody@example.org"]})
    assert len(letters(app)) == count
    assert known.text.replace("reader@", "") == unknown.text.replace("nobody@", "")
    answer = client.post(link_in(app, "preferences"), data={"act": "download"})
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    assert json.loads(answer.text)["subscriber"]["address"] == "reader@example.org"


def test_a_link_for_what_is_no_address_is_refused(client: TestClient, clock: Clock) -> None:
    form = Form(client.get("/link").text)
    clock.forward(seconds=3)
    answer = client.post("/link", data=form.fields | {"address": ["no address"]})
    assert answer.status_code == 422
    assert "does not look like a mail address" in answer.text


def test_a_move_needs_both_mailboxes(app: App, client: TestClient, reader: Subscriber) -> None:
    page = fresh_link(app, reader)
    assert "both addresses" in client.post(page, data={"act": "switch", "address": "new@example.org"}).text
    old, new = _switch_links(app)
    shown = client.get(old)
    assert "reader@example.org" in shown.text
    assert "new@example.org" in shown.text
    assert "the other address too" in client.post(old).text
    assert everybody(app)[0].address == "reader@example.org"
    assert "to the new address from now on" in client.post(new).text
    assert everybody(app)[0].address == "new@example.org"
    assert client.post(new).status_code == 200
    assert client.get(f"/switch/{token_of(app, reader)}").status_code == 404


def _switch_links(app: App) -> list[str]:
    import re

    found = [re.search(rf"{URL}(/switch/[\w-]+)", letter["text"]) for letter in letters(app)]
    return [match[1] for match in found if match]


def test_a_move_to_what_is_no_address_is_refused(app: App, client: TestClient, reader: Subscriber) -> None:
    answer = client.post(fresh_link(app, reader), data={"act": "switch", "address": "a@b@c"})
    assert answer.status_code == 422


def test_who_is_forgotten_is_gone_and_the_old_link_is_none(app: App, client: TestClient, reader: Subscriber) -> None:
    page = fresh_link(app, reader)
    assert "Everything is deleted." in client.post(page, data={"act": "forget"}).text
    assert everybody(app) == []
    for old in (page, f"/preferences/{token_of(app, reader)}"):
        assert client.get(old).status_code == 404
        assert client.post(old, data={"act": "download"}).status_code == 404


def test_a_fresh_link_runs_out(app: App, client: TestClient, reader: Subscriber, clock: Clock) -> None:
    page = fresh_link(app, reader)
    assert client.get(page).status_code == 200
    clock.forward(hours=25)
    answer = client.get(page)
    assert answer.status_code == 404
    assert "Ask for a fresh one." in answer.text


def test_a_token_for_one_purpose_is_none_for_another(app: App, client: TestClient, reader: Subscriber) -> None:
    confirm, fresh = link_in(app, "confirm"), fresh_link(app, reader)
    for path in (
        confirm.replace("/confirm", "/preferences"),
        confirm.replace("/confirm", "/switch"),
        confirm.replace("/confirm", "/unsubscribe"),
        fresh.replace("/preferences", "/confirm"),
        fresh.replace("/preferences", "/unsubscribe"),
        f"/confirm/{token_of(app, reader)}",
    ):
        assert client.get(path).status_code == client.post(path).status_code == 404, path


def test_who_left_is_shown_the_way_back(app: App, client: TestClient, page: str) -> None:
    assert "You are unsubscribed" in client.post(page, data={"act": "leave"}).text
    assert everybody(app)[0].status == "left"
    shown = client.get(page)
    assert "gets no mails from us" in shown.text
    assert client.post(page, data={"act": "fewer"}).status_code == 200
    assert everybody(app)[0].frequency == "daily"


def test_a_page_of_a_digests_links_is_found(app: App, client: TestClient, reader: Subscriber) -> None:
    """The links that mails carry lead to these pages."""
    from distributor import composing
    from distributor.mail import MARKER

    links = composing.links(app, 1)
    for url in (links.preferences, links.unsubscribe, links.fewer, links.archive, links.subscribe):
        path = url.replace(MARKER, token_of(app, reader)).removeprefix(URL)
        assert client.get(path).status_code == 200, path


def test_a_key_of_before_a_rotation_still_opens(app: App, client: TestClient, reader: Subscriber) -> None:
    old = b"an older key of thirty-two bytes"
    app.settings.site.data.mkdir(parents=True, exist_ok=True)
    (app.settings.site.data / "secret_key.old").write_bytes(old + b"\n")
    assert client.get(f"/preferences/{tokens.mint(old, 'reader', reader.id)}").status_code == 200
    assert old in passes.keys(app)


def test_who_wants_each_article_from_now_on_gets_what_came_before_in_one_last_digest(
    app: App, client: TestClient, page: str, clock: Clock
) -> None:
    clock.forward(minutes=5)
    ingest(app, entry(1, words=("Science",)))
    clock.forward(minutes=5)
    fields = Form(client.get(page).text, "save").fields | {"frequency": ["instant"], "act": ["save"]}
    assert "Saved." in client.post(page, data=fields).text
    assert everybody(app)[0].frequency == "instant"
    digests = [row for row in everything(app)["delivery"] if "'digest:daily:" in row]
    assert len(digests) == 1


def to_instant(client: TestClient, page: str) -> str:
    fields = Form(client.get(page).text, "save").fields | {"frequency": ["instant"], "act": ["save"]}
    return client.post(page, data=fields).text


def digests(app: App) -> int:
    return sum("'digest:daily:" in row for row in everything(app)["delivery"])


def test_a_change_that_fails_sends_no_last_digest(
    app: App, client: TestClient, page: str, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.forward(minutes=5)
    ingest(app, entry(1, words=("Science",)))
    clock.forward(minutes=5)
    before = everybody(app)[0]

    def fails(*_: object, **__: object) -> None:
        raise ValueError("each article as it happens is not offered any more")

    with monkeypatch.context() as patched:
        patched.setattr("distributor.subscribe.change_in", fails)
        assert "Saved." not in to_instant(client, page)
    assert (digests(app), everybody(app)[0]) == (0, before)
    assert "Saved." in to_instant(client, page)
    assert digests(app) == 1
    assert app.waker.woken[-1] == "mail"  # type: ignore[attr-defined]


def test_who_is_paused_may_want_each_article_and_is_sent_nothing_before_the_pause_ends(
    app: App, client: TestClient, page: str, clock: Clock
) -> None:
    ingest(app, entry(1, words=("Science",)))
    clock.forward(minutes=5)
    subscribe.pause(app, everybody(app)[0].id, clock() + timedelta(days=3))
    assert "Saved." in to_instant(client, page)
    assert (digests(app), everybody(app)[0].frequency) == (0, "instant")


def test_a_last_digest_has_what_became_live_in_the_second_of_the_change(
    app: App, client: TestClient, page: str, clock: Clock
) -> None:
    clock.forward(minutes=5, microseconds=300_000)
    ingest(app, entry(1, words=("Science",)))
    clock.forward(microseconds=300_000)
    assert "Saved." in to_instant(client, page)
    assert digests(app) == 1
