"""Subjects and texts to begin a study with."""

from __future__ import annotations

from typing import NamedTuple

from app.invites.mail.template import DEFAULT_SUBJECT, DEFAULT_TEXT

OWN = "own"  # a text that a person wrote


class BuiltInTemplate(NamedTuple):
    """``key`` names it in code, ``name`` for a person."""

    key: str
    name: str
    subject: str
    text: str


def _letter(*paragraphs: str) -> str:
    """A text around these paragraphs, with everything that a mail needs."""
    parts = ["Hello {{first_name|there}},", *paragraphs, "Thank you!\n{{sender}}"]
    return "\n\n".join([*parts, "{{opt_out}}\n{{postal}}"]) + "\n"


BUILT_IN = (
    BuiltInTemplate("conversation", "Conversation", DEFAULT_SUBJECT, DEFAULT_TEXT),
    BuiltInTemplate(
        "interview",
        "Interview, 30 minutes",
        "30 minutes about {{study}}?",
        _letter(
            "we are working on {{study}} and would like to hear how you use it. An interview takes"
            " 30 minutes, by video. There are no wrong answers.",
            "Choose a time that suits you:\n{{link}}",
        ),
    ),
    BuiltInTemplate(
        "usability",
        "Usability test, 45 minutes",
        "Would you try {{study}} before others do?",
        _letter(
            "we have a first version of {{study}}. We would like to watch you try it, and learn"
            " where it is hard to use. It takes 45 minutes, and you need no preparation.",
            "Choose a time that suits you:\n{{link}}",
        ),
    ),
    BuiltInTemplate(
        "survey",
        "Survey, 5 minutes",
        "Five minutes about {{study}}",
        _letter(
            "may we ask you a few questions about {{study}}? It takes about five minutes:",
            "{{link}}",
        ),
    ),
    BuiltInTemplate(
        "left",
        "Former customers",
        "What could we have done better?",
        _letter(
            "you used to be a customer, and we would like to learn why you left. We will not try to"
            " win you back. 20 minutes of your time would help us a lot.",
            "Choose a time that suits you:\n{{link}}",
        ),
    ),
)


def built_in(key: str) -> BuiltInTemplate | None:
    """The template with this key."""
    return next((one for one in BUILT_IN if one.key == key), None)


def key_of(subject: str, text: str) -> str:
    """The key of the template with this subject and text, or :data:`OWN`."""
    found = (
        one.key for one in BUILT_IN if (one.subject, one.text.strip()) == (subject, text.strip())
    )
    return next(found, OWN)
