"""Lists that people bring, whatever is in them."""

from __future__ import annotations

import pytest

from app.db.store import Store
from app.invites import contact_lists
from app.invites.errors import StudyProblem
from app.invites.mail.addresses import hasher
from tests.helpers.study_world import account, queued, study

FIRST, SECOND = "cus_00000@example.com", "cus_00001@example.com"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a\r\nb\rc\nd", ["a", "b", "c", "d"]),  # a terminal pastes lone carriage returns
        (f"\ufeffemail\n{FIRST}", [FIRST]),
        (f"Name,E-Mail\nAda,{FIRST}", [FIRST]),
        (f"Name;Email Address\nAda;{FIRST}", [FIRST]),
        (f"email\ttoken\n{FIRST}\ttk1\n{SECOND}\t", ["tk1", SECOND]),
        ('note,email\n"two\nlines",x', ["x"]),
        ('"Countess, Ada",x\n', ["Countess, Ada"]),
        ("'=cmd|x\n\n ,\n", ["=cmd|x"]),
        ("a\0b\x1b", ["a\N{REPLACEMENT CHARACTER}b\x1b"]),
        ("", []),
        ("email\n", []),
    ],
)
def test_each_line_names_one(text: str, found: list[str]) -> None:
    assert list(contact_lists.values(text)) == found


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f'{FIRST}\n"{SECOND}\nthird\n', 2),  # or all that follows would be one unknown line
        ('email\n\n"' + "x\n" * 100_000, 3),
        ("x" * 200_000, 1),
    ],
)
def test_what_is_no_list_is_one_sentence(text: str, line: int) -> None:
    with pytest.raises(StudyProblem, match=f"Line {line} of the list cannot be read"):
        list(contact_lists.values(text))


def test_an_address_an_id_and_a_token_opt_out_the_same_mailbox(store: Store) -> None:
    here = account(store, 3)
    run = queued(store, study(store, here), "link").run
    (token,) = store.row("SELECT token FROM invite WHERE address = ?", (FIRST,))
    box = hasher(store).stored(FIRST)
    for one in (FIRST, FIRST.upper(), "cus_00000", token):
        assert contact_lists.mailboxes(store, here, f"{one}\n") == ([box], [])
    assert contact_lists.mailboxes(store, here, f"cus_9\ntk_9\n{run}\n") == (
        [],
        ["cus_9", "tk_9", str(run)],
    )


def test_what_another_account_has_is_unknown(store: Store) -> None:
    here, other = account(store, 2), account(store, 0)
    queued(store, study(store, here), "link")
    (token,) = store.row("SELECT token FROM invite WHERE address = ?", (FIRST,))
    text = f"{token}\ncus_00000\n{FIRST}\n"
    assert contact_lists.match(store, other, text, None).unknown == (token, "cus_00000", FIRST)
    assert contact_lists.mailboxes(store, other, f"{token}\ncus_00000\n")[0] == []
