"""The link of a post: which posts have one, what is shown before it goes out, and when it begins to work."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from distributor import acts, deliver, sending, tracking
from distributor.codes import Link, code_of
from distributor.context import App
from distributor.model import Article, Message
from distributor.preparing import compose
from distributor.rendering.cutting import counted
from distributor.store import articles, ledger, links
from distributor.store.signal_tables import link as link_table
from tests.desk import entry, ingest, make_app, rows

SETTINGS = """
[site]
name = "The Paper"
{site}
utm = {{ utm_source = "{{channel}}" }}
[sources.paper]
url = "https://paper.example/feed"
[channels.wire]
kind = "{kind}"
{wire}
{more}
"""
PUBLIC = 'public_url = "https://go.paper.example"'
OURS = "https://go.paper.example/r/"
TARGET = "https://paper.example/articles/1?utm_source=wire"


def room(folder: Path, *, site: str = PUBLIC, kind: str = "memory", wire: str = "", more: str = "") -> App:
    app = make_app(SETTINGS.format(site=site, kind=kind, wire=wire, more=more), folder)
    ingest(app, entry(1))
    return app


def article(app: App) -> Article:
    with app.store.read() as connection:
        found = articles.get(connection, 1)
    assert found is not None
    return found


def frozen(app: App, number: int = -1) -> Message:
    with app.store.read() as connection:
        found = ledger.message(connection, rows(app)[number].message_id)
    assert found is not None
    return found[0]


def kept(app: App) -> list[tuple[str, str, str]]:
    with app.store.read() as connection:
        return [(one.code, one.channel, one.url) for one in links.of_article(connection, 1)]


def drain(app: App) -> None:
    for account in app.accounts():
        deliver.drain(app, account)


def test_what_is_posted_is_what_was_shown_and_its_link_works_from_then_on(tmp_path: Path) -> None:
    app = room(tmp_path)
    shown = compose(app, app.stations["wire"], article(app))
    assert kept(app) == [], "a preview keeps nothing"
    drain(app)
    posted = frozen(app)
    assert (posted.text, posted.url, posted.card) == (shown.text, shown.url, shown.card)
    code = code_of(app.key, 1, "wire")
    assert posted.url == OURS + code
    assert posted.card is not None
    assert posted.card.url == posted.url
    assert posted.text.endswith(OURS + code)
    assert TARGET not in posted.text
    assert kept(app) == [(code, "wire", TARGET)]


def test_a_dry_run_shows_the_link_and_measures_it(tmp_path: Path) -> None:
    app = room(tmp_path, kind="preview", wire='network = "mastodon"')
    shown = sending.dry_run(app, "1", ["wire"])[0]
    assert shown.message is not None
    assert OURS in shown.message.text
    assert shown.measured == counted(shown.message.text, app.stations["wire"].channel.limits, 500)


@pytest.mark.parametrize(
    "given",
    [
        {"site": ""},
        {"wire": "track = false"},
        {"more": "[signals]\nclicks = false"},
        {"more": "[web]\npublic = false"},
        {
            "kind": "webhook",
            "wire": 'url = "https://hook.example/in"\nsecret = "whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"',
        },
    ],
)
def test_otherwise_it_is_the_articles_own_address(tmp_path: Path, given: dict[str, str]) -> None:
    app = room(tmp_path, **given)
    message = compose(app, app.stations["wire"], article(app))
    assert message.url == TARGET
    assert OURS not in message.text
    with app.store.write() as connection:
        place = tracking.link(app, connection, article(app), "trending")
    assert place.startswith(OURS if given.keys() & {"wire"} else "https://paper.example/articles/1")


def test_each_channel_has_a_link_of_its_own(tmp_path: Path) -> None:
    app = room(tmp_path, more='[channels.other]\nkind = "memory"')
    drain(app)
    assert [(channel, url[-5:]) for _, channel, url in kept(app)] == [("wire", "=wire"), ("other", "other")]


def test_another_articles_code_is_never_taken(tmp_path: Path) -> None:
    app = room(tmp_path)
    stranger = Link(code=code_of(app.key, 1, "wire"), article_id=99, channel="wire", url="https://paper.example/99")
    with app.store.write() as connection:
        links.add(connection, [stranger], app.clock())
    drain(app)
    assert frozen(app).url == TARGET
    with app.store.read() as connection:
        found = links.by_code(connection, stranger.code)
    assert found == replace(stranger, id=1)


def test_an_edit_keeps_the_link_and_leads_to_where_the_article_is_now(tmp_path: Path) -> None:
    app = room(tmp_path)
    drain(app)
    before = frozen(app).url
    ingest(app, replace(entry(1), title="Another title", url="https://paper.example/moved/1"))
    drain(app)
    assert rows(app)[-1].kind.value == "edit"
    assert frozen(app).url == before
    assert [url for _, _, url in kept(app)] == ["https://paper.example/moved/1?utm_source=wire"]


def test_a_new_key_makes_a_new_link_and_the_old_one_still_leads_on(tmp_path: Path) -> None:
    app = room(tmp_path)
    drain(app)
    app.__dict__["key"] = b"another key, as long as it must be"
    with app.store.write() as connection:
        made = tracking.of_post(app, app.stations["wire"], article(app))
        assert made is not None
        links.add(connection, [made], app.clock())
    assert len(kept(app)) == 2
    assert {url for _, _, url in kept(app)} == {TARGET}


def test_the_link_is_kept_with_an_editors_own_words(tmp_path: Path) -> None:
    app = room(tmp_path)
    acts.edit_text(app, rows(app)[0].id, "eve", "Words of my own")
    assert [channel for _, channel, _ in kept(app)] == ["wire"]
    drain(app)
    assert frozen(app).url.startswith(OURS)


def test_a_key_that_cannot_be_read_does_not_stop_a_post(tmp_path: Path) -> None:
    app = room(tmp_path)
    (tmp_path / "data").mkdir(exist_ok=True)
    app.settings.site.data.mkdir(parents=True, exist_ok=True)
    (app.settings.site.data / "secret_key").unlink(missing_ok=True)
    (app.settings.site.data / "secret_key").mkdir()
    app.__dict__.pop("key", None)
    drain(app)
    assert frozen(app).url == TARGET


def test_a_link_for_a_place_of_ours_works_at_once(tmp_path: Path) -> None:
    app = room(tmp_path)
    with app.store.write() as connection:
        first = tracking.link(app, connection, article(app), "trending")
        again = tracking.link(app, connection, article(app), "trending")
        count = connection.execute(sa.select(sa.func.count()).select_from(link_table)).scalar_one()
    assert first == again == OURS + code_of(app.key, 1, "trending")
    assert count == 1
