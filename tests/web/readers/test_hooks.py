"""Providers' hooks, through HTTP: believed once, bounded, and never a traceback."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from distributor import bouncing, web
from distributor.context import App
from distributor.errors import StoreError
from distributor.mail.hooks import Event
from distributor.store import tables
from tests.desk import Clock, Web, make_app
from tests.mail.test_hooks_sns import TESTS, TOPIC, certificate, message
from tests.web.readers.conftest import SETTINGS, URL, everything

SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"
NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
BOUNCE = {"type": "bounce", "data": {"recipient": "jane@example.com", "hard": True, "reason": "userunknown"}}
POSTMARK = {"RecordType": "Bounce", "Type": "HardBounce", "Email": "jane@example.com", "Details": "550 5.1.1 unknown"}


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> App:
    return make_app(SETTINGS.replace("arn:aws:sns:eu-west-1:123456789012:mail", TOPIC), tmp_path, clock=clock)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    events: list[Event] = []

    def heed(_app: App, event: Event, *, proven: bool) -> str:
        assert proven
        events.append(event)
        return "noted"

    monkeypatch.setattr(bouncing, "heed", heed)
    return events


def signed(body: bytes, identity: str = "msg_1", at: datetime = NOW) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    mac = hmac.new(key, b".".join((identity.encode(), stamp.encode(), body)), hashlib.sha256).digest()
    return {
        "webhook-id": identity,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }


def test_a_signed_hook_is_heard_once(client: TestClient, heard: list[Event]) -> None:
    body = json.dumps(BOUNCE).encode()
    for _ in range(3):
        assert client.post("/hooks/standard", content=body, headers=signed(body)).status_code == 200
    assert [(event.kind, event.recipient, event.hard) for event in heard] == [("bounce", "jane@example.com", True)]
    client.post("/hooks/standard", content=body, headers=signed(body, "msg_2"))
    assert len(heard) == 2


def test_what_could_not_be_done_is_done_at_the_next_try(
    client: TestClient, heard: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    body, good = json.dumps(BOUNCE).encode(), bouncing.heed

    def broken(*_: Any, **__: Any) -> str:
        raise StoreError("the database is away")

    monkeypatch.setattr(bouncing, "heed", broken)
    answer = client.post("/hooks/standard", content=body, headers=signed(body))
    assert (answer.status_code, answer.text) == (503, "try again\n")
    monkeypatch.setattr(bouncing, "heed", good)
    assert client.post("/hooks/standard", content=body, headers=signed(body)).status_code == 200
    assert len(heard) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"webhook-id": "msg_1"},
        signed(b"other"),
        signed(json.dumps(BOUNCE).encode(), at=datetime(2026, 3, 2, 6, tzinfo=UTC)),
    ],
)
def test_what_is_not_signed_is_refused(
    app: App, client: TestClient, heard: list[Event], headers: dict[str, str]
) -> None:
    before = everything(app)
    assert client.post("/hooks/standard", content=json.dumps(BOUNCE), headers=headers).status_code == 401
    assert heard == []
    assert everything(app) == before


def test_postmark_shows_the_secret_in_the_path_or_as_a_password(client: TestClient, heard: list[Event]) -> None:
    body = json.dumps(POSTMARK).encode()
    assert client.post("/hooks/postmark", content=body).status_code == 401
    assert client.post("/hooks/postmark/wrong", content=body).status_code == 401
    assert client.post(f"/hooks/postmark/{SECRET}", content=body).text == "ok\n"
    assert client.post("/hooks/postmark", content=body, auth=("x", SECRET)).text == "heard before\n"
    assert [event.recipient for event in heard] == ["jane@example.com"]


def test_ses_is_believed_for_our_topic_and_its_own_certificate(
    app: App, client: TestClient, heard: list[Event]
) -> None:
    pages = app.fetcher
    assert isinstance(pages, Web)
    url = json.loads(message())["SigningCertURL"]
    pages.put(url, certificate())
    for _ in range(2):
        assert client.post("/hooks/ses", content=message()).status_code == 200
    assert [event.recipient for event in heard] == ["jane@example.com"]
    assert client.post("/hooks/ses", content=message(TopicArn=TOPIC + "x")).status_code == 401


def test_a_subscription_of_our_topic_is_confirmed_once(app: App, client: TestClient) -> None:
    pages = app.fetcher
    assert isinstance(pages, Web)
    body = message("hello", Type="SubscriptionConfirmation", SubscribeURL=TESTS, Token="2336412f37")
    pages.put(json.loads(body)["SigningCertURL"], certificate())
    assert client.post("/hooks/ses", content=body).status_code == 503  # Amazon does not answer yet
    pages.put(TESTS, b"<ok/>")
    assert client.post("/hooks/ses", content=body).text == "ok\n"
    assert client.post("/hooks/ses", content=body).text == "heard before\n"
    assert [request.url for request in pages.asked].count(TESTS) == 2


@pytest.mark.parametrize("name", ["ses", "standard", f"postmark/{SECRET}"])
@pytest.mark.parametrize("body", [b"", b"\0", b"[" * 50_000, b"\xff\xfe", b'{"a": NaN}', b"null"])
def test_no_body_makes_a_fault_of_ours(client: TestClient, heard: list[Event], name: str, body: bytes) -> None:
    assert 400 <= client.post(f"/hooks/{name}", content=body).status_code < 500
    assert heard == []


@pytest.mark.parametrize("name", ["ses", "standard", "postmark"])
def test_a_body_that_is_too_large_is_refused(client: TestClient, name: str) -> None:
    assert client.post(f"/hooks/{name}", content=b"x" * (1024 * 1024 + 1)).status_code == 413
    assert client.post(f"/hooks/{name}", content=(b"x" * 65_536 for _ in range(17))).status_code == 413
    assert client.get(f"/hooks/{name}").status_code == 405


def test_what_was_heard_is_forgotten_after_a_while(
    app: App, client: TestClient, heard: list[Event], clock: Clock
) -> None:
    body = json.dumps(BOUNCE).encode()
    client.post("/hooks/standard", content=body, headers=signed(body))
    clock.forward(days=3)
    client.post("/hooks/standard", content=body, headers=signed(body, "msg_2", clock()))
    with app.store.read() as connection:
        assert list(connection.execute(sa.select(tables.heard.c.id)).scalars()) == ["standard:msg_2"]
    assert len(heard) == 2


def test_without_a_secret_nobody_is_believed(tmp_path: Path, clock: Clock) -> None:
    app = make_app(
        SETTINGS.replace(f'hook_secret = "{SECRET}"\n', "").replace("topic =", "# topic ="), tmp_path, clock=clock
    )
    client = TestClient(web.public_app(app), base_url=URL)
    body = json.dumps(BOUNCE).encode()
    assert client.post("/hooks/standard", content=body, headers=signed(body)).status_code == 401
    assert client.post("/hooks/postmark/", content=body).status_code == 404
    assert client.post("/hooks/postmark", content=body, auth=("x", "")).status_code == 401
    assert client.post("/hooks/ses", content=message()).status_code == 401
