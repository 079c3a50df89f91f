"""`doctor` looks at mail: whether it could leave, and whether every template makes one."""

from __future__ import annotations

from pathlib import Path

from .conftest import Desk

MAIL = """
[site]
name = "The Paper"
public_url = "https://go.paper.example"
postal_address = "1 rue Haute, Paris"
templates = "own"
[mail]
from = "news@paper.example"
[digests.daily]
"""


def findings(desk: Desk, *options: str) -> list[str]:
    said = desk("doctor", "--json", *options)
    return [f"{one['mark']} {one['subject']} {one['text']}" for one in said.json["findings"]]


def own(desk: Desk, name: str, text: str) -> None:
    file: Path = desk.path.parent / "own" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_mail_that_could_leave_is_well(desk: Desk) -> None:
    desk.settings(MAIL)
    found = findings(desk)
    assert any(line.startswith("ok mail letters are put into") for line in found)
    assert "ok templates 1 digest and the letters can be made" in found


def test_a_way_out_that_does_not_exist_is_told_before_the_first_mail(desk: Desk) -> None:
    desk.settings(MAIL.replace("[mail]", '[mail]\nsmtp = "smpt://relay.example"'))
    assert "! mail mail.smtp: there is no transport 'smpt'" in findings(desk, "--offline")
    assert desk("doctor", "--offline").code == 2


def test_what_keeps_mail_from_leaving_is_told(desk: Desk) -> None:
    desk.settings(MAIL.replace("postal_address", "# postal_address"))
    assert any(line.startswith("! mail site.postal_address is not set") for line in findings(desk, "--offline"))


def test_a_digests_template_that_fails_is_named_with_its_line(desk: Desk) -> None:
    desk.settings(MAIL + "[digests.weekly]\nsubject = '{{ nothing.like_this }}'\n")
    own(desk, "digest/story.html.j2", "fine\n{{ title | nofilter }}")
    own(desk, "mail/confirm/subject.txt.j2", "{% if %}")
    wrong = [line for line in findings(desk, "--offline") if line.startswith("! templates")]
    assert any("digest/story.html.j2:2: No filter named 'nofilter'" in line for line in wrong)
    assert any("mail/confirm/subject.txt.j2:1" in line for line in wrong)
    own(desk, "digest/story.html.j2", "fine")
    wrong = [line for line in findings(desk, "--offline") if line.startswith("! templates")]
    assert any("nothing" in line for line in wrong), wrong
