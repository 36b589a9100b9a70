"""``panelist invites trust`` as someone runs it, after a copy was put back."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.helpers.command import Home
from tests.helpers.copied_home import Panel

QUESTION = (
    "This database is older than what was sent from it, or another copy of it was used as well."
)


@pytest.fixture
def panel(tmp_path: Path) -> Panel:
    """A panel of three who were all invited, whose home was then put back from before that."""
    made = Panel(tmp_path / "home", tmp_path / "home-state")
    made.fill(3)
    copy = made.copy(tmp_path / "copy")
    made.invite()
    made.put_back(copy)
    return made


def plan_of(home: Home) -> list[str]:
    """The options that send a new plan."""
    shown = home.run("invite", "--way", "eml")
    found = re.search(r"panelist invite (--plan \S+ --expect \d+)", shown.out)
    return found[1].split() if found else []


def test_nothing_is_sent_until_it_is_answered(panel: Panel) -> None:
    home = Home(panel.home)
    sends = plan_of(home)
    refused = home.run("invite", *sends, "--way", "eml")
    assert refused.code == 1
    assert refused.said.startswith(f"{QUESTION} Nothing was sent and nothing was changed.")
    assert not (panel.home / "mailbox").exists()
    assert home.run("participants").code == 0  # reading goes on
    assert home.run("invites").code == 0

    shown = home.run("invites", "trust")
    assert shown.code == 1
    first, known, *people, last, answer = shown.out.splitlines()
    assert first == QUESTION
    assert known.startswith("This computer has a record of 3 addresses that got an email")
    assert [line.split()[2:] for line in people] == [
        [f"cus_0000{one}", f"cus_0000{one}@example.com", "Pricing"] for one in range(3)
    ]
    assert last == "According to this database, no invite was sent."
    assert answer.startswith("panelist invites trust copy: ")

    proved = home.run("verify")
    assert proved.code == 1
    assert QUESTION in proved.out
    assert "panelist invites trust" in proved.out
    assert home.run("invites", "trust", "moved").said.startswith("This database was not only moved")

    taken = home.run("invites", "trust", "copy")
    assert (taken.code, taken.out) == (0, "")
    assert taken.err == "This database can send again. 3 sends are recorded.\n"
    assert plan_of(home) == []
    assert home.run("verify").code == 0
    assert home.run("invites", "trust").out.startswith("This database can send.")


def test_programs_get_everything(panel: Panel) -> None:
    home = Home(panel.home)
    shown = home.run("invites", "trust", "--json")
    assert shown.code == 1
    found = json.loads(shown.out)
    assert found["why"] == QUESTION
    assert [one["stripe_id"] for one in found["sends"]] == [f"cus_0000{one}" for one in range(3)]
    assert (found["strangers"], found["opt_outs"]) == (0, 0)
    assert home.run("invites", "--trust").code == 0  # as it was called before
    assert home.run("invites", "trust", "--json").json["why"] is None


def test_a_witness_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    panel = Panel(tmp_path / "home", tmp_path / "home-state")
    panel.fill(3)
    panel.state.write_text("not a folder")
    home = Home(panel.home)
    sent = home.run("invite", *plan_of(home), "--way", "eml")
    assert sent.code == 0
    assert "3 handed over" in sent.out
    assert sent.err.count("Panelist cannot record what was sent in") == 1
    assert "PANELIST_STATE" in sent.err
