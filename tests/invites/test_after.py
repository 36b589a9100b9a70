"""After sending: marks, lists, reminders, opt-outs, expiry, the proof, the guard."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.db.store import Store
from app.invites import expiry, life, links, listed, optouts, reminders, studies
from app.invites.guard import Guard, Guarded
from app.invites.log import invite_ids, invite_rows, of_person
from app.invites.problems import StudyProblem
from app.invites.proof import prove
from tests.invites.mailserver import MailServer
from tests.invites.world import BY, account, queued, send, sender, states, study

FIRST, SECOND = "cus_00000@example.com", "cus_00001@example.com"


@pytest.fixture
def here(store: Store) -> int:
    return account(store, 4)


@pytest.fixture
def asked(store: Store, here: int, tmp_path: Path) -> int:
    """A study that has invited all four, by files; its row id."""
    key = study(store, here)
    queued(store, key, "eml")
    send(sender(store, here, tmp_path))
    return key


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
    found = listed.match(store, here, text, None)
    assert (len(found.invites), found.ambiguous, found.unknown) == (2, (), ())
    assert life.mark(store, here, found.invites, "completed", BY) == 2
    assert [state(store, one) for one in (FIRST, SECOND)] == ["completed"] * 2
    assert life.mark(store, here, found.invites, "started", BY) == 0
    assert prove(store, here).holds


def test_what_a_list_cannot_mean_is_told(store: Store, here: int, asked: int) -> None:
    other = study(store, here, "Another", cool_down_days=None)
    queued(store, other, "link")
    found = listed.match(store, here, f"{FIRST}\nnobody@example.com\n=cmd|x\n", None)
    assert found.ambiguous == (FIRST,)
    assert found.unknown == ("nobody@example.com", "=cmd|x")
    assert len(listed.match(store, here, FIRST, other).invites) == 1


def test_an_opt_out_ends_all_and_outlives_the_person(
    store: Store, here: int, asked: int, tmp_path: Path
) -> None:
    boxes, unknown = listed.mailboxes(store, here, f"{FIRST.upper()}\nnonsense\n")
    assert unknown == ["nonsense"]
    assert optouts.record(store, here, boxes, "opted_out", BY) == 1
    assert state(store, FIRST) == "withdrawn"
    other = study(store, here, "Another", cool_down_days=None)
    assert FIRST not in states(store, queued(store, other, "eml").run)
    assert store.rows("SELECT 1 FROM opt_out WHERE mailbox = ?", (FIRST,)) == []  # only its hash
    assert prove(store, here).holds


def test_one_reminder_to_those_who_have_not_answered(
    store: Store, here: int, asked: int, tmp_path: Path
) -> None:
    (one,) = invite_ids(store, here, text="00000")
    life.mark(store, here, [one], "started", BY)
    assert reminders.waiting(store, asked) == 3
    with pytest.raises(StudyProblem, match="3 people now, not to 4"):
        reminders.queue(store, asked, "smtp", 4, BY)
    studies.change(store, asked, BY, reminder_subject="Still interested?")
    reminders.queue(store, asked, "smtp", 3, BY, undo=0)
    with MailServer() as server:
        send(sender(store, here, tmp_path, server.url))
        assert len(server.counts) == 3
        assert FIRST not in server.counts
        assert {mail["Subject"] for mail in server.mails} == {"Still interested?"}
        assert reminders.waiting(store, asked) == 0
    assert {row.state for row in invite_rows(store, invite_ids(store, here))} == {
        *("started", "handed_over")
    }
    assert prove(store, here).holds


def test_who_answers_before_it_goes_out_is_not_reminded(
    store: Store, here: int, asked: int, tmp_path: Path
) -> None:
    reminders.queue(store, asked, "smtp", 4, BY, undo=0)
    (one,) = invite_ids(store, here, text="00000")
    life.mark(store, here, [one], "completed", BY)
    with MailServer() as server:
        send(sender(store, here, tmp_path, server.url))
    assert len(server.counts) == 3
    assert FIRST not in server.counts


def test_unanswered_invites_end(store: Store, here: int, asked: int) -> None:
    assert expiry.expire(store, here) == 0
    store.execute("UPDATE invite SET expires_at = 1 WHERE address = ?", (FIRST,))
    assert expiry.expire(store, here) == 1
    assert state(store, FIRST) == "expired"
    assert prove(store, here).holds


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
    assert life.resolve(store, here, [*proof.uncertain, 10**6], arrived, BY) == 1
    assert state(store, FIRST) == ("sent" if arrived else "failed")
    assert queued(store, key).number == (0 if arrived else 1)
    assert prove(store, here).holds


def test_a_link_is_handed_out_once_and_not_sent_as_well(
    store: Store, here: int, tmp_path: Path
) -> None:
    run = queued(store, study(store, here))
    (one,) = invite_ids(store, here, text="00000")
    link = links.hand_out(store, one, BY)
    assert link.startswith("https://interviews.example/pricing?guest=")
    assert links.hand_out(store, one, BY) == link
    with MailServer() as server:
        send(sender(store, here, tmp_path, server.url))
    assert FIRST not in server.counts
    assert len(server.counts) == 3
    assert states(store, run.run)[FIRST] == "handed_over"
    life.mark(store, here, [one], "completed", BY)
    with pytest.raises(StudyProblem, match="completed"):
        links.hand_out(store, one, BY)


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("UPDATE ledger SET after = 'sent' WHERE number = 9", "broken_at"),
        ("DELETE FROM ledger WHERE number = 9", "broken_at"),
        ("UPDATE ledger_head SET number = number - 1", "broken_at"),
        ("UPDATE invite SET state = 'queued' WHERE address LIKE 'cus_00000%'", "differing"),
    ],
)
def test_what_was_tampered_with_proves_nothing(
    store: Store, here: int, asked: int, sql: str, what: str
) -> None:
    assert prove(store, here).holds
    store.execute(sql)
    proof = prove(store, here)
    assert not proof.holds
    assert getattr(proof, what)


def test_a_second_mail_is_seen_in_the_ledger(store: Store, here: int, asked: int) -> None:
    from app.invites import ledger
    from app.invites.ledger import Entry

    (one,) = invite_ids(store, here, text="00000")
    (box,) = store.row("SELECT mailbox FROM invite WHERE id = ?", (one,))
    again = [
        Entry("invite", asked, one, box, "handed_over", "uncertain"),
        Entry("invite", asked, one, box, "uncertain", "handed_over"),
    ]
    ledger.append(store, here, BY, again)
    assert len(prove(store, here).twice) == 2


def test_an_older_database_does_not_send(
    store: Store, here: int, asked: int, tmp_path: Path
) -> None:
    guard = Guard(store, here, tmp_path)
    guard.check()
    (number,) = store.row("SELECT number FROM ledger_head")
    store.execute("DELETE FROM ledger WHERE number > ?", (number - 2,))  # a copy was put back
    store.execute("UPDATE ledger_head SET number = ?", (number - 2,))
    key = study(store, here, "Another", cool_down_days=None)
    queued(store, key)
    store.execute("DELETE FROM ledger WHERE number >= ?", (number,))
    store.execute("UPDATE ledger_head SET number = ?", (number - 1,))
    with MailServer() as server:
        with pytest.raises(Guarded, match="older than what was sent"):
            send(sender(store, here, tmp_path, server.url))
        assert server.accepted == []


def test_another_computer_asks_first(store: Store, here: int, asked: int, tmp_path: Path) -> None:
    store.execute("UPDATE ledger_head SET machine = 'another'")
    guard = Guard(store, here, tmp_path)
    if store.postgres:  # several computers share it
        guard.check()
        return
    with pytest.raises(Guarded, match="on another computer"):
        guard.check()
    guard.accept(BY)
    guard.check()


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
