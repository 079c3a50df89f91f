"""The staff's pages about mail and readers: what they show, and what a mail may not do there."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from distributor import choosing, digest, enlisting, mailing, overseeing, trying, web
from distributor.context import App
from distributor.model import Choice, Image, Message
from distributor.store import ledger, tables
from distributor.web import mails
from tests.desk import Clock, entry, ingest, make_app
from tests.web.conftest import SETTINGS

MAIL = (
    SETTINGS.replace('name = "The Paper"', 'name = "The Paper"\npostal_address = "1 Harbour Street, Paris"')
    + """
[mail]
from = "The Paper <news@paper.example>"
[digests.daily]
title = "The Daily"
[digests.weekly]
frequency = "weekly"
[subscribers]
languages = ["en", "ar"]
"""
)
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>'


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> App:
    return make_app('secret_key = "' + "k" * 40 + '"\n' + MAIL, tmp_path, clock=clock)


def reader(app: App, address: str, *categories: str, frequency: str = "daily") -> None:
    ask = choosing.Ask(address=address, categories=categories, frequency=frequency, language="en")
    enlisting.add(app, ask, who="test", consent="a letter")


def sent(app: App, clock: Clock, *, drained: bool = True) -> str:
    """A digest with two articles to two readers; gives its slot's name."""
    reader(app, "anna@x.example", "Business")
    reader(app, "bob@x.example")
    ingest(app, entry(1, title="The harbour opens"), entry(2, title=f"Second {HOSTILE} story", words=("Sports",)))
    clock.forward(minutes=1)
    made = digest.send_by_hand(app, "daily", who="test")
    if drained:
        mailing.drain_mail(app, "mail")
    return f"daily@{made.slot:%Y-%m-%dT%H:%M:%SZ}"


def test_the_pages_lead_to_one_another(client: TestClient) -> None:
    for address in ("/", "/digests", "/readers", "/outbox"):
        page = client.get(address)
        assert page.status_code == 200
        assert f'href="{address}" aria-current="page"' in page.text
        assert page.text.count("aria-current") == 1


def test_strangers_are_not_shown_the_staffs_pages(app: App) -> None:
    public = TestClient(web.public_app(app), base_url="http://127.0.0.1:8000")
    for address in ("/digests", "/outbox", "/readers"):
        answer = public.get(address)
        assert answer.status_code == 404
        assert "/digests" not in answer.text


def test_what_a_template_holds_is_not_called_sent(app: App, client: TestClient, clock: Clock) -> None:
    name = sent(app, clock, drained=False)
    with app.store.write() as connection:
        waiting = connection.execute(sa.select(tables.delivery.c.id).where(tables.delivery.c.recipient_id > 0))
        ledger.hold(connection, list(waiting.scalars()), "template", error="story.html.j2:2")
    page = client.get("/digests").text
    assert '<span class="state state-stuck">stuck</span>' in page
    assert f"distributor digests release {name}" in page


def test_a_slot_shows_how_far_it_is_and_what_moves_it_on(app: App, client: TestClient, clock: Clock) -> None:
    name = sent(app, clock, drained=False)
    page = client.get("/digests").text
    assert "<b>0</b> of 2 in 2 editions" in page
    assert f"distributor digests pause {name}" in page
    mailing.drain_mail(app, "mail")
    page = client.get("/digests").text
    assert "<b>2</b> of 2 in 2 editions" in page
    assert 'class="state state-sent"' in page


def test_a_paused_slot_names_the_command_that_resumes_it(app: App, client: TestClient, clock: Clock) -> None:
    name = sent(app, clock, drained=False)
    overseeing.pause(app, name, "test")
    assert f"distributor digests resume {name}" in client.get("/digests").text


def test_a_preview_is_for_any_readers_choices(app: App, client: TestClient, clock: Clock) -> None:
    ingest(app, entry(1, title="The harbour opens"), entry(2, title="A match is lost", words=("Sports",)))
    clock.forward(minutes=1)
    page = client.get("/digests/daily/preview?category=Sports&language=ar&trending=0").text
    assert "A match is lost" in page
    assert "The harbour opens" not in page
    assert "<option selected>ar</option>" in page
    assert "READERREADER" not in page
    (source,) = re.findall(r'<iframe[^>]* src="([^"]+)"', page)
    mail = client.get(source.replace("&amp;", "&"))
    assert 'dir="rtl"' in mail.text
    assert "The harbour opens" not in mail.text


@pytest.mark.parametrize("query", ["", "?category=Gardening&language=xx&trending=maybe", "?category=" + "x" * 5000])
def test_what_is_not_offered_is_left_out(client: TestClient, query: str) -> None:
    assert client.get(f"/digests/daily/preview{query}").status_code == 200


def test_nothing_new_is_no_mail(client: TestClient) -> None:
    assert "no mail would go out" in client.get("/digests/daily/preview").text
    assert client.get("/digests/daily/preview/mail").status_code == 404
    assert client.get("/digests/hourly/preview").status_code == 404


def test_a_broken_template_is_told_on_the_page(app: App, tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "own" / "digest").mkdir(parents=True)
    (tmp_path / "own" / "digest" / "body.html.j2").write_text("line one\n{{ nothing.here }}")
    settings = 'secret_key = "' + "k" * 40 + '"\n' + MAIL.replace("[site]", '[site]\ntemplates = "own"')
    other = make_app(settings, tmp_path, clock=clock)
    ingest(other, entry(1))
    clock.forward(minutes=1)
    page = TestClient(web.admin_app(other), base_url="http://127.0.0.1:8000").get("/digests/daily/preview")
    assert page.status_code == 200
    assert "body.html.j2" in page.text


def test_the_outbox_shows_each_mail(app: App, client: TestClient, clock: Clock) -> None:
    sent(app, clock)
    page = client.get("/outbox").text
    assert "anna@x.example" in page
    links = re.findall(r'href="(/outbox/mail/[^"]+)"', page)
    assert len(links) == 2
    shown = client.get(links[0])
    assert "List-Unsubscribe" in shown.text
    assert "frame-src 'self'" in shown.headers["Content-Security-Policy"]
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in shown.text
    source = client.get(f"{links[0]}/source")
    assert source.headers["Content-Type"].startswith("text/plain")
    assert "MIME-Version: 1.0" in source.text


@pytest.mark.parametrize("address", ["/outbox/mail/x", "/outbox/other/x", "/outbox/mail/..%2f..%2fsecret_key/html",
                                     "/outbox/mail/..%2fkey", "/outbox/mail/x/y"])  # fmt: skip
def test_what_is_no_letter_is_not_there(client: TestClient, address: str) -> None:
    assert client.get(address).status_code == 404


def test_a_mail_can_run_nothing_and_load_no_private_picture(app: App, client: TestClient, clock: Clock) -> None:
    html = (
        "<html><head><title>x</title></head><body><script>alert(1)</script><form action=/x></form>"
        '<img src="https://cdn.example/a.png"><img src="http://192.168.0.1/b.png">'
        '<td background="https://bg.example/c.png"></td><a href="https://link.example/">x</a>'
        "<p style=\"background:url('http://router.local/d.png')\"></body></html>"
    )
    trying.send_sample(app, "daily", Message(text="plain", html=html, subject=HOSTILE), "me@x.example")
    (link,) = re.findall(r'href="(/outbox/mail/[^"]+)"', page := client.get("/outbox").text)
    assert HOSTILE not in page
    frame = client.get(f"{link}/html")
    rules = dict(rule.split(" ", 1) for rule in frame.headers["Content-Security-Policy"].split("; "))
    assert rules["default-src"] == rules["form-action"] == rules["base-uri"] == "'none'"
    assert rules["img-src"] == "https://cdn.example https://bg.example"
    assert rules["frame-ancestors"] == "'self'"
    assert "allow-scripts" not in rules["sandbox"]
    assert "allow-same-origin" not in rules["sandbox"]
    assert "X-Frame-Options" not in frame.headers
    assert '<base target="_blank">' in frame.text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"Subject: =?x?y?z?=\nTo: @\nContent-Type: multipart/mixed\n\n",
        b"Content-Type: text/html; charset=nonsense\n\n<p>\xff",
    ],
)
def test_every_letter_can_be_opened(content: bytes) -> None:
    assert isinstance(mails.read_mail(content).html, str)


def test_readers_are_numbers_and_no_list(app: App, client: TestClient, clock: Clock) -> None:
    reader(app, "anna@x.example", "Business")
    reader(app, "bob@x.example")
    reader(app, "cleo@x.example", frequency="weekly")
    clock.forward(hours=1)
    enlisting.suppress(app, "bob@x.example", "complaint", "test")
    page = client.get("/readers").text
    assert "@x.example" not in page
    assert "<b>2</b> active" in page
    assert "+3</b> joined" in page
    assert "−1</b> left" in page


def test_a_reader_is_found_by_the_exact_address_only(app: App, client: TestClient) -> None:
    reader(app, "anna@x.example", "Business")
    assert "distributor subscribers show anna@x.example" in client.get("/readers?address=ANNA@x.example").text
    assert "There is no reader with this address." in client.get("/readers?address=ann@x.example").text
    wrong = client.get("/readers", params={"address": HOSTILE})
    assert wrong.status_code == 200
    assert HOSTILE not in wrong.text


def test_readers_whose_digest_is_gone_are_told(app: App, client: TestClient) -> None:
    reader(app, "anna@x.example", frequency="weekly")
    digests = {name: one for name, one in app.settings.digests.items() if name != "weekly"}
    app.settings = app.settings.model_copy(update={"digests": digests})
    assert "the digest is not in the settings any more" in client.get("/digests").text


def test_pictures_of_the_mail_are_shown_in_the_preview(app: App, client: TestClient, clock: Clock) -> None:
    ingest(app, entry(1, image=Image("https://cdn.example/a.png", alt="A boat", width=1200, height=600)))
    clock.forward(minutes=1)
    mail = client.get("/digests/daily/preview/mail")
    assert "img-src https://cdn.example;" in mail.headers["Content-Security-Policy"]
    assert digest.preview(app, "daily", Choice(), clock.now + timedelta(0)) is not None
