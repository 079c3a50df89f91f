"""/r/CODE: on to the article and counted; to nowhere else, and nothing of who it was."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from distributor import robots
from distributor.codes import Link, code_of
from distributor.config import secret_keys
from distributor.context import App
from distributor.errors import StoreError
from distributor.mail import CLICK, tokens
from distributor.store import articles, links
from distributor.web.audience import clicks
from tests.web.audience.conftest import URL, Noted, public

TARGET = "https://paper.example/articles/1?utm_source=x"


@pytest.fixture
def code(app: App) -> str:
    return keep(app, TARGET)


def keep(app: App, url: str, channel: str = "x") -> str:
    link = Link(code=code_of(app.key, 1, channel), article_id=1, channel=channel, url=url)
    with app.store.write() as connection:
        links.add(connection, [link], app.clock())
    return link.code


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_link_leads_on_and_is_counted(client: TestClient, noted: Noted, code: str, method: str) -> None:
    answer = client.request(method, f"/r/{code}")
    assert (answer.status_code, answer.headers["location"], answer.content) == (302, TARGET, b"")
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["referrer-policy"] == "strict-origin-when-cross-origin"
    assert "set-cookie" not in answer.headers
    assert noted.told == [("clicks", 1, "x")]
    assert noted.seen[0].link_id == 1
    assert noted.seen[0].delivery_id == 0
    assert noted.seen[0].marks == (robots.HEAD if method == "HEAD" else 0)


def test_where_clicks_are_switched_off_old_links_lead_on_uncounted(
    app: App, client: TestClient, noted: Noted, code: str
) -> None:
    off = app.settings.signals.model_copy(update={"clicks": False})
    app.settings = app.settings.model_copy(update={"signals": off})
    assert client.get(f"/r/{code}").headers["location"] == TARGET
    assert noted.told == []


def test_the_token_of_a_mail_says_which_it_was(app: App, client: TestClient, noted: Noted, code: str) -> None:
    client.get(f"/r/{code}/{tokens.mint(app.key, 'click', 4711)}")
    assert noted.seen[0].delivery_id == 4711


@pytest.mark.parametrize("token", ["", "x", "A" * 28, CLICK, "A" * 2_000])
def test_a_token_that_is_not_ours_says_nothing(client: TestClient, noted: Noted, code: str, token: str) -> None:
    assert client.get(f"/r/{code}/{token}").headers["location"] == TARGET
    assert noted.seen[0].delivery_id == 0


def test_a_readers_token_is_none_of_a_mail(app: App, client: TestClient, noted: Noted, code: str) -> None:
    client.get(f"/r/{code}/{tokens.mint(app.key, 'reader', 3)}")
    assert noted.seen[0].delivery_id == 0


@pytest.mark.parametrize(
    "tail", [".", ")", ",", "?utm_source=y&url=https://evil.example", "#top", "%E2%80%A6", "\u201d"]
)
def test_what_a_program_added_does_not_break_a_link(client: TestClient, code: str, tail: str) -> None:
    assert client.get(f"/r/{code}{tail}").headers["location"] == TARGET


@pytest.mark.parametrize(
    "path",
    (
        "/r/ /r/x /r/{0}x /r/x{0} /r/{0}/a/b /r/AAAAAAAAAAAAAA /r/https://evil.example/ /r//evil.example /r/%00 "
        "/r/{0}%00x /r/../r/x /r/%2e%2e/{0}/x/y /r/{0}%2Fa%2Fb /r/" + "A" * 5_000
    ).split(),
)
def test_what_is_no_link_is_404_and_not_counted(client: TestClient, noted: Noted, code: str, path: str) -> None:
    answer = client.get(path.format(code))
    assert answer.status_code == 404
    assert "location" not in answer.headers
    assert noted.seen == []


def test_a_forged_code_never_reaches_the_database(
    app: App, client: TestClient, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(links, "by_code", lambda _connection, code: asked.append(code))
    for letter in "ABCxyz019":
        assert client.get(f"/r/{code[:13]}{letter}").status_code == 404 or letter == code[13]
    assert set(asked) <= {code}


def test_a_code_of_ours_that_is_not_kept_is_404(app: App, client: TestClient, noted: Noted) -> None:
    assert client.get(f"/r/{code_of(app.key, 77, 'x')}").status_code == 404
    assert noted.seen == []


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_but_reading(client: TestClient, noted: Noted, code: str, method: str) -> None:
    answer = client.request(method, f"/r/{code}")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert noted.seen == []


@pytest.mark.parametrize("header", [{"DNT": "1"}, {"Sec-GPC": "1"}])
def test_who_asks_not_to_be_followed_is_led_on_and_not_recorded(
    client: TestClient, noted: Noted, code: str, header: dict[str, str]
) -> None:
    assert client.get(f"/r/{code}", headers=header).headers["location"] == TARGET
    assert noted.seen == []


def test_a_robot_is_led_on_and_marked(client: TestClient, noted: Noted, code: str) -> None:
    answer = client.get(f"/r/{code}", headers={"User-Agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"})
    assert answer.status_code == 302
    assert noted.seen[0].marks & robots.AGENT


def test_a_withdrawn_article_still_leads_on(app: App, client: TestClient, code: str) -> None:
    with app.store.write() as connection:
        articles.set_status(connection, 1, "withdrawn")
    assert client.get(f"/r/{code}").status_code == 302


def test_a_link_in_an_old_mail_outlives_a_new_key(app: App, noted: Noted, code: str) -> None:
    token = tokens.mint(app.key, "click", 9)
    old, data = app.key, app.settings.site.data
    (data / "secret_key.old").write_bytes(old + b"\n")
    object.__setattr__(app.settings, "secret_key", None)
    assert secret_keys(app.settings)[0] != old
    client = TestClient(public(app, noted), base_url=URL, follow_redirects=False)
    assert client.get(f"/r/{code}/{token}").headers["location"] == TARGET
    assert noted.seen[0].delivery_id == 9


def test_while_the_database_is_away_known_links_lead_on(
    app: App, client: TestClient, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = keep(app, TARGET, "telegram")
    assert client.get(f"/r/{code}").status_code == 302
    monkeypatch.setattr(clicks, "FRESH", -1.0)
    monkeypatch.setattr(app.store, "read", _away)
    assert client.get(f"/r/{code}").headers["location"] == TARGET
    answer = client.get(f"/r/{other}")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_memory_of_links_is_bounded(app: App, noted: Noted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clicks, "KEPT", 3)
    codes = [keep(app, TARGET, f"c{number}") for number in range(8)]
    asgi = public(app, noted)
    client = TestClient(asgi, base_url=URL, follow_redirects=False)
    assert {client.get(f"/r/{code}").status_code for code in codes} == {302}
    (route,) = [one for one in asgi.routes if isinstance(one, clicks.Clicks)]
    assert len(route._known) == 3


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("https://b\u00fccher.example/a?b=%20c", "https://xn--bcher-kva.example/a?b=%20c"),
        ("javascript:alert(1)", None),
        ("https://paper.example/a\r\nSet-Cookie: a=b", None),
        ("//evil.example", None),
        ("https://paper.example/\u00e9", None),
    ],
)
def test_only_web_addresses_are_led_to(app: App, client: TestClient, url: str, location: str | None) -> None:
    answer = client.get(f"/r/{keep(app, url)}")
    assert answer.headers.get("location") == location
    assert answer.status_code == (302 if location else 404)


def _away(**_: object) -> Any:
    raise StoreError("the database is away")
