"""After sending: marks, lists, reminders, opt-outs, expiry, the proof, the guard."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.db.rows import DeletedObject, Fetched
from app.db.store import Store
from app.invites import (
    contact_lists,
    corrections,
    housekeeping,
    lifecycle,
    manual_links,
    opt_outs,
    studies,
)
from app.invites.errors import StudyProblem
from app.invites.invite_log import invite_ids, invite_rows, of_person
from app.invites.ledger_proof import prove
from app.invites.lists.list_columns import read_list
from app.invites.sending import reminders
from tests.helpers import rows
from tests.helpers.mail_server import MailServer
from tests.helpers.study_world import BY, queued, seen, send, sender, states, study

FIRST, SECOND = "cus_00000@example.com", "cus_00001@example.com"


def state(store: Store, address: str) -> str:
    (found,) = store.row("SELECT state FROM invite WHERE address = ?", (address,))
    return str(found)


@pytest.mark.parametrize(
    "text",
    [
        f"{FIRST}\n{SECOND}\n",
        f"email\r\n{FIRST}\r\n{SECOND}\r\n",
        f"name;Email\nx;{FIRST.upper()}\ny; {SECOND} \n",
        "\nstripe_id\ncus_00000\ncus_00001"[1:],
        f'"name","email"\n"Ada, Countess","{FIRST}"\n"B","{SECOND}"\n{FIRST}',
    ],
)
def test_a_list_marks_whom_it_names(store: Store, here: int, asked: int, text: str) -> None:
    if text.endswith(f"\n{FIRST}"):
        text = text.replace(f"\n{FIRST}", "")
    found = contact_lists.match(store, here, read_list(text).values, None)
    assert (len(found.invites), found.ambiguous, found.unknown) == (2, (), ())
    assert lifecycle.mark(store, here, found.invites, "completed", BY) == 2
    assert [state(store, one) for one in (FIRST, SECOND)] == ["completed"] * 2
    assert lifecycle.mark(store, here, found.invites, "started", BY) == 0
    assert prove(store, here).holds


def test_what_a_list_cannot_mean_is_told(store: Store, here: int, asked: int) -> None:
    other = study(store, here, "Another", cool_down_days=None)
    queued(store, other, "link")
    found = contact_lists.match(store, here, [FIRST, "nobody@example.com", "=cmd|x"], None)
    assert found.ambiguous == (FIRST,)
    assert found.unknown == ("nobody@example.com", "=cmd|x")
    assert len(contact_lists.match(store, here, [FIRST], other).invites) == 1


def test_an_opt_out_ends_all_and_outlives_the_person(
    store: Store, here: int, asked: int, tmp_path: Path
) -> None:
    boxes, unknown = contact_lists.mailboxes(store, [FIRST.upper(), "nonsense"])
    assert unknown == ["nonsense"]
    assert opt_outs.record(store, here, boxes, "opted_out", BY) == 1
    assert state(store, FIRST) == "withdrawn"
    other = study(store, here, "Another", cool_down_days=None)
    assert FIRST not in states(store, queued(store, other, "eml").run)
    assert store.rows("SELECT 1 FROM opt_out WHERE mailbox = ?", (FIRST,)) == []  # only its hash
    assert prove(store, here).holds


def test_one_reminder_to_those_who_have_not_answered(
    store: Store, here: int, asked: int, tmp_path: Path
) -> None:
    (one,) = invite_ids(store, here, text="00000")
    lifecycle.mark(store, here, [one], "started", BY)
    assert reminders.waiting(store, asked) == 3
    with pytest.raises(StudyProblem, match="3 participants now, not to 4"):
        reminders.queue(store, asked, "smtp", 4, BY)
    studies.change(store, asked, BY, reminder_subject="Still interested?")
    reminders.queue(store, asked, "smtp", 3, BY, undo=0)
    with MailServer() as server:
        send(sender(store, here, tmp_path, server.url))
        assert len(server.counts) == 3
        assert FIRST not in server.counts
        assert {mail["Subject"] for mail in server.mails} == {"Still interested?"}
        assert None not in {mail["In-Reply-To"] for mail in server.mails}
        assert reminders.waiting(store, asked) == 0
    assert {row.state for row in invite_rows(store, invite_ids(store, here))} == {
        *("started", "handed_over")
    }
    assert prove(store, here).holds


@pytest.mark.parametrize("why", ["answered", "opted out", "expired", "deleted"])
def test_who_answers_before_it_goes_out_is_not_reminded(
    store: Store, here: int, asked: int, tmp_path: Path, why: str
) -> None:
    """And the sending ends: nothing of it waits for ever."""
    run = reminders.queue(store, asked, "smtp", 4, BY, undo=0)
    (one,) = invite_ids(store, here, text="00000")
    if why == "answered":
        lifecycle.mark(store, here, [one], "completed", BY)
    elif why == "opted out":
        opt_outs.record(store, here, contact_lists.mailboxes(store, [FIRST])[0], "opted_out", BY)
    elif why == "expired":
        store.execute("UPDATE invite SET expires_at = 1 WHERE id = ?", (one,))
        assert housekeeping.expire(store, here) == 1
    else:
        rows.send(store, here, Fetched(9, gone=[DeletedObject("participant", "cus_00000")]))
    with MailServer() as server:
        send(sender(store, here, tmp_path, server.url))
    assert len(server.counts) == 3
    assert FIRST not in server.counts
    assert (seen(store, run).state, seen(store, run).counts) == (
        *("done", {"sent": 3, "withdrawn": 1}),
    )
    assert prove(store, here).postponed == ([one] if why == "expired" else [])  # by this test
    assert not prove(store, here).unwanted


def test_whom_stripe_deleted_no_reminder_waits_for(store: Store, here: int, asked: int) -> None:
    rows.send(store, here, Fetched(9, gone=[DeletedObject("participant", "cus_00000")]))
    assert reminders.waiting(store, asked) == 3


@pytest.mark.parametrize("kind", ["invites", "reminders"])
def test_who_opts_out_in_the_moment_of_queueing_gets_nothing(
    store: Store, here: int, tmp_path: Path, kind: str
) -> None:
    """The opt-out was made by a transaction that did not see the invites yet."""
    key = study(store, here)
    run = queued(store, key, "eml" if kind == "reminders" else "smtp")
    if kind == "reminders":
        send(sender(store, here, tmp_path))
        run = reminders.queue(store, key, "smtp", 4, BY, undo=0)
    (box,) = store.row("SELECT mailbox FROM invite WHERE address = ?", (FIRST,))
    store.execute(
        "INSERT INTO opt_out (mailbox, kind, at, \"by\") VALUES (?, 'opted_out', 0, '')",
        (box,),
    )
    with MailServer() as server:
        send(sender(store, here, tmp_path, server.url))
    assert FIRST not in server.counts
    assert seen(store, run).counts == {"sent": 3, "withdrawn": 1}


def test_a_bounce_ends_what_is_out_and_withdraws_what_waits(
    store: Store, here: int, asked: int, tmp_path: Path
) -> None:
    """So that they may be asked once the bounce is lifted, where no mail went to them."""
    other = study(store, here, "Another", cool_down_days=None)
    run = queued(store, other).run
    (one,) = invite_ids(store, here, study_id=asked, text="00000")
    assert lifecycle.mark(store, here, [one], "bounced", BY) == 1
    assert states(store, run)[FIRST] == "withdrawn"
    (box,) = store.row("SELECT mailbox FROM opt_out")
    assert FIRST not in states(store, queued(store, other).run)
    assert corrections.lift(store, here, [box], "bounced", BY)
    run = queued(store, other, "eml").run
    send(sender(store, here, tmp_path))
    assert states(store, run)[FIRST] == "handed_over"
    assert queued(store, asked).number == 0  # it bounced there
    assert prove(store, here).holds


def test_unanswered_invites_end(store: Store, here: int, asked: int) -> None:
    assert housekeeping.expire(store, here) == 0
    store.execute("UPDATE invite SET expires_at = 1 WHERE address = ?", (FIRST,))
    assert housekeeping.expire(store, here) == 1
    assert state(store, FIRST) == "expired"
    proof = prove(store, here)
    assert (len(proof.postponed), proof.differing, proof.odd) == (1, [], [])  # by this test


@pytest.mark.parametrize("arrived", [True, False])
def test_a_person_says_what_became_of_an_uncertain_one(
    store: Store, here: int, tmp_path: Path, arrived: bool
) -> None:
    key = study(store, here)
    queued(store, key)
    lost = "reset at end, accepted"
    with MailServer(lambda to: lost if to == FIRST else "ok") as server:
        send(sender(store, here, tmp_path, server.url))
    proof = prove(store, here)
    assert proof.holds
    assert lifecycle.resolve(store, here, [*proof.uncertain, 10**6], arrived, BY) == 1
    assert state(store, FIRST) == ("sent" if arrived else "failed")
    assert queued(store, key).number == (0 if arrived else 1)
    assert prove(store, here).holds


@pytest.mark.parametrize("arrived", [True, False])
def test_a_person_says_what_became_of_an_uncertain_reminder(
    store: Store, here: int, asked: int, tmp_path: Path, arrived: bool
) -> None:
    run = reminders.queue(store, asked, "smtp", 4, BY, undo=0)
    lost = "reset at end, accepted"
    with MailServer(lambda to: lost if to == FIRST else "ok") as server:
        send(sender(store, here, tmp_path, server.url))
        assert "stopped responding" in (seen(store, run).trouble or "")
        send(sender(store, here, tmp_path, server.url))  # the server had a rest
    (one,) = invite_ids(store, here, states=["uncertain"])
    assert prove(store, here).reminders == [one]
    assert seen(store, run).counts == {"sent": 3, "uncertain": 1}
    assert lifecycle.resolve(store, here, [one, 10**6], arrived, BY) == 1
    assert lifecycle.resolve(store, here, [one], not arrived, BY) == 0
    assert state(store, FIRST) == "handed_over"
    assert seen(store, run).counts == ({"sent": 4} if arrived else {"sent": 3, "failed": 1})
    assert reminders.waiting(store, asked) == 0
    proof = prove(store, here)
    assert (proof.holds, proof.reminders) == (True, [])


def test_a_link_is_handed_out_once_and_not_sent_as_well(
    store: Store, here: int, tmp_path: Path
) -> None:
    run = queued(store, study(store, here))
    (one,) = invite_ids(store, here, text="00000")
    link = manual_links.hand_out(store, one, BY)
    assert link.startswith("https://interviews.example/pricing?guest=")
    assert manual_links.hand_out(store, one, BY) == link
    with MailServer() as server:
        send(sender(store, here, tmp_path, server.url))
    assert FIRST not in server.counts
    assert len(server.counts) == 3
    assert states(store, run.run)[FIRST] == "handed_over"
    lifecycle.mark(store, here, [one], "completed", BY)
    with pytest.raises(StudyProblem, match="completed"):
        manual_links.hand_out(store, one, BY)


def test_the_log_of_a_person(store: Store, here: int, asked: int) -> None:
    (person,) = store.row("SELECT id FROM participant WHERE stripe_id = 'cus_00000'")
    (one,) = of_person(store, person)
    assert (one.study, one.state, one.way, one.address) == (
        *("Pricing", "handed_over", "eml", FIRST),
    )
    assert len(invite_ids(store, here, states=["handed_over"])) == 4
    assert len(invite_ids(store, here, states=["queued"])) == 0
    assert len(invite_ids(store, here, text="PERSON 2")) == 1
    assert len(invite_ids(store, here, text="%")) == 0
