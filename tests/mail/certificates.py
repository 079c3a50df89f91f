"""A CA of our own, and server certificates signed by it, made for one test run."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

__all__ = ["Certificates"]


@dataclass(frozen=True)
class Certificates:
    """`ca_file` is what a client trusts; `server(...)` a server's context with a certificate for a name."""

    folder: Path

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    @classmethod
    def make(cls, folder: Path) -> Certificates:
        made = cls(folder)
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("a CA for tests")
        ca = _builder(name, name, key.public_key()).add_extension(x509.BasicConstraints(True, 0), critical=True)
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        ca = ca.add_extension(usage, critical=True)
        signed = ca.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        made.ca_file.write_bytes(signed.sign(key, SHA256()).public_bytes(Encoding.PEM))
        for host, days in (("127.0.0.1", 30), ("other.example", 30), ("expired", -1)):
            made._issue(key, name, host, days)
        return made

    def _issue(self, ca: ec.EllipticCurvePrivateKey, issuer: x509.Name, host: str, days: int) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        ip = "127.0.0.1" if host == "expired" else host
        alternative = x509.IPAddress(ipaddress.ip_address(ip)) if ip[0].isdigit() else x509.DNSName(ip)
        builder = _builder(_name(host), issuer, key.public_key(), days)
        builder = builder.add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.public_key())
        signed = builder.add_extension(authority, critical=False).sign(ca, SHA256())
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (self.folder / f"{host}.pem").write_bytes(pem + signed.public_bytes(Encoding.PEM))

    def server(self, host: str = "127.0.0.1") -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / f"{host}.pem")
        return context


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, days: int = 30
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(x509.random_serial_number())
    return builder.not_valid_before(now - timedelta(days=3)).not_valid_after(now + timedelta(days=days))
