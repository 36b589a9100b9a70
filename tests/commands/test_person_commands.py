"""``panelist why``, ``show`` and ``open``: one participant, by Stripe ID, email or name."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from app.sandbox.server.server import Sandbox
from tests.helpers.command import Home, at, seconds

EVIL = "\x1b]0;owned\x07\x1b[31mRed\nnew line\u202egnp.exe"
LONG = "A" * 10_000
TWINS = "Twin Sister"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """An account with strange names, and a study of who never subscribed."""
    with Sandbox(customers=20, seed=5) as sandbox:
        for name, email in (
            (EVIL, "evil@example.com"),
            (LONG, "long@example.com"),
            (TWINS, "1@a.b"),
            (TWINS, "2@a.b"),
        ):
            sandbox.world.create_customer(
                name=name, email=email, metadata={"key\x1b[2J": f"value{EVIL}"}
            )
        made = at(sandbox, tmp_path_factory.mktemp("person") / "home")
        assert made.run("sync").code == 0
    made.variables.clear()
    assert made.run("studies", "create", "Pricing", "--segment", "Never Subscribed").code == 0
    return made


def is_harmless(text: str) -> bool:
    """Whether a terminal obeys nothing in these lines."""
    return not any(
        unicodedata.category(one) in {"Cc", "Cs", "Co"} or one in "\u202e\u2066"
        for one in text.replace("\n", "")
    )


def test_why_one_segment(home: Home) -> None:
    said = home.run("why", "EVIL@example.com", "never subscribed")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("In Never Subscribed: no subscription of any status")
    facts = home.run("why", "evil@example.com", "active", "--json").json
    assert (facts["segment"], facts["member"]) == ("active", False)
    assert facts["sentence"].startswith("Not in Active Subscribers: there is no subscription")


def test_why_every_segment(home: Home) -> None:
    keys = {one["key"] for one in home.run("segments", "--json").json}
    found = home.run("why", "evil@example.com", "--json").json
    assert {one["segment"] for one in found} == keys
    assert {one["segment"] for one in found if one["member"]} == {"all", "none"}
    lines = home.run("why", "evil@example.com").out.splitlines()
    assert len(lines) == len(keys)
    assert [line[:3] for line in lines[:2]] == ["yes", "yes"]


def test_why_a_study(home: Home) -> None:
    asked = ("why", "evil@example.com", "--study", "pricing")
    assert home.run(*asked).out == "Can be invited to Pricing, but the study is a draft.\n"
    assert home.run(*asked, "--json").json["can_be_invited"] is True
    subscriber = home.run("participants", "--segment", "active", "--jsonl").lines[0]["stripe_id"]
    outside = home.run("why", subscriber, "--study", "1")
    assert outside.out.startswith("Cannot be invited to Pricing: in none of its segments; Not in ")
    home.run("invites", "opt-out", "1@a.b")
    twin = home.run("why", "1@a.b", "--study", "Pricing", "--json").json
    assert (twin["can_be_invited"], twin["outcome"]) == (False, "opted_out")


@pytest.mark.parametrize("email", ["evil@example.com", "long@example.com"])
def test_show_has_everything_and_nothing_that_a_terminal_obeys(home: Home, email: str) -> None:
    shown = home.run("show", email)
    assert (shown.code, shown.err) == (0, "")
    assert is_harmless(shown.out)
    for title in ("Subscriptions", "Segments", "Metadata", "In Stripe", "Never Subscribed"):
        assert title in shown.out
    facts = home.run("show", email, "--json").json
    assert facts["name"] in (EVIL, LONG)
    assert {one["key"] for one in facts["segments"]} == {"all", "none"}
    assert all(seconds(one["since"]) > 0 for one in facts["segments"])
    assert facts["metadata"] == {"key\x1b[2J": f"value{EVIL}"}


def test_open_prints_the_address_where_no_browser_is(home: Home) -> None:
    url = home.run("show", "evil@example.com", "--json").json["url"]
    for more in (["--no-browser"], []):
        home.variables["SSH_CONNECTION"] = "here"
        ended = home.run("open", "evil@example.com", *more)
        assert (ended.code, ended.out) == (0, f"{url}\n")
        assert ("ssh session" in ended.err) == (not more)
    home.variables.clear()


def test_open_starts_the_browser(home: Home, tmp_path: Path) -> None:
    """The browser of the environment, which is a script here."""
    heard, browser = tmp_path / "heard", tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {heard}\n')
    browser.chmod(0o700)
    home.variables["BROWSER"] = str(browser)
    opened = home.run("open", "evil@example.com", "--json").json
    home.variables.clear()
    assert opened["opened"] is True
    assert heard.read_text() == f"{opened['url']}\n"


@pytest.mark.parametrize("command", ["why", "show", "open"])
def test_who_is_unknown_or_several_is_wrong_use(home: Home, command: str) -> None:
    for person, said in (
        (TWINS, "Several participants have this name. Use a Stripe ID: Twin Sister (cus_"),
        ("twin", "was not found. Did you mean Twin Sister (cus_"),
        ("no\x1b[2Jone", "was not found. To list participants, run panelist participants."),
        (LONG[:-1], "was not found."),
        ("", "The value for person is empty."),
    ):
        ended = home.run(command, person)
        assert ended.code == 2, person
        assert said in ended.said
        assert is_harmless(ended.err)
    assert home.run(command, "own:1", "--account", "acct_no").code == 2


def test_without_a_connection(tmp_path: Path) -> None:
    for command in ("why", "show", "open"):
        assert Home(tmp_path / "empty").run(command, "ada").code == 3
