"""What means the same in every command: list, -o, -f, -q, -y, -n, --json, --jsonl, and names."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from app.cli import run
from app.commands.shared.columns import cut
from app.commands.shared.declared_commands import declared_commands
from app.panel.export.json_values import SCHEMA_VERSION, is_time, versioned
from app.sandbox.server.server import Sandbox
from tests.helpers.command import Home, at

LISTS = ("segments", "studies", "invites", "ledger", "participants")
SHORT = {
    "-o": "--output", "-q": "--quiet", "-y": "--yes", "-n": "--dry-run", "-h": "--help",
}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    with Sandbox(customers=40, seed=8) as sandbox:
        made = at(sandbox, tmp_path_factory.mktemp("options") / "home")
        assert made.run("sync").code == 0
    made.variables.clear()
    for title in ("Pricing page", "Onboarding"):
        assert made.run("studies", "create", title, "-q").out == ""
    return made


def test_a_short_option_means_the_same_everywhere() -> None:
    for command in declared_commands():
        for option in command.options:
            for short in (one for one in option.option_strings if len(one) == 2):
                if short == "-f":
                    assert {"--force", "--follow"} & {*option.option_strings}, command.words
                else:
                    assert SHORT[short] in option.option_strings, command.words


def test_everything_that_can_be_typed_is_explained() -> None:
    for command in declared_commands():
        for one in (*command.options, *command.arguments):
            assert one.help, (command.words, one.dest)


@pytest.mark.parametrize("name", LISTS)
def test_list_is_the_bare_form(home: Home, name: str) -> None:
    bare = home.run(name)
    assert (bare.code, home.run(name, "list")) == (0, bare)
    assert home.run(name, "--json", "list").json == home.run(name, "list", "--json").json


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_one_document_or_an_object_a_line(home: Home, name: str, tmp_path: Path) -> None:
    document = home.run(name, "--json").json
    assert isinstance(document, list)
    assert document == home.run(name, "--jsonl").lines
    for ending, option in (("json", ()), ("jsonl", ()), ("txt", ("--jsonl",))):
        file = tmp_path / f"{name}.{ending}"
        assert home.run(name, "-o", str(file), *option).code == 0
        text = file.read_text()
        lines = json.loads(text) if ending == "json" else [*map(json.loads, text.splitlines())]
        assert len(lines) == len(document)
        kept = home.run(name, "-o", str(file), *option)
        assert (kept.code, "already exists. It was not changed" in kept.said) == (1, True)
        assert home.run(name, "-o", str(file), "-f", *option).code == 0


def test_times_are_iso_8601_and_every_object_has_the_version(home: Home) -> None:
    def check(value: Any, key: str = "") -> None:
        if isinstance(value, dict) and key != "metadata":
            for name, one in value.items():
                check(one, name)
        elif isinstance(value, list):
            for one in value:
                check(one, key)
        elif is_time(key) and value is not None:
            assert datetime.fromisoformat(value).utcoffset() is not None, (key, value)

    for command in ("status", "info", "participants", "studies", "segments", "ledger"):
        found = json.loads(home.run(command, "--json").out)
        for one in found if isinstance(found, list) else [found]:
            assert one["schema_version"] == SCHEMA_VERSION
        check(found)


def test_a_number_that_is_no_time_stays_a_number() -> None:
    assert versioned({"broken_at": 7, "created": True, "at": 10**18, "metadata": {"at": 1}}) == {
        "schema_version": 1, "broken_at": 7, "created": True, "at": 10**18, "metadata": {"at": 1},
    }  # fmt: skip


def test_segments_go_by_name_or_key(home: Home) -> None:
    for one in ("active", "Active Subscribers", "active SUBSCRIBERS"):
        assert home.run("segments", "show", one) == home.run("segments", "show", "active")
        found = home.run("participants", "--segment", one)
        assert found == home.run("participants", "--segment", "active")
        assert home.run("studies", "change", "Pricing page", "--segment", one).code == 0
        shown = home.run("studies", "show", "pricing page", "--json").json
        assert shown["segments"] == ["active"]
    made = ("segments", "create", "My people", "--filter", "has:email")
    assert home.run(*made, "-q").out == ""
    assert "members" in home.run("segments", "change", "my people", "--name", "Ours").out
    assert home.run("segments", "delete", "Ours").code == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (("sgements",), "Unknown command sgements. Did you mean segments? See panelist --help."),
        (("segments", "shwo"), "Unknown action shwo. Did you mean show? See panelist segments --"),
        (("status", "--jsno"), "Unknown option --jsno. Did you mean --json? See panelist status"),
        (("studies", "show", "x", "--acount=y"), "Unknown option --acount. Did you mean --account"),
        (("export", "--sort", "nmae"), "Argument --sort: unknown value nmae. Did you mean name?"),
        (("status", "more"), "One argument too many: more. See panelist status --help."),
        (("demo", "--customers", "abc"), "See panelist demo --help."),
        (("st\x1b[2Jatus",), "Did you mean status?"),
        (("why",), "The following arguments are required: PERSON. See panelist why --help."),
        (("segments", "show", "Activ Subscribers"), "Did you mean Active Subscribers? Nothing"),
        (("studies", "show", "Pricng page"), "Did you mean Pricing page? Nothing was changed."),
        (("studies", "show", "zzzzzz"), "Unknown study 'zzzzzz'. Nothing was changed."),
    ],
    ids=str,
)
def test_a_near_miss_is_offered(home: Home, line: tuple[str, ...], said: str) -> None:
    ended = home.run(*line)
    assert ended.code == 2
    assert said in ended.said
    assert "\x1b" not in ended.err


def test_quiet_says_nothing_unless_it_fails(home: Home, tmp_path: Path) -> None:
    file = str(tmp_path / "backup.db")
    done = home.run("backup", file, "-q")
    assert (done.code, done.out, done.err) == (0, "", "")
    failed = home.run("studies", "activate", "Onboarding", "-q")
    assert failed.code == 1
    assert failed.said == home.run("studies", "activate", "Onboarding").said
    unconfirmed = home.run("disconnect", "-q")
    assert (unconfirmed.code, "--yes" in unconfirmed.err) == (2, True)
    listed = tmp_path / "list.txt"
    listed.write_text("ada@example.com\n")
    asked = home.run("invites", "opt-out", str(listed), "-q")
    assert asked.code == 1
    assert "1 mailbox would be opted out of all studies. Nothing was changed. Use" in asked.err
    lines = home.run("export", "-q", "--jsonl").lines
    assert len(lines) == 40


def test_a_dry_run_changes_nothing(home: Home, tmp_path: Path) -> None:
    person = home.run("participants", "--filter", "has:email", "--jsonl").lines[0]
    before = home.run("ledger", "--json").json
    listed = tmp_path / "list.csv"
    listed.write_text(f"Email\n{person['email']}\n")
    for line in (
        ("erase", person["stripe_id"]),
        ("invites", "opt-out", person["email"]),
        ("invites", "opt-out", str(listed), "--yes"),
        ("invites", "lift", "bounce", person["email"]),
        ("studies", "close", "Onboarding", "--yes"),
    ):
        ended = home.run(*line, "-n")
        assert ended.code == 0, line
        assert "Nothing was changed" in ended.err
    assert home.run("disconnect", "-n").out.endswith("Nothing was changed.\n")
    assert home.run("ledger", "--json").json == before
    assert home.run("status", "--json").json["connection"]["status"] == "complete"


def test_help_is_a_word_too(home: Home) -> None:
    assert home.run("help", "segments", "show") == home.run("segments", "show", "--help")
    assert home.run("help") == home.run("--help")


def test_force_needs_a_file(home: Home) -> None:
    for name in LISTS:
        assert home.run(name, "--force").said == "--force needs --output. Nothing was changed."


def test_windows_is_told_about_wsl(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    from app import __main__

    monkeypatch.setattr("sys.platform", "win32")
    assert __main__.main() == 1
    assert "WSL" in capsys.readouterr().err


def test_a_text_is_cut_by_its_cells() -> None:
    assert cut("abcdef", 6) == "abcdef"
    assert cut("abcdefg", 6) == "abcde…"
    assert cut("教育教育", 6) == "教育…"
    assert cut("e\N{COMBINING ACUTE ACCENT}" * 6, 6) == "e\N{COMBINING ACUTE ACCENT}" * 6


def test_the_version_needs_no_command(capsys: Any) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("panelist ")
