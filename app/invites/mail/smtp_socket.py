"""Connects to a mail server that has several addresses, some of which may not answer."""

from __future__ import annotations

import smtplib
import socket

NEXT = 5.0  # seconds for an address, if another one is left


class SmtpSession(smtplib.SMTP):
    """Tries every address, so that a dead one costs seconds and not the whole time limit."""

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
