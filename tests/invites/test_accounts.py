"""Several accounts of one database are one panel: whoever wants no invites gets none from any."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.db.store import Store
from app.invites import erasure, lifecycle, opt_outs, studies
from app.invites.ledger_proof import prove
from app.invites.mail.addresses import hasher
from app.invites.plan import plan
from app.invites.plan.options import Options
from app.invites.plan.outcomes import Outcome
from app.invites.sending import reminders
from tests.helpers.study_world import BY, account, planned, queued, send, sender, study

FIRST = "cus_00000@example.com"


@pytest.fixture
def other(store: Store, here: int) -> int:
    """Another account, with the same participants' addresses."""
    return account(store, 4)


def counts(store: Store, study_id: int, **options: object) -> dict[Outcome, int]:
    wanted = Options(("all",), **options)  # type: ignore[arg-type]
    found = plan.make(store, studies.get(store, study_id), wanted).counts()
    return {outcome: number for outcome, number in found.items() if number}


def test_an_opt_out_ends_the_invites_of_all_accounts(
    store: Store, here: int, asked: int, other: int, tmp_path: Path
) -> None:
    there = study(store, other, cool_down_days=None)
    queued(store, there, "eml")
    send(sender(store, other, tmp_path))
    assert opt_outs.record(store, here, [hasher(store).stored(FIRST)], "opted_out", BY) == 1
    rows = store.rows("SELECT connection_id, state FROM invite WHERE address = ?", (FIRST,))
    assert sorted(rows) == sorted([(here, "withdrawn"), (other, "withdrawn")])
    for one in (here, other):
        (said,) = store.row(
            "SELECT count(*) FROM ledger WHERE connection_id = ? AND what = 'opted-out'", (one,)
        )
        assert said == 1
        assert prove(store, one).holds
    assert reminders.waiting(store, there) == 3
    # An account that comes later has it from the first entry of its ledger on.
    third = account(store, 2)
    late = study(store, third, cool_down_days=None, cap=None, cap_days=None)
    assert counts(store, late) == {Outcome.OPTED_OUT: 1, Outcome.INVITE: 1}
    store.execute("UPDATE invite SET state = 'queued' WHERE address = ?", (FIRST,))
    store.execute("DELETE FROM opt_out")  # not by us
    queued(store, late, "eml")
    send(sender(store, third, tmp_path))
    assert len(prove(store, third).unwanted) == 1


@pytest.mark.parametrize("moment", ["planned", "queued"])
def test_who_opts_out_in_one_account_gets_nothing_from_another(
    store: Store, here: int, asked: int, other: int, tmp_path: Path, moment: str
) -> None:
    there = study(store, other, cool_down_days=None)
    kept = planned(store, there)
    if moment == "planned":
        opt_outs.record(store, here, [hasher(store).stored(FIRST)], "opted_out", BY)
    from app.invites.sending import outbox

    batch = outbox.queue(store, kept, "eml", BY, undo=0)
    if moment == "queued":
        opt_outs.record(store, here, [hasher(store).stored(FIRST)], "opted_out", BY)
    send(sender(store, other, tmp_path))
    found = store.rows("SELECT state FROM invite WHERE run_id = ?", (batch.run,))
    assert [state for (state,) in found].count("handed_over") == 3


def test_a_bounce_and_an_erasure_hold_for_all_accounts(
    store: Store, here: int, asked: int, other: int
) -> None:
    (invite,) = store.row("SELECT id FROM invite WHERE address = ?", (FIRST,))
    lifecycle.mark(store, here, [invite], "bounced", BY)
    erasure.request(store, here, "cus_00001", BY)
    there = study(store, other, cool_down_days=None)
    assert counts(store, there) == {Outcome.OPTED_OUT: 2, Outcome.INVITE: 2}
    erasure.take_back(store, here, "cus_00001", BY)
    assert counts(store, there) == {Outcome.OPTED_OUT: 1, Outcome.INVITE: 3}
    assert prove(store, other).holds


def test_cool_down_and_cap_count_the_invites_of_all_accounts(
    store: Store, here: int, asked: int, other: int
) -> None:
    assert counts(store, study(store, other)) == {Outcome.COOL_DOWN: 4}
    capped = study(store, other, "Capped", cool_down_days=None, cap=1, cap_days=10)
    assert counts(store, capped) == {Outcome.CAP: 4}
    # A plan that was made before the other account's invites is checked when it is queued.
    store.execute("UPDATE invite SET sent_at = 1")
    kept = planned(store, capped)
    store.execute("UPDATE invite SET sent_at = queued_at")
    from app.invites.sending import outbox

    assert outbox.queue(store, kept, "eml", BY).number == 0
