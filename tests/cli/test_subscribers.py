"""Readers on the command line: tables from other tools, the proof of consent, and who must never be mailed."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.cli.sheets import Fault, Row, Sheet, open_sheet
from distributor.errors import ConfigError
from distributor.store import Store, census, subscribers
from distributor.text.cells import safe_cell

from .conftest import SETTINGS, Desk

MAIL = (
    SETTINGS
    + """
[mail]
from = "The Paper <news@paper.example>"

[digests.daily]
hour = 7

[subscribers]
languages = ["en", "fr"]
"""
).replace(
    'timezone = "Europe/Paris"',
    'timezone = "Europe/Paris"\npublic_url = "https://go.paper.example"\npostal_address = "1 Harbour Street, Paris"',
)
CONSENT = ("--consent", "the form of the old newsletter")


@pytest.fixture
def readers(desk: Desk) -> Desk:
    desk.settings(MAIL)
    return desk


def take(desk: Desk, text: str | bytes, *words: str) -> dict[str, int]:
    told = desk("subscribers", "import", "-", *(words or CONSENT), "--json", input=text).json
    return {name: told[name] for name in ("rows", "added", "there", "left", "suppressed", "wrong")}


def sheet(content: bytes) -> Sheet:
    return open_sheet(io.BytesIO(content), "readers.csv")


def test_a_table_becomes_readers_with_their_consent(readers: Desk) -> None:
    counts = take(readers, "email,categories,language,frequency\nanna@x.example,Sports;Business,fr,daily\n")
    assert counts == {"rows": 1, "added": 1, "there": 0, "left": 0, "suppressed": 0, "wrong": 0}
    told = readers("subscribers", "show", "ANNA@x.example", "--json").json
    assert (told["status"], told["categories"], told["language"]) == ("active", ["Business", "Sports"], "fr")
    assert [(one["act"], one["source"]) for one in told["consents"]] == [("imported", CONSENT[1])]


def test_trending_alone_comes_in_goes_out_and_comes_in_again(readers: Desk) -> None:
    assert take(readers, "email,categories\nanna@x.example,None\n")["added"] == 1
    assert readers("subscribers", "add", "bob@x.example", "--category", "none", *CONSENT).code == 0
    exported = readers("subscribers", "export").out
    assert [row["categories"] for row in csv.DictReader(exported.splitlines())] == ["none", "none"]
    assert take(readers, exported.replace("@x.", "@y."))["added"] == 2
    assert len(readers("subscribers", "list", "--category", "none", "--json").json["subscribers"]) == 4
    assert readers("subscribers", "list", "--category", "Sports", "--json").json["subscribers"] == []
    assert "none: Trending alone" in readers("subscribers", "stats").out
    assert "is no category any more" not in readers("status").out


@pytest.mark.parametrize("words", [("--no-trending",), ("--frequency", "instant"), ("--category", "Sports")])
def test_nothing_at_all_is_no_choice(readers: Desk, words: tuple[str, ...]) -> None:
    said = readers("subscribers", "add", "bob@x.example", "--category", "none", *words, *CONSENT)
    assert said.code == 2
    assert "categor" in said.err


def test_a_dry_run_tells_the_same_and_changes_nothing(readers: Desk, tmp_path) -> None:  # type: ignore[no-untyped-def]
    text = "email\na@x.example\nA@X.example\nno address\n"
    before = take(readers, text, *CONSENT, "--dry-run")
    assert readers("subscribers", "list").out == "no readers\n"
    assert take(readers, text) == before == {**before, "added": 1, "there": 1, "wrong": 1}


def test_each_row_that_is_not_taken_stands_in_the_errors_file(readers: Desk) -> None:
    text = "email;hour\nok@x.example;8\nbad@;\nlate@x.example;25\n=cmd@x.example;99\n"
    said = readers("subscribers", "import", "-", *CONSENT, "--errors", "wrong.csv", input=text)
    assert said.code == 1
    assert "row 3: 'bad@' is no mail address" in said.out
    rows = list(csv.DictReader((readers.folder / "wrong.csv").read_text().splitlines()))
    assert [(row["row"], row["address"]) for row in rows] == [
        ("3", "bad@"), ("4", "late@x.example"), ("5", "'=cmd@x.example"),
    ]  # fmt: skip
    assert rows[1]["reason"] == "hour: '25' is no hour from 0 to 23"
    assert (readers.folder / "wrong.csv").stat().st_mode & 0o777 == 0o600


def test_readers_are_not_taken_over_without_a_word_on_their_consent(readers: Desk) -> None:
    said = readers("subscribers", "import", "-", input="email\na@x.example\n")
    assert said.code == 2
    assert "--consent" in said.err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("name,phone\nAnna,1\n", "has no column with addresses; its first line is 'name, phone'"),
        ("email,E-Mail\na@x.example,b@x.example\n", "has two columns for 'address'"),
    ],
)
def test_wrong_columns_are_one_clear_line(readers: Desk, text: str, says: str) -> None:
    said = readers("subscribers", "import", "-", *CONSENT, input=text)
    assert said.code == 2
    assert says in said.err.splitlines()[0]
    assert said.err.count("error:") == 1


@pytest.mark.parametrize(
    "content",
    [
        b"email,language\r\na@x.example,fr\r\n",
        b"\xef\xbb\xbfE-Mail;Language\r\na@x.example;fr\r\n",
        "Email Address\tLang\na@x.example\tfr".encode("utf-16"),
        b'"email"|"language"\n"a@x.example"|"fr"',
        b'\n\nname,email,language\n"Doe, Jane",a@x.example,fr\n',
    ],
)
def test_every_dialect_is_read(content: bytes) -> None:
    (row,) = sheet(content).rows
    assert isinstance(row, Row)
    assert dict(row.cells) == {"address": "a@x.example", "language": "fr"}


def test_a_plain_list_of_addresses_needs_no_heading() -> None:
    assert [row.number for row in sheet(b"a@x.example\nb@x.example\n").rows] == [1, 2]


def test_a_forgotten_quotation_mark_costs_one_row_and_no_other() -> None:
    lines = [b"email,name", b'a@x.example,"Anna', *(b"r%d@x.example,x" % number for number in range(200))]
    rows = list(sheet(b"\n".join(lines)).rows)
    assert rows[0] == Fault(2, "", "a quotation mark is left open")
    assert len(rows) == 201
    assert all(isinstance(row, Row) for row in rows[1:])


def test_a_cell_may_have_several_lines() -> None:
    rows = list(sheet(b'email,note\na@x.example,"one\ntwo"\nb@x.example,\n').rows)
    assert [row.number for row in rows] == [2, 4]


@given(
    st.sampled_from([b"", b"address,x\n", b"\xff\xfe", b"\xfe\xff", "\ufeffaddress;x\n".encode("utf-16-le")]),
    st.binary(max_size=200),
)
def test_whatever_the_bytes_are_every_word_can_be_written(start: bytes, rest: bytes) -> None:
    try:
        found = sheet(start + rest)
    except ConfigError as error:
        str(error).encode()
        return
    ",".join(found.ignored).encode()
    for row in found.rows:
        row.address.encode()


def test_a_row_that_is_not_utf_8_is_told_and_the_next_is_read() -> None:
    rows = list(sheet(b"email\n\xe9@x.example\nb@x.example\n").rows)
    assert rows == [Fault(2, "?@x.example", "is not UTF-8"), Row(3, {"address": "b@x.example"})]


def test_who_left_or_must_not_be_mailed_is_never_taken_back(readers: Desk) -> None:
    take(readers, "email\nleft@x.example\nbad@x.example\n")
    with Store(f"sqlite:///{readers.folder}/data/distributor.db").write() as connection:
        gone = subscribers.by_address(connection, "left@x.example")
        assert gone
        subscribers.set_status(connection, gone.id, "left")
    assert readers("subscribers", "suppress", "bad@x.example", "--reason", "complaint").code == 0
    counts = take(readers, "email\nleft@x.example\nBAD@x.example\n")
    assert (counts["added"], counts["left"], counts["suppressed"]) == (0, 1, 1)


def test_opt_outs_of_the_old_tool_are_never_mailed(readers: Desk) -> None:
    take(readers, "email\nanna@x.example\n")
    counts = take(readers, "email\nanna@x.example\nzed@x.example\n", "--suppressed")
    assert counts["added"] == 2
    assert take(readers, "email\nzed@x.example\n")["suppressed"] == 1
    assert readers("subscribers", "show", "anna@x.example", "--json").json["status"] == "suppressed"
    assert take(readers, "email\nzed@x.example\n", "--suppressed")["there"] == 1


def test_a_row_that_had_left_the_old_tool_is_not_taken(readers: Desk) -> None:
    counts = take(readers, "email,status\na@x.example,subscribed\nb@x.example,unsubscribed\n")
    assert (counts["added"], counts["wrong"]) == (1, 1)


def test_an_export_is_what_an_import_reads_and_no_spreadsheet_runs_it(readers: Desk) -> None:
    text = "email,categories,hour,weekdays\n=1+1@x.example,Sports,9,monday;friday\n+b@x.example,,,\n"
    assert take(readers, text)["added"] == 2
    out = readers("subscribers", "export").out
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [row["address"] for row in rows] == ["'=1+1@x.example", "'+b@x.example"]
    assert (rows[0]["weekdays"], rows[0]["hour"]) == ("monday;friday", "9")
    assert take(readers, out)["there"] == 2
    assert len(readers("subscribers", "export", "--json").json["subscribers"]) == 2


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "＝1"])
def test_a_cell_that_would_run_is_made_harmless(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


def test_segments_narrow_the_list(readers: Desk) -> None:
    take(readers, "email,categories,language,frequency\na@x.example,Sports,fr,\nb@x.example,,en,instant\n")

    def found(*words: str) -> list[str]:
        return [one["address"] for one in readers("subscribers", "list", *words, "--json").json["subscribers"]]

    assert found("--language", "fr") == ["a@x.example"]
    assert found("--category", "sports") == ["a@x.example", "b@x.example"]
    assert found("--category", "Business") == ["b@x.example"]
    assert found("--frequency", "instant") == ["b@x.example"]
    assert found("--search", "B@") == ["b@x.example"]
    assert found("--idle", "1") == []
    assert found("--active", "1", "--limit", "1") == ["a@x.example"]
    assert readers("subscribers", "list", "--category", "Gardening").code == 2


def test_a_reader_is_added_by_hand_and_forgotten(readers: Desk) -> None:
    assert readers("subscribers", "add", "eva@x.example").code == 2
    said = readers("subscribers", "add", "eva@x.example", "--category", "sports", "--consent", "a letter of 3 May")
    assert said.out == "eva@x.example is a reader now: daily\n"
    again = readers("subscribers", "add", "eva@x.example", "--consent", "x")
    assert (again.code, again.err.splitlines()[0]) == (2, "error: eva@x.example is a reader already")
    assert "a letter of 3 May" in readers("subscribers", "show", "eva@x.example").out
    assert readers("subscribers", "forget", "eva@x.example").code == 2
    assert readers("subscribers", "forget", "eva@x.example", "--yes").code == 0
    assert readers("subscribers", "show", "eva@x.example").code == 2
    assert take(readers, "email\neva@x.example\n")["added"] == 0
    with Store(f"sqlite:///{readers.folder}/data/distributor.db").read() as connection:
        assert all("eva" not in f"{act.subject}{act.detail}" for act in census.audited(connection))


@pytest.mark.parametrize("words", [("--hour", "25"), ("--timezone", "Mars/Phobos"), ("--category", "Gardening"),
                                   ("--weekdays", "someday"), ("--frequency", "hourly")])  # fmt: skip
def test_what_is_not_offered_is_one_line(readers: Desk, words: tuple[str, str]) -> None:
    said = readers("subscribers", "add", "eva@x.example", "--consent", "x", *words)
    assert said.code == 2
    assert len(said.err.splitlines()) == 1


def test_an_address_is_held_back_and_let_in_again(readers: Desk) -> None:
    assert "already" not in readers("subscribers", "suppress", "z@x.example").out
    assert "already" in readers("subscribers", "suppress", "z@x.example").out
    assert readers("subscribers", "unsuppress", "z@x.example").out == "z@x.example may be mailed again\n"
    assert take(readers, "email\nz@x.example\n")["added"] == 1
    assert readers("subscribers", "suppress", "no address").code == 2


def test_stats_count_and_name_nobody(readers: Desk) -> None:
    take(readers, "email,categories\na@x.example,Sports\nb@x.example,\n")
    out = readers("subscribers", "stats").out
    assert "2 active" in out
    assert "30 days: 2 joined, 0 left" in out
    assert "@" not in out
    told = readers("subscribers", "stats", "--json").json
    assert told["categories"] == {"Sports": 1, "": 1}
    assert told["days"][-1]["joined"] == 2
