"""A server that is silent, and a sender that was told to stop."""

from __future__ import annotations

import threading

import pytest

from app.invites.mail import smtp, smtp_login
from app.invites.mail.server_settings import MailServer as ServerSettings
from app.invites.mail.smtp import DeliveryUnknown, Interrupted, NotSent, Session
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
    said = "The connection broke before the email was sent (it did not answer in time)."
    assert str(told.value) == said


def test_nor_did_one_that_says_nothing_at_the_end() -> None:
    with MailServer(lambda _: "silent at end, accepted") as server:
        talk = Session(ServerSettings("127.0.0.1", server.port, "none", ""), None, patience=0.1)
        talk.offer(*ADDRESSES, MAIL)
        with pytest.raises(DeliveryUnknown, match=r"^it did not answer in time$"):
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
        with pytest.raises(NotSent, match=r"cannot be reached \(it did not answer in time\)"):
            talk.open()
