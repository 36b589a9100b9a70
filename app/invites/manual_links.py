"""One participant's personal link, for sending by hand."""

from __future__ import annotations

from app.db.store import Store
from app.invites import ledger
from app.invites.errors import StudyProblem
from app.invites.ledger import Entry
from app.invites.mail.template import render
from app.invites.rules import DAY
from app.invites.states import state_words
from app.invites.studies import check_active, get


def hand_out(store: Store, invite_id: int, by: str) -> str:
    """The link of an invite. A queued invite counts as sent from then on, and no sender sends it.
    An invite that ended has no link. Raises StudyProblem and DatabaseProblem."""
    lock = " FOR UPDATE" if store.postgres else ""
    with store.transaction():
        rows = store.rows(
            f"SELECT connection_id, study_id, mailbox, state, token FROM invite WHERE id = ?{lock}",
            (invite_id,),
        )
        if not rows:
            raise StudyProblem("The invite no longer exists. Nothing was changed.")
        here, study_id, mailbox, state, token = rows[0]
        study = get(store, study_id)
        if state == "queued":
            check_active(study)
            now, days = store.now(), study.rules.expire_days
            store.execute(
                "UPDATE invite SET state = 'handed_over', sent_at = ?, expires_at = ?,"
                " attempt = attempt + 1 WHERE id = ?",
                (now, None if days is None else now + days * DAY, invite_id),
            )
            entry = Entry("invite", study_id, invite_id, mailbox, state, "handed_over", "link")
            ledger.append(store, here, by, [entry])
        elif state not in ("sent", "handed_over", "started", "uncertain"):
            raise StudyProblem(f"The invite is {state_words(state)}, so its link cannot be used.")
    return render(study.template, None, token).link
