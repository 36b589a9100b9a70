"""What a list of contacts names, and what is said of it to a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.invites.errors import StudyProblem
from app.invites.lists.list_headings import (
    FEW,
)
from app.text import plain


@dataclass(frozen=True)
class ListEntry:
    """One value that names a participant, or should. ``status``: the row's cell of the status
    column."""

    value: str
    status: str = ""


@dataclass(frozen=True)
class ContactList:
    """What a list names. ``column``: the heading or number of the column that was read, or None if
    the whole text was. ``status_column``: the heading of the status column, if there is one.
    ``lines``: how many lines have anything in them, without the heading. ``left_out``: how many
    rows ``where`` excludes. ``above``: how many lines stand above the heading. ``more_statuses``:
    further columns that say a status. ``unread``: columns that may say one and that no one read.
    ``more_addresses``: further columns that have addresses."""

    entries: tuple[ListEntry, ...]
    column: str | None
    status_column: str | None
    lines: int
    left_out: int = 0
    above: int = 0
    more_statuses: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    more_addresses: tuple[str, ...] = ()

    @property
    def values(self) -> list[str]:
        """Each value once."""
        return list(dict.fromkeys(entry.value for entry in self.entries))

    @property
    def column_words(self) -> str:
        """The column that was read, for a person."""
        name = self.column or ""
        return f"column {name}" if name.isdecimal() else f"the column “{plain(name, 60)}”"

    @property
    def words(self) -> str:
        """What was read, for a person."""
        more = f"{_quoted(self.more_addresses)} addresses that were not read."
        return self._said("", more if self.more_addresses else "")

    def words_with(self, elsewhere: Sequence[str]) -> str:
        """What was read, for a person, if the addresses ``elsewhere`` count as well."""
        if not elsewhere:
            return self._said("", "")
        names = ", ".join(plain(one, 80) for one in elsewhere[:FEW])
        more = f" and {len(elsewhere) - FEW:,} more" if len(elsewhere) > FEW else ""
        return self._said(f", and {len(elsewhere):,} elsewhere: {names}{more}", "")

    def check(self) -> None:
        """Raise StudyProblem if the list names no one."""
        if not self.values:
            said = "No row matches." if self.left_out else "The list has no addresses."
            raise StudyProblem(f"{said} Nothing was changed.")

    def _said(self, elsewhere: str, more: str) -> str:
        where = f" in {self.column_words}" if self.column else ""
        said = [
            f"Read {_number(len(self.values), 'name', 'names')}{where}"
            f" of {_number(self.lines, 'line', 'lines')}{elsewhere}."
        ]
        if self.left_out:
            said.append(f"{_number(self.left_out, 'row was', 'rows were')} excluded by --where.")
        if self.above:
            above = _number(
                self.above, "line above the heading was", "lines above the heading were"
            )
            said.append(f"{above} skipped.")
        return " ".join([*said, more] if more else said)

    @property
    def unread_words(self) -> str:
        """Which columns may say a status and were not read, for a person, or nothing."""
        if not self.unread:
            return ""
        names = ", ".join(f"“{plain(name, 40)}”" for name in self.unread)
        one = len(self.unread) == 1
        said = f"The column {names} was not read." if one else f"The columns {names} were not read."
        which = "it says" if one else "one of them says"
        return f"{said} If {which} which rows count, choose them with --where HEADING=VALUE."


def _number(number: int, one: str, many: str) -> str:
    return f"1 {one}" if number == 1 else f"{number:,} {many}"


def _quoted(columns: Sequence[str]) -> str:
    """Columns and the verb that they need."""
    names = ", ".join(f"“{plain(name, 40)}”" for name in columns)
    return f"The column {names} also has" if len(columns) == 1 else f"The columns {names} also have"
