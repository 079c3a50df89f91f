"""What strangers, machines and broken programs must never achieve on the public pages."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from distributor import letters as letters_module
from distributor import subscribe, web
from distributor.context import App
from distributor.errors import StoreError
from distributor.model import Subscriber
from tests.desk import make_app
from tests.web.readers.conftest import SETTINGS, Form, everything, fresh_link, link_in, news, token_of

Ask = Callable[..., Any]
PUBLIC = ["/subscribe", "/subscribe/form", "/link", "/archive", "/archive.rss", "/nowhere", "/editions/9"]
HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>'


FILE = b'--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\nc\r\n--x--'


@pytest.fixture
def own(app: App, client: TestClient, reader: Subscriber) -> list[str]:
    """Every page whose address holds a token of a reader."""
    token = token_of(app, reader)
    fresh = fresh_link(app, reader)
    client.post(fresh, data={"act": "switch", "address": "new@example.org"})
    return [
        link_in(app, "confirm"),
        fresh,
        link_in(app, "switch"),
        f"/preferences/{token}",
        f"/preferences/{token}?fewer=1",
        f"/preferences/{token}/today",
        f"/unsubscribe/{token}",
    ]


def test_machines_that_open_every_link_change_nothing(app: App, client: TestClient, own: list[str]) -> None:
    before = everything(app)
    for path in [*own, *PUBLIC] * 4:
        client.get(path)
        client.head(path)
        client.get(path, headers={"user-agent": "Barracuda Sentinel", "purpose": "prefetch"})
    assert everything(app) == before


def test_pages_with_a_token_are_for_no_index_cache_or_referer(client: TestClient, own: list[str]) -> None:
    for path in own:
        headers = client.get(path).headers
        assert "noindex" in headers["x-robots-tag"], path
        assert headers["cache-control"] == "no-store", path
        assert headers["referrer-policy"] == "no-referrer", path


def test_no_page_gives_a_cookie_or_holds_script_or_style(app: App, client: TestClient, own: list[str]) -> None:
    news(app, "The harbour opens")
    for path in [*own, *PUBLIC]:
        answer = client.get(path)
        assert "set-cookie" not in answer.headers
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert " style=" not in answer.text
        assert not re.search(r"\son\w+=", answer.text)
        assert all(" src=" in tag.partition(">")[0] for tag in answer.text.split("<script")[1:])
        if "/today" not in path:
            assert "<style" not in answer.text


def test_only_the_form_may_be_framed_by_others(client: TestClient, own: list[str]) -> None:
    for path in [*own, *PUBLIC]:
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        if path == "/subscribe/form":
            assert "frame-ancestors *" in policy
        elif path.endswith("/today"):
            assert "frame-ancestors 'self'" in policy
        else:
            assert "frame-ancestors 'none'" in policy
            assert headers["x-frame-options"] == "DENY"


def test_a_host_that_lies_is_never_repeated(client: TestClient, own: list[str]) -> None:
    lies = {"host": "evil.example", "x-forwarded-host": "evil.example", "forwarded": "host=evil.example"}
    for path in [*own, *PUBLIC, "/subscribe/", "/archive/", "//evil.example/", "/hooks/ses/"]:
        answer = client.get(path, headers=lies)
        assert "evil.example" not in answer.text
        assert "location" not in answer.headers


def test_what_a_visitor_writes_is_shown_as_text(client: TestClient, ask: Ask) -> None:
    for answer in (
        ask(HOSTILE),
        ask("jane@example.org", timezone=HOSTILE, category=[HOSTILE], frequency=HOSTILE),
        ask("jane@example.org", website=HOSTILE),
        client.post("/link", data={"address": HOSTILE}),
        client.get("/subscribe", params={"category": HOSTILE, "timezone": HOSTILE, "language": HOSTILE}),
        client.get(f"/{HOSTILE}"),
        client.get(f"/confirm/{HOSTILE}"),
        client.get("/archive", params={"before": HOSTILE}),
    ):
        assert "<script>" not in answer.text
        assert "<img" not in answer.text


def test_a_publishers_own_words_are_text_too(tmp_path: Path) -> None:
    text = SETTINGS.replace('name = "The Paper"', "name = 'P & <b>Q</b>'").replace('"Business"', "'<i>Business</i>'")
    client = TestClient(web.public_app(make_app(text, tmp_path)), base_url="https://go.paper.example")
    page = client.get("/subscribe").text
    assert "<b>" not in page
    assert "<i>" not in page
    assert "P &amp; &lt;b&gt;Q" in page


@pytest.mark.parametrize(("language", "words"), [("en", "no such page"), ("fr", "existe pas"), ("ar", "لا توجد صفحة")])
def test_problems_are_told_in_the_readers_language(client: TestClient, language: str, words: str) -> None:
    answer = client.get("/nowhere", headers={"accept-language": language})
    assert answer.status_code == 404
    assert words in answer.text
    assert f'lang="{language}"' in answer.text


@pytest.mark.parametrize("path", ["/subscribe", "/link", "/confirm/x", "/preferences/x", "/unsubscribe/x", "/archive"])
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_405_as_a_page(app: App, client: TestClient, path: str, method: str) -> None:
    answer = client.request(method, path)
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    assert answer.text.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("path", ["/subscribe", "/link", "/preferences/x", "/unsubscribe/x"])
def test_a_form_that_is_too_large_is_413(app: App, client: TestClient, path: str) -> None:
    before = everything(app)
    big = client.post(path, data={"address": "x" * 40_000})
    streamed = client.post(path, content=(b"a" * 8_192 for _ in range(8)))
    lied = client.post(path, content=b"a=b", headers={"content-length": "9" * 30})
    assert big.status_code == streamed.status_code == lied.status_code == 413
    assert "too much at once" in big.text
    assert everything(app) == before


@pytest.mark.parametrize(
    ("sort", "body"),
    [
        ("application/x-www-form-urlencoded", b"\xff\xfe%ff%00=%zz&&&===&address=%00%0d%0aBcc:"),
        ("application/x-www-form-urlencoded; charset=utf-7", b"address=+ADw-script+AD4-"),
        ("application/x-www-form-urlencoded; charset=nonsense", "address=jané@exämple.org".encode("latin-1")),
        ("application/x-www-form-urlencoded", b"&".join(b"category=%d" % n for n in range(2_000))),
        ("multipart/form-data", b"no boundary"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=address\r\n\r\nunfinished"),
        ("multipart/form-data; boundary=x", FILE),
        ("multipart/form-data; boundary=" + "x" * 4_000, b"--"),
        ("application/json", b'{"address": "jane@example.org"}'),
        ("text/plain", b"\0" * 100),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/subscribe", "/link"])
def test_a_broken_body_is_no_fault_of_ours(app: App, client: TestClient, path: str, sort: str, body: bytes) -> None:
    before = everything(app)
    answer = client.post(path, content=body, headers={"content-type": sort})
    assert answer.status_code in (200, 400)
    assert answer.text.startswith("<!DOCTYPE html>")
    assert everything(app) == before


@pytest.mark.parametrize("token", ["", "x", "%00", "..%2f..", "A" * 28, "A" * 5_000, "é", "%ff", "'--", "{{7*7}}"])
@pytest.mark.parametrize("page", ["confirm", "preferences", "unsubscribe", "switch"])
def test_no_token_is_a_fault(app: App, client: TestClient, page: str, token: str) -> None:
    before = everything(app)
    for answer in (client.get(f"/{page}/{token}"), client.post(f"/{page}/{token}", data={"act": "leave"})):
        assert answer.status_code == 404
        assert "49" not in answer.text.partition("<main")[2]
    assert everything(app) == before


@pytest.mark.parametrize("error", [RuntimeError("boom"), StoreError("the database is away")])
def test_a_fault_shows_no_traceback_and_logs_no_token(
    app: App, reader: Subscriber, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(subscribe, "reader", broken)
    client = TestClient(web.public_app(app), raise_server_exceptions=False)
    token = token_of(app, reader)
    with caplog.at_level(logging.DEBUG), capture_logs() as logged:
        for path in (f"/preferences/{token}", f"/unsubscribe/{token}"):
            answer = client.get(path)
            assert answer.status_code in (500, 503)
            assert "Something went wrong on our side." in answer.text
            assert "boom" not in answer.text
            assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert logged
    assert token not in str(logged)
    ours = [record for record in caplog.records if not record.name.startswith("httpx")]
    assert token not in "".join(record.getMessage() for record in ours)


def test_a_broken_template_of_the_operator_is_told_by_the_log_alone(tmp_path: Path) -> None:
    (tmp_path / "own/web/readers").mkdir(parents=True)
    (tmp_path / "own/web/readers/layout.html.j2").write_text("{% broken")
    text = SETTINGS.replace("[site]", '[site]\ntemplates = "own"')
    client = TestClient(web.public_app(make_app(text, tmp_path)), raise_server_exceptions=False)
    with capture_logs() as logged:
        answer = client.get("/subscribe")
    assert (answer.status_code, answer.text) == (503, "Service Unavailable.\n")
    assert "layout.html.j2:1" in str(logged)


def test_an_operators_template_is_laid_over_ours_in_the_sandbox(tmp_path: Path) -> None:
    (tmp_path / "own/web/readers").mkdir(parents=True)
    (tmp_path / "own/web/readers/asked.html.j2").write_text("Merci {{ address }} {{ ''.__class__ }}")
    (tmp_path / "own/web/readers/problem.html.j2").write_text("<p>Ours: {{ key }}</p>")
    text = SETTINGS.replace("[site]", '[site]\ntemplates = "own"')
    client = TestClient(web.public_app(make_app(text, tmp_path)), raise_server_exceptions=False)
    assert client.get("/nowhere").text == "<p>Ours: missing</p>"
    assert client.post("/subscribe", data={"website": "x", "address": "a@b.example"}).status_code == 503


def test_known_and_unknown_addresses_are_the_same_work(
    app: App, client: TestClient, reader: Subscriber, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes time is rendering a letter: it is done for both."""
    made: list[str] = []
    real = letters_module.made

    def counted(app: App, name: str, *rest: Any, **more: Any) -> Any:
        made.append(name)
        return real(app, name, *rest, **more)

    monkeypatch.setattr(letters_module, "made", counted)
    for address in (reader.address, "nobody@example.org"):
        before = len(made)
        ask(address)
        assert len(made) == before + 1
        form = Form(client.get("/link").text, "")
        app.clock.forward(seconds=3)  # type: ignore[attr-defined]
        client.post("/link", data=form.fields | {"address": [address]})
        assert len(made) == before + 2
