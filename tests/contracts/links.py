"""What the store must do with links that lead through ours, and with what readers do by them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa

from distributor.codes import Link, code_of
from distributor.store import Store, links, signals
from distributor.store import tables as t
from tests.contracts.database import NOW, at_once

KEY = b"a key of the site, for tests only"


def link(article_id: int = 901, channel: str = "x", edition_id: int = 0, url: str = "https://paper.example/1") -> Link:
    code = code_of(KEY, article_id, channel, edition_id)
    return Link(code=code, article_id=article_id, channel=channel, edition_id=edition_id, url=url)


class LinksContract:
    def test_a_link_is_kept_once_and_leads_where_it_was_said_to_last(self, store: Store) -> None:
        first = link()
        with store.write() as connection:
            links.add(connection, [first, link(edition_id=5)], NOW)
            links.add(connection, [replace(first, url="https://paper.example/moved")], NOW + timedelta(hours=1))
            links.add(connection, [], NOW)
        with store.read() as connection:
            found = links.by_code(connection, first.code)
            assert links.by_code(connection, "A" * 14) is None
            assert {one.edition_id for one in links.of_article(connection, 901)} == {0, 5}
        assert found is not None
        assert found.id > 0
        assert replace(found, id=0) == replace(first, url="https://paper.example/moved")

    def test_a_code_stays_with_its_first_owner(self, store: Store) -> None:
        mine = link(902)
        other = replace(mine, article_id=903, url="https://paper.example/other")
        with store.write() as connection:
            links.add(connection, [mine], NOW)
            assert links.taken(connection, [mine, link(904)]) == set()
            assert links.taken(connection, [other]) == {mine.code}
            links.add(connection, [other], NOW)
            found = links.by_code(connection, mine.code)
        assert found is not None
        assert (found.article_id, found.url) == (902, mine.url)

    def test_many_links_at_once(self, store: Store) -> None:
        many = [link(article, "daily", 77) for article in range(10_000, 11_200)]
        with store.write() as connection:
            links.add(connection, many, NOW)
            links.add(connection, many, NOW)
            assert links.taken(connection, many) == set()
            query = sa.select(sa.func.count()).where(t.link.c.edition_id == 77)
            assert connection.execute(query).scalar_one() == 1_200

    def test_two_processes_that_keep_the_same_link_keep_one(self, store: Store) -> None:
        def keep(_number: int) -> None:
            with store.write() as connection:
                links.add(connection, [link(905)], NOW)

        at_once(8, keep)
        with store.read() as connection:
            assert len(links.of_article(connection, 905)) == 1

    def test_a_days_salt_is_one_for_all(self, store: Store) -> None:
        found = []

        def ask(_number: int) -> None:
            with store.write() as connection:
                found.append(signals.salt(connection, NOW))

        at_once(8, ask)
        assert len(set(found)) == 1
        with store.write() as connection:
            assert signals.salt(connection, NOW + timedelta(days=1)) != found[0]
