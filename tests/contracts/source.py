"""What every source must do, whatever it reads. A source's test class inherits SourceContract and gives a rig."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Protocol

import pytest

from distributor.errors import SourceError, Unreachable
from distributor.sources import Cursor, Source


class Publish(Protocol):
    def __call__(self, *guids: str) -> None: ...


@dataclass
class Rig:
    """`publish` makes the source hold entries of these GUIDs, `fail` makes it unreachable."""

    source: Source
    cursor: Cursor
    publish: Publish
    fail: Publish


class SourceContract:
    @pytest.fixture
    def rig(self) -> Rig:
        raise NotImplementedError

    def test_what_is_published_is_fetched_in_order(self, rig: Rig) -> None:
        rig.publish("b", "a")
        assert [entry.guid for entry in rig.source.fetch(rig.cursor).entries] == ["b", "a"]

    def test_an_unchanged_source_gives_nothing_again(self, rig: Rig) -> None:
        rig.publish("a")
        again = rig.source.fetch(rig.source.fetch(rig.cursor).cursor)
        assert again.not_modified
        assert again.entries == ()

    def test_a_changed_source_gives_all_its_entries(self, rig: Rig) -> None:
        rig.publish("a")
        cursor = rig.source.fetch(rig.cursor).cursor
        rig.publish("b", "a")
        changed = rig.source.fetch(cursor)
        assert not changed.not_modified
        assert [entry.guid for entry in changed.entries] == ["b", "a"]

    def test_an_empty_source_is_no_error(self, rig: Rig) -> None:
        rig.publish()
        assert rig.source.fetch(rig.cursor).entries == ()

    def test_the_cursor_survives_json(self, rig: Rig) -> None:
        rig.publish("a")
        cursor = rig.source.fetch(rig.cursor).cursor
        assert Cursor.from_json(json.loads(json.dumps(cursor.to_json()))) == cursor

    def test_a_failure_is_of_our_error_tree(self, rig: Rig) -> None:
        rig.fail()
        with pytest.raises(SourceError) as caught:
            rig.source.fetch(rig.cursor)
        assert isinstance(caught.value, Unreachable)
