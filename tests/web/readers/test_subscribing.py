"""From the form to the first mail's date."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from distributor import web
from distributor.context import App
from distributor.model import NO_CATEGORY
from distributor.web.readers import gate
from tests.desk import Clock, make_app
from tests.web.readers.conftest import SETTINGS, URL, Form, everybody, everything, letters, link_in, news

Ask = Callable[..., Any]


def test_the_form_offers_what_the_settings_have(client: TestClient) -> None:
    page = client.get("/subscribe").text
    for offered in ("World News", "Business", "Science", "Trending", "Once a day", "Once a week", "Breaking news"):
        assert offered in page
    assert "<option selected>Europe/Paris</option>" in page
    assert "Français" in page
    assert "العربية" in page


def test_a_reader_asks_confirms_and_is_told_when_the_first_mail_comes(app: App, client: TestClient, ask: Ask) -> None:
    news(app, "The harbour opens")
    answer = ask("Jane@Example.org", category=["Business", "Science"], frequency="weekly", hour="6", language="en")
    assert answer.status_code == 200
    assert "Look into your mailbox" in answer.text
    (wish,) = everybody(app)
    assert (wish.status, wish.categories, wish.frequency, wish.hour) == (
        "pending",
        ("Business", "Science"),
        "weekly",
        6,
    )

    link = link_in(app, "confirm")
    shown = client.get(link)
    assert shown.status_code == 200
    assert "Jane@example.org" in shown.text
    assert everybody(app)[0].status == "pending"

    done = client.post(link)
    assert "Your first mail comes on Monday 11 May 2026 at 06:00." in done.text
    assert everybody(app)[0].status == "active"
    frame = client.get(done.text.split('<iframe class="today" src="')[1].split('"')[0])
    assert "The harbour opens" in frame.text
    assert "sandbox" in frame.headers["content-security-policy"]
    assert client.post(link).status_code == 200


def test_everything_is_chosen_unless_categories_are(app: App, ask: Ask) -> None:
    ask()
    assert everybody(app)[0].categories == ()


def test_no_category_at_all_is_said_beside_them(app: App, ask: Ask) -> None:
    answer = ask(category=None, trending=None)
    assert answer.status_code == 422
    assert "Choose at least one." in answer.text
    assert everybody(app) == []


def test_trending_alone_is_chosen_by_no_category(app: App, client: TestClient, ask: Ask) -> None:
    assert "None of these: Trending alone." in client.get("/subscribe").text
    assert ask(category=None, language="fr").status_code == 200
    (wish,) = everybody(app)
    assert (wish.categories, wish.trending) == ((NO_CATEGORY,), True)
    assert "À la une" in letters(app)[0]["text"]
    assert "none" not in letters(app)[0]["text"]


def test_trending_alone_does_not_come_as_it_happens(app: App, ask: Ask) -> None:
    answer = ask(category=None, frequency="instant")
    assert answer.status_code == 422
    assert "Trending alone comes in a digest" in answer.text
    assert everybody(app) == []


def test_a_link_may_choose_trending_alone(client: TestClient) -> None:
    page = client.get("/subscribe?category=none").text
    assert 'name="category" value="all">' in page
    assert 'name="trending" checked' in page


def test_unknown_categories_are_left_out(app: App, ask: Ask) -> None:
    ask(category=["Business", "<script>", "Gardening"])
    assert everybody(app)[0].categories == ("Business",)


def test_a_digest_of_few_categories_takes_those_of_the_choice(tmp_path: Path) -> None:
    text = SETTINGS.replace('frequency = "weekly"', 'frequency = "weekly"\ncategories = ["Science"]')
    clock = Clock()
    app = make_app(text, tmp_path, clock=clock)
    client = TestClient(web.public_app(app), base_url=URL)
    fields = Form(client.get("/subscribe").text).fields | {"address": ["jane@example.org"], "frequency": ["weekly"]}
    clock.forward(seconds=5)
    assert client.post("/subscribe", data=fields | {"category": ["Business"]}).status_code == 422
    assert client.post("/subscribe", data=fields | {"category": ["Business", "Science"]}).status_code == 200
    assert everybody(app)[0].frequency == "weekly"


@pytest.mark.parametrize("field", ["frequency", "hour", "timezone", "language"])
def test_what_is_not_offered_is_refused_and_the_form_stays_filled(app: App, ask: Ask, field: str) -> None:
    answer = ask("jane@example.org", category=["Business"], **{field: '"><script>alert(1)</script>'})
    assert answer.status_code == 422
    assert 'value="jane@example.org"' in answer.text
    assert 'value="Business" checked' in answer.text
    assert "<script>alert" not in answer.text
    assert everybody(app) == []


@pytest.mark.parametrize(
    "address",
    [
        "",
        "no address",
        "a@b",
        "a@b.example\r\nBcc: c@d.example",
        "a\0b@example.org",
        "x" * 400 + "@example.org",
        "a@exa\udcffmple.org".encode("utf-8", "replace").decode(),
    ],
)
def test_what_is_no_address_is_said_at_the_field(app: App, ask: Ask, address: str) -> None:
    answer = ask(address)
    assert answer.status_code == 422
    assert "This does not look like a mail address." in answer.text
    assert everybody(app) == []


def test_a_form_of_another_site_needs_no_cookie_and_gives_none(app: App, client: TestClient, clock: Clock) -> None:
    """The publisher's page embeds /subscribe/form; it is sent across sites."""
    shown = client.get("/subscribe/form", headers={"sec-fetch-site": "cross-site", "sec-fetch-dest": "iframe"})
    assert "frame-ancestors *" in shown.headers["content-security-policy"]
    assert "x-frame-options" not in shown.headers
    assert 'target="_top"' in shown.text
    clock.forward(seconds=5)
    fields = Form(shown.text).fields | {"address": ["jane@example.org"]}
    headers = {"origin": "https://paper.example", "sec-fetch-site": "cross-site"}
    answer = client.post("/subscribe", data=fields, headers=headers)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert [reader.address for reader in everybody(app)] == ["jane@example.org"]


def test_a_form_with_the_address_alone_leads_to_the_whole_form(app: App, client: TestClient, clock: Clock) -> None:
    """As plain HTML on a publisher's page: it was not opened here, so one more look is asked for."""
    shown = client.post("/subscribe", data={"address": "jane@example.org", "category": "Science"})
    assert shown.status_code == 200
    assert everybody(app) == []
    form = Form(shown.text)
    assert form.fields["address"] == ["jane@example.org"]
    assert form.fields["category"] == ["Science"]
    clock.forward(seconds=2)
    client.post("/subscribe", data=form.fields)
    assert everybody(app)[0].categories == ("Science",)


def test_a_link_may_choose_in_advance_but_not_the_address(client: TestClient) -> None:
    form = Form(client.get("/subscribe?category=Business&frequency=weekly&address=jane@example.org").text)
    assert form.fields["category"] == ["Business"]
    assert form.fields["frequency"] == ["weekly"]
    assert form.fields["address"] == [""]


def test_a_machine_that_fills_in_every_field_gets_the_same_answer_and_nothing_else(app: App, ask: Ask) -> None:
    person = ask("jane@example.org").text
    machine = ask("jane@example.org", **{gate.HONEY: "https://spam.example"}).text
    assert machine == person
    assert len(letters(app)) == 1


@pytest.mark.parametrize("seconds", [0, 24 * 3600])
def test_a_form_that_is_too_young_or_too_old_is_asked_for_again(
    app: App, client: TestClient, clock: Clock, seconds: int
) -> None:
    fields = Form(client.get("/subscribe").text).fields | {"address": ["jane@example.org"]}
    clock.forward(seconds=seconds)
    answer = client.post("/subscribe", data=fields)
    assert "Please send it once more." in answer.text
    assert everybody(app) == []
    clock.forward(seconds=2)
    assert "Look into your mailbox" in client.post("/subscribe", data=Form(answer.text).fields).text


def test_a_forged_age_is_none(app: App, ask: Ask) -> None:
    assert "once more" in ask(opened="AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").text
    assert everybody(app) == []


def test_the_answer_is_the_same_for_known_and_unknown_addresses(
    app: App, client: TestClient, ask: Ask, clock: Clock
) -> None:
    ask("jane@example.org")
    client.post(link_in(app, "confirm"))
    clock.forward(days=2)
    known, unknown = ask("jane@example.org"), ask("mary@example.org")
    assert known.text.replace("jane", "mary") == unknown.text
    assert known.headers.keys() == unknown.headers.keys()


def test_one_place_asks_for_few_mails_and_the_rest_gets_the_same_answer(app: App, ask: Ask) -> None:
    addresses = [f"reader{number}@example.org" for number in range(14)]
    answers = {ask(address).text.replace(address, "") for address in addresses}
    assert len(answers) == 1
    assert 9 <= len(everybody(app)) <= 11


@pytest.mark.parametrize(
    ("without", "told"),
    [
        ('public_url = "https://go.paper.example"', "set public_url in [site]"),
        ('postal_address = "1 rue Haute, Paris"', "set postal_address in [site]"),
    ],
)
def test_the_operator_is_told_in_one_line_what_is_missing(tmp_path: Path, without: str, told: str) -> None:
    app = make_app(SETTINGS.replace(without, ""), tmp_path)
    answer = TestClient(web.public_app(app), base_url=URL).get("/subscribe")
    assert answer.status_code == 503
    assert told in answer.text
    assert "<form" not in answer.text


def test_without_a_way_to_mail_nobody_can_ask(tmp_path: Path) -> None:
    text = SETTINGS.partition("[mail]")[0] + "[digests.daily]\nhour = 7\n"
    app = make_app(text, tmp_path)
    client = TestClient(web.public_app(app), base_url=URL)
    assert "add the table [mail]" in client.get("/subscribe").text
    assert client.post("/subscribe", data={"address": "jane@example.org", "frequency": "daily"}).status_code == 503
    assert client.post("/hooks/postmark", content=b"{}").status_code == 404
    assert everybody(app) == []


def test_a_confirmation_runs_out(app: App, client: TestClient, ask: Ask, clock: Clock) -> None:
    ask()
    clock.forward(hours=49)
    for answer in (client.get(link_in(app, "confirm")), client.post(link_in(app, "confirm"))):
        assert answer.status_code == 404
        assert "This link is too old." in answer.text
    assert everybody(app)[0].status == "pending"


def test_machines_that_open_every_link_confirm_nobody(app: App, client: TestClient, ask: Ask) -> None:
    ask()
    link, before = link_in(app, "confirm"), everything(app)
    for _ in range(100):
        assert client.get(link).status_code == client.head(link).status_code == 200
    assert everything(app) == before


@pytest.mark.parametrize(
    ("header", "title"), [("fr-CA,fr;q=0.9,en;q=0.5", "par courriel"), ("ar", "بالبريد"), ("xx", "by mail")]
)
def test_the_page_speaks_the_browsers_language(client: TestClient, header: str, title: str) -> None:
    page = client.get("/subscribe", headers={"accept-language": header}).text
    assert title in page
    assert ('dir="rtl"' in page.partition(">")[2][:60]) == (header == "ar")
