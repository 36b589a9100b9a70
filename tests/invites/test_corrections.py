"""What was said by mistake is taken back, and the ledger still proves everything."""

from __future__ import annotations

import pytest

from app.db.store import Store
from app.invites import corrections, housekeeping, lifecycle, opt_outs, studies
from app.invites.errors import StudyProblem
from app.invites.ledger_proof import prove
from app.invites.mail.addresses import hasher
from app.invites.plan import plan
from app.invites.plan.options import Options
from app.invites.plan.outcomes import Outcome
from tests.helpers.study_world import BY, queued, study

FIRST = "cus_00000@example.com"


@pytest.fixture
def first(store: Store, asked: int) -> int:
    (invite,) = store.row("SELECT id FROM invite WHERE address = ?", (FIRST,))
    return int(invite)


def row(store: Store, invite: int) -> tuple[object, ...]:
    return store.row("SELECT state, ended_at, sent_at, reason FROM invite WHERE id = ?", (invite,))


def invited(store: Store, study_id: int) -> int:
    wanted = Options(("all",))
    return plan.make(store, studies.get(store, study_id), wanted).counts()[Outcome.INVITE]


def test_marks_are_undone_one_after_another(store: Store, here: int, first: int) -> None:
    before = row(store, first)
    assert before[0] == "handed_over"
    for state in ("started", "declined", "completed"):
        assert lifecycle.mark(store, here, [first], state, BY, "a list") == 1
    for state, ended in (("declined", True), ("started", False), ("handed_over", False)):
        assert corrections.undo_marks(store, here, [first], BY, "wrong list") == 1
        assert row(store, first)[0] == state
        assert (row(store, first)[1] is not None) == ended
    assert row(store, first) == before
    assert corrections.undo_marks(store, here, [first], BY) == 0  # no one marked it
    proof = prove(store, here)
    assert (proof.holds, proof.handed_over) == (True, 4)
    said = store.rows("SELECT before, after, detail FROM ledger WHERE what = 'unmarked'")
    assert said[0] == ("completed", "declined", "wrong list")


def test_what_time_ended_is_no_mark(store: Store, here: int, first: int) -> None:
    lifecycle.mark(store, here, [first], "started", BY)
    store.execute("UPDATE invite SET expires_at = 1")
    housekeeping.expire(store, here)
    assert corrections.undo_marks(store, here, [first], BY) == 0
    lifecycle.mark(store, here, [first], "completed", BY)
    assert corrections.undo_marks(store, here, [first], BY) == 1
    assert row(store, first)[::3] == ("expired", "no response in time")


def test_a_mark_is_not_undone_into_a_second_open_invite(
    store: Store, here: int, asked: int, first: int
) -> None:
    lifecycle.mark(store, here, [first], "completed", BY)
    store.execute(
        "INSERT INTO invite (connection_id, study_id, participant_id, run_id, mailbox, token,"
        " state, queued_at) SELECT connection_id, study_id, participant_id, run_id, mailbox, 'x',"
        " 'queued', 1 FROM invite WHERE id = ?",
        (first,),
    )
    assert corrections.undo_marks(store, here, [first], BY) == 0
    assert row(store, first)[0] == "completed"


def test_what_was_said_of_an_uncertain_one_is_undone(store: Store, here: int, first: int) -> None:
    """Its time of sending comes back, as cool-downs count it."""
    store.execute("UPDATE invite SET state = 'uncertain' WHERE id = ?", (first,))
    sent_at = row(store, first)[2]
    lifecycle.resolve(store, here, [first], False, BY)
    assert row(store, first)[2] is None
    assert corrections.undo_marks(store, here, [first], BY) == 1
    assert row(store, first)[:3] == ("uncertain", None, sent_at)


def test_a_bounce_is_lifted(store: Store, here: int, asked: int, first: int) -> None:
    """With the mark that brought it, or by address. Whom the server refused may be asked again."""
    other = study(store, here, "Other", cool_down_days=None)
    lifecycle.mark(store, here, [first], "bounced", BY)
    assert invited(store, other) == 3
    assert corrections.undo_marks(store, here, [first], BY) == 1
    assert row(store, first)[0] == "handed_over"
    assert invited(store, other) == 4
    store.execute("UPDATE invite SET state = 'sending' WHERE id = ?", (first,))
    with store.transaction():
        from app.invites import ledger
        from app.invites.ledger import Entry

        box = hasher(store).stored(FIRST)
        store.execute("UPDATE invite SET state = 'bounced' WHERE id = ?", (first,))
        opt_outs.record(store, here, [box], "bounced", BY)
        moves = [("handed_over", "sending"), ("sending", "bounced")]
        ledger.append(
            store, here, BY, [Entry("invite", asked, first, box, *move) for move in moves]
        )
    assert corrections.lift(store, here, [box], "bounced", BY, "the sender was wrong") == 1
    assert row(store, first)[0] == "failed"
    assert invited(store, other) == 4
    assert corrections.lift(store, here, [box], "bounced", BY) == 0
    assert not prove(store, here).unwanted


def test_an_opt_out_is_lifted_with_a_reason(store: Store, here: int, asked: int) -> None:
    box = hasher(store).stored(FIRST)
    opt_outs.record(store, here, [box], "opted_out", BY)
    with pytest.raises(StudyProblem, match="give a reason"):
        corrections.lift(store, here, [box], "opted_out", BY, " ")
    assert store.rows("SELECT 1 FROM opt_out")
    assert corrections.lift(store, here, [box], "opted_out", BY, "the wrong Ada") == 1
    other = study(store, here, "Other", cool_down_days=None)
    assert invited(store, other) == 4
    queued(store, other, "eml")
    assert prove(store, here).holds
    (detail,) = store.row("SELECT detail FROM ledger WHERE what = 'opt-out-lifted'")
    assert detail == "the wrong Ada"


def test_one_invite_is_withdrawn(store: Store, here: int, asked: int, first: int) -> None:
    waiting = study(store, here, "Other", cool_down_days=None)
    run = queued(store, waiting).run
    (skipped,) = store.row("SELECT min(id) FROM invite WHERE run_id = ?", (run,))
    assert corrections.can_withdraw(store, here, [first, skipped]) == 2
    assert corrections.withdraw(store, here, [first, skipped], BY, "a colleague") == 2
    for invite in (first, skipped):
        assert row(store, invite)[::3] == ("withdrawn", "a colleague")
    assert corrections.withdraw(store, here, [first], BY) == 0
    assert invited(store, waiting) == 1
    assert prove(store, here).holds
