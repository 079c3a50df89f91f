"""Bad input: one clear line, a hint, the right exit code; never a traceback."""

from __future__ import annotations

import click
import pytest

from distributor.cli.root import cli

from .conftest import SETTINGS, Desk


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (SETTINGS.replace("timezone", "timezon"), "did you mean timezone?"),
        (SETTINGS + "per_hou = 4\n", "per_hour"),
        (SETTINGS.replace('kind = "memory"', 'kind = "memry"'), "did you mean memory?"),
        (SETTINGS.replace("Europe/Paris", "Europe/Pari"), "Europe/Paris"),
        (SETTINGS + '\n[channels.telegram]\nchat = "@paper"\n', "channels.telegram.token: is missing"),
        (SETTINGS + '\n[channels.telegram]\ntoken_file = "gone"\nchat = "@paper"\n', "cannot read"),
        (SETTINGS.replace('["Sports"]', '["Sprots"]'), "did you mean 'Sports'?"),
        (SETTINGS + "[oops\n", "not valid TOML"),
        (SETTINGS + '\n[database]\nurl = "nonsense"\n', "database.url"),
    ],
)
def test_wrong_settings_are_named_in_one_line(desk: Desk, settings: str, told: str) -> None:
    desk.settings(settings)
    said = desk("send", "1")
    assert said.code == 2
    assert told in said.err
    assert said.err.count("\n") <= 2
    assert said.out == ""


def test_errors_are_json_too(desk: Desk) -> None:
    desk.settings(SETTINGS.replace("timezone", "timezon"))
    told = desk("status", "--json").json["error"]
    assert (told["kind"], told["key"], told["exit_code"]) == ("ConfigError", "site.timezon", 2)
    assert desk("stats", "--json").json["error"]["kind"] == "UsageError"
    assert desk("send", "--json").json["error"]["exit_code"] == 2


def test_without_a_settings_file_the_way_to_one_is_told(desk: Desk) -> None:
    desk.path.unlink()
    said = desk("status")
    assert said.code == 2
    assert "distributor init" in said.err
    assert desk("--config", "elsewhere.toml", "status").code == 2


def test_a_named_file_may_stand_before_or_behind_the_command(desk: Desk) -> None:
    desk.path.rename(desk.folder / "other.toml")
    assert desk("--config", "other.toml", "channels", "list").code == 0
    assert desk("channels", "list", "--config", "other.toml").code == 0


@pytest.mark.parametrize(
    "words", [("why", "99"), ("send", "99"), ("deliveries", "show", "99"), ("hold", "https://x.example/a")]
)
def test_what_is_not_there_is_a_wrong_argument(desk: Desk, words: tuple[str, ...]) -> None:
    said = desk(*words)
    assert said.code == 2
    assert said.err.startswith("error: ")


def test_an_unknown_channel_lists_those_there_are(desk: Desk) -> None:
    desk.article()
    said = desk("send", "1", "--to", "memory,sprots")
    assert said.code == 2
    assert "sprots" in said.err
    assert "memory, sports" in said.err
    assert desk("channels", "check", "sprots").code == 2


def test_an_unknown_command_or_option_names_the_nearest(desk: Desk) -> None:
    assert "did you mean 'status'?" in desk("staus").err
    assert "did you mean 'import-opml'?" in desk("sources", "import").err
    assert "--dry-run" in desk("send", "1", "--dryrun").err


def test_a_corrupt_database_is_one_line_and_code_5(desk: Desk) -> None:
    (desk.folder / "data").mkdir()
    (desk.folder / "data" / "distributor.db").write_bytes(b"this is no database" * 100)
    for words in (("status",), ("articles", "list"), ("upgrade",), ("send", "1")):
        said = desk(*words)
        assert (said.code, said.err.startswith("error: the database")) == (5, True), said.err


def test_a_database_in_a_place_that_cannot_be_is_told(desk: Desk) -> None:
    (desk.folder / "file").write_text("")
    desk.settings(SETTINGS + '\n[database]\nurl = "sqlite:///file/db"\n')
    assert desk("status").code == 5
    desk.settings(SETTINGS.replace("[site]", '[site]\ndata = "file/data"'))
    said = desk("status")
    assert said.code == 2
    assert "data folder" in said.err


@pytest.mark.network
def test_a_postgresql_that_refuses_is_code_5_and_shows_no_password(desk: Desk) -> None:
    pytest.importorskip("psycopg")
    desk.settings(SETTINGS + '\n[database]\nurl = "postgresql+psycopg://bot:hidden@127.0.0.1:1/paper"\n')
    said = desk("status")
    assert said.code == 5
    assert "hidden" not in said.err + said.out


def test_a_newer_database_is_refused(desk: Desk) -> None:
    import sqlite3
    from contextlib import closing

    assert desk("upgrade").code == 0
    with closing(sqlite3.connect(desk.folder / "data" / "distributor.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    for command in ("status", "upgrade"):
        said = desk(command)
        assert said.code == 5
        assert "newer distributor" in said.err


def test_a_fault_of_ours_is_one_line_and_v_shows_the_rest(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from distributor import reporting

    def broken(_: object) -> None:
        raise RuntimeError("a bug\nof two lines")

    monkeypatch.setattr(reporting, "status", broken)
    said = desk("status")
    assert said.code == 1
    assert said.err.splitlines()[0] == "error: unexpected RuntimeError: a bug of two lines"
    assert "-v" in said.err
    from click.testing import CliRunner

    assert "Traceback" in CliRunner().invoke(cli, ["-v", "status"]).stderr


def test_an_interrupt_ends_with_130(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from distributor import reporting

    def stopped(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(reporting, "status", stopped)
    assert desk("status").code == 130


def test_every_command_takes_json(desk: Desk) -> None:
    def commands(group: click.Group, ctx: click.Context) -> list[click.Command]:
        found = [group.get_command(ctx, name) for name in group.list_commands(ctx)]
        inner = [one for group in found if isinstance(group, click.Group) for one in commands(group, ctx)]
        return [one for one in found if one and not isinstance(one, click.Group)] + inner

    for command in commands(cli, click.Context(cli)):
        assert any("--json" in one.opts for one in command.params), command.name
