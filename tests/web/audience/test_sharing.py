"""The bar "share this post on": where it leads, what is counted, and where nobody can be led."""

from __future__ import annotations

import json
import re
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from starlette.testclient import TestClient

from distributor import sharing
from distributor.context import App
from distributor.store import articles

from .conftest import PAGE, URL, Noted

OTHERS = [network for network in sharing.NETWORKS if network != "mastodon"]
ABROAD = [
    "https://evil.example/", "//evil.example", "https://paper.example@evil.example/", "https://evil.example/articles/1",
    "https://paper.example.evil.example/articles/1", "/\\evil.example", "javascript:alert(1)", "data:text/html,x",
    "https:evil.example", "https://paper.example/articles/1/../../../x", "\0", "%0d%0aX: y",
    "https://paper.example/articles/1\r\nSet-Cookie: a=b",
    "https://paper.example\\.evil.example/articles/1", "http://[", "", "https://paper.example/articles/99",
]  # fmt: skip


@pytest.mark.parametrize("network", OTHERS)
def test_a_link_of_the_bar_leads_to_the_network_and_is_counted(client: TestClient, noted: Noted, network: str) -> None:
    answer = client.get(f"/share/{network}", params={"u": PAGE + "?utm_source=mail"})
    assert answer.status_code == 302
    assert answer.headers["location"] == sharing.address(network, PAGE, 'Tea & "sympathy" <b>')
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert noted.told == [("shares", 1, network)]


@pytest.mark.parametrize("address", ABROAD)
def test_nobody_is_led_to_what_is_no_article(client: TestClient, noted: Noted, address: str) -> None:
    for path in ("/share", *(f"/share/{network}" for network in sharing.NETWORKS)):
        answer = client.get(path, params={"u": address})
        assert answer.status_code == 404, path
        assert "location" not in answer.headers
        assert "evil" not in answer.text
    assert noted.seen == []


@pytest.mark.parametrize("path", ["/share/myspace", "/share/copy", "/share/device", "/share/x/y", "/share/%2e%2e"])
def test_a_network_that_nobody_knows_is_not_there(client: TestClient, noted: Noted, path: str) -> None:
    assert client.get(path, params={"u": PAGE}).status_code == 404
    assert noted.seen == []


@pytest.mark.parametrize("status", ["withdrawn", "held"])
def test_what_is_held_or_withdrawn_is_not_shared(app: App, client: TestClient, noted: Noted, status: str) -> None:
    with app.store.write() as connection:
        articles.set_status(connection, 1, status)  # type: ignore[arg-type]
    assert client.get("/share/x", params={"u": PAGE}).status_code == 404
    assert client.get("/share", params={"u": PAGE}).status_code == 404
    assert noted.seen == []


@pytest.mark.parametrize("header", ["DNT", "Sec-GPC"])
def test_who_asks_not_to_be_followed_shares_uncounted(client: TestClient, noted: Noted, header: str) -> None:
    assert client.get("/share/x", params={"u": PAGE}, headers={header: "1"}).status_code == 302
    assert client.post("/share/copy", content=PAGE, headers={header: "1"}).status_code == 204
    assert noted.seen == []


@pytest.mark.parametrize("way", sharing.DEVICE)
def test_the_script_tells_of_copies_and_of_the_phones_own_sheet(client: TestClient, noted: Noted, way: str) -> None:
    assert client.post(f"/share/{way}", content=PAGE).status_code == 204
    assert client.post(f"/share/{way}", content="https://evil.example/").status_code == 204
    assert noted.told == [("shares", 1, way)]


def test_only_what_a_script_tells_can_be_posted(client: TestClient, noted: Noted) -> None:
    assert client.post("/share/x", content=PAGE).status_code == 405
    assert client.post("/share/myspace", content=PAGE).status_code == 404
    assert client.post("/share/copy", content="x" * 5_000).status_code == 413
    assert noted.seen == []


def test_mastodon_asks_for_the_instance_and_shows_a_link_to_it(client: TestClient, noted: Noted) -> None:
    asked = client.get("/share/mastodon", params={"u": PAGE})
    assert asked.status_code == 200
    assert 'name="instance"' in asked.text
    assert "Tea &amp; &#34;sympathy&#34; &lt;b&gt;" in asked.text
    ready = client.get("/share/mastodon", params={"u": PAGE, "instance": "@jane@Mastodon.Example"})
    assert ready.status_code == 200
    link = re.search(r'href="(https://mastodon\.example/share\?[^"]+)"', ready.text)
    assert link
    assert parse_qs(urlsplit(link[1]).query)["text"] == [f'Tea & "sympathy" <b>\n\n{PAGE}']
    assert noted.told == [("shares", 1, "mastodon")]


@pytest.mark.parametrize("given", ["evil", "127.0.0.1", "javascript://x.example", '"><script>alert(1)</script>', "a b"])
def test_what_is_no_instance_is_asked_for_again(client: TestClient, given: str) -> None:
    answer = client.get("/share/mastodon", params={"u": PAGE, "instance": given})
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text
    assert 'role="alert"' in answer.text
    assert "/share?text" not in answer.text


def test_the_bar_is_a_page_for_frames_and_works_without_script(client: TestClient, noted: Noted) -> None:
    answer = client.get("/share", params={"u": PAGE})
    assert answer.status_code == 200
    assert "frame-ancestors *" in answer.headers["content-security-policy"]
    assert "x-frame-options" not in answer.headers
    for network in sharing.NETWORKS:
        assert f'href="/share/{network}?u={quote(PAGE, safe="")}"' in answer.text
    assert noted.seen == []  # it was not shared yet


def test_the_bar_speaks_the_articles_language_unless_told(client: TestClient) -> None:
    arabic = client.get("/share", params={"u": "https://paper.example/articles/2"})
    assert '<html lang="ar" dir="rtl">' in arabic.text
    french = client.get("/share", params={"u": PAGE, "language": "fr"})
    assert "Partager cet article sur" in french.text


def test_the_script_knows_every_network_and_language(client: TestClient) -> None:
    answer = client.get("/share.js")
    told = json.loads(re.search(r"const \{ networks, words \} = (\{.*\});", answer.text)[1])  # type: ignore[index]
    assert told["networks"] == dict(sharing.NETWORKS)
    assert list(told["words"]) == ["en", "fr", "ar"]
    assert told["words"]["ar"]["dir"] == "rtl"
    assert client.get("/share.js", headers={"If-None-Match": answer.headers["etag"]}).status_code == 304


def test_the_style_has_a_picture_for_every_link(client: TestClient) -> None:
    style = client.get("/share.css").text
    for network in (*sharing.NETWORKS, *sharing.DEVICE):
        assert f".ds-{network} {{ --icon: url(" in style


def test_a_snippet_is_plain_html_that_needs_no_script() -> None:
    html = sharing.snippet(URL, PAGE + "?a=1&b=2", 'Share "this"', "Email")
    assert html.count("<li>") == len(sharing.NETWORKS)
    assert "<script" not in html
    assert 'aria-label="Share &quot;this&quot;"' in html
    assert f"{URL}/share/x?u={quote(PAGE, safe='')}%3Fa%3D1%26b%3D2" in html
