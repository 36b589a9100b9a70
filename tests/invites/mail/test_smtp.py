"""A server that is silent, and a sender that was told to stop."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

import pytest

from app.invites.mail import smtp, smtp_login
from app.invites.mail.server_settings import MailServer as ServerSettings
from app.invites.mail.smtp import DeliveryUnknown, Interrupted, NotSent, Session
from app.invites.mail.smtp_socket import ReplyReader
from tests.helpers.approved_home import until
from tests.helpers.mail_server import MailServer

ADDRESSES = ("rosa@acme.example", "cus@example.com")
MAIL = b"Subject: Hello\r\n\r\nHello\r\n"


def session(server: MailServer) -> Session:
    return Session(ServerSettings("127.0.0.1", server.port, "none", ""), None)


def test_a_server_that_is_silent_did_not_answer_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "PHASE", 0.1)
    with MailServer(lambda _: "data hangs") as server, pytest.raises(NotSent) as told:
        session(server).offer(*ADDRESSES, MAIL)
    said = "The connection broke before the email was sent (it did not respond in time)."
    assert str(told.value) == said


def test_nor_did_one_that_says_nothing_at_the_end() -> None:
    with MailServer(lambda _: "silent at end, accepted") as server:
        talk = Session(ServerSettings("127.0.0.1", server.port, "none", ""), None, patience=0.1)
        talk.offer(*ADDRESSES, MAIL)
        with pytest.raises(DeliveryUnknown, match=r"^it did not respond in time$"):
            talk.finish()


def test_the_answer_to_a_whole_email_is_waited_for_a_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(smtp, "LAST", 0.01)
    with MailServer(lambda _: "silent at end, accepted") as server:
        talk = session(server)
        talk.offer(*ADDRESSES, MAIL)

        def stop() -> None:
            until(lambda: len(server.accepted) == 1)
            talk.hurry()

        stopping = threading.Thread(target=stop)
        stopping.start()
        with pytest.raises(DeliveryUnknown):
            talk.finish()
        stopping.join()


def test_nothing_is_begun_after_that() -> None:
    with MailServer() as server:
        talk = session(server)
        talk.hurry()
        with pytest.raises(Interrupted):
            talk.offer(*ADDRESSES, MAIL)
        assert server.sessions == 0


def test_a_server_that_does_not_greet(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr(smtp_login, "CONNECT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        talk = Session(ServerSettings("127.0.0.1", port, "none", ""), None)
        with pytest.raises(NotSent, match=r"cannot be reached \(it did not respond in time\)"):
            talk.open()


@pytest.mark.parametrize("fault", ["end 354", "empty line at end, accepted"])
def test_an_answer_that_is_none_leaves_it_open_who_has_the_email(fault: str) -> None:
    """A server that says nonsense first, and then that it has the email, has it."""
    with MailServer(lambda _: fault) as server:
        talk = session(server)
        talk.offer(*ADDRESSES, MAIL)
        with pytest.raises(DeliveryUnknown):
            talk.finish()


@pytest.mark.parametrize("fault", ["rcpt 252", "rcpt 251"])
def test_the_first_digit_counts(fault: str) -> None:
    with MailServer(lambda _: fault) as server:
        talk = session(server)
        talk.offer(*ADDRESSES, MAIL)
        talk.finish()
    assert len(server.accepted) == 1


@pytest.mark.parametrize(
    ("greeting", "said"),
    [
        (b"+OK POP3 ready\r\n", "does not speak SMTP on this port"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not speak SMTP on this port"),
        (b"220-hello\r\n" * 2_000, "its response does not end"),
        (b"220 " + b"x" * 9_000, "500 Line too long"),
        (b"220-hello\r\n", "it did not respond in time"),
    ],
)
def test_a_greeting_that_is_none(
    greeting: bytes, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp_login, "CONNECT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as odd:

        def greet() -> None:
            talk, _ = odd.accept()
            with talk, suppress(OSError):
                talk.sendall(greeting)
                while talk.recv(100):
                    pass

        greeting_thread = threading.Thread(target=greet)
        greeting_thread.start()
        with pytest.raises(NotSent, match=said):
            Session(ServerSettings("127.0.0.1", odd.getsockname()[1], "none", ""), None).open()
        greeting_thread.join()


def test_a_server_that_sends_a_letter_now_and_then() -> None:
    """The time limit is that of a whole answer."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(0.05)
        reader, stop = ReplyReader(ours), threading.Event()

        def drip() -> None:
            while not stop.wait(0.01):
                theirs.sendall(b"2")

        dripping = threading.Thread(target=drip)
        dripping.start()
        with pytest.raises(TimeoutError):
            reader.readline(8_192)
        stop.set()
        dripping.join()
