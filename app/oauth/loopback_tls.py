"""The self-signed certificate for https on the loopback address, made for this computer only.

Stripe requires https for redirects in live mode. No authority signed the certificate, so the
browser warns once.
"""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from pathlib import Path

from app.credentials import private_files
from app.credentials.errors import CredentialProblem
from app.oauth.errors import OAuthProblem

LIFE = datetime.timedelta(days=397)
EARLY = datetime.timedelta(days=7)  # it is renewed this long before its end
SKEW = datetime.timedelta(hours=1)  # by how much the clock may be wrong


def server_context(folder: Path) -> ssl.SSLContext:
    """The TLS context of the listener. The certificate and its key are in one file of the folder,
    which is created if there is no usable one. Raises OAuthProblem, kind "setup"."""
    file = folder / "loopback.pem"
    try:
        if not _usable(file):
            private_files.write(file, _made())
    except CredentialProblem as problem:
        raise OAuthProblem("setup", str(problem)) from None
    return _loaded(file)


def _loaded(file: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(file, password="")  # never ask on the terminal
    return context


def _usable(file: Path) -> bool:
    from cryptography import x509

    try:
        content = private_files.read(file)
        if content is None:
            return False
        certificate = x509.load_pem_x509_certificate(content)
        certificate.verify_directly_issued_by(certificate)
        _loaded(file)  # also fails if the key does not match the certificate
        left = certificate.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
        return EARLY < left <= LIFE
    except Exception:  # the file is damaged in any way, or others may read the key
        return False


def _made() -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Panelist on this computer")])
    begin = datetime.datetime.now(datetime.UTC) - SKEW
    addresses = [ipaddress.ip_address(text) for text in ("127.0.0.1", "::1")]
    names = [*(x509.IPAddress(address) for address in addresses), x509.DNSName("localhost")]
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + LIFE)
        .add_extension(x509.SubjectAlternativeName(names), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return secret + certificate.public_bytes(serialization.Encoding.PEM)
