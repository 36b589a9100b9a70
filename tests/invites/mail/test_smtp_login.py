"""Mail servers that let in, refuse, or speak otherwise: real sockets, and one sentence for each."""

from __future__ import annotations

import base64
import hmac
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import SocketIO

import pytest

from app.invites.mail import smtp_login
from app.invites.mail.server_settings import MailServer
from app.invites.mail.smtp import NotSent, Session
from tests.helpers.certificate import certified

PASSWORD = "gehéim€1-Grün"
CHALLENGE = b"<1896.697170952@mail.example.com>"  # RFC 2195


class Script:
    """What a server answers. ``logins``: what EHLO offers; ``answer``: to a login, when all of it
    came. ``tls``: encrypted from the first byte."""

    def __init__(
        self, logins: str = "", answer: str = "235 2.7.0 Welcome", greeting: str = "220 ready"
    ) -> None:
        self.logins, self.answer, self.greeting = logins, answer, greeting
        self.lines: list[bytes] = []
        self.tls: ssl.SSLContext | None = None


class Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        script: Script = self.server.script  # type: ignore[attr-defined]
        try:
            talk = self.request
            if script.tls:
                talk = script.tls.wrap_socket(self.request, server_side=True)
            with talk.makefile("rwb", buffering=0) as line:
                self.talk(script, line)
        except OSError:
            pass

    def talk(self, script: Script, line: SocketIO) -> None:
        """One session."""
        read, write = line.readline, line.write
        if script.greeting:
            write(script.greeting.encode() + b"\r\n")
        while said := read():
            script.lines.append(said.rstrip(b"\r\n"))
            word = said[:4].upper()
            if word == b"EHLO":
                more = (
                    f"250-here\r\n250 AUTH {script.logins}\r\n" if script.logins else "250 here\r\n"
                )
                write(more.encode())
            elif said.startswith(b"AUTH PLAIN"):
                write(script.answer.encode() + b"\r\n")
            elif said.startswith(b"AUTH LOGIN"):
                for _ in range(2):
                    write(b"334 " + base64.b64encode(b"more") + b"\r\n")
                    script.lines.append(read().rstrip(b"\r\n"))
                write(script.answer.encode() + b"\r\n")
            elif said.startswith(b"AUTH CRAM-MD5"):
                write(b"334 " + base64.b64encode(CHALLENGE) + b"\r\n")
                script.lines.append(read().rstrip(b"\r\n"))
                write(script.answer.encode() + b"\r\n")
            else:
                write(b"500 5.5.1 What?\r\n")


@contextmanager
def serving(script: Script) -> Iterator[int]:
    """Its port."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.script = script  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def opened(script: Script, security: str = "none", user: str = "rosa") -> str:
    """Why the session could not be opened, or "" if it was."""
    with serving(script) as port:
        session = Session(MailServer("127.0.0.1", port, security, user), PASSWORD)
        try:
            session.open()
        except NotSent as problem:
            return str(problem)
        finally:
            session.close()
    return ""


def test_plain_sends_utf_8() -> None:
    script = Script("LOGIN PLAIN")
    assert opened(script) == ""
    form = base64.b64encode(f"\0rosa\0{PASSWORD}".encode())
    assert script.lines[-1] == b"AUTH PLAIN " + form


def test_login_sends_utf_8() -> None:
    script = Script("LOGIN XOAUTH2")
    assert opened(script) == ""
    assert script.lines[-2:] == [base64.b64encode(b"rosa"), base64.b64encode(PASSWORD.encode())]


def test_cram_md5_signs_with_utf_8() -> None:
    script = Script("CRAM-MD5")
    assert opened(script) == ""
    proof = hmac.new(PASSWORD.encode(), CHALLENGE, "md5").hexdigest()
    assert base64.b64decode(script.lines[-1]) == f"rosa {proof}".encode()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (
            Script("PLAIN", "535 5.7.139 SmtpClientAuthentication is disabled for the Tenant."),
            "refuses the login (535 5.7.139 SmtpClientAuthentication is disabled for the Tenant)",
        ),
        (
            Script("PLAIN", "534 5.7.9 Application-specific password required"),
            "refuses the login (534 5.7.9 Application-specific password required)",
        ),
        (
            Script("PLAIN", "454 4.7.0 Temporary authentication failure"),
            "cannot check the login now (454 4.7.0 Temporary authentication failure)",
        ),
        (
            Script("GSSAPI NTLM"),
            "offers only login methods that Panelist does not support (GSSAPI NTLM)",
        ),
        (Script("XOAUTH2 OAUTHBEARER"), "accepts only a sign-in, no passwords (XOAUTH2"),
        (Script(), "offers no login on this port"),
        (Script(greeting="554 5.7.1 Your address is blocked"), "(554 5.7.1 Your address is block"),
    ],
)
def test_the_servers_own_words_are_shown(script: Script, said: str) -> None:
    problem = opened(script)
    assert said in problem
    assert ".." not in problem


@pytest.mark.parametrize("form", [
    PASSWORD,
    base64.b64encode(PASSWORD.encode()).decode(),
    base64.b64encode(f"\0rosa\0{PASSWORD}".encode()).decode(),
])  # fmt: skip
def test_a_server_that_repeats_the_password_does_not_show_it(form: str) -> None:
    problem = opened(Script("PLAIN", f"535 5.7.8 You said {form}, which is wrong"))
    assert "535 5.7.8 You said •••, which is wrong" in problem


def test_a_port_without_encryption() -> None:
    assert "offers no encryption on this port" in opened(Script("PLAIN"), "starttls")
    said = opened(Script("PLAIN"), "tls")
    assert "does not start with encryption on this port (wrong version number)" in said
    assert "write smtp:// instead of smtps://" in said


def test_a_port_that_is_encrypted_from_the_first_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp_login, "CONNECT", 0.1)  # it says nothing before it hears TLS
    script = Script("PLAIN")
    script.tls = certified(tmp_path, "127.0.0.1").context()
    said = opened(script, "starttls")
    assert "write smtps:// instead of smtp://" in said


def test_a_certificate_that_no_one_vouches_for(tmp_path: Path) -> None:
    script = Script("PLAIN")
    script.tls = certified(tmp_path, "127.0.0.1").context()
    said = opened(script, "tls")
    assert "does not trust the certificate" in said
    assert "self-signed certificate" in said
    assert "SSL_CERT_FILE" in said


def test_a_companys_authority_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script, certificate = Script("PLAIN"), certified(tmp_path, "127.0.0.1")
    script.tls = certificate.context()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.public))
    assert opened(script, "tls") == ""
