"""A test email: what a member would get, sent to yourself, marked TEST and never counted."""

from __future__ import annotations

from app.credentials.store import Credentials
from app.invites.errors import StudyProblem
from app.invites.mail import template
from app.invites.mail.addresses import AddressFault, written
from app.invites.mail.message import compose
from app.invites.operator import by
from app.invites.sending.channels.file_channels import mailbox
from app.invites.sending.channels.smtp_channel import open_session
from app.invites.studies import Study
from app.settings import Settings
from app.text import plain

IDENTITY = "<test@panelist.invalid>"


def send_test_mail(settings: Settings, credentials: Credentials, study: Study, address: str) -> str:
    """Send it. Returns what happened, for a person. Its link leads nowhere. Raises StudyProblem,
    SettingsError, NotSent, DeliveryUnknown and OSError."""
    to = written(address)
    if isinstance(to, AddressFault):
        raise StudyProblem(f"The address cannot be used: {to.words}. Nothing was sent.")
    missing = [one for one in study.missing if one != "a segment"]
    if missing:
        raise StudyProblem(
            f"The study needs {', '.join(missing)} before you can send a test email."
        )
    template.check(study.template)
    session = open_session(settings, credentials)
    as_file = session is None
    made = compose(study.template, to, by(), "TEST", IDENTITY, test=True, unsent=as_file)
    mail = made.as_bytes()
    if session is None:
        folder = mailbox(settings.home)
        folder.put(f"test-{study.id}.eml", mail)
        return f"Saved a test email in {folder}."
    try:
        session.offer(study.template.sender_address, to, mail)
        session.finish()
    finally:
        session.quit()
    return f"The mail server accepted a test email to {plain(to)}."
