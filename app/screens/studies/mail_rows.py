"""A study's mail as one person gets it, in a frame."""

from __future__ import annotations

from app.invites.mail.template import Message, Template
from app.text import plain
from app.widgets.content import Content, hidden, words
from app.widgets.mail_frame import LEAST, mail_frame

LINK = "underline $started"


def mail_lines(
    template: Template, made: Message, to: str, masking: bool, width: int, height: int = 0
) -> list[Content]:
    """The mail in a frame ``width`` cells wide, and what to know about it. ``height``: rows that
    the frame fills, or 0 for as many as the mail has."""
    width = max(LEAST, width)
    head = [("From", words(sender_words(template)))]
    if template.reply_to:
        head.append(("Reply-to", words(plain(template.reply_to, 300))))
    head += [
        ("To", words(hidden(to, masking))),
        ("Subject", words((plain(made.subject, 200), "bold"))),
    ]
    body = [_linked(plain(line, 2_000), plain(made.link)) for line in made.text.splitlines()]
    while body and not body[-1]:
        body.pop()
    notes = [words((made.html_note, "$muted"))] if made.html else []
    if made.stood_in:
        notes.append(words(("The name is missing, so your fallback is used.", "$warn")))
    if not template.postal:
        notes.append(words(("No postal address yet. Many countries require one.", "$warn")))
    said = [part for note in notes for part in note.wrap(width)]
    frame = mail_frame(head, body, width, max(0, height - len(said)) if height else 0)
    return [*frame, *said]


def sender_words(template: Template) -> str:
    """Who a mail is from, for a person."""
    if not template.sender_address:
        return "no sender yet"
    name = f"{plain(template.sender_name, 100)} " if template.sender_name else ""
    return f"{name}<{plain(template.sender_address, 200)}>"


def _linked(line: str, link: str) -> Content:
    """A line in which the personal link looks like one."""
    if not link or link not in line:
        return words(line)
    before, _, after = line.partition(link)
    return words(before, (link, LINK), after)
