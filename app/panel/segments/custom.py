"""Custom segments: a name and a filter, kept current like the other segments.

Code that stores data asks :func:`rules` what to keep current. Creating a segment fills it in short
transactions. :func:`keep` resumes an interrupted fill.
"""

from __future__ import annotations

import itertools
import re
import time
import unicodedata
from collections.abc import Sequence

from app.db import custom_segments, history, lease, membership, people
from app.db.custom_segments import CustomRule
from app.db.people import ParticipantSet
from app.db.store import Store
from app.panel.filters.compile import all_people, compiled
from app.panel.filters.compile import compile as condition_of
from app.panel.filters.errors import FilterError
from app.panel.filters.parse import parse
from app.panel.filters.segment_refs import UnknownSegment, segment_ids
from app.panel.filters.subscription_use import asks_subscriptions
from app.panel.filters.unparse import is_timed
from app.panel.filters.values import quote
from app.panel.knowledge import Knowledge, knowledge
from app.panel.segments.views import segments
from app.text import storable

LONGEST_NAME = 60
MOST_PEOPLE = 100  # in a filter that names each of them
PREFIX = "own:"


class CustomSegmentProblem(Exception):
    """A segment cannot be created, changed or deleted. The text is shown to the user."""


def rules(
    store: Store, connection_id: int, *, everybody: bool = False, timed: bool = False
) -> list[CustomRule]:
    """The rules of all custom segments, each after the segments that it uses. ``timed`` limits them
    to those that time alone can change. ``everybody``: for statements that ask all participants at
    once. While subscriptions are not known, no one belongs to a segment that depends on them."""
    now = time.time()
    known = knowledge(store, connection_id) is Knowledge.KNOWN
    found = []
    for segment, text in _in_order(store, connection_id):
        try:
            rule = parse(text)
            if timed and not is_timed(rule):
                continue
            if not known and asks_subscriptions(rule, store, connection_id):
                found.append(CustomRule(segment, "1 = 0", ()))
                continue
            condition = condition_of(rule, store, connection_id, now, everybody=everybody)
        except FilterError:  # a segment in it was deleted, so no one belongs here
            found.append(CustomRule(segment, "1 = 0", ()))
            continue
        found.append(CustomRule(segment, condition.sql, condition.parameters, is_timed(rule)))
    return found


def of_people(store: Store, ids: Sequence[int]) -> str:
    """A filter that finds exactly these participants, by row id. Raises CustomSegmentProblem if
    they are too many for a filter."""
    if len(ids) > MOST_PEOPLE:
        raise CustomSegmentProblem(
            f"{len(ids):,} participants are too many. At most {MOST_PEOPLE} can be saved as a "
            "segment. Nothing was created. Choose fewer, or export them."
        )
    rows = store.rows(
        f"SELECT stripe_id FROM participant WHERE {store.among('id')} ORDER BY id",
        (store.values(ids),),
    )
    return " OR ".join(f"id:{quote(stripe_id)}" for (stripe_id,) in rows)


def free_name(store: Store, connection_id: int, name: str) -> str:
    """This name, with a number after it if another segment has it."""
    taken = {one.name.casefold() for one in segments(store, connection_id)}
    tries = (f"{name} {number}" if number > 1 else name for number in itertools.count(1))
    return next(one for one in tries if one.casefold() not in taken)


def make(store: Store, connection_id: int, name: str, text: str) -> str:
    """Create a segment of the participants that a filter finds, and return its key. Raises
    FilterError, CustomSegmentProblem and DatabaseProblem."""
    name = _checked_name(store, connection_id, name)
    _check_filter(store, connection_id, text)
    key = _key(store, connection_id, name)
    with store.transaction():
        lease.hold_off_syncs(store)
        store.execute(
            "INSERT INTO segment (connection_id, key, kind, count, with_email, name, rule, filling)"
            " VALUES (?, ?, 'own', 0, 0, ?, ?, true)",
            (connection_id, key, name, text),
        )
    _fill(store, connection_id)
    return key


def change(store: Store, connection_id: int, key: str, name: str, text: str) -> None:
    """Give a custom segment another name or filter and update its members. Raises the same as
    :func:`make`."""
    (segment, old) = _own(store, connection_id, key)
    name = _checked_name(store, connection_id, name, but=key)
    _check_filter(store, connection_id, text)
    with store.transaction():
        lease.hold_off_syncs(store)
        store.execute("UPDATE segment SET name = ?, rule = ? WHERE id = ?", (name, text, segment))
        if any(one == segment for one in _asked(store, connection_id, text, segment)):
            raise CustomSegmentProblem(
                "The filter refers to this segment itself. Nothing was changed. Remove"
                " that reference."
            )
        if text != old:
            found = rules(store, connection_id, everybody=True)  # others may use this one
            cause = history.local_cause(store, connection_id, "made")
            custom_segments.follow(store, _everybody(store, connection_id), found, cause)


def delete(store: Store, connection_id: int, key: str) -> None:
    """Delete a custom segment. Its past members stay in the history. Raises CustomSegmentProblem
    while another segment's filter uses it."""
    segment, _ = _own(store, connection_id, key)
    for other, text in _texts(store, connection_id):
        if other != segment and segment in _asked(store, connection_id, text, other, deep=False):
            (name,) = store.row("SELECT name FROM segment WHERE id = ?", (other,))
            raise CustomSegmentProblem(
                f"The segment “{name}” uses this segment. Nothing was changed. Change"
                " that segment first."
            )
    with store.transaction():
        lease.hold_off_syncs(store)
        history.end_segments(store, [segment], history.local_cause(store, connection_id, "made"))
        store.execute("DELETE FROM segment WHERE id = ?", (segment,))


def keep(store: Store, connection_id: int) -> None:
    """Do the periodic work: recompute the memberships that depend on time, and resume filling."""
    _fill(store, connection_id)
    timed = rules(store, connection_id, everybody=True, timed=True)
    everybody = _everybody(store, connection_id)
    if timed and custom_segments.moved_by_time(store, everybody, timed):
        with store.transaction():
            lease.hold_off_syncs(store)
            cause = history.local_cause(store, connection_id, "time")
            custom_segments.follow(store, everybody, timed, cause)


def _everybody(store: Store, connection_id: int) -> ParticipantSet:
    return ParticipantSet(all_people(store), (connection_id,))


def _fill(store: Store, connection_id: int) -> None:
    """Fill unfinished segments in short transactions. Any code that stores a change in between
    keeps the memberships it touches current."""
    waiting = store.rows(
        "SELECT id, count FROM segment WHERE connection_id = ? AND filling ORDER BY id",
        (connection_id,),
    )
    for segment, count in waiting:
        with store.transaction():
            cause = history.local_cause(store, connection_id, "made")
        for chunk in people.chunks(store, connection_id):
            with store.transaction():
                lease.hold_off_syncs(store)
                for rule in rules(store, connection_id):
                    if rule.segment == segment:
                        membership.fill_custom(store, chunk, rule, cause, filled=count > 0)
        with store.transaction():
            store.execute("UPDATE segment SET filling = false WHERE id = ?", (segment,))


def _texts(store: Store, connection_id: int) -> list[tuple[int, str]]:
    return [
        (segment, text)
        for segment, text in store.rows(
            "SELECT id, rule FROM segment WHERE connection_id = ? AND kind = 'own' ORDER BY id",
            (connection_id,),
        )
    ]


def _in_order(store: Store, connection_id: int) -> list[tuple[int, str]]:
    texts = dict(_texts(store, connection_id))
    done: dict[int, str] = {}

    def visit(segment: int, above: tuple[int, ...]) -> None:
        if segment in done or segment not in texts or segment in above:
            return
        for asked in _asked(store, connection_id, texts[segment], segment, deep=False):
            visit(asked, (*above, segment))
        done[segment] = texts[segment]

    for segment in texts:
        visit(segment, ())
    return list(done.items())


def _asked(
    store: Store, connection_id: int, text: str, segment: int, *, deep: bool = True
) -> Sequence[int]:
    """The segments that a filter uses. ``deep`` adds the segments that those use."""
    try:
        named = segment_ids(parse(text), store, connection_id)
    except UnknownSegment:
        return []
    asked = [one for ids in named.values() for one in ids]
    if not deep:
        return asked
    texts = dict(_texts(store, connection_id))
    found: list[int] = []
    while asked:
        one = asked.pop()
        if one not in found:
            found.append(one)
            if one in texts and one != segment:
                asked += _asked(store, connection_id, texts[one], one, deep=False)
    return found


def _own(store: Store, connection_id: int, key: str) -> tuple[int, str]:
    rows = store.rows(
        "SELECT id, rule FROM segment WHERE connection_id = ? AND key = ? AND kind = 'own'",
        (connection_id, key),
    )
    if not rows:
        raise CustomSegmentProblem(f"No custom segment has the key {key!r}.")
    return int(rows[0][0]), str(rows[0][1])


def _check_filter(store: Store, connection_id: int, text: str) -> None:
    """Raise FilterError if a filter cannot be used, and CustomSegmentProblem if it depends on
    subscriptions that are not known."""
    compiled(text, store, connection_id, time.time())
    known = knowledge(store, connection_id)
    if known is not Knowledge.KNOWN and asks_subscriptions(parse(text), store, connection_id):
        raise CustomSegmentProblem(f"{known.sentence} This filter depends on them.")


def _checked_name(store: Store, connection_id: int, name: str, but: str = "") -> str:
    name = " ".join(storable(name).split())
    if not name:
        raise CustomSegmentProblem("Give the segment a name.")
    if len(name) > LONGEST_NAME:
        raise CustomSegmentProblem(f"The name is longer than {LONGEST_NAME} characters.")
    taken = store.rows(
        "SELECT 1 FROM segment WHERE connection_id = ? AND name = ? AND key <> ?",
        (connection_id, name, but),
    )
    if taken:
        raise CustomSegmentProblem(
            f"Another segment is called “{name}”. Nothing was changed. Choose another name."
        )
    return name


def _key(store: Store, connection_id: int, name: str) -> str:
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = PREFIX + (re.sub(r"[^a-z0-9]+", "-", ascii_name).strip("-") or "segment")
    known = {
        key
        for (key,) in store.rows(
            "SELECT key FROM segment WHERE connection_id = ?", (connection_id,)
        )
    }
    numbers = ("", *(f"-{number}" for number in range(2, len(known) + 3)))
    return next(stem + number for number in numbers if stem + number not in known)
