"""One invite as a mail: plain text, to exactly one mailbox.

The Message-ID follows from the invite alone, so that a repeated try is the same message to whoever
looks. Who wants no more answers to the address in List-Unsubscribe (RFC 2369): a mailto, because
nothing of Panelist can be reached from elsewhere; one-click (RFC 8058) is for https only.
"""

from __future__ import annotations

import hmac
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate

from app.invites.mail.template import Template, render

TEST = "TEST: "  # before the subject of a rehearsal


def message_id(key: bytes, invite_id: int, kind: str, sender: str) -> str:
    """The Message-ID of an invite or of its reminder. ``key``: the connection's own."""
    digest = hmac.digest(key, f"{kind} {invite_id}".encode(), "sha256").hex()[:32]
    return f"<{digest}@{sender.rpartition('@')[2]}>"


def compose(
    template: Template,
    address: str,
    name: str | None,
    token: str,
    identity: str,
    *,
    test: bool = False,
) -> EmailMessage:
    """The email to one person. The template must have passed
    :func:`app.invites.mail.template.check`; ``address`` is as
    :func:`app.invites.mail.addresses.written` has it, ``identity`` the Message-ID."""
    made = render(template, name, token)
    answers = template.reply_to or template.sender_address
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address(template.sender_name, addr_spec=template.sender_address)
    mail["To"] = Address(addr_spec=address)
    if template.reply_to:
        mail["Reply-To"] = Address(addr_spec=template.reply_to)
    mail["Subject"] = (TEST if test else "") + made.subject
    mail["Date"] = formatdate(localtime=True)
    mail["Message-ID"] = identity
    mail["List-Unsubscribe"] = f"<mailto:{answers}?subject=no>"
    mail["Auto-Submitted"] = "auto-generated"  # no vacation answers (RFC 3834)
    mail.set_content(made.text)
    return mail
