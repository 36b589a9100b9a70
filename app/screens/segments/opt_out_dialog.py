"""The questions whether to opt a participant out of every study, and whether to allow one again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from app.db.errors import DatabaseProblem
from app.invites import corrections, opt_outs
from app.invites.errors import StudyProblem
from app.invites.mail.addresses import hasher, read
from app.panel.person import Person
from app.screens.base import Host
from app.screens.reason_dialog import ReasonDialog
from app.text import plain
from app.widgets.content import hidden, words
from app.widgets.dialog import QuestionDialog

NO_ADDRESS = "This participant has no valid email, so no study can invite them."


def ask_to_opt_out(host: Host, connection: int, one: Person) -> None:
    """Ask, then record it in a thread. Nothing is asked of a person who is opted out already."""
    box, kinds = _standing(host, one)
    if box is None:
        return
    if "opted_out" in kinds:
        host.tell("This person gets no more invites already. A allows it again.")
        return

    def work(by: str) -> str:
        opt_outs.record(host.store, connection, [box], "opted_out", by)
        return "Opted out of all studies. A allows it again."

    def answered(yes: bool | None) -> None:
        if yes:
            _do(host, work)

    line = f"Never contact {_name(host, one)} again, in any study?"
    host.push_screen(QuestionDialog([words(line)], "Do not contact"), answered)


def ask_to_allow(host: Host, connection: int, one: Person) -> None:
    """Ask for the reason, then lift the opt-out and the bounce in a thread."""
    box, kinds = _standing(host, one)
    if box is None:
        return
    liftable = [kind for kind in corrections.LIFTABLE if kind in kinds]
    if not liftable:
        said = "This person is erased." if kinds else "This person can be contacted already."
        host.tell(said)
        return

    def given(reason: str | None) -> None:
        if reason is not None:
            _do(host, lambda by: lift(by, reason))

    def lift(by: str, reason: str) -> str:
        for kind in liftable:
            corrections.lift(host.store, connection, [box], kind, by, reason)
        return "This person can be contacted again."

    line = f"Contact {_name(host, one)} again?"
    host.push_screen(ReasonDialog([words(line)], "Contact again"), given)


def _standing(host: Host, one: Person) -> tuple[str | None, frozenset[str]]:
    """A participant's mailbox as it is stored, and why it gets no more invites. Without a mailbox
    the reason is told."""
    box = read(one.email or "")
    if not isinstance(box, str):
        host.tell(NO_ADDRESS)
        return None, frozenset()
    try:
        stored = hasher(host.store).stored(box)
        rows = host.store.rows("SELECT kind FROM opt_out WHERE mailbox = ?", (stored,))
    except DatabaseProblem as problem:
        host.tell(str(problem), problem=True)
        return None, frozenset()
    return stored, frozenset(kind for (kind,) in rows)


def _name(host: Host, one: Person) -> str:
    return plain(hidden(one.name or one.email, host.masking) or one.stripe_id, 60)


def _do(host: Host, what: Callable[[str], str]) -> None:
    """Write in a thread, and tell what ``what`` returns."""

    def work() -> None:
        try:
            said, problem = what(host.sending.user), False
        except (StudyProblem, DatabaseProblem) as trouble:
            said, problem = str(trouble), True
        finally:
            host.store.close()
        with suppress(RuntimeError):  # the app has ended
            host.call_from_thread(host.tell, said, problem)

    threading.Thread(target=work, name="opting out", daemon=True).start()
