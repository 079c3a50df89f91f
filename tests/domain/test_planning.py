"""Which deliveries an article needs, and under which keys."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.model import Article, Delivery, Kind, Lane, State
from distributor.planning import Outlet, Rules, key, plan, plan_deletions, plan_edits, verdict

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ARTICLE = Article(
    id=7,
    source="desk",
    guid="g",
    url="https://example.org/a",
    title="A title",
    categories=("World News", "Opinion"),
    tags=("Élection",),
    language="fr-CA",
    published_at=NOW,
    seen_at=NOW,
)
EVERYTHING = Outlet("x", Rules(), edits=True, deletes=True)


def posted(state: State = State.SENT, **changes: object) -> Delivery:
    first = plan(ARTICLE, [EVERYTHING], NOW)[0]
    return replace(first, state=state, **changes)  # type: ignore[arg-type]


def test_a_key_reads_as_what_it_is() -> None:
    assert key(Kind.POST, "x", article=7) == "post:x:0:a7:g0"
    assert key(Kind.EDIT, "x", article=7, revision=3) == "edit:x:0:a7:g0:r3"


def test_only_an_edits_key_holds_the_revision() -> None:
    for kind in (Kind.POST, Kind.DELETE, Kind.DIGEST):
        assert key(kind, "x", article=7, revision=1) == key(kind, "x", article=7, revision=2)
    assert key(Kind.EDIT, "x", article=7, revision=1) != key(Kind.EDIT, "x", article=7, revision=2)


names = st.text("abz-_09", min_size=1, max_size=8)
parts = st.tuples(
    st.sampled_from(Kind), names, st.integers(0, 99), st.integers(0, 99), st.integers(0, 9), st.integers(1, 9)
)


@given(one=parts, other=parts)
def test_different_effects_have_different_keys(one: tuple, other: tuple) -> None:  # type: ignore[type-arg]
    def made(kind: Kind, channel: str, article: int, recipient: int, generation: int, revision: int) -> str:
        return key(kind, channel, article=article, recipient=recipient, generation=generation, revision=revision)

    def effect(kind: Kind, *rest: object) -> tuple[object, ...]:
        return (kind, *rest) if kind is Kind.EDIT else (kind, *rest[:-1])

    assert (made(*one) == made(*other)) == (effect(*one) == effect(*other))


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        (Rules(), ""),
        (Rules(categories=frozenset({"world news"})), ""),
        (Rules(categories=frozenset({"Sports"})), "category"),
        (Rules(not_categories=frozenset({"OPINION"})), "category"),
        (Rules(sources=frozenset({"Desk"})), ""),
        (Rules(sources=frozenset({"wire"})), "source"),
        (Rules(languages=frozenset({"fr"})), ""),
        (Rules(languages=frozenset({"fr-ca"})), ""),
        (Rules(languages=frozenset({"f"})), "language"),
        (Rules(languages=frozenset({"fr-FR"})), "language"),
        (Rules(tags=frozenset({"élection"})), ""),
        (Rules(tags=frozenset({"budget"})), "tag"),
    ],
)
def test_a_channels_rules_decide_and_say_why(rules: Rules, reason: str) -> None:
    told = verdict(ARTICLE, Outlet("x", rules))
    assert (told.takes, told.reason) == (not reason, reason)
    assert bool(told.detail) == bool(reason)


def test_a_word_that_maps_to_no_category_counts_as_a_tag() -> None:
    labelled = replace(ARTICLE, tags=(), unmapped=("Exclusive",))
    assert verdict(labelled, Outlet("x", Rules(tags=frozenset({"exclusive"})))).takes


def test_an_article_without_category_goes_only_where_everything_goes() -> None:
    lost = replace(ARTICLE, categories=(), unmapped=("Vermischtes",))
    assert verdict(lost, EVERYTHING).takes
    told = verdict(lost, Outlet("x", Rules(categories=frozenset({"World News"}))))
    assert (told.reason, "Vermischtes" in told.detail) == ("unmapped", True)


def test_the_same_story_of_another_source_goes_nowhere() -> None:
    assert verdict(replace(ARTICLE, same_as=3), EVERYTHING).reason == "same-as"


def test_the_sites_language_stands_in_for_one_that_is_missing() -> None:
    silent, french = replace(ARTICLE, language=""), Outlet("x", Rules(languages=frozenset({"fr"})))
    assert verdict(silent, french, language="fr").takes
    assert not verdict(silent, french).takes


def test_an_article_of_two_categories_is_one_post_a_channel() -> None:
    (row,) = plan(ARTICLE, [Outlet("x", Rules(categories=frozenset({"World News", "Opinion"})))], NOW)
    assert (row.kind, row.state, row.due_at, row.expires_at) == (
        Kind.POST,
        State.PENDING,
        NOW,
        NOW + timedelta(hours=12),
    )


def test_planning_twice_gives_the_same_keys_also_for_another_revision() -> None:
    again = plan(replace(ARTICLE, revision=2), [EVERYTHING], NOW + timedelta(hours=1))
    assert [row.key for row in again] == [row.key for row in plan(ARTICLE, [EVERYTHING], NOW)]


def test_a_post_waits_for_approval_unless_a_person_sends_it() -> None:
    careful = Outlet("x", Rules(approval=True))
    (row,) = plan(ARTICLE, [careful], NOW)
    assert (row.state, row.reason) == (State.HELD, "approval")
    (row,) = plan(ARTICLE, [careful], NOW, by_hand=True)
    assert (row.state, row.by_hand) == (State.PENDING, True)


def test_a_held_articles_posts_are_held_for_its_reason() -> None:
    (row,) = plan(replace(ARTICLE, status="held", note="flood"), [EVERYTHING], NOW)
    assert (row.state, row.reason) == (State.HELD, "flood")


def test_a_post_for_later_lives_from_then_on() -> None:
    later = NOW + timedelta(days=2)
    (row,) = plan(ARTICLE, [EVERYTHING], NOW, due_at=later)
    assert (row.due_at, row.expires_at) == (later, later + timedelta(hours=12))


def test_sending_again_is_a_new_effect() -> None:
    (row,) = plan(ARTICLE, [EVERYTHING], NOW, generation=1)
    assert row.key.endswith(":g1")


@pytest.mark.parametrize("state", [State.SENT, State.SENDING, State.UNCERTAIN, State.PENDING])
def test_a_new_revision_edits_what_stands_or_may_yet_stand(state: State) -> None:
    (edit,) = plan_edits(replace(ARTICLE, revision=2), [posted(state)], [EVERYTHING], NOW)
    assert (edit.kind, edit.lane, edit.revision) == (Kind.EDIT, Lane.BREAKING, 2)
    assert edit.key.endswith(":r2")


@pytest.mark.parametrize("state", [State.HELD, State.FAILED, State.SKIPPED])
def test_a_new_revision_edits_nothing_that_will_not_show_the_old_one(state: State) -> None:
    assert plan_edits(replace(ARTICLE, revision=2), [posted(state)], [EVERYTHING], NOW) == []


def test_a_held_post_that_is_frozen_already_is_edited_once_it_is_out() -> None:
    frozen = posted(State.HELD, message_id=3)
    assert len(plan_edits(replace(ARTICLE, revision=2), [frozen], [EVERYTHING], NOW)) == 1


def test_nothing_is_planned_where_the_network_cannot() -> None:
    plain = Outlet("x", Rules())
    assert plan_edits(ARTICLE, [posted()], [plain], NOW) == []
    assert plan_deletions(ARTICLE, [posted()], [plain], NOW) == []
    assert plan_edits(ARTICLE, [posted()], [], NOW) == []


@pytest.mark.parametrize(
    ("state", "count"), [(State.SENT, 1), (State.SENDING, 1), (State.UNCERTAIN, 1), (State.PENDING, 0), (State.HELD, 0)]
)
def test_a_withdrawn_article_is_deleted_where_it_is_or_may_be(state: State, count: int) -> None:
    assert len(plan_deletions(ARTICLE, [posted(state)], [EVERYTHING], NOW)) == count


def test_a_deletion_never_becomes_too_old() -> None:
    (row,) = plan_deletions(ARTICLE, [posted()], [EVERYTHING], NOW)
    assert row.expires_at is None


def test_follow_ups_belong_to_their_posts_generation() -> None:
    second = replace(posted(), generation=1)
    (row,) = plan_deletions(ARTICLE, [second], [EVERYTHING], NOW)
    assert (row.generation, row.key) == (1, "delete:x:0:a7:g1")
