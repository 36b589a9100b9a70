"""The question whether to erase a participant, or to keep one after all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from app.db.errors import DatabaseProblem
from app.invites import erasure
from app.invites.errors import StudyProblem
from app.panel.person import Person
from app.screens.base import Host
from app.text import plain
from app.widgets.content import hidden, words
from app.widgets.dialog import QuestionDialog


def ask_to_erase(host: Host, connection: int, one: Person, done: Callable[[], None]) -> None:
    """Ask, do it in a thread, then call ``done`` on the app's loop."""
    try:
        found = erasure.of(host.store, one.id)
    except DatabaseProblem as problem:
        host.tell(str(problem), problem=True)
        return
    wanted = found is not None and found.done_at is None
    name = plain(hidden(one.name or one.email, host.masking) or one.stripe_id, 60)
    lines = [
        f"Erase {name}? Their invites end now, and they get no more email.",
        f"In {erasure.HOURS} hours their name, email, phone and metadata are deleted here for "
        f"good. Until then, press E to undo this. The customer in Stripe is not changed.",
    ]
    if wanted:
        lines = [f"Keep {name}?"]

    def work() -> None:
        said, by = "The erasure was undone.", host.sending.user
        try:
            if wanted:
                erasure.take_back(host.store, connection, one.stripe_id, by)
            else:
                erasure.request(host.store, connection, one.stripe_id, by)
                said = f"They will be erased in {erasure.HOURS} hours. Press E to undo this."
        except (StudyProblem, DatabaseProblem) as problem:
            said = str(problem)
        finally:
            host.store.close()
        with suppress(RuntimeError):  # the app has ended
            host.call_from_thread(host.tell, said)
            host.call_from_thread(done)

    def answered(yes: bool | None) -> None:
        if yes:
            threading.Thread(target=work, name="erasing", daemon=True).start()

    host.push_screen(
        QuestionDialog([words(line) for line in lines], "Keep" if wanted else "Erase"), answered
    )
