"""A mail server over a real socket that does what it is told, also all that goes wrong.

It counts what it accepted. After the last line of a mail it may answer, refuse, break the
connection or say nothing; the client cannot tell some of these from having been heard.
"""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Self

# What can be done to one mail -> what must become of the invite, and whether the server has it.
FAULTS: dict[str, tuple[str, bool]] = {
    "ok": ("sent", True),
    "mail 451": ("queued", False),
    "rcpt 550 5.1.1": ("bounced", False),
    "rcpt 554": ("failed", False),
    "rcpt 450": ("queued", False),
    "rcpt 421": ("queued", False),
    "reset at rcpt": ("queued", False),
    "data 554": ("failed", False),
    "data 421": ("queued", False),
    "rcpt 550 5.1.1 gone, and hang up": ("bounced", False),
    "rcpt 552 5.2.2 full": ("failed", False),
    "rcpt 550 5.1.8 sender": ("queued", False),
    "data stray": ("queued", False),
    "end 451": ("queued", False),
    "end 552": ("failed", False),
    "end 421": ("queued", False),
    "end 354": ("uncertain", False),
    "empty line at end, accepted": ("uncertain", True),
    "reset at end, refused": ("uncertain", False),
    "reset at end, accepted": ("uncertain", True),
    "silent at end, accepted": ("uncertain", True),
    "ok, then reset": ("sent", True),
    "ok, quit 421": ("sent", True),
    "ok, quit hangs": ("sent", True),
}


class MailServer:
    """``fault`` says what is done to the next mail to a recipient; ``login``: (user, password).
    ``sign_in``: whether a user's access token is good; then there is XOAUTH2 and nothing else.
    ``per_session``: so many mails, then 421. ``idle``: hang up after each mail."""

    def __init__(
        self,
        fault: Callable[[str], str] = lambda _: "ok",
        *,
        login: tuple[str, str] | None = None,
        sign_in: Callable[[str, str], bool] | None = None,
        per_session: int | None = None,
        idle: bool = False,
    ) -> None:
        self.fault, self.login, self.sign_in = fault, login, sign_in
        self.per_session, self.idle = per_session, idle
        self.sessions = 0
        self.accepted: list[tuple[str, bytes]] = []
        self.recipients: list[tuple[str, ...]] = []  # of each transaction that got to its data
        self.logins = 0
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _Talk)
        self._server.owner = self
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"smtp+plain://{f'{self.login[0]}@' if self.login else ''}127.0.0.1:{self.port}"

    def accept(self, recipient: str, mail: bytes) -> None:
        with self._lock:
            self.accepted.append((recipient, mail))

    @property
    def counts(self) -> Counter[str]:
        """How often a mail to each mailbox was accepted."""
        with self._lock:
            return Counter(recipient.lower() for recipient, _ in self.accepted)

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(mail, policy=default) for _, mail in self.accepted]


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    owner: MailServer


class _Gone(Exception):
    pass


class _Talk(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.request.settimeout(60)
        self._fault, self._sender, self._to = "ok", "", list[str]()
        with suppress(_Gone, OSError):
            self._mails = 0
            self.server.owner.sessions += 1
            self._say(220, "ready")
            while True:
                self._command(self._line())

    def _line(self) -> bytes:
        line = self.rfile.readline()
        if not line:
            raise _Gone
        return line.rstrip(b"\r\n")

    def _say(self, code: int, text: str) -> None:
        self.wfile.write(f"{code} {text}\r\n".encode())

    def _reset(self) -> None:
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.request.close()
        raise _Gone

    def _command(self, line: bytes) -> None:
        word = line.split(b" ")[0].upper()
        if word == b"EHLO":
            if self.server.owner.sign_in:
                self.wfile.write(b"250-here\r\n250 AUTH XOAUTH2\r\n")
            elif self.server.owner.login:
                self.wfile.write(b"250-here\r\n250 AUTH PLAIN\r\n")
            else:
                self._say(250, "here")
        elif word == b"AUTH":
            self._auth(line)
        elif word == b"MAIL":
            self._sender, self._to = line.decode(), []
            self._mails += 1
            if self._mails > (self.server.owner.per_session or self._mails):
                self._say(421, "4.7.0 Too many messages in this connection")
                raise _Gone
            self._say(250, "go on")
        elif word == b"RSET" and self._fault.endswith("hang up"):
            raise _Gone
        elif word == b"RCPT":
            self._rcpt(line.decode())
        elif word == b"DATA":
            self._data()
        elif word == b"QUIT":
            if self._fault == "ok, quit hangs":
                self._line()
            self._say(421 if self._fault == "ok, quit 421" else 221, "bye")
            raise _Gone
        else:
            self._say(250, "as you like")

    def _auth(self, line: bytes) -> None:
        from base64 import b64decode

        owner = self.server.owner
        owner.logins += 1
        if owner.sign_in is not None:
            self._xoauth2(owner.sign_in, b64decode(line.split(b" ")[2]).decode())
            return
        _, user, password = b64decode(line.split(b" ")[2]).decode().split("\0")
        if (user, password) == owner.login:
            self._say(235, "welcome")
        else:
            self._say(535, "5.7.8 wrong")

    def _xoauth2(self, sign_in: Callable[[str, str], bool], form: str) -> None:
        """As Gmail does: what is wrong comes before the refusal, and waits for an empty answer."""
        from base64 import b64encode

        user, token, *rest = form.split("\1")
        assert rest == ["", ""]
        if sign_in(user.removeprefix("user="), token.removeprefix("auth=Bearer ")):
            self._say(235, "2.7.0 Accepted")
            return
        said = b'{"status":"401","schemes":"Bearer","scope":"https://mail.google.com/"}'
        self._say(334, b64encode(said).decode())
        assert self._line() == b""
        self._say(535, "5.7.8 Username and Password not accepted")

    def _rcpt(self, line: str) -> None:
        recipient = line.partition("<")[2].partition(">")[0]
        self._fault = self.server.owner.fault(recipient)
        self._to.append(recipient)
        if self._fault == "reset at rcpt":
            self._reset()
        code, _, text = self._fault.removeprefix("rcpt ").partition(" ")
        if self._fault.startswith("rcpt ") or self._fault.startswith("mail "):
            self._say(int(code) if code.isdigit() else 451, text or "no")
        else:
            self._say(250, "known")

    def _data(self) -> None:
        self.server.owner.recipients.append(tuple(self._to))
        if self._fault == "data stray":
            self.wfile.write(b"354 tell me\r\n250 2.0.0 a stray answer\r\n")
            return
        if self._fault == "data hangs":
            self._line()
        if self._fault.startswith("data "):
            self._say(int(self._fault[5:]), "no")
            return
        self._say(354, "tell me")
        lines = []
        if self._fault == "reset in body":
            self._line()
            self._reset()
        while (line := self._line()) != b".":
            lines.append(line[1:] if line.startswith(b".") else line)
        if self._fault.startswith("end "):
            self._say(int(self._fault[4:]), "no")
            return
        if self._fault == "reset at end, refused":
            self._reset()
        self.server.owner.accept(self._to[0], b"\r\n".join(lines) + b"\r\n")
        if self._fault == "reset at end, accepted":
            self._reset()
        if self._fault == "empty line at end, accepted":
            self.wfile.write(b"\r\n")
        if self._fault == "silent at end, accepted":
            self._line()
        self._say(250, "2.0.0 mine now")
        if self._fault == "ok, then reset":
            self._reset()
        if self.server.owner.idle:
            raise _Gone
