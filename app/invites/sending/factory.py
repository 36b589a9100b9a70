"""A sender as the settings want it."""

from __future__ import annotations

from collections.abc import Callable

from app.credentials.errors import CredentialProblem
from app.credentials.store import Credentials
from app.db.store import Store
from app.invites.mail.server_settings import mail_rate, mail_server, password
from app.invites.mail.smtp import NotSent, Session, SmtpReply
from app.invites.sending.sender import Sender
from app.settings import Settings


def default_way(settings: Settings) -> str:
    """How invites go out where nobody says it: through the mail server, else as files. Raises
    SettingsError."""
    return "smtp" if mail_server(settings) else "eml"


def open_session(settings: Settings, credentials: Credentials) -> Session | None:
    """A way to the mail server; None where none is set. Raises SettingsError and NotSent."""
    server = mail_server(settings)
    if server is None:
        return None
    try:
        return Session(server, password(settings, credentials, server) if server.user else None)
    except CredentialProblem as problem:
        raise NotSent(str(problem), SmtpReply("login", 535, "no password")) from None


def open_sender(
    store: Store,
    settings: Settings,
    credentials: Credentials,
    connection_id: int,
    on_change: Callable[[], None] = lambda: None,
) -> Sender:
    """Sends for one account. Raises SettingsError."""

    def session() -> Session:
        found = open_session(settings, credentials)
        assert found is not None
        return found

    return Sender(
        store,
        connection_id,
        session=session if mail_server(settings) else None,
        folder=settings.home,
        rate=mail_rate(settings),
        on_change=on_change,
    )
