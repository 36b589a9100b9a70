"""The fields of a study's form: labels and units, their values, and what is wrong with one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from app.invites.errors import StudyProblem
from app.invites.mail import template
from app.invites.mail.template import Template
from app.invites.rules import Rules
from app.invites.schedule import quiet_hours
from app.invites.studies import Study


@dataclass(frozen=True)
class FieldText:
    """A field: the words around it. ``hint`` is an example, or what holds if it is empty.
    ``group`` begins a group of fields."""

    name: str
    label: str
    hint: str = ""
    unit: str = ""
    group: str = ""


FIELDS = (
    FieldText("title", "Title", "Pricing page", group="Study"),
    FieldText("purpose", "Notes", "Only your team sees them"),
    FieldText("link", "Interview link", "https://interviews.example/?guest={{token}}"),
    FieldText("sender_name", "From", "Rosa Marín"),
    FieldText("sender_address", "Address", "research@example.com"),
    FieldText("reply_to", "Reply-to", "same as the address"),
    FieldText("subject", "Subject", group="Email"),
    FieldText("text", "Text"),
    FieldText("opt_out", "Opt-out"),
    FieldText("postal", "Postal address", "Acme Inc, 1 Quay Street, Bristol"),
    FieldText("cool_down_days", "Wait", "none", "days between invites", group="Limits"),
    FieldText("cap", "Limit", "none", "invites to a participant"),
    FieldText("cap_days", "Within", "none", "days"),
    FieldText("expire_days", "Invite expires", "never", "days after sending"),
    FieldText("quiet_hours", "Other times", quiet_hours.EXAMPLE),
    FieldText("reminder_subject", "Subject", "same as the email", group="Reminder"),
    FieldText("reminder_text", "Text"),
)
BY_NAME = {one.name: one for one in FIELDS}
AREAS = ("text", "reminder_text")
NUMBERS = ("cool_down_days", "cap", "cap_days", "expire_days")
RULES = (*NUMBERS, "quiet_hours")
OTHER = "other"  # quiet hours that a person types
QUIET = (  # (value, label)
    ("", "As in the settings"),
    ("none", "None"),
    ("20:00-08:00", "Nights"),
    ("Sat, Sun", "Weekends"),
    ("20:00-08:00, Sat, Sun", "Nights and weekends"),
    (OTHER, "Other times"),
)
TEMPLATE = tuple(field.name for field in fields(Template))
_BLANK = dict.fromkeys(TEMPLATE, "")


def field_name(name: str) -> str:
    """The name of a field in a sentence: "Text of the reminder"."""
    label = BY_NAME[name].label
    return f"{label} of the reminder" if name.startswith("reminder_") else label


def values_of(study: Study | None) -> dict[str, str]:
    """The values of the fields when the form opens."""
    blank = dict.fromkeys(BY_NAME, "")
    if study is None:
        start = {
            "subject": template.DEFAULT_SUBJECT,
            "text": template.DEFAULT_TEXT,
            "opt_out": template.DEFAULT_OPT_OUT,
        }
        rules = Rules()
    else:
        start, rules = asdict(study.template), study.rules
        for name in ("purpose", "reminder_subject", "reminder_text"):
            start[name] = getattr(study, name)
    numbers = {name: str(value) if value else "" for name, value in asdict(rules).items()}
    return {**blank, **start, **numbers}


def rules_of(now: Mapping[str, str]) -> Rules:
    """The rules in the fields. A blank one sets no limit. Raises StudyProblem."""
    found: dict[str, Any] = {name: _number(name, now[name]) for name in NUMBERS}
    return Rules(**found, quiet_hours=quiet_hours.canonical(now["quiet_hours"]))


def template_of(now: Mapping[str, str]) -> Template:
    """The template in the fields."""
    return Template(**{name: now[name] for name in TEMPLATE})


def problem_in(name: str, now: Mapping[str, str]) -> str:
    """What is wrong with a field, for a person, or ""."""
    try:
        _check(name, now)
    except StudyProblem as problem:
        return str(problem)
    return ""


def _check(name: str, now: Mapping[str, str]) -> None:
    value = now[name]
    if name == "title" and not value.strip():
        raise StudyProblem("A study needs a title.", name)
    if name in TEMPLATE:
        template.check(Template(**{**_BLANK, name: value}))
    elif name.startswith("reminder_"):
        both = {"reminder_subject": "", "reminder_text": "", name: value}
        template.check_template(both["reminder_subject"], both["reminder_text"], "reminder_")
    elif name in NUMBERS:
        found: dict[str, Any] = dict.fromkeys(NUMBERS)
        found[name] = _number(name, value)
        if name == "cap":  # the field after it says whether a number of days is missing
            found["cap_days"] = 1 if found["cap"] else None
        elif name == "cap_days":
            found["cap"] = 1 if now["cap"].strip() else None
        Rules(**found).check()
    elif name == "quiet_hours":
        quiet_hours.canonical(value)


def _number(name: str, value: str) -> int | None:
    text = value.strip()
    if text and not (text.isascii() and text.isdigit()):
        raise StudyProblem("Enter a number, or leave it empty for no limit.", name)
    return int(text[:9]) if text else None
