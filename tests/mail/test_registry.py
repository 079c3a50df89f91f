"""From an address in the settings to a transport; and what is told of a wrong one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.errors import ConfigError
from distributor.mail.options import Setup
from distributor.mail.outbox import Outbox
from distributor.mail.registry import build, schemes
from distributor.mail.sendmail import Sendmail
from distributor.mail.smtp import SmtpTransport
from tests.mail.letters import letter, sent

KEY, SECRET, TOKEN = (
    "AKIDEXAMPLE00000",
    "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "b5d3c1a0-0000-4000-8000-c0ffee000001",
)


def made(url: str, password: str = "", folder: Path = Path("data")) -> Any:
    return build(url, password=password, folder=folder)


def test_each_scheme_has_its_transport() -> None:
    assert isinstance(made("sendmail:"), Sendmail)
    assert made("sendmail:///opt/bin/sendmail?sessions=2").path == "/opt/bin/sendmail"
    assert made("outbox:", folder=Path("/d")).folder == Path("/d/outbox")
    assert made("maildir:///srv/mail").folder == Path("/srv/mail")
    assert made("eml:///srv/mail%20box").folder == Path("/srv/mail box")
    assert made(f"ses://{KEY}@eu-west-1?configuration_set=x", SECRET).identity == f"{KEY}@eu-west-1"
    assert made("postmark://?stream=news", TOKEN).identity == "news"
    assert made(f"postmark://{TOKEN}@").identity == "broadcast"
    assert {"smtp", "smtps", "lmtp", "sendmail", "outbox", "maildir", "eml", "ses", "postmark"} <= set(schemes())


def test_a_relay_takes_its_options_and_login() -> None:
    relay = made("smtp://bot%40paper@relay.example:587?tls=required&sessions=10&per_second=50", "s3cret")
    assert isinstance(relay, SmtpTransport)
    assert (relay.sessions, relay.per_second) == (10, 50)
    assert (relay.relay.host, relay.relay.port) == ("relay.example", 587)
    assert "s3cret" not in repr(vars(relay)["identity"])
    assert made("smtps://relay.example").relay.port == 465
    assert made("smtp://[::1]:2525").relay.host == "::1"
    assert made("lmtp:///run/dovecot/lmtp").relay.path == "/run/dovecot/lmtp"


def test_what_stands_beside_the_address_holds_where_it_says_nothing() -> None:
    both = build("outbox:?sessions=3", folder=Path("d"), sessions=7, per_second=2.5)
    assert (both.sessions, both.per_second) == (3, 2.5)
    ses = build(f"ses://{KEY}@eu-west-1", password=SECRET, folder=Path("d"), sessions=0, per_second=0)
    assert (ses.sessions, ses.per_second) == (10, 14)


def test_an_outbox_made_from_an_address_takes_letters(tmp_path: Path) -> None:
    outbox = made("outbox:", folder=tmp_path)
    sent(outbox.connect(), [letter()])
    assert isinstance(outbox, Outbox)
    assert [kept.recipient for kept in outbox.letters()] == ["reader@example.org"]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "no address"),
        ("relay.example", "no address"),
        ("smtp://relay.example?tsl=required", "did you mean tls"),
        ("smtp://relay.example?tls=maybe", "'tls' must be one of"),
        ("smtp://relay.example?sessions=0", "'sessions' must be a number from 1"),
        ("smtp://relay.example?sessions=1.5", "'sessions' must be a whole number"),
        ("smtp://relay.example?sessions=nan", "'sessions'"),
        ("smtp://relay.example?per_second=-1", "'per_second'"),
        ("smtp://relay.example?tls=off&tls=required", "'tls' is given twice"),
        ("smtp://relay.example?verify=perhaps", "'verify' must be true or false"),
        ("smtp://relay.example:99999", "no address"),
        ("smtp://", "host"),
        ("smpt://relay.example", "did you mean smtp"),
        ("smtp://relay.example\n", "no address"),
        ("smtp://relay.example#x", "%23"),
        ("sendmail://host/usr/sbin/sendmail", "takes no host"),
        ("sendmail:usr/sbin/sendmail", "begin with a slash"),
        ("sendmail:?timeout=0", "'timeout'"),
        ("maildir:", "'path' is missing"),
        ("outbox:?form=mbox", "'form' must be one of"),
        ("ses://eu-west-1", "'access key'"),
        (f"ses://{KEY}@europe", "'region'"),
        (f"ses://{KEY}@eu-west-1", "'secret key'"),
        (f"ses://{KEY}:{SECRET.replace('/', '%2F')}@eu-west-1?base_url=http://proxy.example", "'base_url'"),
        (f"ses://{KEY}:{SECRET.replace('/', '%2F')}@eu-west-1?configuration_set=a b", "'configuration_set'"),
        ("postmark:", "'token'"),
        (f"postmark://{TOKEN}@?stream=No Stream", "'stream'"),
        (f"postmark://{TOKEN}@?base_url=https://u:p@proxy.example", "'base_url'"),
        ("nowhere.at.all:Courier", "cannot be imported"),
        ("pathlib.nothing:Path", "cannot be imported"),
        ("collections.abc:Sized", "is not a transport: it lacks build, connect, check, kind"),
        ("os.path:join", "is not a class"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_its_option(url: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        made(url)
    assert said in f"{caught.value} {caught.value.hint}"
    assert caught.value.key == "mail.smtp"
    assert SECRET not in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_a_loopback_address_may_be_plain_http() -> None:
    assert made("postmark:?base_url=http://127.0.0.1:8025/prefix/", TOKEN)


class Courier:
    """A stranger's transport."""

    kind: ClassVar[str] = "courier"
    identity, sessions, per_second = "courier", 1, 0.0

    @classmethod
    def build(cls, setup: Setup) -> Courier:
        made = cls()
        made.route = setup.whole("route", 1, low=1, high=9)  # type: ignore[attr-defined]
        setup.done()
        return made

    def connect(self) -> Any: ...

    def check(self) -> list[str]:
        return []


def test_a_class_of_your_own_is_named_by_module_and_class() -> None:
    courier = build("tests.mail.test_registry:Courier?route=2", folder=Path("d"), sessions=4, per_second=0.5)
    assert (courier.kind, courier.route) == ("courier", 2)
    with pytest.raises(ConfigError, match="no option 'rout'"):
        made("tests.mail.test_registry:Courier?rout=2")


def test_no_secret_is_shown_by_a_setup() -> None:
    setup = Setup.of(
        f"ses://{KEY}:{SECRET.replace('/', '%2F')}@eu-west-1?session_token=tokentoken",
        password="",
        folder=Path(),
        key="k",
        clock=lambda: None,
    )  # type: ignore[arg-type, return-value]
    assert setup.password == SECRET
    assert SECRET not in repr(setup)
    assert "tokentoken" not in repr(setup)


@given(
    st.text(max_size=60)
    | st.builds(
        "{}://{}?{}".format,
        st.sampled_from(["smtp", "ses", "postmark", "outbox"]),
        st.text(max_size=20),
        st.text(max_size=20),
    )
)
def test_any_text_is_a_transport_or_one_clear_error(url: str) -> None:
    try:
        transport = build(url, folder=Path("nowhere"))
    except ConfigError as error:
        assert "\n" not in str(error)  # noqa: PT017
    else:
        assert transport.identity
