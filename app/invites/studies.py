"""Studies: creating, changing, and moving them from state to state.

    draft → active ⇄ paused → closed → archived

An active study can be closed directly. Only an active study sends. A draft that was never sent can
be deleted. A study's values are checked when they are stored. Whether it is complete is checked
when it becomes active.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from app.db.store import Row, Store
from app.invites import ledger
from app.invites.audience import check_segments
from app.invites.ending import end_invites
from app.invites.errors import StudyProblem
from app.invites.ledger import Entry
from app.invites.mail import template
from app.invites.mail.template import Template
from app.invites.rules import Rules
from app.invites.schedule import quiet_hours
from app.text import plain, storable

MOVES = {
    "draft": ("active",),
    "active": ("paused", "closed"),
    "paused": ("active", "closed"),
    "closed": ("archived",),
    "archived": (),
}
CHANGEABLE = ("draft", "active", "paused")
# The new state of an invite when its study is paused or closed. The sender stops an email that is
# on its way. One that may have arrived stays uncertain until a person resolves it.
ENDS = {
    "paused": {"queued": "withdrawn"},
    "closed": {
        "queued": "withdrawn",
        **dict.fromkeys(("sent", "handed_over", "started"), "expired"),
    },
}
NEEDED = {
    "link": "an interview link",
    "sender_name": "a sender name",
    "sender_address": "a sender address",
    "subject": "a subject",
    "text": "a text",
    "opt_out": "a sentence on how to opt out",
}

_TEMPLATE = tuple(field.name for field in fields(Template))
_RULES = tuple(field.name for field in fields(Rules))
_OWN = ("purpose", "reminder_subject", "reminder_text")
_COLUMNS = ("id", "connection_id", "state", *_OWN, *_TEMPLATE, *_RULES, "created_at", "changed_at")
_DEFAULTS = {
    "subject": template.DEFAULT_SUBJECT,
    "text": template.DEFAULT_TEXT,
    "opt_out": template.DEFAULT_OPT_OUT,
}


@dataclass(frozen=True)
class Study:
    """A stored study. ``segments`` and ``excluded`` are keys, possibly of deleted segments. A blank
    reminder repeats the template."""

    id: int
    connection_id: int
    state: str
    purpose: str
    reminder_subject: str
    reminder_text: str
    template: Template
    rules: Rules
    created_at: int
    changed_at: int
    segments: tuple[str, ...]
    excluded: tuple[str, ...]

    @property
    def title(self) -> str:
        """The study's title."""
        return self.template.title

    @property
    def state_phrase(self) -> str:
        """The state as the end of "The study is …"."""
        return "a draft" if self.state == "draft" else self.state

    @property
    def missing(self) -> tuple[str, ...]:
        """What it lacks before it can become active, for a person."""
        said = [words for name, words in NEEDED.items() if not getattr(self.template, name).strip()]
        return (*said, *(() if self.segments else ("a segment",)))


def create(store: Store, connection_id: int, title: str, by: str, **values: object) -> int:
    """Create a draft with this title and return its id. ``values``: as for :func:`change`. Raises
    StudyProblem and DatabaseProblem."""
    blank = dict.fromkeys((*_OWN, *_TEMPLATE), "")
    template_of = Template(**{name: str({**blank, **_DEFAULTS}[name]) for name in _TEMPLATE})
    now = store.now()
    start = Study(0, connection_id, "draft", "", "", "", template_of, Rules(), now, now, (), ())
    study = _with(start, {"title": title, **values})
    names = ("connection_id", *_stored(study), "state", "created_at", "changed_at", '"by"')
    with store.transaction():
        key = store.insert_one(
            f"INSERT INTO study ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
            (connection_id, *_stored(study).values(), "draft", now, now, by),
        )
        made = get(store, key)
        entries = [Entry("study", key, after="draft"), seal_of(made), reply_time_of(made)]
        ledger.append(store, connection_id, by, entries)
    return key


def change(store: Store, study_id: int, by: str, **values: object) -> Study:
    """Change the template's fields, ``purpose``, the reminder or the rules of a study that is not
    closed. Raises StudyProblem, whose place is the field, and DatabaseProblem. Then nothing is
    changed."""
    with store.transaction():
        before = locked(store, study_id)
        _must_be(before, CHANGEABLE, "changed")
        study = _with(before, values)
        if study.state != "draft" and study.missing:
            raise StudyProblem(f"The study is {study.state_phrase} and needs {study.missing[0]}.")
        stored = _stored(study)
        store.execute(
            f"UPDATE study SET {', '.join(f'{name} = ?' for name in stored)}, changed_at = ?"
            " WHERE id = ?",
            (*stored.values(), store.now(), study_id),
        )
        changed = [name for name, value in stored.items() if value != _stored(before)[name]]
        if changed:
            entry = Entry("study-changed", study_id, detail=", ".join(changed))
            now = get(store, study_id)
            times = [reply_time_of(now)] if "expire_days" in changed else []
            ledger.append(store, study.connection_id, by, [entry, seal_of(now), *times])
    return get(store, study_id)


def attach(
    store: Store, study_id: int, segments: Sequence[str], excluded: Sequence[str], by: str
) -> Study:
    """Set the audience of a study: the segments it includes and the segments it excludes. Raises
    StudyProblem and DatabaseProblem."""
    with store.transaction():
        study = locked(store, study_id)
        _must_be(study, CHANGEABLE, "changed")
        check_segments(store, study.connection_id, segments, excluded)
        store.execute("DELETE FROM study_segment WHERE study_id = ?", (study_id,))
        store.execute_many(
            "INSERT INTO study_segment (study_id, segment_key, excluded) VALUES (?, ?, ?)",
            [(study_id, key, key in excluded) for key in dict.fromkeys((*segments, *excluded))],
        )
        detail = f"{', '.join(segments)}; without {', '.join(excluded) or 'any'}"
        entry = Entry("study-segments", study_id, detail=detail)
        ledger.append(store, study.connection_id, by, [entry, seal_of(get(store, study_id))])
    return get(store, study_id)


def seal_of(study: Study) -> Entry:
    """The entry of the ledger that shows whether a study was changed by other means."""
    stored = _stored(study)
    if stored["quiet_hours"] is None:  # as studies were sealed before there were any
        del stored["quiet_hours"]
    content = [stored, sorted(study.segments), sorted(study.excluded)]
    return ledger.seal(study.id, f"study {study.id}", content)


def reply_time_of(study: Study) -> Entry:
    """The entry of the ledger that says how many days an invite of a study awaits a reply from now
    on, so that a later change of the time at which one expires is noticed."""
    return ledger.reply_time(study.id, study.rules.expire_days)


def move(store: Store, study_id: int, state: str, by: str) -> int:
    """Move a study to another state. Returns how many invites ended. Raises StudyProblem if the
    move is not allowed, and DatabaseProblem."""
    with store.transaction():
        study = locked(store, study_id)
        if state not in MOVES[study.state]:
            allowed = " or ".join(MOVES[study.state]) or "nothing else"
            raise StudyProblem(f"The study is {study.state_phrase}. It can become {allowed}.")
        if state == "active" and study.missing:
            raise StudyProblem(f"The study needs {', '.join(study.missing)} before it is active.")
        store.execute(
            "UPDATE study SET state = ?, changed_at = ? WHERE id = ?",
            (state, store.now(), study_id),
        )
        entries = [Entry("study", study_id, before=study.state, after=state)]
        ended = end_invites(
            store, "study_id = ?", (study_id,), ENDS.get(state, {}), f"study {state}"
        )
        ledger.append(store, study.connection_id, by, [*entries, *ended])
    return len(ended)


def would_end(store: Store, study_id: int, state: str) -> int:
    """How many invites :func:`move` would end now."""
    ends = ENDS.get(state, {})
    (number,) = store.row(
        f"SELECT count(*) FROM invite WHERE study_id = ? AND {store.among('state')}",
        (study_id, store.values(list(ends))),
    )
    return int(number)


def delete(store: Store, study_id: int, by: str) -> None:
    """Delete a draft that invited no one. Raises StudyProblem and DatabaseProblem."""
    with store.transaction():
        study = locked(store, study_id)
        _must_be(study, ("draft",), "deleted")
        store.execute("DELETE FROM study WHERE id = ?", (study_id,))
        entry = Entry("study", study_id, before="draft", after="deleted")
        ledger.append(store, study.connection_id, by, [entry])


def get(store: Store, study_id: int) -> Study:
    """A study. Raises StudyProblem if it was deleted."""
    found = _read(store, "id = ?", study_id)
    if not found:
        raise StudyProblem("The study no longer exists. Nothing was changed.")
    return found[0]


def studies(store: Store, connection_id: int) -> list[Study]:
    """All of a connection's studies, the newest first."""
    return _read(store, "connection_id = ?", connection_id)[::-1]


def funnel(store: Store, study_id: int) -> dict[str, int]:
    """How many of a study's invites are in each state. States without invites are left out."""
    return dict(
        store.rows(
            "SELECT state, count(*) FROM invite WHERE study_id = ? GROUP BY state ORDER BY state",
            (study_id,),
        )
    )


def _read(store: Store, which: str, value: int) -> list[Study]:
    columns = ", ".join(_COLUMNS)
    found = store.rows(f"SELECT {columns} FROM study WHERE {which} ORDER BY id", (value,))
    attached = store.rows(
        "SELECT study_id, segment_key, excluded FROM study_segment WHERE study_id IN"
        f" (SELECT id FROM study WHERE {which}) ORDER BY segment_key",
        (value,),
    )
    return [_study(row, attached) for row in found]


def _study(row: Row, attached: Sequence[Row]) -> Study:
    values = dict(zip(_COLUMNS, row, strict=True))
    mine = [(key, excluded) for study, key, excluded in attached if study == values["id"]]
    return Study(
        template=Template(**{name: values[name] for name in _TEMPLATE}),
        rules=Rules(**{name: values[name] for name in _RULES}),
        segments=tuple(key for key, excluded in mine if not excluded),
        excluded=tuple(key for key, excluded in mine if excluded),
        **{name: values[name] for name in _COLUMNS if name not in (*_TEMPLATE, *_RULES)},
    )


def _stored(study: Study) -> dict[str, object]:
    return {
        **{name: getattr(study, name) for name in _OWN},
        **{name: getattr(study.template, name) for name in _TEMPLATE},
        **{name: getattr(study.rules, name) for name in _RULES},
    }


def _with(study: Study, values: Mapping[str, object]) -> Study:
    """The study with new values, checked."""
    clean = {name: _clean(name, value) for name, value in values.items()}
    changed = replace(
        study,
        template=replace(study.template, **{n: v for n, v in clean.items() if n in _TEMPLATE}),
        rules=replace(study.rules, **{n: v for n, v in clean.items() if n in _RULES}),
        **{name: value for name, value in clean.items() if name not in (*_TEMPLATE, *_RULES)},
    )
    if not changed.title:
        raise StudyProblem("A study needs a title.", "title")
    template.check(changed.template)
    template.check_template(changed.reminder_subject, changed.reminder_text, "reminder_")
    changed.rules.check()
    return changed


def _clean(name: str, value: object) -> Any:
    if name not in (*_OWN, *_TEMPLATE, *_RULES):
        raise StudyProblem(f"A study has no {plain(name)!r}.", name)
    if name == "quiet_hours":
        return quiet_hours.canonical(None if value is None else str(value))
    if name in _RULES:
        return value
    text = storable(str(value)).replace("\r\n", "\n")
    return text if name in ("text", "reminder_text") else text.strip(" ")


def locked(store: Store, study_id: int) -> Study:
    """The study, locked against changes by others until the transaction ends."""
    if store.postgres:
        store.rows("SELECT id FROM study WHERE id = ? FOR UPDATE", (study_id,))
    return get(store, study_id)


def check_active(study: Study) -> None:
    """Raise StudyProblem unless a study may send."""
    if study.state != "active":
        raise StudyProblem(
            f"The study is {study.state_phrase}. Nothing was sent. Only an active study sends."
        )


def _must_be(study: Study, states: Sequence[str], what: str) -> None:
    if study.state not in states:
        raise StudyProblem(f"The study is {study.state_phrase} and can no longer be {what}.")
