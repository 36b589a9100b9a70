"""Studies and invites by command, from nothing to an invite that is marked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.db.engines.store_factory import open_store
from app.settings import Settings
from tests.helpers.command import Home
from tests.helpers.study_world import account

LETTER = (
    *("--link", "https://i.example/?g={{token}}", "--sender-name", "Rosa"),
    *("--sender-address", "rosa@acme.example"),
)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    folder = tmp_path / "home"
    store = open_store(Settings(home=folder))
    account(store, 30)
    store.close()
    return Home(folder, {"PANELIST_TOKEN_STORE": "plain"})


def test_from_nothing_to_an_invite_that_is_marked(home: Home) -> None:
    made = home.run("studies", "create", "Pricing", *LETTER, "--segment", "all", "--json").json
    assert (made["state"], made["missing"]) == ("draft", [])
    assert home.run("studies", "activate", "pricing").code == 0
    plan = home.run("invite", "--plan", "--sample", "10", "--seed", "7f3a", "--json").json
    assert plan["size"] == 30
    assert (plan["counts"]["invite"], plan["counts"]["not_sampled"]) == (10, 20)
    refused = home.run("invite", "--plan", plan["hash"], "--expect", "11")
    assert refused.code == 1
    assert "has 10 invites, not the 11" in refused.err
    assert not (home.folder / "mailbox").exists()
    sent = home.run("invite", "--plan", plan["hash"], "--expect", "10")
    assert sent.code == 0
    assert "10 handed over" in sent.out
    assert len(list((home.folder / "mailbox").iterdir())) == 10
    again = home.run("invite", "--plan", "--json").json
    assert (again["counts"]["already"], again["counts"]["invite"]) == (10, 20)
    listed = home.run("invites", "--jsonl").lines
    assert {one["state"] for one in listed} == {"handed_over"}
    home_list = home.folder / "done.txt"
    home_list.write_text(listed[0]["address"] + "\n")
    shown = home.run("invites", "mark", "completed", str(home_list))
    assert (shown.code, "1 would be marked completed" in shown.err) == (1, True)
    assert home.run("invites", "--state", "completed", "--jsonl").lines == []
    assert home.run("invites", "mark", "completed", str(home_list), "--yes").code == 0
    assert len(home.run("invites", "--state", "completed", "--jsonl").lines) == 1
    listing = listed[1]["address"] + "\nnonsense\n"
    assert home.run("invites", "opt-out", "-", "--json", given=listing).code == 1
    assert home.run("invites", "--state", "withdrawn", "--jsonl").lines == []
    out = home.run("invites", "opt-out", "-", "--yes", given=listing)
    assert (out.code, out.out) == (1, "no address: nonsense\n")
    assert home.run("invites", "opt-out", listed[1]["address"], "--json").json["new"] == 0
    (listed_study,) = home.run("studies", "--json").json
    assert listed_study["funnel"] == {"completed": 1, "handed_over": 8, "withdrawn": 1}
    assert listed_study["invited"] == 10
    said = "10 invites, 10 invited: 8 handed over, 1 completed, 1 withdrawn"
    assert said in home.run("studies").out
    assert said in home.run("studies", "show", "Pricing").out
    plan = home.run("invites", "remind", "--json").json["plan"]
    reminded = home.run("invites", "remind", "--plan", plan, "--expect", "8")
    assert (reminded.code, "8 handed over" in reminded.out) == (0, True)
    proof = home.run("verify", "--json").json
    assert (proof["holds"], proof["handed_over"], proof["twice"]) == (True, 10, [])
    assert home.run("studies", "close", "Pricing").code == 1
    assert home.run("studies", "close", "Pricing", "--yes").code == 0
    shown = home.run("studies", "show", "Pricing", "--json").json
    assert shown["state"] == "closed"


def test_a_plan_as_a_file_adds_up(home: Home, tmp_path: Path) -> None:
    home.run("studies", "create", "Pricing", *LETTER, "--segment", "all")
    file = tmp_path / "plan.jsonl"
    assert home.run("invite", "--plan", "--batch", "3", "--output", str(file)).code == 0
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert len(lines) == 30
    assert sum(one["outcome"] == "invite" for one in lines) == 3
    assert file.stat().st_mode & 0o777 == 0o600
    only = home.run("invite", "--plan", "--batch", "3", "--outcome", "invite", "--jsonl").lines
    assert len(only) == 3


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (("invite", "--plan"), 2, "Choose a study"),
        (("studies", "show", "nothing\x1b[2J"), 2, "Unknown study"),
        (("studies", "create", ""), 1, "needs a title"),
        (("studies", "create", "X", "--link", "http://x"), 1, "needs {{token}}"),
        (("studies", "create", "X", "--segment", "nope"), 2, "Unknown segment"),
        (("studies", "create", "X", "--text-file", "/nowhere"), 1, "cannot be read"),
        (("invites", "resolve", "1", "arrived"), 2, "was not found"),
        (("invites", "--state", "sended\x1b"), 2, "Unknown state"),
        (("invites", "opt-out", "/nowhere"), 1, "cannot be read"),
        (("mail",), 1, "No mail server is set"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_changes_nothing(
    home: Home, command: tuple[str, ...], code: int, said: str
) -> None:
    ended = home.run(*command)
    assert ended.code == code
    assert said in ended.err
    assert "\x1b" not in ended.err
    assert "Panelist crashed" not in ended.err
    assert home.run("studies", "--json").out.strip() == "[]"


def test_a_password_is_kept_and_a_server_tried(home: Home) -> None:
    from tests.helpers.mail_server import MailServer

    with MailServer(login=("rosa", "s3cret-canary")) as server:
        home.variables["PANELIST_SMTP_SERVER"] = server.url
        refused = home.run("mail")
        assert refused.code == 1
        assert "refuses the login (535" in refused.err
        kept = home.run("mail", "--password-stdin", given="s3cret-canary\n")
        assert kept.code == 0
        assert "accepts the login" in kept.err
        home.run("studies", "create", "Pricing", *LETTER, "--segment", "all")
        tested = home.run("invite", "--test", "me@acme.example", "--study", "Pricing")
        assert tested.code == 0, tested.err
        (mail,) = server.mails
    assert mail["Subject"] == "TEST: A conversation about Pricing?"
    assert home.run("invites", "--jsonl").lines == []
    assert "canary" not in refused.err + kept.err + tested.err
