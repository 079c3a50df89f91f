"""What mails leave by, from the settings."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from distributor import config
from distributor.errors import ConfigError
from distributor.mailroom import build_mailroom, relay_names
from tests.mailing.office import SETTINGS


def settings(folder: Path, text: str = SETTINGS) -> config.Settings:
    return config.loads(text, folder / "distributor.toml", {})


def test_a_newsroom_without_mail_has_no_mailroom(tmp_path: Path) -> None:
    assert build_mailroom(settings(tmp_path, "[site]\nname = 'The Paper'")) is None


def test_without_a_relay_mails_stay_in_the_outbox(tmp_path: Path) -> None:
    room = build_mailroom(settings(tmp_path))
    assert room is not None
    assert (room.relays["mail"].kind, room.unready) == ("outbox", "")


def test_each_relay_is_an_account_of_its_own(tmp_path: Path) -> None:
    text = SETTINGS + '[relays.second]\nurl = "smtp://two.example:587"\nper_second = 20\n'
    assert relay_names(settings(tmp_path, text)) == ["mail", "mail:second"]
    room = build_mailroom(settings(tmp_path, text))
    assert room is not None
    assert room.relays["mail:second"].per_second == 20


@pytest.mark.parametrize("key", ["postal_address", "public_url"])
def test_what_is_missing_is_named(tmp_path: Path, key: str) -> None:
    text = "\n".join(line for line in SETTINGS.splitlines() if not line.startswith(key))
    room = build_mailroom(settings(tmp_path, text))
    assert room is not None
    assert key in room.unready


def test_a_key_that_is_none_is_named_by_its_setting(tmp_path: Path) -> None:
    (tmp_path / "dkim.pem").write_text("hello")
    with pytest.raises(ConfigError) as told:
        build_mailroom(settings(tmp_path, SETTINGS.replace("[mail]", '[mail]\ndkim_key_file = "dkim.pem"')))
    assert told.value.key == "mail.dkim_key"


def test_a_key_file_of_several_lines_signs(tmp_path: Path) -> None:
    made = subprocess.run(["openssl", "genrsa", "2048"], capture_output=True, check=True).stdout
    (tmp_path / "dkim.pem").write_bytes(made)
    (tmp_path / "dkim.pem").chmod(0o600)
    room = build_mailroom(settings(tmp_path, SETTINGS.replace("[mail]", '[mail]\ndkim_key_file = "dkim.pem"')))
    assert room is not None
    assert len(room.signers) == 1


def test_the_sites_name_stands_in_for_a_senders_name(tmp_path: Path) -> None:
    room = build_mailroom(settings(tmp_path, SETTINGS.replace("The Paper <news@paper.example>", "news@paper.example")))
    assert room is not None
    assert room.identity.from_ == '"The Paper" <news@paper.example>'


@pytest.mark.parametrize(
    ("way", "sessions", "per_second"),
    [
        ('smtp = "outbox:"', 4, 0),
        ('smtp = "postmark://"\npassword = "00000000-1111-2222-3333-444444444444"', 10, 0),
        (
            'smtp = "ses://AKIAIOSFODNN7EXAMPLE@eu-west-1"\npassword = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY00"',
            10,
            14,
        ),
    ],
)
def test_what_the_settings_do_not_say_is_each_providers_own(
    tmp_path: Path, way: str, sessions: int, per_second: float
) -> None:
    room = build_mailroom(settings(tmp_path, SETTINGS.replace("[mail]\n", f"[mail]\n{way}\n")))
    assert room is not None
    assert (room.relays["mail"].sessions, room.relays["mail"].per_second) == (sessions, per_second)
    said = f"[mail]\n{way}\nsessions = 4\nper_second = 2\n"
    room = build_mailroom(settings(tmp_path, SETTINGS.replace("[mail]\n", said)))
    assert room is not None
    assert (room.relays["mail"].sessions, room.relays["mail"].per_second) == (4, 2)


@pytest.mark.parametrize(
    "way",
    ["eml:///srv/mail", "outbox:?form=eml", "tests.mail.test_registry:Courier?route=2", "sendmail:///bin/true"],
)
def test_every_way_that_is_written_down_can_be_set(tmp_path: Path, way: str) -> None:
    room = build_mailroom(settings(tmp_path, SETTINGS.replace("[mail]\n", f'[mail]\nsmtp = "{way}"\n')))
    assert room is not None
    assert room.relays["mail"].sessions > 0
