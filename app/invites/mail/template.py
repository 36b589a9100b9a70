"""The message of a study: a text with ``{{name|there}}`` fields, checked and filled in.

A template is split into texts, links and fields and never evaluated. A field is a word of an
allow-list, with a fallback for participants without a value. Values that are filled in are never
parsed again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

from app.db.stored_json import stored_json
from app.invites.errors import StudyProblem
from app.invites.mail import link_words
from app.invites.mail.addresses import AddressFault, read
from app.text import plain

# Fields that a participant may not have. Without a fallback, their email could not be written.
PERSONAL = {"name": "the participant's name", "first_name": "the participant's first name"}
OF_STUDY = {
    "study": "the study's title",
    "sender": "the sender's name",
    "link": "the personal interview link",
    "opt_out": "how to opt out",
    "postal": "the sender's postal address",
}
TOKEN = "token"
LONGEST = {"title": 120, "subject": 200, "sender_name": 80, "postal": 300, "opt_out": 500}
LONGEST_TEXT, LONGEST_LINK, LONGEST_NAME = 20_000, 2_000, 80

DEFAULT_SUBJECT = "A conversation about {{study}}?"
DEFAULT_TEXT = """Hello {{name|there}},

we would like to hear from you about {{study}}. Choose a time that suits you:

{{link}}

Thank you!
{{sender}}

{{opt_out}}
{{postal}}
"""
DEFAULT_OPT_OUT = "If you do not want such invitations, reply with “no” and we will not ask again."

_FIELD = re.compile(r"\{\{([^{}]*)\}\}")
_NAME = re.compile(r"[a-z_]+\Z")


@dataclass(frozen=True)
class Template:
    """The texts of one study. ``title`` is the study's."""

    title: str
    link: str
    sender_name: str
    sender_address: str
    reply_to: str
    subject: str
    text: str
    postal: str
    opt_out: str

    def json(self) -> str:
        """The form that is stored with a locked plan."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)


def from_json(text: str) -> Template:
    """Reads what :meth:`Template.json` wrote."""
    return Template(**stored_json(text))


@dataclass(frozen=True)
class Message:
    """An email to one participant. ``stood_in``: the fields that used their fallback. ``html``: the
    same as ``text``, or None if no words are a link. ``link_words``: those that are one."""

    subject: str
    text: str
    link: str
    stood_in: tuple[str, ...]
    html: str | None = None
    link_words: tuple[str, ...] = ()

    @property
    def html_note(self) -> str:
        """What its HTML shows otherwise than its text, for a person. "" if there is none."""
        if self.html is None:
            return ""
        named = " and ".join(f"“{one}”" for one in self.link_words)
        are = "are links" if self.link_words[1:] else "is a link"
        return f"The email has this text as HTML too, in which {named} {are}."


@dataclass(frozen=True)
class Placeholder:
    """A field in a template. ``at``: where it begins."""

    name: str
    otherwise: str | None
    at: int


def check(template: Template) -> None:
    """Raise StudyProblem, with its place, if a part cannot be sent. Blank parts are allowed,
    because a draft need not be complete."""
    for place, most in LONGEST.items():
        _check_line(getattr(template, place), place, most)
    for place in ("sender_address", "reply_to"):
        _check_address(getattr(template, place), place)
    check_link(template.link)
    check_template(template.subject, template.text)


def check_template(subject: str, text: str, place: str = "") -> None:
    """Check only a subject and a text. ``place`` is put before their names."""
    _check_line(subject, f"{place}subject", LONGEST["subject"])
    fields_of(subject, f"{place}subject", but=("link", "opt_out", "postal"))
    name = f"{place}text"
    if len(text) > LONGEST_TEXT:
        raise StudyProblem(f"The {_said(name)} is longer than {LONGEST_TEXT:,} characters.", name)
    for number, line in enumerate(text.split("\n"), 1):
        _check_visible(line.replace("\t", " "), name, f"line {number}, ")
    at = link_words.wrong_place(text)
    if at is not None:
        _refuse(text, at, name, link_words.HOW)
    present = {field.name for field in fields_of(text, name)}
    if text:
        for wanted in ("link", "opt_out"):
            if wanted not in present:
                raise StudyProblem(
                    f"The {_said(name)} has no {{{{{wanted}}}}} ({OF_STUDY[wanted]}). Add it"
                    " to the text.",
                    name,
                )


def check_link(link: str) -> None:
    """Raise StudyProblem unless it is an https address that contains ``{{token}}`` once."""
    if not link:
        return

    def refuse(why: str) -> None:
        raise StudyProblem(f"The interview link {why}.", "link")

    if len(link) > LONGEST_LINK:
        refuse(f"is longer than {LONGEST_LINK:,} characters")
    if not link.isascii() or not link.isprintable() or " " in link:
        refuse(
            "contains a space, a line break or another character that a web address cannot contain"
        )
    fields = list(fields_of(link, "link", allowed={TOKEN}))
    if len(fields) != 1 or fields[0].otherwise is not None:
        refuse(
            "needs {{token}} in it once, so that each invite gets a link of its own, such as"
            " https://interviews.example/pricing?guest={{token}}"
        )
    try:
        parts = urlsplit(_FIELD.sub("x", link))
        port_is_one = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_is_one = urlsplit(""), False
    if parts.scheme != "https" or not parts.hostname or not port_is_one:
        refuse("must be a complete address that starts with https://")
    if "@" in parts.netloc:
        refuse("has a user name before its host, which must be removed")
    if fields[0].at < len("https://") + len(parts.netloc):
        refuse("has {{token}} in its host. It belongs after the host")


def fields_of(
    template: str,
    place: str,
    *,
    allowed: Mapping[str, str] | set[str] = PERSONAL | OF_STUDY,
    but: tuple[str, ...] = (),
) -> Iterator[Placeholder]:
    """The fields of a template. Raises StudyProblem, which says where the template is wrong."""
    names = [name for name in allowed if name not in but]
    rest = _FIELD.sub(lambda found: " " * len(found[0]), template)
    for sign in ("{{", "}}", "{%", "%}", "{#", "#}"):
        if sign in rest:
            _refuse(template, rest.index(sign), place, f"“{sign}” does not start or end a field")
    found = []
    for match in _FIELD.finditer(template):
        name, bar, otherwise = match[1].partition("|")
        name = name.strip()
        known = ", ".join(f"{{{{{one}}}}}" for one in names)
        if not _NAME.match(name) or name not in names:
            _refuse(template, match.start(), place, f"unknown field. Use one of {known}")
        if name in PERSONAL and not otherwise.strip():
            _refuse(
                *(template, match.start(), place),
                f"say what to write where nothing is known: {{{{{name}|there}}}}",
            )
        if bar and name not in PERSONAL:
            _refuse(template, match.start(), place, f"{{{{{name}}}}} cannot have a fallback text")
        found.append(Placeholder(name, otherwise.strip() if bar else None, match.start()))
    return iter(found)


def _refuse(template: str, at: int, place: str, why: str) -> None:
    line = template.count("\n", 0, at) + 1
    column = at - (template.rfind("\n", 0, at) + 1) + 1
    where = f"line {line}, column {column}" if "\n" in template else f"column {column}"
    piece = plain(template[at : at + 30].split("\n")[0])
    raise StudyProblem(f"The {_said(place)}, {where}, at “{piece}”: {why}.", place)


def personal_link(template: Template, token: str) -> str:
    """The link of one invite."""
    return _FIELD.sub(lambda _: token, template.link)


def render(template: Template, name: str | None, token: str) -> Message:
    """The email to a participant with this name. The template must have passed :func:`check`."""
    link = personal_link(template, token)
    called = calling_name(name)
    values = {
        "name": called,
        "first_name": called.split(" ")[0] if "," not in called else "",
        "study": template.title,
        "sender": template.sender_name,
        "link": link,
        "opt_out": template.opt_out,
        "postal": template.postal,
    }
    stood_in: list[str] = []

    def value(field: re.Match[str]) -> str:
        key, _, otherwise = field[1].partition("|")
        key = key.strip()
        if key in PERSONAL and not values[key]:
            stood_in.append(key)
            return otherwise.strip()
        return values[key]

    def fill(part: str) -> str:
        return _FIELD.sub(value, part)

    subject = fill(template.subject)
    pieces = link_words.filled(link_words.pieces(template.text), fill)
    links = tuple(one.words for one in pieces if one.has_words)
    return Message(
        subject,
        f"{link_words.as_text(pieces)}\n",
        link,
        tuple(dict.fromkeys(stood_in)),
        html=link_words.as_html(pieces) if links else None,
        link_words=links,
    )


def calling_name(name: str | None) -> str:
    """The name to greet a participant by, or "" if the stored name is an address or contains a
    link. Otherwise our email would carry what a stranger typed."""
    text = " ".join(plain(name).split())
    suspicious = ("://", "www.", "@", "\N{REPLACEMENT CHARACTER}")
    if len(text) > LONGEST_NAME or any(one in text.casefold() for one in suspicious):
        return ""
    return text


def _check_line(text: str, place: str, most: int) -> None:
    if len(text) > most:
        raise StudyProblem(f"The {_said(place)} is longer than {most} characters.", place)
    _check_visible(text, place, "")


def _check_visible(text: str, place: str, where: str) -> None:
    """Refuse control characters, which a terminal or mail server would obey, and invisible ones."""
    if plain(text, len(text) + 1) == text:
        return
    at = next((i for i, sign in enumerate(text) if plain(sign) != sign), 0)
    what = (
        "a line break or tab" if text[at] in "\r\n\t\v\f\x85\u2028\u2029" else "a hidden character"
    )
    raise StudyProblem(
        f"The {_said(place)}, {where}column {at + 1}, has {what} in it. Remove it.", place
    )


def _check_address(text: str, place: str) -> None:
    if not text:
        return
    found = read(text)
    if isinstance(found, AddressFault):
        raise StudyProblem(f"The {_said(place)} cannot be used: {found.words}.", place)
    if text != text.strip():
        raise StudyProblem(f"The {_said(place)} has spaces around it. Remove them.", place)


def _said(place: str) -> str:
    return place.replace("_", " ") if place != "reply_to" else "reply-to address"
