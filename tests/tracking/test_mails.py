"""Links in digests and alerts: one for each slot, with the token of the mail and never the reader's."""

from __future__ import annotations

import email
import email.policy
import re
from pathlib import Path
from typing import Any

import pytest

from distributor import composing, digest, mailing
from distributor.config import secret_keys
from distributor.mail import CLICK, MARKER, tokens
from distributor.mail.memory import MemoryTransport
from distributor.model import Choice, State
from distributor.store import editions, links
from tests.digests.newsroom import Newsroom, at

LINK = re.compile(r"https://paper\.example/r/([A-Za-z0-9]{14})/([A-Za-z0-9_-]{28})")


@pytest.fixture
def room(tmp_path: Path) -> Newsroom:
    return Newsroom(tmp_path)


def sent(room: Newsroom) -> list[tuple[str, str]]:
    """The plain and HTML parts of what is mailed now."""
    office, relay = room.app.mailroom, MemoryTransport()
    assert office is not None
    object.__setattr__(office, "relays", {"mail": relay})
    mailing.drain_mail(room.app, "mail")
    mails: list[Any] = [email.message_from_bytes(one.content, policy=email.policy.default) for one in relay.letters]
    return [tuple(mail.get_body((kind,)).get_content() for kind in ("plain", "html")) for mail in mails]


def test_the_links_of_a_digest_lead_through_ours_and_say_which_mail_it_was(room: Newsroom) -> None:
    readers = [room.reader("ada"), room.reader("bob")]
    numbers = [room.publish(), room.publish()]
    room.build("2026-05-05T07:00")
    mails = sent(room)
    rows = [room.mails(reader)[0] for reader in readers]
    assert [row.state for row in rows] == [State.SENT, State.SENT]
    keys = secret_keys(room.app.settings)
    for (plain, html), row in zip(mails, rows, strict=True):
        for part in (plain, html):
            found = LINK.findall(part)
            assert {tokens.read(keys, "click", token) for _, token in found} == {row.id}
            assert "https://paper.example/articles/" not in part
            with room.app.store.read() as connection:
                led = [links.by_code(connection, code) for code, _ in found]
            assert {one.article_id for one in led if one} == set(numbers)
            with room.app.store.read() as connection:
                slot = editions.get(connection, row.edition_id)
                assert slot is not None
                of = editions.first_of_slot(connection, "daily", slot.slot)
            assert {(one.channel, one.edition_id) for one in led if one} == {("daily", of)}
        reader = tokens.mint(keys[0], "reader", row.recipient_id)
        assert reader in html
        assert reader not in "".join(token for _, token in LINK.findall(html))
        assert CLICK not in plain + html
        assert MARKER not in plain + html


def test_what_one_reader_clicks_is_counted_with_all_others_of_the_slot(room: Newsroom) -> None:
    """Who chose like nobody else has an edition alone: links of its own would tell for ever what this reader read."""
    readers = [room.reader("ada"), room.reader("bob", categories=("Business",))]
    room.publish(words=("Business",))
    room.build("2026-05-05T07:00")
    assert len({room.mails(reader)[0].edition_id for reader in readers}) == 2
    codes = [{code for code, _ in LINK.findall(plain + html)} for plain, html in sent(room)]
    assert len(codes[0]) == 1
    assert codes[0] == codes[1]


def test_alerts_have_links_of_their_own(room: Newsroom) -> None:
    room.reader("ada", frequency="instant")
    number = room.publish()
    room.build()
    ((plain, html),) = sent(room)
    (code,) = {code for code, _ in LINK.findall(plain + html)}
    with room.app.store.read() as connection:
        found = links.by_code(connection, code)
    assert found is not None
    assert (found.article_id, found.channel, found.edition_id) == (number, "instant", 0)


def test_a_digest_that_is_only_looked_at_has_the_articles_own_links(room: Newsroom) -> None:
    room.publish()
    room.clock.now = at("2026-05-05T06:00")
    message = digest.preview(room.app, "daily", Choice(), room.clock())
    assert message is not None
    assert "https://paper.example/articles/1" in message.html
    assert CLICK not in message.html + message.text


def test_nothing_is_counted_where_clicks_are_not_wanted(tmp_path: Path) -> None:
    room = Newsroom(tmp_path, more="[signals]\nclicks = false")
    room.reader()
    room.publish()
    room.build("2026-05-05T07:00")
    ((plain, html),) = sent(room)
    assert "https://paper.example/articles/1" in plain
    assert not LINK.search(plain + html)


def test_the_page_of_an_edition_holds_no_token(room: Newsroom) -> None:
    reader = room.reader()
    room.publish()
    room.build("2026-05-05T07:00")
    with room.app.store.read() as connection:
        edition = editions.get(connection, room.mails(reader)[0].edition_id)
        assert edition is not None
        page = room.app.renderer.edition_page(composing.paper(room.app, connection, edition))
    assert "/articles/1" in page
    assert "/r/" not in page
    assert CLICK not in page


def test_no_article_gets_a_mails_token_to_its_own_site(room: Newsroom) -> None:
    room.reader()
    room.publish(title=f"Look {CLICK}", summary=CLICK)
    room.publish(url=f"https://paper.example/{CLICK}")
    room.build("2026-05-05T07:00")
    ((plain, html),) = sent(room)
    keys = secret_keys(room.app.settings)
    words = re.findall(r"[A-Za-z0-9_-]{28,}", LINK.sub("", plain + html))
    assert not [word for word in words if tokens.read(keys, "click", word[:28]) is not None]
