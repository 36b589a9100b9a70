"""The accounts of an earlier version get one key for their mailboxes, and no opt-out is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.db.engines.store_factory import open_store
from app.db.rows import Fetched
from app.db.store import Store
from app.invites import ledger, opt_outs, studies
from app.invites.ledger_proof import prove
from app.invites.mail.addresses import Hasher, hasher
from app.invites.plan import plan
from app.invites.plan.options import Options
from app.invites.plan.outcomes import Outcome
from app.settings import Settings
from tests.helpers import rows
from tests.helpers.earlier_versions import back_to_6
from tests.helpers.study_world import BY, account, queued, send, sender, study

FIRST, SECOND, GONE = "cus_00000@example.com", "cus_00001@example.com", "gone@example.com"
OLD = Hasher(bytes(32))


def as_version_6(store: Store, owner: int, other: int) -> str:
    """Two accounts with a key each; the key of the owner, in hex."""
    key = hasher(store).key.hex()
    stopped = store.rows('SELECT mailbox, kind, at, "by", reason FROM opt_out')
    back_to_6(store)
    store.insert("mailbox_key (connection_id, key)", [(owner, key), (other, OLD.key.hex())])
    store.insert(
        'opt_out (connection_id, mailbox, kind, at, "by", reason)',
        [(owner, *row) for row in stopped],
    )
    store.insert(
        'opt_out (connection_id, mailbox, kind, at, "by")',
        [(other, OLD.stored(box), "opted_out", 5, BY) for box in (SECOND, GONE)],
    )
    for invite, address in store.rows(
        "SELECT id, address FROM invite WHERE connection_id = ?", (other,)
    ):
        store.execute("UPDATE invite SET mailbox = ? WHERE id = ?", (OLD.stored(address), invite))
    return key


def who(store: Store, here: int, study_id: int, outcome: Outcome) -> set[str]:
    found = plan.make(store, studies.get(store, study_id), Options(("all",)))
    names: dict[int, str] = dict(
        store.rows("SELECT id, stripe_id FROM participant WHERE connection_id = ?", (here,))
    )
    return {names[one] for one in found.ids(outcome)}


@pytest.fixture
def two(settings: Settings, tmp_path: Path) -> tuple[Store, int, int, int]:
    """A database of version 6 that was opened again; its accounts, and a study of the first."""
    store = open_store(settings)
    owner, other = account(store, 4), account(store, 3)
    key = study(store, owner)
    queued(store, study(store, owner, "Earlier", cool_down_days=None), "link")
    opt_outs.record(store, owner, [hasher(store).stored(FIRST)], "opted_out", BY)
    queued(store, study(store, other, cool_down_days=None), "eml")
    send(sender(store, other, tmp_path))
    as_version_6(store, owner, other)
    store.close()
    return open_store(settings), owner, other, key


def test_every_opt_out_holds_in_every_account(two: tuple[Store, int, int, int]) -> None:
    store, owner, other, key = two
    assert who(store, owner, key, Outcome.OPTED_OUT) == {"cus_00000", "cus_00001"}
    again = study(store, other, "Again")
    assert who(store, other, again, Outcome.OPTED_OUT) == {"cus_00000", "cus_00001"}
    # The mailbox of which no address was known is recognised when it appears.
    some = [rows.person("cus_new", email=GONE.upper())]
    for at, here in enumerate((owner, other)):
        rows.send(store, here, Fetched(50 + at, participants=some))
        rows.make_segments(store, here)
    assert who(store, owner, key, Outcome.OPTED_OUT) == {"cus_00000", "cus_00001", "cus_new"}
    assert "cus_new" in who(store, other, again, Outcome.OPTED_OUT)
    assert sorted(store.rows("SELECT key_id, kind FROM opt_out")) == [
        (1, "opted_out"),
        (1, "opted_out"),
        (2, "opted_out"),
    ]
    store.close()


def test_who_was_invited_from_one_account_waits_in_the_other(
    two: tuple[Store, int, int, int],
) -> None:
    store, owner, _, key = two
    store.execute("UPDATE invite SET sent_at = NULL, state = 'failed' WHERE connection_id = ?",
                  (owner,))  # fmt: skip
    assert who(store, owner, key, Outcome.COOL_DOWN) == {"cus_00002"}
    assert who(store, owner, key, Outcome.INVITE) == {"cus_00003"}
    store.close()


def test_the_ledgers_go_on(two: tuple[Store, int, int, int], tmp_path: Path) -> None:
    store, owner, other, _ = two
    for here in (owner, other):
        assert ledger.broken_at(store, here) is None
        assert prove(store, here).holds
    (boxes,) = store.row(
        "SELECT count(*) FROM ledger WHERE what = 'opted-out' AND connection_id = ?", (owner,)
    )
    assert boxes == 3
    # Entries about an invite go on under the new hash.
    (invite,) = store.row("SELECT min(id) FROM invite WHERE connection_id = ?", (other,))
    from app.invites import lifecycle

    assert lifecycle.mark(store, other, [invite], "completed", BY) == 1
    assert prove(store, other).holds
    store.close()
