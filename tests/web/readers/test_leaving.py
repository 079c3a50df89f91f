"""RFC 8058, and people who leave by a page."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from distributor import subscribe
from distributor.context import App
from distributor.model import Subscriber
from distributor.store import subscribers
from tests.web.readers.conftest import everybody, everything, fresh_link, token_of


@pytest.fixture
def page(app: App, reader: Subscriber) -> str:
    return f"/unsubscribe/{token_of(app, reader)}"


@pytest.mark.parametrize("sort", ["urlencoded", "multipart"])
def test_one_click_leaves_without_cookie_or_redirect_and_again_is_the_same(
    app: App, client: TestClient, page: str, sort: str
) -> None:
    def click() -> None:
        if sort == "urlencoded":
            answer = client.post(page, data={"List-Unsubscribe": "One-Click"})
        else:
            answer = client.post(page, files={"List-Unsubscribe": (None, "One-Click")})
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
        assert "location" not in answer.headers

    click()
    assert everybody(app)[0].status == "left"
    before = everything(app)
    click()
    assert everything(app) == before


def test_the_act_says_how_it_was_done(app: App, client: TestClient, reader: Subscriber, page: str) -> None:
    client.post(page, data={"List-Unsubscribe": "One-Click"})
    with app.store.read() as connection:
        last = subscribers.consents(connection, reader.id)[-1]
    assert (last.act, last.detail) == ("left", {"how": "one-click"})


@pytest.mark.parametrize("body", [b"", b"List-Unsubscribe=One-Click", b"\xff\xfe=\0", b"a=b&act=anything"])
@pytest.mark.parametrize("sort", ["application/x-www-form-urlencoded", "text/plain", "", "application/json; charset=x"])
def test_whatever_is_posted_is_the_wish_to_leave(
    app: App, client: TestClient, page: str, body: bytes, sort: str
) -> None:
    answer = client.post(page, content=body, headers={"content-type": sort})
    assert answer.status_code == 200
    assert everybody(app)[0].status == "left"


def test_machines_that_open_every_link_unsubscribe_nobody(app: App, client: TestClient, page: str) -> None:
    before = everything(app)
    for _ in range(200):
        assert client.get(page).status_code == client.head(page).status_code == 200
    assert everything(app) == before


def test_the_page_shows_a_button_and_fewer_mails_beside_it(app: App, client: TestClient, page: str) -> None:
    shown = client.get(page).text
    assert "reader@example.org will get no more mails from The Paper." in shown
    assert "Fewer mails: once a week" in shown
    answer = client.post(page, data={"act": "leave"})
    assert "You are unsubscribed" in answer.text
    assert 'href="/subscribe"' in answer.text
    assert "You are unsubscribed" in client.get(page).text


def test_a_link_that_is_damaged_is_not_taken_for_done(client: TestClient, page: str) -> None:
    for damaged in (page[:-1], page[:-2] + ("AA" if not page.endswith("AA") else "BB"), "/unsubscribe/x", page + "A"):
        for answer in (client.get(damaged), client.post(damaged, data={"List-Unsubscribe": "One-Click"})):
            assert answer.status_code == 404
            assert "This link is not whole." in answer.text


def test_who_was_forgotten_has_left_for_good(app: App, client: TestClient, reader: Subscriber, page: str) -> None:
    client.post(fresh_link(app, reader), data={"act": "forget"})
    assert client.post(page, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert client.get(page).status_code == 200


def test_who_left_may_come_back(app: App, client: TestClient, reader: Subscriber, page: str) -> None:
    client.post(page)
    assert subscribe.reader(app, token_of(app, reader)) is not None
    assert client.get("/subscribe").status_code == 200
