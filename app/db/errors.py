"""Turns every database failure into one sentence.

peewee and the drivers hide the real cause. After a full disk, for example, SQLite rolls back by
itself, and the visible error is "cannot rollback - no transaction is active". The first cause is in
the chain of ``__cause__`` and ``__context__``, so this module looks there.
"""

from __future__ import annotations

import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import peewee

from app.problems import Problem
from app.text import plain


class DatabaseProblem(Problem):
    """The database cannot be used as requested. The text is shown to the user."""


class DatabaseAway(DatabaseProblem):
    """The database does not answer now. It may answer later, and nothing else needs to change."""


_SENTENCES = {
    sqlite3.SQLITE_FULL: "The disk is full, so {where} could not grow. Everything saved"
    " before is kept. Free some space and start again. Panelist continues"
    " where it stopped.",
    sqlite3.SQLITE_IOERR: "The disk refused to read or write {where}. Everything saved before"
    " is kept. Check whether the disk is full or missing, then start"
    " again.",
    sqlite3.SQLITE_READONLY: "{where} cannot be written. Nothing was changed. Make the file"
    " and its folder writable for you, or set PANELIST_HOME to another"
    " folder.",
    sqlite3.SQLITE_CANTOPEN: "{where} cannot be opened. Nothing was changed. Make its folder"
    " writable for you, or set PANELIST_HOME to another folder.",
    sqlite3.SQLITE_PERM: "{where} cannot be opened, because you have no permission. Nothing"
    " was changed. Check its owner, or set PANELIST_HOME to another"
    " folder.",
    sqlite3.SQLITE_CORRUPT: "{where} is damaged. Nothing was changed. Run panelist salvage {file},"
    " which saves every row that can be read in a new file.",
    sqlite3.SQLITE_NOTADB: "{where} is damaged, or is not a Panelist database. Nothing was changed."
    " Run panelist salvage {file}, which saves every row that can be read in a new file, or set"
    " PANELIST_HOME to another folder.",
    sqlite3.SQLITE_BUSY: "{where} is in use by another program. Nothing was lost. Try again"
    " in a moment.",
    sqlite3.SQLITE_LOCKED: "{where} is in use by another program. Nothing was lost. Try again"
    " in a moment.",
}


UNREADABLE = "Could not decode to UTF-8"  # SQLite's driver; the rest quotes the value
# What SQLite says of a damaged file without a code of its own: it ends too early, or its header or
# a stored JSON text is not what it should be.
_DAMAGE = ("malformed", "unsupported file format", "file is not a database")
_POSTGRES_DAMAGE = ("XX001", "XX002")  # data_corrupted, index_corrupted


# States of PostgreSQL: unique_violation, serialization_failure and deadlock_detected; then
# lock_not_available and query_canceled, which are our limits or the server's.
MOVED = "PM001"  # our own: the database was moved (app.db.engines.retired_postgres)
_RIVALS = ("23505", "40001", "40P01")
_SLOW = ("55P03", "57014")


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop(0)
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one
            waiting += [one.__cause__, one.__context__]


_TOO_DEEP = "parser stack overflow"


def _of_psycopg(error: BaseException) -> set[str]:
    """The driver's names for this error. It is an extra, so its classes cannot be imported here."""
    classes = type(error).__mro__
    return {one.__name__ for one in classes if one.__module__.startswith("psycopg")}


def sentence(error: BaseException, where: str) -> str | None:
    """The sentence to show for a database failure. None when the error is not one."""
    for one in _chain(error):
        code = getattr(one, "sqlite_errorcode", None)
        if code is not None and "malformed JSON" in str(one):
            return (
                f"A row of {where} is damaged. Everything else is kept. Run panelist sync --full,"
                " which fetches it again."
            )
        if code == sqlite3.SQLITE_IOERR_SHORT_READ or (
            code is not None and any(word in str(one) for word in _DAMAGE)
        ):
            return damaged(where)
        if code is not None and code & 0xFF in _SENTENCES:
            return _SENTENCES[code & 0xFF].format(where=where, file=shlex.quote(where))
    for one in _chain(error):
        state = getattr(one, "sqlstate", None)
        if state is not None or "Error" in _of_psycopg(one):
            return _postgres_sentence(state or _state_in_words(str(one)), _words(one), where)
    if any(isinstance(one, UnicodeDecodeError) or UNREADABLE in str(one) for one in _chain(error)):
        return damaged(where)
    if any(_TOO_DEEP in str(one) for one in _chain(error)):
        return (
            "The filter is nested too deeply for SQLite. Nothing was changed. Remove some"
            " parentheses, or create segments from its parts and combine them with in:."
        )
    refused = OverflowError | UnicodeEncodeError  # SQLite's driver refuses a value with these
    if isinstance(error, peewee.DatabaseError | peewee.InterfaceError | sqlite3.Error | refused):
        said = type(error).__name__ if isinstance(error, refused) else _words(error)
        return f"{where} could not be used ({said}). Everything saved before is kept. Try again."
    return None


def damaged(where: str) -> str:
    """What to say of a damaged SQLite file."""
    return _SENTENCES[sqlite3.SQLITE_CORRUPT].format(where=where, file=shlex.quote(where))


def _words(error: BaseException) -> str:
    """The database's own words. What it says of values may be someone's name, so it is left out:
    PostgreSQL's classes 22 and 23, and every DETAIL."""
    state = getattr(error, "sqlstate", None) or ""
    if state[:2] in ("22", "23"):
        return state
    primary = getattr(getattr(error, "diag", None), "message_primary", None)
    said = plain(primary or error, 300).rstrip(".")
    return f"{said}, {state}" if said and state else said or state or type(error).__name__


def _state_in_words(text: str) -> str:
    """The state of a refused connection, which has only words (PostgreSQL's own, untranslated)."""
    words = {
        "too many connections": "53300",  # for a role, a database or the server
        "too many clients": "53300",
        "connection slots are reserved": "53300",
        "not currently accepting connections": "55000",
        "password authentication failed": "28P01",
        "no pg_hba.conf entry": "28000",
        'role "': "28000",
        'database "': "3D000",
        "invalid connection option": "OPTION",
        "invalid sslmode value": "OPTION",
        "unrecognized configuration parameter": "OPTION",
        "does not support SSL": "OPTION",
    }
    return next((state for word, state in words.items() if word in text), "")


def _postgres_sentence(state: str, said: str, where: str) -> str:
    if state == "53100":
        return _SENTENCES[sqlite3.SQLITE_FULL].format(where=where)
    if state in _POSTGRES_DAMAGE:
        return (
            f"{where} is damaged ({said}). Nothing was changed. Ask its administrator to"
            " check the server's disk and to run REINDEX, or restore a backup with panelist"
            " restore."
        )
    if state == MOVED:
        return (
            f"{where} was {said.removesuffix(f', {MOVED}')}. Nothing was changed. Unset"
            " PANELIST_DATABASE_URL to use it there. To use PostgreSQL again, run panelist move"
            " postgresql there."
        )
    if state == "25006":
        return f"{where} is read-only. Nothing was changed. Connect to its primary server."
    if state == "OPTION":
        return f"PANELIST_DATABASE_URL is not valid ({said}). Remove or correct that option."
    if state in _RIVALS:
        return (
            f"Another Panelist changed the same data in {where} at the same moment ({said})."
            " Nothing was changed here. Try again."
        )
    if state == "42P07":
        return (
            f"{where} contains tables of another program ({said}). Nothing was changed."
            " Create a database for Panelist only, and correct PANELIST_DATABASE_URL."
        )
    if state in _SLOW:
        return (
            f"{where} did not finish in time ({said}). Nothing was changed. Try again. If"
            " that does not help, ask its administrator what it waits for."
        )
    if state.startswith("28"):
        return f"{where} refuses the login ({said}). Correct PANELIST_DATABASE_URL."
    if state.startswith("3D"):
        return f"{where} does not exist ({said}). Create it or correct PANELIST_DATABASE_URL."
    if state == "53300":
        return (
            f"{where} has no connection left ({said}). Everything saved before is kept. Close other"
            " programs that use it, or ask its administrator for more connections, then try again."
        )
    if state == "55000":
        return (
            f"{where} accepts no connections ({said}). Everything saved before is kept. Ask its"
            " administrator to allow them, then try again."
        )
    if state == "3F000":
        return (
            f"{where} has no schema for new tables ({said}). Nothing was changed. Ask its"
            " administrator to set search_path to public for this user."
        )
    if state == "42501":
        grant = " GRANT ALL ON SCHEMA public TO that user is enough." if "schema" in said else ""
        return (
            f"{where} does not allow this user to do that ({said}). Nothing was changed. Ask its "
            f"administrator for the permission.{grant}"
        )
    return (
        f"{where} does not respond correctly ({said}). Everything saved before is kept."
        " Check that the server runs, then try again."
    )


# Classes of states (postgresql.org/docs/current/errcodes-appendix.html): the connection failed, too
# many connections, or someone stopped or starts the server. A refused connection has no state.
_AWAY = ("", "08", "53", "57")


def _is_away(error: BaseException) -> bool:
    return any(
        "OperationalError" in _of_psycopg(one)
        and (getattr(one, "sqlstate", None) or _state_in_words(str(one)))[:2] in _AWAY
        for one in _chain(error)
    )


@contextmanager
def explained(where: str) -> Iterator[None]:
    """Turn any database failure inside into a DatabaseProblem with its sentence."""
    try:
        yield
    except DatabaseProblem:
        raise
    except Exception as error:
        text = sentence(error, where)
        if text is None:
            raise
        raise (DatabaseAway if _is_away(error) else DatabaseProblem)(text) from error
