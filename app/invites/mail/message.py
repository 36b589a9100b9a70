"""One invite as an email to exactly one mailbox: plain text, and HTML if words in it are a link.

The Message-ID depends on the invite alone, so that another try is the same message to any server.
Participants opt out by writing to the address in List-Unsubscribe (RFC 2369). It is a mailto,
because Panelist cannot be reached from outside. One-click (RFC 8058) needs https.
"""

from __future__ import annotations

import hashlib
import hmac
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate

from app.invites.mail.template import Template, render

# Not every server offers 8BITMIME (RFC 6152), so the body is 7-bit for all of them.
_POLICY = SMTP.clone(cte_type="7bit")
TEST = "TEST: "  # before the subject of a test email


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
    subject: str | None = None,
    replies_to: str | None = None,
    unsent: bool = False,
) -> EmailMessage:
    """The email to one participant. The template must have passed
    :func:`app.invites.mail.template.check`. ``address`` comes from
    :func:`app.invites.mail.addresses.written`. ``identity`` is the Message-ID. ``subject``:
    instead of the template's. ``replies_to``: the Message-ID of the email before it in its thread
    (RFC 5322, 3.6.4). ``unsent``: for a file, which Outlook then opens as a draft that can be
    sent. Other programs ignore it."""
    made = render(template, name, token)
    answers = template.reply_to or template.sender_address
    mail = EmailMessage(policy=_POLICY)
    mail["From"] = Address(template.sender_name, addr_spec=template.sender_address)
    mail["To"] = Address(addr_spec=address)
    if template.reply_to:
        mail["Reply-To"] = Address(addr_spec=template.reply_to)
    mail["Subject"] = (TEST if test else "") + (subject or made.subject)
    mail["Date"] = formatdate(localtime=True)
    mail["Message-ID"] = identity
    if replies_to:
        mail["In-Reply-To"] = mail["References"] = replies_to
    mail["List-Unsubscribe"] = f"<mailto:{answers}?subject=no>"
    if unsent:
        mail["X-Unsent"] = "1"
    mail["Auto-Submitted"] = "auto-generated"  # prevents vacation replies (RFC 3834)
    mail.set_content(made.text)
    if made.html is not None:
        mail.add_alternative(made.html, subtype="html")
        for part in mail.iter_parts():
            del part["MIME-Version"]  # only the whole email has one (RFC 2045, 4)
        # Not at random, so that another try is the same message.
        mail.set_boundary(f"=_{hashlib.sha256(identity.encode()).hexdigest()[:32]}")
    return mail
