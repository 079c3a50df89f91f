"""Knocking at a real server: does it encrypt, and is its certificate good?"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from distributor.mail.checks import Relay, Unanswered
from distributor.mail.checks.relay import SocketProbe, judge
from tests.servers import free_port

from .desk import NOW

pytestmark = pytest.mark.network


def certificate(folder: Path, name: str = "localhost", days: int = 90) -> ssl.SSLContext:
    """A server's context with a certificate that signs itself; `folder`/cert.pem may be trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=100))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "cert.pem").write_bytes(made.public_bytes(pem))
    (folder / "both.pem").write_bytes(private + made.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "both.pem")
    return context


@contextmanager
def smtp(context: ssl.SSLContext | None = None, *, implicit: bool = False) -> Iterator[int]:
    port = free_port()
    options = {"ssl_context": context} if implicit else {"tls_context": context}
    server = Controller(object(), hostname="127.0.0.1", port=port, **options)
    server.start()
    try:
        yield port
    finally:
        server.stop()


@contextmanager
def says(*words: bytes) -> Iterator[int]:
    """A server that says this at once to whoever comes, one word a connection, and then is silent."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for word in words:
                connection, _ = server.accept()
                held.append(connection)
                connection.sendall(word)

        held: list[socket.socket] = []
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        for connection in held:
            connection.close()


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    return tmp_path


@pytest.fixture
def probe() -> SocketProbe:
    return SocketProbe("paper.example", timeout_s=2)


def test_a_good_certificate_after_starttls(probe: SocketProbe, trusted: Path) -> None:
    with smtp(certificate(trusted)) as port:
        found = probe.knock(Relay("smtp", "localhost", port))
    assert (found.offers, found.version, found.untrusted, found.refused) == (True, "TLSv1.3", "", "")
    assert found.ends is not None
    assert abs(found.ends - datetime.now(UTC) - timedelta(days=90)) < timedelta(hours=1)


def test_a_good_certificate_from_the_first_byte(probe: SocketProbe, trusted: Path) -> None:
    with smtp(certificate(trusted), implicit=True) as port:
        found = probe.knock(Relay("smtps", "localhost", port))
    assert (found.version, found.untrusted) == ("TLSv1.3", "")


@pytest.mark.parametrize(
    ("name", "days", "why"), [("localhost", -1, "expired"), ("other.example", 90, "not valid for 'localhost'")]
)
def test_a_bad_certificate_is_told_from_none(probe: SocketProbe, trusted: Path, name: str, days: int, why: str) -> None:
    with smtp(certificate(trusted, name, days)) as port:
        found = probe.knock(Relay("smtp", "localhost", port))
    assert found.offers
    assert found.version
    assert why in found.untrusted


def test_a_stranger_is_not_trusted(probe: SocketProbe, tmp_path: Path) -> None:
    with smtp(certificate(tmp_path)) as port:
        found = probe.knock(Relay("smtp", "localhost", port))
    assert "self-signed" in found.untrusted


def test_a_server_without_starttls_offers_nothing(probe: SocketProbe) -> None:
    with smtp() as port:
        assert not probe.knock(Relay("smtp", "127.0.0.1", port)).offers


def test_encryption_where_there_is_none_is_told(probe: SocketProbe) -> None:
    with says(b"220 hello\r\n") as port:
        found = probe.knock(Relay("smtps", "127.0.0.1", port))
    assert not found.version
    assert found.refused
    assert judge(Relay("smtps", "relay.example", 465), found, NOW).ok is False


@pytest.mark.parametrize(
    "words", [b"554 go away\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00\xff\r\n", b"22", b""]
)
def test_who_does_not_speak_smtp_did_not_answer(words: bytes) -> None:
    with says(words, words) as port, pytest.raises(Unanswered) as raised:
        SocketProbe(timeout_s=0.3).knock(Relay("smtp", "127.0.0.1", port))
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 250


@pytest.mark.parametrize("scheme", ["smtp", "smtps", "lmtp"])
def test_nobody_there_is_no_answer(probe: SocketProbe, scheme: str) -> None:
    with pytest.raises(Unanswered):
        probe.knock(Relay(scheme, "127.0.0.1", free_port()))


@pytest.mark.parametrize("host", ["no such host", "x" * 70 + ".example", "nowhere.invalid", "\udcff.example"])
def test_a_host_that_cannot_be_is_no_answer(probe: SocketProbe, host: str) -> None:
    with pytest.raises(Unanswered):
        probe.knock(Relay("smtp", host, 25))


def test_a_relay_is_read_from_its_url() -> None:
    assert Relay.of("smtp://bot:pass%40@Relay.Example.:587/") == Relay("smtp", "relay.example", 587)
    assert Relay.of("smtps://[2001:db8::1]") == Relay("smtps", "2001:db8::1", 465)
    assert Relay.of("smtp://[::1]").here
    assert Relay.of("smtp://192.0.2.1").ip == ipaddress.ip_address("192.0.2.1")
    assert Relay.of("maildir:///var/mail").keeps
    assert Relay.of("outbox:").keeps
