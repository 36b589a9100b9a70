"""Connects to a mail server that has several addresses, some of which may not answer, and reads
answers that may never end."""

from __future__ import annotations

import smtplib
import socket
import time

NEXT = 5.0  # seconds for an address, if another one is left
LINES = 1_000  # of an answer


class ReplyReader:
    """Reads the lines of answers, as smtplib wants it from a file. The socket's time limit is that
    of a whole answer, because a server may send a letter now and then forever."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock, self._unread = sock, b""
        self.begin()

    def begin(self) -> None:
        """Another answer begins."""
        self._left, limit = LINES, self._sock.gettimeout()
        self._until = None if limit is None else time.monotonic() + limit

    def readline(self, size: int) -> bytes:
        """The next line, or ``size`` bytes of it. Raises OSError."""
        self._left -= 1
        if self._left < 0:
            raise OSError("its response does not end")
        limit = self._sock.gettimeout()
        try:
            while b"\n" not in self._unread[:size] and len(self._unread) < size:
                if self._until is not None:
                    left = self._until - time.monotonic()
                    if left <= 0:
                        raise TimeoutError("timed out")
                    self._sock.settimeout(left)
                if not self.peek():
                    break
        finally:
            self._sock.settimeout(limit)
        end = self._unread.find(b"\n", 0, size) + 1 or min(size, len(self._unread))
        line, self._unread = self._unread[:end], self._unread[end:]
        return line

    def peek(self) -> bytes:
        """Read once more, and return what is new. Raises OSError."""
        data = self._sock.recv(4_096)
        self._unread += data
        return data

    @property
    def waiting(self) -> bool:
        """Whether more was read than was asked for."""
        return bool(self._unread)

    def close(self) -> None:
        """Forget what was read. The socket has an owner of its own."""
        self._unread = b""


class SmtpSession(smtplib.SMTP):
    """Tries every address, so that a dead one costs seconds and not the whole time limit."""

    file: ReplyReader | None

    def getreply(self) -> tuple[int, bytes]:
        """The next answer. Raises smtplib's exceptions."""
        if self.file is None and self.sock is not None:
            self.file = ReplyReader(self.sock)
        elif self.file is not None:
            self.file.begin()
        return super().getreply()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys((str(address[0]), port) for *_, address in found))
        for address in addresses[:-1]:
            try:
                opened = socket.create_connection(address, min(NEXT, timeout))
            except OSError:
                continue
            opened.settimeout(timeout)
            return opened
        return socket.create_connection(addresses[-1], timeout)


class SmtpTlsSession(smtplib.SMTP_SSL, SmtpSession):
    """The same, encrypted from the first byte."""
