"""What databases have of outcomes stays true, whatever order they are asked in."""

from __future__ import annotations

import pytest

from app.db.store import Store
from app.invites import opt_outs, studies
from app.invites.mail.addresses import AddressFault, hasher
from app.invites.plan import frozen, plan
from app.invites.plan.outcomes import ALREADY, Outcome, reason
from app.invites.sending import outbox
from tests.helpers.study_world import BY, account, planned, study

STORED = {
    1: "deleted",
    2: "excluded",
    3: "no_email",
    4: "unusable",
    5: "same_mailbox",
    6: "opted_out",
    7: "already",
    8: "cool_down",
    9: "cap",
    10: "not_sampled",
    11: "invite",
}


def test_the_stored_numbers_keep_their_meaning() -> None:
    """Never change a line: locked plans in databases have these numbers. Add lines only."""
    assert {int(one): one.key for one in Outcome} == STORED
    assert ALREADY[:10] == (
        *("started", "sent", "handed_over", "uncertain", "sending", "queued"),
        *("completed", "declined", "bounced", "expired"),
    )
    assert opt_outs.KINDS[:3] == ("erased", "opted_out", "bounced")
    assert [one.name for one in AddressFault][:6] == [
        *("SEVERAL", "CONTROL", "FORM", "LETTERS", "HOST", "LONG")
    ]


def test_the_order_of_the_reasons_is_free_of_the_numbers(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a version that asks in another order: a plan locked before is the same plan."""
    here = account(store, 5)
    box = hasher(store).stored("cus_00001@example.com")
    opt_outs.record(store, here, [box], "opted_out", BY)
    store.execute("UPDATE participant SET email = NULL WHERE stripe_id = 'cus_00002'")
    key = study(store, here)
    before = planned(store, key)
    stored = list(frozen.planned(store, before.id))
    expected = {Outcome.OPTED_OUT: 1, Outcome.NO_EMAIL: 1, Outcome.INVITE: 3}

    order = [one.name for one in reversed(Outcome)]
    monkeypatch.setattr(Outcome, "_member_names_", order)
    assert [one.name for one in Outcome] == order

    made = plan.make(store, studies.get(store, key), before.options)
    after = frozen.freeze(store, made, BY)
    assert after.hash == before.hash
    assert list(frozen.planned(store, after.id)) == stored
    assert [one.name for one in made.counts()] == order
    assert {one: many for one, many in made.counts().items() if many} == expected
    assert {one: many for one, many in frozen.counts(store, before.id).items() if many} == expected
    assert outbox.queue(store, before, "smtp", BY).number == 3


@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_is_said_in_words(outcome: Outcome) -> None:
    detail = 1 if outcome is Outcome.UNUSABLE else 0
    assert reason(outcome, detail, {}, 0.0)
    assert outcome.words
