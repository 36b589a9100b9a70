"""Lists are shown before anything is stored, and what was said by mistake is taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.db.engines.store_factory import open_store
from app.settings import Settings
from tests.helpers.command import Home
from tests.helpers.study_world import account, queued, send, sender, study

FIRST, SECOND, THIRD = (f"cus_0000{one}@example.com" for one in range(3))
SENDER = "research@acme.example"  # of every study here


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Six people of whom all were invited."""
    folder = tmp_path / "home"
    store = open_store(Settings(home=folder))
    here = account(store, 6)
    queued(store, study(store, here), "eml")
    send(sender(store, here, folder))
    store.close()
    return Home(folder, {"PANELIST_TOKEN_STORE": "plain"})


def states(home: Home) -> dict[str, str]:
    return {one["address"]: one["state"] for one in home.run("invites", "--jsonl").lines}


def test_a_list_is_shown_before_it_is_stored(home: Home, tmp_path: Path) -> None:
    answers = tmp_path / "answers.csv"
    answers.write_text(f"Invitee Email,Status\n{FIRST},complete\n{SECOND},disqualified\n")
    mark = ("invites", "mark", "completed", str(answers))
    shown = home.run(*mark)
    assert shown.code == 1
    for said in (
        "Read 2 names in the column “Invitee Email” of 2 lines.",
        "1 is skipped, because Status says “disqualified”.",
        "1 would be marked completed. 0 would be unchanged.",
        "Nothing was changed. Use --yes to confirm.",
    ):
        assert said in shown.err
    assert set(states(home).values()) == {"handed_over"}
    assert home.run(*mark, "--yes").code == 0
    assert states(home)[FIRST] == "completed"
    assert states(home)[SECOND] == "handed_over"
    chosen = home.run(*mark, "--where", "status=Disqualified", "--yes", "--json").json
    assert (chosen["marked"], chosen["column"]) == (1, "Invitee Email")


def test_every_address_of_a_text_opts_out(home: Home, tmp_path: Path) -> None:
    letter = tmp_path / "list.txt"
    letter.write_text(f"{FIRST}, Ada <{SECOND}>; mailto:{THIRD}\n")
    shown = home.run("invites", "opt-out", str(letter))
    assert (shown.code, "3 mailboxes would be opted out of all studies" in shown.err) == (1, True)
    assert set(states(home).values()) == {"handed_over"}
    assert home.run("invites", "opt-out", str(letter), "--yes").code == 0
    assert [states(home)[one] for one in (FIRST, SECOND, THIRD)] == ["withdrawn"] * 3
    typed = home.run("invites", "opt-out", "cus_00003@example.com, cus_00004@example.com", "--json")
    assert typed.json["new"] == 2  # what is typed is meant


def test_what_was_said_by_mistake_is_taken_back(home: Home, tmp_path: Path) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text(f"{FIRST}\n{SECOND}\n")
    home.run("invites", "mark", "completed", str(listed), "--yes")
    assert home.run("invites", "unmark", str(listed)).code == 1  # several: it asks
    assert home.run("invites", "unmark", FIRST, "--reason", "wrong file", "--json").json == {
        "undone": 1, "stayed": 0, "unknown": [],
    }  # fmt: skip
    assert (states(home)[FIRST], states(home)[SECOND]) == ("handed_over", "completed")
    number = next(
        one["id"] for one in home.run("invites", "--jsonl").lines if one["address"] == THIRD
    )
    asked = home.run("invites", "withdraw", str(number))
    assert (asked.code, f"({THIRD})? You cannot undo this" in asked.err) == (1, True)
    assert home.run("invites", "withdraw", str(number), "--yes").code == 0
    assert states(home)[THIRD] == "withdrawn"
    assert home.run("invites", "withdraw", "999", "--yes").said.startswith(
        "Invite 999 was not found"
    )
    home.run("invites", "opt-out", FIRST)
    assert "give a reason" in home.run("invites", "lift", "opt-out", FIRST).said
    assert home.run("invites", "lift", "opt-out", FIRST, "--reason", "typed").code == 0
    home.run("invites", "mark", "bounced", "-", "--yes", given="cus_00005@example.com")
    assert home.run("invites", "lift", "bounce", "cus_00005@example.com").code == 0
    assert states(home)["cus_00005@example.com"] == "handed_over"
    assert home.run("verify", "--json").json["holds"]


def test_what_stays_as_it_is_says_why(home: Home) -> None:
    home.run("invites", "opt-out", SECOND)
    both = f"{FIRST}\n{SECOND}\n"
    mark = ("invites", "mark", "completed", "-")
    shown = home.run(*mark, given=both)
    assert "1 would be marked completed. 1 would be unchanged: withdrawn." in shown.err
    ended = home.run(*mark, "--yes", given=both)
    assert (ended.code, "1 marked completed. 1 is unchanged: withdrawn." in ended.err) == (
        1,
        True,
    )
    again = home.run(*mark, "--yes", given=FIRST)
    assert (again.code, "1 is unchanged: completed." in again.err) == (1, True)
    ended = home.run(*mark, "--yes", given=f"{FIRST}\n{THIRD}")  # one was completed already
    assert (ended.code, "1 marked completed." in ended.err) == (0, True)


@pytest.mark.parametrize(
    ("command", "given", "code", "said"),
    [
        (
            ("opt-out", ""),
            "",
            2,
            "No address or file was given. Nothing was changed. Give an address, a Stripe ID or a "
            "file.",
        ),
        (
            ("lift", "bounce", " "),
            "",
            2,
            "No address or file was given. Nothing was changed. Give an address, a Stripe ID or a "
            "file.",
        ),
        (
            ("withdraw", ""),
            "",
            2,
            "No address or file was given. Nothing was changed. Give an address, a Stripe ID or a "
            "file.",
        ),
        (("mark", "completed", ""), "", 2, "No address or file was given"),
        (("opt-out", "-"), "\n", 1, "The list has no addresses."),
        (("mark", "completed", "-"), "Email,Status\n", 1, "The list has no addresses."),
        (("unmark", "-"), "", 1, "The list has no addresses."),
        (("lift", "bounce", "-"), "", 1, "The list has no addresses."),
        (("mark", "completed", "-", "--where", "a=b"), "Email,a\nx@y.com,c", 1, "No row"),
    ],
)
def test_an_empty_list_is_one_sentence(
    tmp_path: Path, command: tuple[str, ...], given: str, code: int, said: str
) -> None:
    folder = tmp_path / "home"
    store = open_store(Settings(home=folder))
    account(store, 0)
    store.close()
    ended = Home(folder, {"PANELIST_TOKEN_STORE": "plain"}).run("invites", *command, given=given)
    assert (ended.code, said in ended.err) == (code, True)


def test_a_preview_of_opt_outs_names_what_is_unusual(home: Home) -> None:
    given = f"Email,Note\n{FIRST},from {SENDER}\n{SECOND},or ask {THIRD}\nno@x.com,\n"
    shown = home.run("invites", "opt-out", "-", given=given)
    assert f"in the column “Email” of 3 lines, and 2 elsewhere: {SENDER}, {THIRD}." in shown.err
    assert f"2 are not participants: no@x.com, {SENDER}." in shown.err
    assert f"{SENDER} is the sender or the reply address of the study “Pricing”." in shown.err
    assert "5 mailboxes would be opted out of all studies" in shown.err
    typed = home.run("invites", "opt-out", "no@x.com")
    assert "1 is not a participant: no@x.com." in typed.err
    assert "1 address gets no more invites, from now on." in typed.err


def test_a_personal_link_names_its_invite(home: Home) -> None:
    (token, *_) = [one["token"] for one in home.run("invites", "--jsonl").lines]
    link = f"https://interviews.example/pricing?guest={token}"
    ended = home.run("invites", "mark", "completed", "-", "--yes", given=f"{link}\n")
    assert (ended.code, "1 marked completed." in ended.err) == (0, True)
