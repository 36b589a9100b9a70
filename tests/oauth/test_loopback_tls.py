"""The listener's own certificate: made once, kept private, renewed in time."""

from __future__ import annotations

import datetime
import ipaddress
import os
import shutil
import socket
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.oauth import loopback_tls
from app.oauth.callback import RedirectAnswer
from app.oauth.callback_rules import APPROVED
from app.oauth.errors import OAuthProblem
from app.oauth.loopback_tls import server_context
from tests.helpers.callback_client import (
    CODE,
    GOOD,
    Browser,
    answer_in,
    collect_what_others_left,
    everything,
    listening,
)

pytestmark = pytest.mark.filterwarnings("error")  # a socket left open, too


@pytest.fixture(autouse=True)
def _alone() -> None:
    collect_what_others_left()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "home" / "tls"


@pytest.fixture
def browser(folder: Path) -> Iterator[Browser]:
    with listening(folder, scheme="https", patience=1.0) as running:
        yield running


def still_good(browser: Browser) -> None:
    answer = browser.get(GOOD)
    assert (answer.status, answer.said) == (200, APPROVED)
    assert browser.next() == RedirectAnswer("approved", CODE)
    assert browser.heard.empty()


def made(folder: Path) -> bytes:
    server_context(folder)
    return (folder / "loopback.pem").read_bytes()


def test_a_browser_that_trusts_it_arrives(browser: Browser) -> None:
    assert browser.get("/favicon.ico").status == 404
    assert browser.send(b"no HTTP\r\n\r\n").status == 400
    still_good(browser)
    assert browser.get(GOOD).status == 409


def test_it_speaks_http_1_in_tls_1_2_or_later(browser: Browser) -> None:
    assert browser.tls
    browser.tls.set_alpn_protocols(["h2", "http/1.1"])
    with browser.connect() as connection:
        assert isinstance(connection, ssl.SSLSocket)
        assert connection.selected_alpn_protocol() == "http/1.1"
        assert connection.version() in ("TLSv1.2", "TLSv1.3")


def test_the_other_literal_address(folder: Path) -> None:
    try:
        with listening(folder, scheme="https", host="::1") as browser:
            still_good(browser)
    except OAuthProblem:
        pytest.skip("no IPv6 here")


def test_what_is_not_tls_harms_nothing(browser: Browser) -> None:
    plain = Browser(browser.port)
    for raw in (plain.head(GOOD), b"\0" * 100, b"\x16\x03\x01\x00\xc8\x01" + b"\xff" * 300):
        with plain.connect() as connection:
            connection.sendall(raw)
            try:
                answer = everything(connection)
            except ConnectionError:
                answer = b""
            assert b"HTTP" not in answer
    assert browser.heard.empty()
    still_good(browser)


def test_a_handshake_or_a_head_that_does_not_come_is_cut_off(folder: Path) -> None:
    with listening(folder, scheme="https", patience=0.2) as browser:
        begun = time.monotonic()
        with socket.create_connection((browser.host, browser.port), timeout=5) as silent:
            assert everything(silent) == b""
        with browser.connect() as slow:
            slow.sendall(browser.head(GOOD)[:-2])
            assert answer_in(everything(slow)).status == 400
        assert time.monotonic() - begun < 3
        still_good(browser)


def test_those_who_only_connect_do_not_stop_stripes_answer(browser: Browser) -> None:
    with ExitStack() as stack:
        for _ in range(50):
            plain = socket.create_connection((browser.host, browser.port), timeout=5)
            stack.enter_context(plain)
        begun = time.monotonic()
        still_good(browser)
        assert time.monotonic() - begun < 3
        browser.callback.close()


def test_what_it_is_for(folder: Path) -> None:
    certificate = x509.load_pem_x509_certificate(made(folder))
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert set(names.get_values_for_type(x509.IPAddress)) == {
        ipaddress.ip_address("127.0.0.1"),
        ipaddress.ip_address("::1"),
    }
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [use.dotted_string for use in usage] == ["1.3.6.1.5.5.7.3.1"]  # serverAuth
    basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert not basic.ca
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    assert end - begin == datetime.timedelta(days=397)
    assert begin < datetime.datetime.now(datetime.UTC)


@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_only_its_owner_can_read_it(folder: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        made(folder)
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()] == [0o600]


def test_it_is_kept_until_its_last_week(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = made(folder)
    assert made(folder) == first
    (folder / "loopback.pem").unlink()
    monkeypatch.setattr(loopback_tls, "LIFE", datetime.timedelta(days=7, hours=2))
    nearly = made(folder)
    assert made(folder) == nearly
    (folder / "loopback.pem").unlink()
    monkeypatch.setattr(loopback_tls, "LIFE", datetime.timedelta(days=7, minutes=59))
    late = made(folder)
    monkeypatch.undo()
    assert made(folder) not in (first, nearly, late)


def locked(pem: bytes) -> bytes:
    """The same with a passphrase on its key; no one must be asked for it."""
    key = serialization.load_pem_private_key(pem, None)
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    return secret + pem[pem.index(b"-----BEGIN CERTIFICATE") :]


def foreign(pem: bytes) -> bytes:
    """The certificate with someone else's key."""
    secret = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return secret + pem[pem.index(b"-----BEGIN CERTIFICATE") :]


def flipped(pem: bytes) -> bytes:
    """One bit of the certificate's dates or names changed."""
    begin = pem.index(b"-----BEGIN CERTIFICATE")
    certificate = x509.load_pem_x509_certificate(pem[begin:])
    der = bytearray(certificate.public_bytes(serialization.Encoding.DER))
    der[der.index(b"localhost")] ^= 1
    changed = x509.load_der_x509_certificate(bytes(der))
    return pem[:begin] + changed.public_bytes(serialization.Encoding.PEM)


DAMAGE = {
    "empty": lambda pem: b"",
    "zeros": lambda pem: bytes(len(pem)),
    "first half": lambda pem: pem[: len(pem) // 2],
    "second half": lambda pem: pem[len(pem) // 2 :],
    "no key": lambda pem: pem[pem.index(b"-----BEGIN CERTIFICATE") :],
    "passphrase": locked,
    "another key": foreign,
    "a bit": flipped,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_one_is_made_anew(folder: Path, damage: str) -> None:
    file = folder / "loopback.pem"
    changed = DAMAGE[damage](made(folder))
    file.write_bytes(changed)
    anew = made(folder)
    assert anew != changed
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert made(folder) == anew
    assert len(list(folder.iterdir())) == 1


def test_nobody_is_asked_for_a_passphrase(folder: Path) -> None:
    file = folder / "loopback.pem"
    file.write_bytes(locked(made(folder)))
    code = (
        "from pathlib import Path; import app.oauth.loopback_tls as t;"
        f" t.server_context({folder!r})"
    )
    subprocess.run(
        [sys.executable, "-c", code.replace("PosixPath", "Path")],
        input=b"secret\n",  # where OpenSSL would ask without a terminal
        start_new_session=True,
        check=True,
        timeout=20,
    )
    assert b"ENCRYPTED" not in file.read_bytes()


def test_one_that_others_could_read_is_made_anew(folder: Path) -> None:
    read = made(folder)
    (folder / "loopback.pem").chmod(0o640)
    assert made(folder) != read
    assert stat.S_IMODE((folder / "loopback.pem").stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_made(folder: Path, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "home", ignore_errors=True)
    (tmp_path / "home").write_text("a file")
    with pytest.raises(OAuthProblem, match="cannot be written") as caught:
        server_context(folder)
    assert caught.value.kind == "setup"
