"""The way into a conversation: greeting, EHLO or HELO, TLS, login; what each failure asks of whom."""

from __future__ import annotations

import re
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from distributor.errors import ChannelPaused, ConfigError, RetryLater
from distributor.mail import Verdict
from distributor.mail.relay import relay as relay_of
from distributor.mail.smtp import SmtpTransport
from tests.contracts.transports import Notes, letter
from tests.mail.certificates import Certificates
from tests.mail.relays import Act, Answer, Relay
from tests.mail.test_faults import PATIENT, QUICK

LOGIN = ("bot", "pässword")


def transport(relay: Relay, **options: object) -> SmtpTransport:
    return SmtpTransport(relay.url, **{"timeouts": PATIENT, **options})  # type: ignore[arg-type]


def assert_delivers(way: SmtpTransport) -> None:
    session = way.connect()
    assert [told.verdict for told in session.send([letter(1)], Notes())] == [Verdict.TAKEN]
    session.close()


@pytest.mark.network
@pytest.mark.parametrize(
    ("answers", "error", "words"),
    [
        ({"CONNECT": "421 4.3.2 not now"}, RetryLater, "not now"),
        ({"CONNECT": "554 5.7.1 blocked"}, ChannelPaused, "blocked"),
        ({"CONNECT": Act(then="close")}, RetryLater, "closed"),
        ({"CONNECT": Act(then="hang")}, RetryLater, "in time"),
        ({"CONNECT": Act(b"HTTP/1.1 400 Bad Request\r\n\r\n", "close")}, RetryLater, "no SMTP reply"),
        ({"CONNECT": Act(b"220-never ends\r\n" * 5000, "hang")}, RetryLater, "does not end"),
        ({"EHLO": "421 4.3.2 bye"}, RetryLater, "bye"),
        ({"EHLO": "500 what?", "HELO": "550 go away"}, ChannelPaused, "go away"),
        ({"EHLO": Act(then="reset")}, RetryLater, "closed"),
    ],
)
def test_a_conversation_that_does_not_begin(answers: dict[str, Answer], error: type[RetryLater], words: str) -> None:
    with Relay(answers) as relay, pytest.raises(error, match=words) as caught:
        transport(relay, timeouts=QUICK if "in time" in words else PATIENT).connect()
    assert type(caught.value) is error
    assert str(caught.value).isprintable()


@pytest.mark.network
def test_a_greeting_in_several_lines_is_one() -> None:
    with Relay({"CONNECT": "220-relay.example\r\n220-no spam\r\n220 go on"}) as relay:
        assert_delivers(transport(relay))


@pytest.mark.network
def test_a_server_without_ehlo_is_greeted_with_helo() -> None:
    with Relay({"EHLO": "502 5.5.1 what?"}) as relay:
        assert_delivers(transport(relay))
        assert [line.split()[0] for line in relay.commands][:3] == ["EHLO", "HELO", "MAIL"]


@pytest.mark.network
def test_our_name_is_a_host_or_our_address() -> None:
    with Relay() as relay:
        transport(relay).connect().close()
        transport(relay, hello="mail.paper.example").connect().close()
        assert re.fullmatch(r"EHLO (\[127\.0\.0\.1\]|[\w-]+(\.[\w-]+)+)", relay.commands[0])
        assert "EHLO mail.paper.example" in relay.commands


@pytest.mark.network
@pytest.mark.parametrize(
    "offer", ["AUTH PLAIN LOGIN CRAM-MD5", "AUTH LOGIN", "AUTH CRAM-MD5", "AUTH=LOGIN", "auth xoauth2 login"]
)
def test_logging_in(offer: str) -> None:
    with Relay(offers=("PIPELINING", offer), login=LOGIN) as relay:
        assert_delivers(transport(relay, username="bot", password="pässword"))


@pytest.mark.network
@pytest.mark.parametrize("offer", ["AUTH PLAIN", "AUTH LOGIN", "AUTH CRAM-MD5"])
def test_a_wrong_password_waits_for_a_person(offer: str) -> None:
    with (
        Relay(offers=(offer,), login=LOGIN) as relay,
        pytest.raises(ChannelPaused, match="refuses the login") as caught,
    ):
        transport(relay, username="bot", password="s3cret").connect()
    assert "s3cret" not in str(caught.value) + caught.value.hint


@pytest.mark.network
@pytest.mark.parametrize(
    ("offers", "said", "error"),
    [
        ((), "", ChannelPaused),
        (("AUTH XOAUTH2",), "", ChannelPaused),
        (("AUTH PLAIN",), "454 4.7.0 later", RetryLater),
        (("AUTH PLAIN",), "421 4.3.2 bye", RetryLater),
        (("AUTH PLAIN",), "534 5.7.9 use another", ChannelPaused),
    ],
)
def test_a_login_that_cannot_be(offers: tuple[str, ...], said: str, error: type[RetryLater]) -> None:
    answers: dict[str, Answer] = {"AUTH": said} if said else {}
    with Relay(answers, offers, login=LOGIN) as relay, pytest.raises(error) as caught:
        transport(relay, username="bot", password="x").connect()
    assert type(caught.value) is error


@pytest.mark.network
def test_no_password_leaves_in_the_clear_where_the_offer_of_tls_was_taken_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("distributor.mail.relay.Relay.local", False)
    with Relay(offers=("AUTH PLAIN",), login=LOGIN) as relay:
        with pytest.raises(ChannelPaused, match="does not offer STARTTLS"):
            transport(relay, username="bot", password="x").connect()
        with pytest.raises(ChannelPaused, match="in the clear"):
            transport(relay, username="bot", password="x", tls="optional").connect()
        assert not any(command.startswith("AUTH") for command in relay.commands)
        with pytest.raises(ConfigError, match="in the clear"):
            transport(relay, username="bot", password="x", tls="off")


@pytest.mark.network
def test_tls_is_used_where_it_is_offered_and_asked_again_what_is_there(certificates: Certificates) -> None:
    with Relay(tls=certificates.server(), login=LOGIN, offers=("PIPELINING", "AUTH PLAIN")) as relay:
        way = transport(relay, username="bot", password="pässword")
        assert "TLS, certificate not checked" in way.check()
        assert_delivers(way)
        assert [line.split()[0] for line in relay.commands][:4] == ["EHLO", "STARTTLS", "EHLO", "AUTH"]


@pytest.mark.network
@pytest.mark.parametrize("implicit", [False, True])
def test_a_right_certificate_is_good(certificates: Certificates, implicit: bool) -> None:
    with Relay(tls=certificates.server(), implicit=implicit) as relay:
        way = transport(relay, tls="required", ca_file=certificates.ca_file)
        assert "TLS, certificate checked" in way.check()
        assert_delivers(way)


@pytest.mark.network
@pytest.mark.parametrize("implicit", [False, True])
@pytest.mark.parametrize("host", ["other.example", "expired", "127.0.0.1"])
def test_a_wrong_certificate_waits_for_a_person(certificates: Certificates, implicit: bool, host: str) -> None:
    trusted = certificates.ca_file if host != "127.0.0.1" else ""  # the third is signed by a CA that nobody knows
    with Relay(tls=certificates.server(host), implicit=implicit) as relay:
        with pytest.raises(ChannelPaused, match="certificate is wrong"):
            transport(relay, tls="required", ca_file=trusted).connect()
        assert_delivers(transport(relay, tls="required", ca_file=trusted, verify=False))


@pytest.mark.network
def test_what_was_said_before_tls_is_not_believed_after_it(certificates: Certificates) -> None:
    """CVE-2011-0411: commands or answers put in before the handshake must not be read after it."""
    injected = b"250-relay.example\r\n250 AUTH PLAIN\r\n"
    with Relay(tls=certificates.server(), after_starttls=injected) as relay:
        with pytest.raises(ChannelPaused, match="in between"):
            transport(relay, tls="required", ca_file=certificates.ca_file).connect()
        assert relay.commands[-1] == "STARTTLS"


@pytest.mark.network
@pytest.mark.parametrize(
    ("said", "error"),
    [("454 4.7.0 not now", RetryLater), ("501 5.5.4 no", ChannelPaused), (Act(then="close"), RetryLater)],
)
def test_tls_that_is_offered_and_refused_is_no_reason_to_go_on_without(
    certificates: Certificates, said: str | Act, error: type[RetryLater]
) -> None:
    with Relay({"STARTTLS": said}, tls=certificates.server()) as relay:
        for tls in ("required", "optional"):
            with pytest.raises(error) as caught:
                transport(relay, tls=tls).connect()
            assert type(caught.value) is error


@pytest.mark.network
@pytest.mark.parametrize("then", ["close", "reset", "hang"])
def test_a_handshake_that_breaks_off_is_tried_again(then: str, certificates: Certificates) -> None:
    with Relay({"STARTTLS": Act(b"220 go\r\n", then)}, tls=certificates.server()) as relay:
        quick = replace(QUICK, connect=0.4)
        with pytest.raises(RetryLater) as caught:
            transport(relay, tls="required", timeouts=quick if then == "hang" else PATIENT).connect()
        assert not isinstance(caught.value, ChannelPaused)


@pytest.mark.network
def test_a_port_that_speaks_no_tls_waits_for_a_person() -> None:
    with Relay() as relay, pytest.raises(ChannelPaused, match="TLS fails") as caught:
        SmtpTransport(relay.url.replace("smtp://", "smtps://"), timeouts=PATIENT).connect()
    assert "port 465" in caught.value.hint


@pytest.mark.network
def test_nobody_there() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(RetryLater, match="refused") as caught:
        SmtpTransport(f"smtp://127.0.0.1:{port}").connect()
    assert caught.value.outage


@pytest.mark.network
def test_a_unix_socket_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RetryLater, match="no such file"):
        SmtpTransport(f"lmtp://{tmp_path}/lmtp").connect()


def test_a_host_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(RetryLater, match="not known"):
        SmtpTransport("smtp://relay.invalid").connect()


@pytest.mark.parametrize(
    ("url", "host", "port", "local"),
    [
        ("smtp://relay.example", "relay.example", 25, False),
        ("smtp://bot:se%40cret@relay.example:587", "relay.example", 587, False),
        ("smtps://relay.example", "relay.example", 465, False),
        ("smtp://[::1]:2525", "::1", 2525, True),
        ("smtp://[2001:db8::1]", "2001:db8::1", 25, False),
        ("smtp://localhost", "localhost", 25, True),
        ("smtp://127.0.0.2", "127.0.0.2", 25, True),
        ("smtp://localhost.example", "localhost.example", 25, False),
        ("lmtp://127.0.0.1", "127.0.0.1", 24, True),
        ("lmtp:///run/dovecot/lmtp", "", 24, True),
    ],
)
def test_a_relays_address(url: str, host: str, port: int, local: bool) -> None:
    place = relay_of(url)
    assert (place.host, place.port, place.local) == (host, port, local)
    assert "se@cret" not in repr(place) + str(place)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "relay.example",
        "http://relay.example",
        "smtp://",
        "smtp://relay:99999",
        "smtp://r/x",
        "smtp://r?x=1",
        "smtp://[::1",
        "lmtp://",
    ],
)
def test_what_is_no_relays_address(url: str) -> None:
    with pytest.raises(ConfigError):
        relay_of(url)


@pytest.mark.parametrize(
    "options",
    [
        {"username": "bot"},
        {"password": "x"},
        {"username": "a\r\nb", "password": "x"},
        {"username": "a", "password": "x\n"},
        {"hello": "two words"},
        {"hello": "a\r\nb"},
        {"hello": "bücher.example"},
        {"username": "bot", "password": "x", "tls": "off"},
        {"ca_file": "/there/is/none.pem"},
        {"ca_file": __file__},
    ],
)
def test_settings_that_cannot_work(options: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        SmtpTransport("smtp://relay.example", **options)  # type: ignore[arg-type]


def test_the_password_is_in_no_ones_words() -> None:
    way = SmtpTransport("smtp://bot:s3cret@relay.example")
    assert "s3cret" not in f"{way.identity} {way!r} {way.relay!r}"
    assert way.identity == "bot@smtp://relay.example:25"
