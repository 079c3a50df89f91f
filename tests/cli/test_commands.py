"""The commands on a newsroom's folder: what they say, what they change, how they end."""

from __future__ import annotations

import pytest

from distributor.store import Store, census

from .conftest import Desk


def test_send_shows_each_channel_and_ends_with_the_worst(desk: Desk) -> None:
    desk.article()
    said = desk("send", "1")
    assert said.code == 0, said.err
    assert "memory  sent" in said.out
    assert "https://memory.invalid/memory/1" in said.out
    assert "takes Sports; --to sports overrides" in said.out
    assert said.out.endswith("1 sent. More: distributor why 1\n")


def test_send_says_what_was_there_already(desk: Desk) -> None:
    desk.article()
    desk("send", "1")
    said = desk("send", "1")
    assert said.code == 0
    assert said.out.endswith("1 there already. More: distributor why 1\n")


def test_send_as_json_holds_every_outcome(desk: Desk) -> None:
    desk.article()
    told = desk("send", "https://paper.example/articles/1?utm_source=x", "--json").json
    assert {row["channel"]: row["state"] for row in told["channels"]} == {"memory": "sent", "sports": "not-for-it"}
    assert told["counts"] == {"sent": 1, "not-for-it": 1}
    assert told["exit_code"] == 0


def test_send_at_a_time_stays_pending_and_ends_with_3(desk: Desk) -> None:
    desk.article()
    said = desk("send", "1", "--to", "memory,sports", "--at", "tomorrow 8:00")
    assert said.code == 3
    assert "2 pending" in said.out


def test_send_to_the_queue_leaves_it_pending(desk: Desk) -> None:
    desk.article()
    assert desk("send", "1", "--queue").code == 3
    assert desk("deliveries", "list", "--json").json["deliveries"][0]["state"] == "pending"


def test_a_dry_run_shows_the_exact_text_and_plans_nothing(desk: Desk) -> None:
    desk.articles([], first=True)
    desk.article(words=("Sports",))
    before = desk("deliveries", "list", "--json").json
    said = desk("send", "1", "--dry-run")
    assert said.code == 0
    assert "Article number 1 tells of the harbour" in said.out
    assert "/4096" in said.out
    assert "/500" in said.out
    assert desk("deliveries", "list", "--json").json == before


@pytest.mark.parametrize("at", ["yesterday", "2020-01-01T08:00", "99:00"])
def test_a_bad_time_is_a_usage_error(desk: Desk, at: str) -> None:
    desk.article()
    said = desk("send", "1", "--at", at)
    assert said.code == 2
    assert "--at" in said.err


def test_preview_shows_every_channel(desk: Desk) -> None:
    desk.article()
    told = desk("preview", "1", "--json").json["channels"]
    assert [(one["channel"], one["takes"]) for one in told] == [("memory", True), ("sports", False)]
    assert all(one["text"] and one["length"] <= one["limit"] for one in told)
    assert "not for it: takes Sports" in desk("preview", "1", "--channel", "sports").out


def test_why_tells_also_of_channels_without_a_delivery(desk: Desk) -> None:
    desk.article(words=("gardening",))
    said = desk("why", "1")
    assert said.code == 0
    assert "category words that map to none: gardening" in said.out
    assert "sports  not for it" in said.out
    assert desk("why", "d1", "--json").json["article"]["id"] == 1


def test_acts_by_hand_are_written_down(desk: Desk) -> None:
    desk.article()
    assert "1 post held" in desk("hold", "1").out
    assert "1 post released" in desk("release", "1").out
    assert desk("correct", "1", "--title", "Mended").code == 0
    assert desk("withdraw", "1", "--json").json["act"] == "withdraw"
    assert desk("articles", "show", "1", "--json").json["status"] == "withdrawn"
    with Store(f"sqlite:///{desk.folder}/data/distributor.db").read() as connection:
        acts = [(act.what, bool(act.who)) for act in census.audited(connection)]
    assert acts[::-1] == [("hold", True), ("release", True), ("correct", True), ("withdraw", True)]


def test_a_flood_is_released_by_its_source(desk: Desk) -> None:
    from datetime import UTC, datetime

    from tests.desk import entry

    now = datetime.now(UTC)
    desk.articles([entry(n, published_at=now, title=f"Story {n} of quite another kind {n * 7919}") for n in range(30)])
    assert "distributor release --source paper" in desk("status").out
    said = desk("release", "--source", "paper", "--json")
    assert said.json["deliveries"] == 30
    assert desk("release", "--source", "paper").out == "nothing to release\n"


def test_release_wants_an_article_or_a_source(desk: Desk) -> None:
    assert desk("release").code == 2
    assert desk("release", "1", "--source", "paper").code == 2
    assert (
        "did you mean" in desk("release", "--source", "papr").err or "paper" in desk("release", "--source", "papr").err
    )


def test_pause_stops_a_channel_and_resume_lets_it_go_on(desk: Desk) -> None:
    desk.article()
    assert desk("pause", "memory").out == "memory is paused; to go on: distributor resume memory\n"
    assert "paused by" in desk("channels", "list").out
    assert desk("send", "1").code == 3
    assert desk("resume", "memory").out == "memory goes on\n"
    assert desk("resume", "memory").out == "memory was not paused\n"
    assert desk("pause", "--json").json == {"act": "pause", "channel": "*"}


def test_a_channel_can_be_paused_though_another_lacks_its_credentials(desk: Desk) -> None:
    desk.settings(desk.path.read_text() + '\n[channels.telegram]\nchat = "@paper"\n')
    assert desk("pause", "memory").code == 0
    assert desk("why", "1").code == 2
    said = desk("status")
    assert said.code == 0
    assert "channels.telegram.token: is missing" in said.out
    assert "no channels" not in said.out


def test_articles_are_listed_and_shown(desk: Desk) -> None:
    desk.article(1, title="First \x1b[31mred")
    desk.article(2, title="Second one of the day", words=("Sports",))
    said = desk("articles", "list")
    assert "\x1b" not in said.out
    assert [one["id"] for one in desk("articles", "list", "--category", "Sports", "--json").json["articles"]] == [2]
    assert desk("articles", "list", "--search", "nothing").out == "no articles\n"
    assert "address: https://paper.example/articles/1" in desk("articles", "show", "1").out


def test_deliveries_are_listed_shown_edited(desk: Desk) -> None:
    desk.article()
    assert [row["id"] for row in desk("deliveries", "list", "--state", "pending", "--json").json["deliveries"]] == [1]
    assert desk("deliveries", "edit", "1", "--text", "Our own words").code == 0
    desk("send", "1")
    told = desk("deliveries", "show", "d1", "--json").json
    assert told["message"]["text"] == "Our own words"
    assert [one["outcome"] for one in told["history"]] == ["sent"]
    assert "Our own words" in desk("deliveries", "show", "1").out


def test_an_editors_text_may_come_from_standard_input(desk: Desk) -> None:
    desk.article()
    assert desk("deliveries", "edit", "1", "--text", "-", input="Piped words\n").code == 0
    assert desk("deliveries", "show", "1", "--json").json["message"]["text"] == "Piped words"
    assert desk("deliveries", "edit", "1", "--text", "  ").code == 2


def _uncertain(desk: Desk) -> None:
    import sqlalchemy as sa

    from distributor.store import tables

    desk.article()
    store = Store(f"sqlite:///{desk.folder}/data/distributor.db")
    with store.write() as connection:
        connection.execute(sa.update(tables.delivery).values(state="uncertain", attempt=1, reason="timeout"))
    store.close()


@pytest.mark.parametrize(
    ("words", "state", "url"),
    [
        (("1", "--sent", "https://memory.invalid/9"), "sent", "https://memory.invalid/9"),
        (("1", "--sent"), "sent", ""),
        (("--sent", "d1"), "sent", ""),
        (("1", "--not-sent"), "pending", ""),
    ],
)
def test_a_person_settles_an_uncertain_delivery(desk: Desk, words: tuple[str, ...], state: str, url: str) -> None:
    _uncertain(desk)
    assert "distributor deliveries resolve 1" in desk("status").out
    told = desk("deliveries", "resolve", *words, "--json").json
    assert (told["state"], told["url"]) == (state, url)


@pytest.mark.parametrize(
    "words", [("1",), ("1", "--sent", "--not-sent"), ("1", "--sent", "here"), ("--not-sent",), ("x",)]
)
def test_resolve_wants_a_delivery_and_an_answer(desk: Desk, words: tuple[str, ...]) -> None:
    _uncertain(desk)
    assert desk("deliveries", "resolve", *words).code == 2


def test_what_is_not_uncertain_is_not_resolved(desk: Desk) -> None:
    desk.article()
    said = desk("deliveries", "resolve", "1", "--not-sent")
    assert said.code == 1
    assert "is pending, not uncertain" in said.err


def test_status_holds_the_law(desk: Desk) -> None:
    desk.article()
    desk("send", "1")
    assert "24 h: planned 1 = 1 sent" in desk("status").out
    told = desk("status", "--json").json
    assert told["law"]["planned"] == 1
    assert told["law"]["holds"] is True


def test_channels_are_added_and_removed_with_comments_kept(desk: Desk) -> None:
    before = desk.path.read_text()
    said = desk("channels", "add", "bluesky-preview", "--kind", "preview", "network=bluesky", 'categories=["Sports"]')
    assert said.code == 0, said.err
    text = desk.path.read_text()
    assert text.startswith(before.rstrip("\n"))
    assert 'categories = ["Sports"]' in text
    assert desk("channels", "remove", "bluesky-preview").code == 0
    assert desk.path.read_text() == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("new", "--kind", "telegrm"), "did you mean telegram"),
        (("new", "--kind", "preview", "network=x", "nonsense=1"), "nonsense"),
        (("new", "--kind", "preview", "network"), "write it like"),
        (("memory",), "one already"),
        (("No Good", "--kind", "memory"), "a name is made of"),
        (("tg", "--kind", "telegram", "token_file=nowhere", "chat=@x"), "cannot read"),
    ],
)
def test_a_wrong_channel_is_refused_and_the_file_stays(desk: Desk, words: tuple[str, ...], told: str) -> None:
    before = desk.path.read_bytes()
    said = desk("channels", "add", *words)
    assert said.code == 2
    assert told in said.err
    assert desk.path.read_bytes() == before


def test_a_secret_on_the_command_line_is_warned_of(desk: Desk) -> None:
    secret = "whsec_" + "A" * 32
    said = desk("channels", "add", "webhook", "url=https://hook.example/in", f"secret={secret}")
    assert said.code == 0
    assert "set secret_file" in said.err
    assert secret not in said.out + said.err
    assert secret not in desk("channels", "list", "--json").out


def test_channels_check_looks_at_each_by_itself(desk: Desk) -> None:
    desk.settings(desk.path.read_text() + '\n[channels.telegram]\nchat = "@paper"\n')
    said = desk("channels", "check")
    assert said.code == 2
    assert "ok memory" in said.out
    assert "!  telegram  channels.telegram.token: is missing" in said.out
    assert desk("channels", "check", "memory", "--json").json["channels"][0]["ok"] is True


def test_sources_are_added_without_a_look_and_removed(desk: Desk) -> None:
    before = desk.path.read_text()
    assert (
        desk("sources", "add", "wire", "https://wire.example/rss", "--no-check", "--map", "Monde=World News").code == 0
    )
    assert 'category_map = {Monde = "World News"}' in desk.path.read_text()
    assert [one["name"] for one in desk("sources", "list", "--json").json["sources"]] == ["paper", "wire"]
    assert desk("sources", "remove", "wire").code == 0
    assert desk.path.read_text() == before
    assert desk("sources", "remove", "papr").code == 2


def test_another_outlet_is_added_for_the_radar_and_maps_nothing(desk: Desk) -> None:
    wire = ("sources", "add", "wire", "https://wire.example/rss", "--no-check", "--radar")
    assert desk(*wire, "--backfill", "3").code == 2
    assert desk(*wire).code == 0
    assert "radar = true" in desk.path.read_text()
    listed = {one["name"]: one["radar"] for one in desk("sources", "list", "--json").json["sources"]}
    assert listed == {"paper": False, "wire": True}


@pytest.mark.parametrize(
    "words", [("paper",), ("a", "b", "https://x.example"), ("https://a.example", "https://b.example")]
)
def test_a_source_needs_one_address(desk: Desk, words: tuple[str, ...]) -> None:
    assert desk("sources", "add", *words).code == 2


def test_a_list_of_feeds_comes_in_and_goes_out(desk: Desk) -> None:
    opml = desk.folder / "feeds.opml"
    opml.write_text(
        '<opml version="2.0"><body><outline text="Sports">'
        '<outline text="One" xmlUrl="https://one.example/rss"/><outline text="Again" xmlUrl="https://one.example/2"/>'
        '</outline><outline text="Known" xmlUrl="https://paper.example/feed"/></body></opml>'
    )
    told = desk("sources", "import-opml", str(opml), "--json").json
    assert list(told["added"]) == ["one", "one-2"]
    assert told["added"]["one"]["category_map"] == {"default": "Sports"}
    said = desk("sources", "export-opml")
    assert said.out.count("xmlUrl=") == 3
    assert desk("sources", "export-opml", "out.opml").code == 0
    assert desk("sources", "import-opml", "out.opml", "--json").json["count"] == 0
    opml.write_text("<html></html>")
    assert desk("sources", "import-opml", str(opml)).code == 1


def test_upgrade_makes_an_empty_database_ready_and_then_does_nothing(desk: Desk) -> None:
    assert desk("upgrade", "--json").json["from"] is None
    assert desk("upgrade").out.endswith("already\n")


def test_an_older_sqlite_file_is_backed_up_before_the_upgrade(desk: Desk) -> None:
    from datetime import UTC, datetime

    from distributor.cli.upgrade import back_up

    desk.article()
    store = Store(f"sqlite:///{desk.folder}/data/distributor.db")
    made = back_up(store.database, "0001", datetime(2026, 5, 4, tzinfo=UTC))
    store.close()
    assert made is not None
    assert made.name == "distributor.db.0001.20260504T000000Z.backup"
    assert made.stat().st_mode & 0o777 == 0o600
    with Store(f"sqlite:///{made}").read() as connection:
        assert sum(census.counts(connection).values()) == 1


def test_doctor_offline_finds_everything_well(desk: Desk) -> None:
    told = desk("doctor", "--offline", "--json")
    assert told.code == 0
    marks = {one["subject"]: one["mark"] for one in told.json["findings"]}
    assert marks == {
        "settings": "ok", "data": "ok", "secrets": "ok", "database": "ok", "memory": "ok", "sports": "ok",
        "templates": "ok", "processes": "?",
    }  # fmt: skip


def test_doctor_names_the_file_and_line_of_a_broken_template(desk: Desk) -> None:
    folder = desk.folder / "templates" / "post"
    folder.mkdir(parents=True)
    (folder / "memory.j2").write_text("{{ article.title }}\n{% if %}\n")
    desk.settings(desk.path.read_text().replace("[site]", '[site]\ntemplates = "templates"'))
    said = desk("doctor", "--offline")
    assert said.code == 2
    assert f"{folder / 'memory.j2'}:2" in said.out
    desk.article()
    assert f"{folder / 'memory.j2'}:2" in desk("preview", "1").out
    assert desk("preview", "1").code == 1


@pytest.mark.network
def test_doctor_tells_of_a_broker_that_does_not_answer(desk: Desk) -> None:
    desk.settings(desk.path.read_text() + '\n[broker]\nurl = "redis://user:hidden@127.0.0.1:1/0"\n')
    from distributor.cli.checks import _broker

    (found,) = _broker("redis://user:hidden@127.0.0.1:1/0")
    assert found.mark == "!"
    assert found.code == 5
    assert "hidden" not in found.text


def test_completion_prints_a_script_for_each_shell(desk: Desk) -> None:
    for shell in ("bash", "zsh", "fish"):
        assert "_DISTRIBUTOR_COMPLETE" in desk("completion", shell).out
    assert desk("completion", "powershell").code == 2
    assert desk("completion", "zsh", "--json").json["shell"] == "zsh"


def test_names_are_completed_from_the_settings(desk: Desk) -> None:
    desk.env |= {"_DISTRIBUTOR_COMPLETE": "bash_complete", "COMP_WORDS": "distributor pause m", "COMP_CWORD": "2"}
    assert desk().out == "plain,memory\n"
    desk.env |= {"COMP_WORDS": "distributor send 1 --to memory,s", "COMP_CWORD": "4"}
    assert desk().out == "plain,memory,sports\n"
